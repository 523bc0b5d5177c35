"""``segnet demo``: a page on this machine that segments images, clips and what the camera sees."""

import argparse

EXAMPLE = """\
example:
  segnet demo runs/quickstart
  segnet demo runs/segnet_lite runs/bayesian_segnet runs/variational --port 9000

The page and its interface for programs (/openapi.json) answer this machine alone unless --host says otherwise.
Stop it with Ctrl-C.
"""
PORT = 8765


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument(
        "models",
        nargs="*",
        metavar="MODEL",
        help="run folders, model folders, names of packaged models, or hf://OWNER/NAME; autoencoders too",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; a network address lets other machines connect",
    )
    parser.add_argument(
        "--port", type=port, default=PORT, help=f"port to listen on, 0 for any free one (default: {PORT})"
    )


def port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r}: a port is a number from 0 to 65535")
    return int(text)


def run(args: argparse.Namespace) -> int:
    from segnet.errors import UserError

    try:
        from segnet.web.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "starlette", "uvicorn", "python_multipart"):
            raise
        raise UserError(f"the page needs {error.name}: pip install 'segnet[demo]'") from None
    return serve(args.models, args.host, args.port)
