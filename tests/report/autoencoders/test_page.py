"""The page of each kind of autoencoder holds what its issue asks for, and metrics.json the same figures."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segnet.cli import main
from segnet.config_file import load_config
from segnet.datasets.small_images.images import Images
from segnet.datasets.small_images.load import load_images
from segnet.experiment import run_experiment
from segnet.report.autoencoders.images import GAP, image_grid, side_by_side
from segnet.report.autoencoders.sections import six_images
from segnet.run_files import files_of_run
from segnet.training.tasks import image_task

CONFIGS = Path(__file__).parents[3] / "configs" / "autoencoders"


@pytest.fixture(autouse=True)
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """An eighth of the data: pages are tested here, not what they say."""

    def load_few(*arguments: Any) -> Images:
        images = load_images(*arguments)
        labels = None if images.labels is None else images.labels[::8]
        return Images(images.pixels[::8], labels, images.class_names)

    monkeypatch.setattr(image_task, "load_images", load_few)


def report(name: str, runs: Path, *settings: str) -> tuple[str, dict[str, Any]]:
    quick = [f"runs={runs}", "training.accelerator=cpu", "training.epochs=2", "training.validate_every=1"]
    folder = run_experiment(load_config(CONFIGS / f"{name}.yaml", [*quick, *settings]))
    # A run that replaces this one takes all of its files away.
    written = {path for path in folder.rglob("*") if path.is_file()}
    assert written - set(files_of_run(folder)) == {folder / ".lock"}
    html = (folder / "report.html").read_text(encoding="utf-8")
    return html, json.loads((folder / "metrics.json").read_text())


def titles(html: str) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", html)


def test_reconstructions_stand_beside_pca(tmp_path: Path) -> None:
    html, metrics = report("vanilla", tmp_path)
    assert titles(html) == ["Reconstructions", "Latent", "Training", "How to repeat it"]
    assert "PCA, 32 components" in html
    assert [row["method"] for row in metrics["quality"]] == ["autoencoder", "PCA, 32 components"]
    assert f"{metrics['psnr']:.2f}" in html
    assert html.count('<figure class="plot">') == 5
    # The page begins with a number and the simple rival's, and images come before tables.
    ours, rival = metrics["quality"]
    assert f'<span class="value">{ours["psnr"]:.1f} dB</span>' in html
    assert f"PCA, 32 components: {rival['psnr']:.1f} dB" in html
    assert html.index('<figure class="plot">') < html.index("<table")
    assert f'<td class="sure">{max(ours["psnr"], rival["psnr"]):.2f}</td>' in html
    assert "val_psnr" not in html
    # One file that loads nothing.
    assert not re.search(r'(src|href)="(?!data:|#)', html)
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_the_report_command_writes_page_tables_and_figures_again(tmp_path: Path) -> None:
    one = "reconstruction.corruptions=[{name: gaussian, strengths: [0.3]}]"
    html, _ = report("denoising", tmp_path / "runs", "model.widths=[4,8]", one)
    run, again = tmp_path / "runs" / "denoising", tmp_path / "again"
    again.mkdir()
    assert main(["report", str(run), "--out", str(again / "page.html"), "--figures", str(again / "figures")]) == 0
    assert titles((again / "page.html").read_text()) == titles(html)
    assert (again / "metrics.json").read_text() == (run / "metrics.json").read_text()
    with (again / "restoration.csv").open(newline="") as file:
        psnr = [float(row["psnr"]) for row in csv.DictReader(file)]
    assert psnr == [row["psnr"] for row in json.loads((again / "metrics.json").read_text())["restoration"]]
    assert {"gaussian_0.3.png", "latent.png", "map_of_latents.png", "loss.png"} <= {
        path.name for path in (again / "figures").iterdir()
    }
    assert main(["report", str(run), "--split", "train"]) == 1


def test_denoising_names_every_strength_and_filter(tmp_path: Path) -> None:
    html, metrics = report("denoising", tmp_path, "model.widths=[4,8]")
    assert "Restoration" in titles(html)
    rows = metrics["restoration"]
    assert {(row["corruption"], row["strength"]) for row in rows} == {
        *(("gaussian", strength) for strength in (0.1, 0.3, 0.5)),
        *(("salt_and_pepper", strength) for strength in (0.05, 0.15, 0.3)),
    }
    assert {row["method"] for row in rows} == {"damaged", "autoencoder", "median", "non-local means"}
    assert html.count("dB worse than") + html.count("dB better than") >= 6


def test_compression_says_where_jpeg_wins(tmp_path: Path) -> None:
    html, metrics = report("compression", tmp_path)
    assert re.search(r"JPEG wins (from|nowhere)", html)
    assert {point["method"] for point in metrics["rate_distortion"]} == {"autoencoder", "PCA", "JPEG", "WebP"}


def test_representation_compares_latents_with_pixels(tmp_path: Path) -> None:
    html, metrics = report("representation", tmp_path)
    assert "What a classifier makes of the latent" in html
    assert {row["features"] for row in metrics["representation"]} == {"pixels", "PCA", "latents"}
    assert all(len(row["values"]) == 5 for row in metrics["representation"])


def test_variational_pages_show_samples_ways_and_the_grid(tmp_path: Path) -> None:
    html, metrics = report("variational", tmp_path)
    assert "Decoded draws from the prior" in html
    assert "From one val image" in html
    assert "A walk over the first two numbers" in html
    assert metrics["elbo"] == pytest.approx(-metrics["reconstruction"] - metrics["divergence"])


def test_stacked_pages_show_the_accuracy(tmp_path: Path) -> None:
    html, metrics = report("stacked", tmp_path, "training.epochs=5", "classification.layer_epochs=1")
    assert "First layer" in titles(html)
    assert 0 < metrics["accuracy"] <= 1


def test_images_side_by_side_keep_their_pixels() -> None:
    images = np.random.default_rng(0).random((3, 1, 2, 4), np.float32)
    row = side_by_side(images)
    assert row.shape == (2, 3 * (4 + GAP) - GAP)
    np.testing.assert_array_equal(row[:, 2 * (4 + GAP) :], images[2, 0])
    colors = np.random.default_rng(0).random((2, 3, 2, 4), np.float32)
    np.testing.assert_array_equal(side_by_side(colors)[:, 4 + GAP :], colors[1].transpose(1, 2, 0))
    (axis,) = image_grid(images.repeat(2, 0), 3).axes
    assert axis.images[0].get_size() == (2 * (2 + GAP) - GAP, 3 * (4 + GAP) - GAP)


def test_six_images_of_six_classes() -> None:
    labels = np.array([0, 0, 1, 2, 3, 3, 4, 5, 6])
    chosen = six_images(Images(np.zeros((9, 1, 2, 2), np.uint8), labels))
    assert labels[chosen].tolist() == [0, 1, 2, 3, 4, 5]
