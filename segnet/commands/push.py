"""``segnet push``: a model with its card to the Hugging Face Hub."""

import argparse

from segnet.commands.arguments import OWN_MODEL

EXAMPLE = """\
example:
  hf auth login
  segnet push runs/quickstart jane/street-scenes --license cc-by-nc-4.0
  segnet predict hf://jane/street-scenes street.jpg --out predictions

Only model.safetensors, config.json and README.md, the model's card, are pushed. A README.md of your own in the folder
is taken as the card; else one is made from the model and its measures.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("model", help=OWN_MODEL)
    parser.add_argument("repository", metavar="OWNER/NAME", help="repository, which is made if it is not there")
    parser.add_argument(
        "--license", default="unknown", help="of the weights, as the Hub names it: mit, cc-by-nc-4.0 (default: unknown)"
    )
    parser.add_argument("--private", action="store_true", help="a repository that is made is for its owner alone")


def run(args: argparse.Namespace) -> int:
    from segnet.hub import SCHEME
    from segnet.publish import push

    page = push(args.model, args.repository, license=args.license, private=args.private)
    print(f"{page}\nopen it with: segnet predict {SCHEME}{args.repository} IMAGES...")
    return 0
