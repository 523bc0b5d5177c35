"""The report of an autoencoder's run: what it restores, its code and its curves, all on one page."""

import base64
import csv
from pathlib import Path

from segnet.config import Config
from segnet.files import write_atomically, write_json
from segnet.nn.autoencoders.saved import load_autoencoder
from segnet.nn.autoencoders.stacked import StackedAutoencoder
from segnet.nn.autoencoders.variational import VariationalAutoencoder
from segnet.report.autoencoder_pictures import curves
from segnet.report.autoencoder_sections import (
    Section,
    filter_section,
    sections_for_reconstruction,
    variational_section,
)
from segnet.report.templating import render
from segnet.training.image_task import ImageTask
from segnet.training.run_folder import RunFolder

HIDDEN = ("val_loss", "val_objective")
"""Measures that the losses' picture already shows."""


def report_autoencoder(config: Config, task: ImageTask, run: RunFolder) -> Path:
    """Measure the best weights; write ``metrics.json`` and ``report.html``.

    Returns:
        The page.
    """
    network = load_autoencoder(run.path)
    train, val = task.train_images, task.val_images
    aim = config.reconstruction
    sections: list[Section] = []
    if isinstance(network, StackedAutoencoder):
        sections.append(filter_section(network, val.shape))
    else:
        sections += sections_for_reconstruction(network, train, val, aim.corruptions, aim.code_bits, aim.classify_codes)
    if isinstance(network, VariationalAutoencoder):
        sections.append(variational_section(network, val))
    sections.append(curve_section(run, task.monitor))
    metrics: dict[str, object] = {"task": config.task, "model": config.model.name, "data": config.data.name}
    for section in sections:
        metrics |= section.values
    write_json(run.metrics_json, metrics)
    return write_page(run, config, sections)


def curve_section(run: RunFolder, monitor: str) -> Section:
    """Loss and measures over the epochs; the table is of the epoch whose weights were kept."""
    with run.metrics_csv.open(newline="") as file:
        rows = list(csv.DictReader(file))
    measured = [row for row in rows if row.get(monitor)]
    best = max(measured, key=lambda row: float(row[monitor]))
    names = [name for name in best if name.startswith("val_")]
    return Section(
        "Training",
        f"{len(rows)} epochs; measured are the weights after epoch {best['epoch']}, which had the best {monitor}.",
        ("Measure", "Best epoch"),
        [(name, f"{float(best[name]):.5g}") for name in names],
        [(curves(rows, [name for name in names if name not in HIDDEN]), "Losses and measures")],
        {name.removeprefix("val_"): float(best[name]) for name in names if name != "val_psnr"},
    )


def write_page(run: RunFolder, config: Config, sections: list[Section]) -> Path:
    settings = run.config_path.read_text(encoding="utf-8")
    page = run.path / "report.html"
    html = render("autoencoder.html", config=config, sections=sections, settings=settings, data_url=data_url)
    write_atomically(page, html)
    return page


def data_url(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"
