"""``segnet train``: a config, changed on the command line where wanted, becomes a run folder."""

import argparse

EXAMPLE = """\
example:
  segnet train --config configs/camvid/segnet_lite.yaml data.root=/data/CamVid optimizer.lr=3e-4
  segnet train --config configs/camvid/segnet_lite.yaml --resume
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("--config", required=True, metavar="FILE", help="YAML file of the experiment")
    parser.add_argument("--resume", action="store_true", help="go on from the run folder's last checkpoint")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="settings that replace the file's")


def run(args: argparse.Namespace) -> int:
    from segnet.config_file import load_config

    # Before the import that takes seconds: a mistake in the config is said at once.
    config = load_config(args.config, args.settings)
    from segnet.experiment import run_experiment

    run_experiment(config, resume=args.resume)
    return 0
