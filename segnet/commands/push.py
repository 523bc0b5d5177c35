"""``segnet push``: a model with its card to the Hugging Face Hub."""

import argparse

from segnet.commands.arguments import OWN_MODEL

EXAMPLE = """\
example:
  hf auth login
  segnet push runs/quickstart jane/street-scenes --license cc-by-nc-4.0
  segnet predict hf://jane/street-scenes street.jpg --out predictions

Only model.safetensors, config.json and README.md, the model's card, are pushed. If the folder has no README.md, the
card is made from the model and its measures.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("model", help=OWN_MODEL)
    parser.add_argument("repository", metavar="OWNER/NAME", help="repository; created if it does not exist")
    parser.add_argument(
        "--license",
        default="unknown",
        help="licence of the weights, by the Hub's name: mit, cc-by-nc-4.0 (default: unknown)",
    )
    parser.add_argument("--private", action="store_true", help="make a new repository private")


def run(args: argparse.Namespace) -> int:
    from segnet.hub import SCHEME
    from segnet.publish import push

    page = push(args.model, args.repository, license=args.license, private=args.private)
    print(f"{page}\nopen it with: segnet predict {SCHEME}{args.repository} IMAGES...")
    return 0
