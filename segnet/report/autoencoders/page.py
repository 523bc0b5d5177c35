"""The report of an autoencoder's run: restoration, latent and curves, all on one page."""

from pathlib import Path

from segnet.config import Config
from segnet.files import write_atomically, write_json
from segnet.nn.autoencoders.saved import load_autoencoder
from segnet.nn.autoencoders.stacked import StackedAutoencoder
from segnet.nn.autoencoders.variational import VariationalAutoencoder
from segnet.report.autoencoders.images import curves, measure_name
from segnet.report.autoencoders.section import Section
from segnet.report.autoencoders.sections import filter_section, sections_for_reconstruction, variational_section
from segnet.report.facts import training_facts, versions
from segnet.report.page import save_figures
from segnet.report.style import svg
from segnet.report.tables import write_records
from segnet.report.templating import render
from segnet.run_files import METRICS
from segnet.run_folder import RunFolder
from segnet.run_tables import read_metrics
from segnet.training.tasks.image_task import ImageTask

HIDDEN = ("val_loss", "val_objective")
"""Measures that the figure of the loss already shows."""


def report_autoencoder(
    config: Config, task: ImageTask, folder: Path, output: Path | None = None, figures: Path | None = None
) -> Path:
    """Measure the best weights, and write the page and its numbers as ``metrics.json`` and CSV.

    Args:
        config: settings of the run.
        task: task of the run, with its data.
        folder: the run folder.
        output: the page; its numbers go beside it. None: ``report.html`` in the run folder.
        figures: a folder for the figures as PNG files; it is created if it does not exist.

    Returns:
        The page.
    """
    sections = measure_sections(config, task, folder)
    metrics: dict[str, object] = {"task": config.task, "model": config.model.name, "data": config.data.name}
    for section in sections:
        metrics |= section.values
    page = output or RunFolder(folder).report
    write_json(page.parent / METRICS, metrics)
    for name, records in metrics.items():
        if isinstance(records, list):
            write_records(page.parent / f"{name}.csv", records)
    if figures:
        save_figures(figures, {name: figure for section in sections for name, (figure, _) in section.figures.items()})
    write_page(page, folder, config, sections)
    return page


def measure_sections(config: Config, task: ImageTask, folder: Path) -> list[Section]:
    """All sections of the page, measured with the best weights."""
    network = load_autoencoder(folder)
    train, val = task.train_images, task.val_images
    aim = config.reconstruction
    sections: list[Section] = []
    if isinstance(network, StackedAutoencoder):
        sections.append(filter_section(network, val.shape))
    else:
        sections += sections_for_reconstruction(
            network, train, val, aim.corruptions, aim.latent_bits, aim.classify_latents
        )
    if isinstance(network, VariationalAutoencoder):
        sections.append(variational_section(network, val))
    sections.append(curve_section(folder, task.monitor))
    return sections


def curve_section(folder: Path, monitor: str) -> Section:
    """Loss and measures over the epochs. The table is of the epoch whose weights were kept."""
    rows = read_metrics(RunFolder(folder).metrics_csv)
    measured = [row for row in rows if row.get(monitor)]
    best = max(measured, key=lambda row: float(row[monitor]))
    names = [name for name in best if name.startswith("val_")]
    drawn = curves(rows, [name for name in names if name not in HIDDEN])
    accuracy = [("Accuracy", f"{100 * float(best[monitor]):.1f} %", "on the val split")]
    return Section(
        "Training",
        f"{len(rows)} epochs. The measures are of the weights after epoch {best['epoch']}, which had the best "
        f"{measure_name(monitor)}.",
        ("Measure", "Best epoch"),
        [(capital(measure_name(name)), f"{float(best[name]):.5g}") for name in names],
        {name: (figure, f"{capital(measure_name(f'val_{name}'))} by epoch") for name, figure in drawn.items()},
        {name.removeprefix("val_"): float(best[name]) for name in names if name != "val_psnr"},
        accuracy if monitor == "val_accuracy" else [],
    )


def capital(words: str) -> str:
    return words[0].upper() + words[1:]


def write_page(page: Path, folder: Path, config: Config, sections: list[Section]) -> None:
    settings = RunFolder(folder).config_path.read_text(encoding="utf-8")
    drawn = [[(svg(figure, name), text) for name, (figure, text) in part.figures.items()] for part in sections]
    html = render(
        "autoencoder.html",
        config=config,
        headlines=[line for section in sections for line in section.headlines],
        sections=list(zip(sections, drawn, strict=True)),
        training=training_facts(config),
        versions=versions(),
        settings=settings,
    )
    write_atomically(page, html)
