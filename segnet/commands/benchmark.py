"""``segnet benchmark``: the networks' speed on this machine, compared with its peak and with plain PyTorch."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segnet.commands.arguments import size

if TYPE_CHECKING:
    from rich.table import Table

EXAMPLE = """\
example:
  segnet benchmark --quick
  segnet benchmark --networks segnet segnet_lite --threads 2 --json benchmark.json
  segnet benchmark --loading configs/camvid/segnet_lite.yaml --networks segnet_lite
"""

NETWORKS = ("segnet", "segnet_basic", "segnet_lite", "smp/Unet")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--quick", action="store_true", help="a quarter of the size and 3 rounds, for a first impression"
    )
    parser.add_argument(
        "--networks", nargs="+", default=NETWORKS, metavar="NAME", help=f"default: {' '.join(NETWORKS)}"
    )
    parser.add_argument("--size", type=size, metavar="HxW", help="size of the images (default: 360x480)")
    parser.add_argument("--batch", type=int, default=4, help="images in a training step (default: 4)")
    parser.add_argument("--rounds", type=int, help="number of rounds; the median is shown (default: 7)")
    parser.add_argument("--threads", type=int, help="processor threads (default: PyTorch's)")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto")
    parser.add_argument(
        "--compiled", action="store_true", help="measure torch.compile too, which takes minutes to start"
    )
    parser.add_argument("--no-training", action="store_true", help="measure inference only")
    parser.add_argument(
        "--loading", metavar="CONFIG", help="also measure reading and augmentation of this config's data"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results as JSON")


def run(args: argparse.Namespace) -> int:
    import torch

    from segnet.config_file import load_config
    from segnet.errors import UserError
    from segnet.files import write_json
    from segnet.inference.backends.devices import choose_device
    from segnet.speed.benchmark import Settings
    from segnet.speed.benchmark import run as measure
    from segnet.speed.loading import loading_rates
    from segnet.terminal import progress_bar
    from segnet.written_files import check_written

    for name in ("batch", "rounds", "threads"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise UserError(f"--{name} {getattr(args, name)}: expected 1 or more")
    check_written({"--json": args.json}, [args.loading] if args.loading else [])
    config = load_config(args.loading) if args.loading else None
    if args.threads:
        torch.set_num_threads(args.threads)
    settings = Settings(
        networks=tuple(args.networks),
        size=args.size or ((90, 120) if args.quick else (360, 480)),
        batch=args.batch,
        rounds=args.rounds or (3 if args.quick else 7),
        side=1024 if args.quick else 2048,
        compiled=args.compiled,
        train=not args.no_training,
    )
    with progress_bar("measuring", "networks") as progress:
        result = measure(settings, choose_device(args.device), progress)
    if config:
        result["loading_images_per_second"] = loading_rates(config, batches=5 if args.quick else 30)
    print_table(result)
    if args.json:
        write_json(args.json, result)
    return 0


def print_table(result: dict[str, Any]) -> None:
    """Print the machine, a table of the networks, and the rates of reading where they were measured."""
    from segnet.terminal import output_console

    console = output_console()
    if not console.is_terminal:
        console = output_console(width=130)  # a file has no width that the table would have to fit
    for line in machine_lines(result):
        console.print(line, highlight=False)
    console.print(networks_table(result["rows"]))
    for name, rate in result.get("loading_images_per_second", {}).items():
        console.print(f"reading and augmenting, from {name}: {rate:.1f} images/s", highlight=False)


def machine_lines(result: dict[str, Any]) -> Iterator[str]:
    """The machine, its peak rates and the settings, and a warning on a busy machine."""
    from segnet.speed.machine import QUIET

    machine, settings = result["machine"], result["settings"]
    peaks = ", ".join(f"{name} {rate / 1e9:.0f}" for name, rate in result["gemm_flops_per_second"].items())
    yield (
        f"{machine['device']}, {machine['threads']} threads, {machine['instructions']}, torch {machine['torch']}\n"
        f"peak of matrix products, GFLOP/s: {peaks}\n"
        f"images of {settings['size'][0]}x{settings['size'][1]}, training steps of {settings['batch']}, medians of "
        f"{settings['rounds']} rounds in turns"
    )
    if machine["share_of_cores"] < QUIET:
        yield (
            f"This machine is busy: other programs left {machine['share_of_cores']:.0%} of {machine['threads']} cores. "
            "The rates are too low; the ratios, taken in turns, are less wrong."
        )


def networks_table(rows: list[dict[str, Any]]) -> "Table":
    """A line for each measurement, with a rule between networks and tasks."""
    from rich.table import Table

    table = Table("network", "task", "way", "precision")
    for name in ("images/s", "× plain", "GFLOP/s", "of peak", "memory, MB"):
        table.add_column(name, justify="right")
    previous = None
    for row in rows:
        if previous not in (None, (row["network"], row["task"])):
            table.add_section()
        previous = (row["network"], row["task"])
        share, memory = row["share_of_peak"], row["peak_memory"]
        table.add_row(
            row["network"],
            row["task"],
            row["way"],
            row["precision"],
            f"{row['images_per_second']:.2f}",
            f"{row['ratio']:.2f}",
            f"{row['flops_per_second'] / 1e9:.1f}",
            "–" if share is None else f"{100 * share:.0f} %",
            "–" if memory is None else f"{memory / 1e6:.0f}",
        )
    return table
