"""``segnet tune``: search settings of a config with Optuna; a page, a table and the best config."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna

EXAMPLE = """\
example:
  segnet tune configs/camvid/segnet_lite.yaml training.epochs=40 --trials 30 \\
      --vary 'optimizer.lr={low: 1e-4, high: 1e-2, log: true}' --vary model.dropout=[0,0.1,0.2]
  segnet tune configs/camvid/segnet_lite.yaml --trials 30 --space space.yaml

The same command again goes on where the search stopped; a higher --trials adds trials.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("config", metavar="CONFIG", help="YAML file of the experiment")
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="KEY=SPACE",
        help="a setting and its choices [A,B] or range {low: A, high: B, log: true, step: C}; may be repeated",
    )
    parser.add_argument("--space", type=Path, metavar="FILE", help="YAML file: settings to choices or ranges")
    parser.add_argument("--trials", type=int, default=20, metavar="N", help="trials in all (default 20)")
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="KEY=VALUE",
        help="settings that replace the file's in all trials; right after CONFIG",
    )


def run(args: argparse.Namespace) -> int:
    from segnet.errors import UserError
    from segnet.tuning.space import read_space

    if args.trials < 1:
        raise UserError(f"--trials {args.trials}: expected at least 1")
    space = read_space(args.space, args.vary)
    try:
        from segnet.report.tuning_page import MEASURES, write_tuning_report
        from segnet.tuning.study import Plan, over, search, write_best
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise UserError("Optuna is not installed; pip install 'segnet[tune]'") from None
    plan = Plan(args.config, args.settings, space)
    page = plan.folder / "report.html"

    def record(study: "optuna.Study") -> None:
        write_best(plan, study)
        write_tuning_report(page, plan.base, over(study), study)
        latest = over(study)[-1]
        print(f"trial {len(over(study))}/{args.trials}  {latest.state.name.lower()}  {latest.user_attrs['settings']}")

    study = search(plan, args.trials, record)
    best = write_best(plan, study)
    print_table(study, MEASURES[plan.base.task])
    if best:
        print(f"best:    {best}, train it with: segnet train --config {best}")
    print(f"look at {page}")
    return 0


def print_table(study: "optuna.Study", measure: str) -> None:
    """The ten best trials."""
    import json

    from rich.console import Console
    from rich.table import Table

    from segnet.report.tuning_page import ranked
    from segnet.tuning.study import folder_of, over

    trials = ranked(over(study))
    table = Table("trial", "state", measure, *(trials[0].user_attrs["settings"] if trials else ()))
    for trial in trials[:10]:
        value = "–" if trial.value is None else f"{trial.value:.4f}"
        settings = (
            f"{value:.4g}" if isinstance(value, float) else json.dumps(value)
            for value in trial.user_attrs["settings"].values()
        )
        table.add_row(folder_of(trial), trial.state.name.lower(), value, *settings)
    Console().print(table)
