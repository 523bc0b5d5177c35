"""``segnet configs``: list the packaged configs, or print one."""

import argparse

EXAMPLE = """\
example:
  segnet configs                                    # every name, and what it is for
  segnet configs camvid/segnet_lite > mine.yaml     # a copy to change
  segnet train --config mine.yaml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("config", nargs="?", metavar="NAME", help="config to print (default: list all)")


def run(args: argparse.Namespace) -> int:
    from segnet.config_names import config_folder, config_names, find_config, summary

    if args.config:
        print(find_config(args.config).read_text(encoding="utf-8"), end="")
        return 0
    names = config_names()
    width = max(map(len, names))
    for name in names:
        print(f"{name:{width}}  {summary(config_folder() / f'{name}.yaml')}")
    return 0
