"""``segnet shards``: write the splits of a config's data as tar shards with an index, for large data sets."""

import argparse
from pathlib import Path

EXAMPLE = """\
example:
  segnet shards --config configs/camvid/segnet_lite.yaml --out data/shards data.root=/data/CamVid
  segnet train --config configs/camvid/segnet_lite.yaml data.name=shards data.root=data/shards
  segnet shards --check data/shards/train
  segnet inspect /data/cityscapes --config cityscapes.yaml
  segnet shards --config cityscapes.yaml --out data/cityscapes_shards

The same command goes on after an interruption. A config reads every format of data (segnet inspect writes one).
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("--config", metavar="FILE", help="write the splits data.train and data.val of this config")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the shards to DIR/train and DIR/val")
    parser.add_argument("--samples", type=int, default=1000, metavar="N", help="samples in each shard (default: 1000)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="threads that read and write (default: 2)")
    parser.add_argument("--check", metavar="SPLIT", help="write nothing; compare a split's shards with their SHA-256")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="settings that override the config")


def run(args: argparse.Namespace) -> int:
    from segnet.errors import UserError

    if args.check:
        from segnet.datasets.shards.index import check_shards

        print(f"{args.check}: {check_shards(args.check)} shards, all as they were written")
        return 0
    if not args.config or not args.out:
        raise UserError("nothing to do: name --config and --out, or --check")
    if args.samples < 1 or args.workers < 1:
        raise UserError("--samples and --workers: expected at least 1")
    from segnet.config_file import load_config

    config = load_config(args.config, args.settings)
    if config.task != "segmentation":
        raise UserError(f"{args.config}: shards hold images and masks, but data.name={config.data.name} has no masks")
    from segnet.datasets.load import load_for_one_pass
    from segnet.datasets.shards import write_shards
    from segnet.terminal import progress_bar

    for name, split in (("train", config.data.train), ("val", config.data.val)):
        dataset = load_for_one_pass(config.data, split)
        with progress_bar(f"writing {name}", "samples") as progress:
            index = write_shards(dataset, args.out / name, args.samples, args.workers, progress)
        size = sum(shard.bytes for shard in index.shards)
        print(f"{args.out / name}: {index.samples:,} samples in {len(index.shards):,} shards, {size / 1e6:,.1f} MB")
    print(f"train from them with data.name=shards data.root={args.out}")
    return 0
