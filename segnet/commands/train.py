"""``segnet train``: train a config, optionally with settings from the command line, into a run folder."""

import argparse
from collections.abc import Sequence
from typing import Any

EXAMPLE = """\
example:
  segnet train --config configs/camvid/segnet_lite.yaml data.root=/data/CamVid optimizer.lr=3e-4
  segnet train --config configs/camvid/segnet_lite.yaml --resume
  segnet train --config runs/segnet_lite/config.yaml --resume training.epochs=200
  segnet train --schema > configs/schema.json     # for editors, see --schema
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--config",
        required=True,
        metavar="FILE",
        help="config of the experiment: a YAML file, or a name that `segnet configs` lists",
    )
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument(
        "--resume",
        action="store_true",
        help="continue from the run folder's last checkpoint; docs/reliability.md lists the settings that may change",
    )
    existing.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the run in the run folder; the old one is kept until the new one has measured weights",
    )
    parser.add_argument(
        "--schema",
        action=PrintSchema,
        nargs=0,
        help="print the JSON schema of config files; editors use it to check a YAML file that begins with "
        "'# yaml-language-server: $schema=schema.json'",
    )
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="settings that override the config")


class PrintSchema(argparse.Action):
    """Prints the schema and ends, like ``--version``, even without ``--config``."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002
        values: str | Sequence[Any] | None,  # noqa: ARG002
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        from segnet.config_file import config_schema

        print(config_schema(), end="")
        parser.exit()


def run(args: argparse.Namespace) -> int:
    from segnet.api import train

    train(args.config, *args.settings, resume=args.resume, overwrite=args.overwrite)
    return 0
