"""``segnet report``: the page of a run, its numbers as JSON and CSV, and its figures."""

import argparse
import contextlib
from pathlib import Path

EXAMPLE = """\
example:
  segnet report runs/segnet_lite
  segnet report runs/segnet_lite --split test --out test.html --figures figures
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    # It cannot be called "run", which is the command's function.
    parser.add_argument("folder", type=Path, metavar="RUN", help="run folder")
    parser.add_argument("--split", help="split to measure on (default: the config's val split)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the page; tables go into the same folder (default: RUN/report.html)"
    )
    parser.add_argument("--figures", type=Path, metavar="DIR", help="also write each figure as PNG")
    parser.add_argument(
        "--samples", type=int, metavar="N", help="passes with dropout on (default: 8 for a Bayesian SegNet, else 1)"
    )


def run(args: argparse.Namespace) -> int:
    from segnet.run_folder import RunFolder
    from segnet.written_files import check_written, files_of_model

    run = RunFolder(args.folder)
    config = run.read_config()
    is_autoencoder = config is not None and config.task != "segmentation"
    check_written({"--out": args.out}, files_of_model(args.folder), make_folders=True)
    # A report in the run folder must belong to the weights that are there at the end.
    with contextlib.ExitStack() as held:
        if config and not args.out:
            held.enter_context(run.lock_for_report())
        page = report_autoencoder_run(args) if is_autoencoder else report_segmentation_run(args)
    print(f"look at {page}")
    return 0


def report_segmentation_run(args: argparse.Namespace) -> Path:
    from segnet.report.page import write_report
    from segnet.report.runs import open_run
    from segnet.report.tables import write_tables

    measured = open_run(args.folder, args.split, args.samples)
    folder = args.out.parent if args.out else measured.folder
    write_tables(folder, measured.evaluation, measured.predictor, measured.dataset)
    return write_report(
        measured.folder,
        measured.evaluation,
        measured.predictor,
        measured.dataset,
        args.out,
        args.figures,
        measured.split,
    )


def report_autoencoder_run(args: argparse.Namespace) -> Path:
    from segnet.errors import UserError
    from segnet.report.autoencoders.page import report_autoencoder
    from segnet.run_folder import RunFolder
    from segnet.training.tasks.build import TASKS
    from segnet.training.tasks.image_task import ImageTask

    if args.split or args.samples:
        raise UserError(f"{args.folder}: --split and --samples are for segmentation; an autoencoder's run has neither")
    config = RunFolder(args.folder).read_config()
    assert config is not None
    task = TASKS[config.task](config)
    assert isinstance(task, ImageTask)
    return report_autoencoder(config, task, args.folder, args.out, args.figures)
