"""``segnet sweep``: a config over a grid of settings, several seeds each, and one table of mean and spread."""

import argparse
import itertools
import json
import statistics
from typing import Any

EXAMPLE = """\
example:
  segnet sweep --config configs/autoencoders/stacked.yaml --seeds 5 --measure val_accuracy \\
      --vary classification.layer_epochs=[0,20] --vary classification.labels=[100,1000,null]
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("--config", required=True, metavar="FILE", help="YAML file of the experiment")
    parser.add_argument(
        "--vary", action="append", required=True, metavar="KEY=[A,B]", help="a setting and its values; may be repeated"
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="runs of each combination (default 3)")
    parser.add_argument(
        "--measure", required=True, metavar="COLUMN", help="column of metrics.csv; its last value counts"
    )
    parser.add_argument("--json", metavar="FILE", help="write every run's value there too")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="settings that replace the file's in all runs")


def run(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from segnet.errors import UserError
    from segnet.files import write_json

    if args.seeds < 1:
        raise UserError(f"--seeds {args.seeds}: expected at least 1")
    axes = [values_of(text) for text in args.vary]
    results: list[dict[str, Any]] = []
    table = Table(*(key for key, _ in axes), "mean", "standard deviation", "range", "seeds")
    for combination in itertools.product(*(values for _, values in axes)):
        settings = {key: value for (key, _), value in zip(axes, combination, strict=True)}
        values = [train_once(args, settings, len(results), seed) for seed in range(args.seeds)]
        results.append({"settings": settings, "measure": args.measure, "values": values})
        spread = f"{statistics.stdev(values):.4f}" if len(values) > 1 else "–"
        shown = (json.dumps(value) for value in combination)
        limits = f"{min(values):.4f}–{max(values):.4f}"
        table.add_row(*shown, f"{statistics.mean(values):.4f}", spread, limits, str(len(values)))
    Console().print(table)
    if args.json:
        write_json(args.json, results)
    return 0


def values_of(text: str) -> tuple[str, list[Any]]:
    """``key=[a,b]`` taken apart."""
    from segnet.errors import UserError
    from segnet.variation import parse_vary

    example = "a setting and a list of its values, as in optimizer.lr=[1e-3,3e-4]"
    key, values = parse_vary(text, example)
    if not isinstance(values, list) or not values:
        raise UserError(f"--vary {text}: expected {example}")
    return key, values


def train_once(args: argparse.Namespace, settings: dict[str, Any], number: int, seed: int) -> float:
    """Train one combination with one seed; the measure's last value."""
    from segnet.errors import UserError
    from segnet.run_folder import RunFolder, read_metrics
    from segnet.training.launch import launch
    from segnet.training.loop import Trainer
    from segnet.training.tasks.build import TASKS
    from segnet.variation import varied_config

    config = varied_config(args.config, args.settings, settings | {"seed": seed}, f"-sweep/{number}-seed{seed}")
    fabric, task, folder = launch(config), TASKS[config.task](config), RunFolder(config.run_folder)
    with folder.open(config, resume=False):
        Trainer(task, config, fabric, folder).train(resume=False)
    measured = [row[args.measure] for row in read_metrics(folder.metrics_csv) if row.get(args.measure)]
    if not measured:
        raise UserError(f"--measure {args.measure}: not a column of {folder.metrics_csv}")
    return float(measured[-1])
