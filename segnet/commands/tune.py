"""``segnet tune``: train a config with many settings, by Optuna or as a grid; write a page and the best config."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna

EXAMPLE = """\
example:
  segnet tune --config configs/camvid/segnet_lite.yaml training.epochs=40 --trials 30 \\
      --vary 'optimizer.lr={low: 1e-4, high: 1e-2, log: true}' --vary model.dropout=[0,0.1,0.2]
  segnet tune --config configs/camvid/segnet_lite.yaml --trials 30 --space space.yaml
  segnet tune --config configs/autoencoders/stacked.yaml --seeds 5 \\
      --vary classification.layer_epochs=[0,20] --vary classification.labels=[100,1000,null]

With --trials, Optuna chooses the settings and prunes bad trials. With --seeds, every combination is trained with each
seed, and the table gives mean and spread. After an interruption, the same command continues. Higher numbers add trials
or seeds.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--config",
        required=True,
        metavar="FILE",
        help="config of the experiment: a YAML file, or a name that `segnet configs` lists",
    )
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="KEY=SPACE",
        help="a setting and its choices [A,B] or range {low: A, high: B, log: true, step: C}; may be repeated",
    )
    parser.add_argument(
        "--space", type=Path, metavar="FILE", help="YAML file with settings and their choices or ranges"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--trials", type=int, default=20, metavar="N", help="search with this many trials (default: 20)")
    how.add_argument("--seeds", type=int, metavar="N", help="train every combination of the choices, N times each")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="also write every trial's settings and value to this file"
    )
    parser.add_argument(
        "settings", nargs="*", metavar="KEY=VALUE", help="settings that override the config in all trials"
    )


def run(args: argparse.Namespace) -> int:
    from segnet.errors import UserError
    from segnet.files import write_json
    from segnet.tuning.space import read_space
    from segnet.written_files import check_written

    for option in ("trials", "seeds"):
        if (number := getattr(args, option)) is not None and number < 1:
            raise UserError(f"--{option} {number}: expected at least 1")
    check_written({"--json": args.json}, [args.config, *([args.space] if args.space else [])])
    space = read_space(args.space, args.vary)
    try:
        from segnet.report.tuning_page import MEASURES, write_tuning_report
        from segnet.tuning.study import Plan, search, write_best
        from segnet.tuning.study_file import over
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise UserError("Optuna is not installed; pip install 'segnet[tune]'") from None
    plan = Plan(args.config, args.settings, space, args.seeds)
    page = plan.folder / "report.html"

    def write_results(study: "optuna.Study") -> Path | None:
        write_tuning_report(page, plan.base, over(study), study, is_grid=plan.seeds is not None)
        return write_best(plan, study)

    def record(study: "optuna.Study", total: int) -> None:
        write_results(study)
        latest = over(study)[-1]
        value = "" if latest.value is None else f"{MEASURES[plan.base.task]} {latest.value:.4f}  "
        state = latest.state.name.lower()
        print(f"trial {len(over(study))} of {total}  {state}  {value}{latest.user_attrs['settings']}")

    study = search(plan, args.trials, record)
    # The page of a finished search is written again too, as `segnet report` does for a run.
    best = write_results(study)
    measure = MEASURES[plan.base.task]
    print_trials(study, measure) if plan.seeds is None else print_means(study, measure)
    if args.json:
        write_json(args.json, [{"settings": t.user_attrs["settings"], "value": t.value} for t in over(study)])
    if best:
        print(f"best:    {best}, train it with: segnet train --config {best}")
    print(f"look at {page}")
    return 0


def print_trials(study: "optuna.Study", measure: str) -> None:
    """The ten best trials of a search."""
    from rich.table import Table
    from rich.text import Text

    from segnet.report.tuning_page import ranked, shown
    from segnet.terminal import output_console
    from segnet.tuning.study_file import folder_of, over

    trials = ranked(over(study))
    table = Table("trial", "state", measure, *(trials[0].user_attrs["settings"] if trials else ()))
    for trial in trials[:10]:
        value = "–" if trial.value is None else f"{trial.value:.4f}"
        settings = map(Text, shown(trial.user_attrs["settings"]).values())
        table.add_row(folder_of(trial), trial.state.name.lower(), value, *settings)
    output_console().print(table)


def print_means(study: "optuna.Study", measure: str) -> None:
    """A row for each combination of a grid."""
    from rich.table import Table
    from rich.text import Text

    from segnet.report.tuning_page import means
    from segnet.terminal import output_console
    from segnet.tuning.study_file import over

    rows = means(over(study))
    table = Table(*(rows[0].settings if rows else ()), f"mean {measure}", "standard deviation", "range", "seeds")
    for row in rows:
        table.add_row(*map(Text, row.settings.values()), row.mean, row.deviation, row.range, row.seeds)
    output_console().print(table)
