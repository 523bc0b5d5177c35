"""The command line: one module of ``segnet.commands`` for each command, imported when it is called."""

import argparse
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from segnet.completion import answer_shell, asked_command
from segnet.errors import NO_ROOM, UserError
from segnet.noise import quiet_libraries
from segnet.terminal import one_line
from segnet.unexpected import describe_unexpected
from segnet.usage import Parser
from segnet.version import __version__

COMMANDS = {
    "train": "train a network from a config, measure it and write its report",
    "configs": "list the packaged configs, or print one",
    "evaluate": "measure a trained model on a split",
    "predict": "segment images",
    "rank": "rank images by which to label next, or labelled images by which labels to check first",
    "video": "overlay the classes on every frame of a video",
    "export": "write a model as one file for ONNX Runtime, OpenVINO or PyTorch",
    "push": "put a model with its card on the Hugging Face Hub",
    "benchmark": "measure the networks' speed on this machine, against its peak and plain PyTorch",
    "shards": "write the splits of a config's data as tar shards, for large data sets",
    "tune": "train a config with many settings: search with Optuna, or a grid with several seeds",
    "inspect": "describe a folder of images and masks, and write a config that trains on it",
    "convert": "convert a data set to plain folders of images and index masks",
    "report": "write the report of a run again",
    "compare": "write a page that compares several runs",
    "demo": "serve a page on this machine that segments your images, clips and camera",
    "completion": "let the Tab key complete commands, options, configs, settings and models",
}


def build_parser(command: str | None) -> tuple[Parser, Parser | None]:
    """The parser and ``command``'s own; only that one's arguments are known, so nothing else is imported."""
    parser = Parser(prog="segnet", description="Semantic segmentation with SegNet and its family.")
    parser.add_argument("--version", action="version", version=f"segnet {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=summary, description=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == command:
            module = importlib.import_module(f"segnet.commands.{name}")
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    return parser, subparsers.choices.get(command) if command else None


def main(argv: list[str] | None = None) -> int:
    """Run one command and give its exit code: 0 done, 1 a mistake named in a line, 2 usage, 130 Ctrl-C or SIGTERM."""
    argv = sys.argv[1:] if argv is None else argv
    open_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name need not be text in the terminal's encoding; it is printed all the same.
        sys.stdout.reconfigure(errors="backslashreplace")
    if "_ARGCOMPLETE" in os.environ:
        Parser.completing = True
        answer_shell(*build_parser(asked_command(COMMANDS)))
    command = next((word for word in argv if not word.startswith("-")), None)
    parser, _ = build_parser(command)
    if command is not None and command not in COMMANDS:
        parser.refuse_command(command, COMMANDS)
    args = parser.parse_args(argv)
    quiet_libraries()
    try:
        with sigterm_as_ctrl_c():
            return int(args.run(args))
    except UserError as error:
        print(f"segnet {args.command}: {one_line(str(error))}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of a pipe (head, less) has left; Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt as stop:
        print(f"segnet {args.command}: {one_line(str(stop) or 'stopped')}", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"segnet {args.command}: {one_line(describe_os_error(error))}", file=sys.stderr)
        return 1
    except Exception as error:
        line, _, trace = describe_unexpected(error, argv).partition("\n")
        print(f"{trace}segnet {args.command}: {one_line(line)}", file=sys.stderr)
        return 1


def open_closed_streams() -> None:
    """Lead streams that the caller closed (``>&-``) to nowhere; a file that is opened would get their text."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            # The system gives the lowest number that is free, which is this one.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115 - for as long as the process


ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Ends a command at SIGTERM, as a scheduler sends it, or SIGHUP, as a terminal that is closed, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        # Only a program's main thread may set handlers.
        yield
        return
    # nohup has SIGHUP ignored, and it stays so.
    numbers = [number for number in ENDING_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def describe_os_error(error: OSError) -> str:
    """A full disk, a missing permission, a missing file: in one line, with the file."""
    place = f"{error.filename}: " if error.filename else ""
    hint = "; make room there and give the command again" if error.errno in NO_ROOM else ""
    return f"{place}{error.strerror or error}{hint}"


if __name__ == "__main__":
    sys.exit(main())
