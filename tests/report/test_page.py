"""The page of a run: its numbers, its escaping, and that it works in a browser."""

import base64
import csv
import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segnet.report
from segnet.config_file import parse_config
from segnet.datasets.classes import ClassSet
from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.drawing_colors import drawing_colors
from segnet.inference.predictor import Predictor
from segnet.report.facts import changed_settings
from segnet.report.gallery import (
    FAILING_CLASSES,
    FAR,
    GREYS,
    HIT,
    INVENTED,
    MISSED,
    RIGHT,
    UNLABELLED,
    error_map,
    extremes,
    failures,
    unlabelled_color,
)
from segnet.report.page import draw_figures, write_report
from segnet.report.summary import summarize
from segnet.report.tables import write_tables
from segnet.run_folder import RunFolder
from tests.report.conftest import HISTORY, HOSTILE, opened, tiny_evaluation


def test_numbers_are_those_worked_out_by_hand(tiny_dataset: ImagesAndMasks) -> None:
    evaluation = tiny_evaluation(tiny_dataset, shift=0)
    evaluation.matrices = np.array([[[6, 2, 0], [0, 8, 0], [0, 0, 0]], [[4, 0, 0], [4, 0, 0], [0, 0, 0]]])
    evaluation.boundary = np.array([[0.5, 1.0, np.nan], [0.25, np.nan, np.nan]])
    summary = summarize(evaluation)
    # Together: road 10 of 12 true and 14 predicted pixels, the second class 8 of 12 true and 10 predicted.
    assert [measure.value for measure in summary.measures] == pytest.approx(
        [(10 / 16 + 8 / 14) / 2, 18 / 24, (10 / 12 + 8 / 12) / 2, (0.75 + 0.25) / 2]
    )
    # Of two images, one of four draws is the first image twice and one the second twice.
    accuracy = summary.measures[1]
    assert (accuracy.low, accuracy.high) == pytest.approx((4 / 8, 14 / 16))
    road, second, third = summary.classes
    assert (road.iou, road.recall, road.precision) == pytest.approx((10 / 16, 10 / 12, 10 / 14))
    assert (road.boundary_f1, road.pixels, road.images) == (0.375, 12, 2)
    assert (second.pixels, second.images) == (12, 2)
    assert np.isnan(third.iou)
    assert (third.pixels, third.images) == (0, 0)


def test_every_figure_that_is_drawn_is_shown(tiny_dataset: ImagesAndMasks) -> None:
    history = list(csv.DictReader(HISTORY.splitlines()))
    drawn = draw_figures(tiny_evaluation(tiny_dataset, shift=1), history, [(1, 2.0), (2, 1.0)])
    templates = (Path(segnet.report.__file__).parent / "templates").glob("*.html")
    shown = {name for path in templates for name in re.findall(r"parts\.figure\(plots\.(\w+)", path.read_text())}
    assert len(drawn) > 5
    assert set(drawn) <= shown


def test_the_error_map_tells_the_kinds_of_errors_apart() -> None:
    truth = np.zeros((100, 100), np.uint8)
    truth[:, 50:] = 1
    truth[0] = 255
    prediction = truth.copy()
    prediction[0] = 0
    prediction[50, 10] = 1
    assert error_map(truth, prediction, 255, None)[50, 10] == FAR
    assert error_map(truth, prediction, 255, None)[60, 10] == RIGHT
    assert error_map(truth, prediction, 255, None)[0, 10] == UNLABELLED
    assert error_map(truth, prediction, 255, 0)[50, 10] == MISSED
    assert error_map(truth, prediction, 255, 1)[50, 10] == INVENTED
    assert error_map(truth, prediction, 255, 0)[60, 10] == HIT


def test_galleries_choose_by_the_images_own_measures(tiny_dataset: ImagesAndMasks) -> None:
    evaluation = tiny_evaluation(tiny_dataset, shift=0)
    groups = extremes(evaluation, count=1)
    assert {name: [choice.number for choice in choices] for name, choices in groups.items()} == {
        "Worst": [4],
        "Median": [2],
        "Best": [0],
    }
    assert all(choices[0].number == 4 for choices in failures(evaluation).values())


def test_page_shows_the_numbers_and_escapes_every_name(
    run_folder: Path, tiny_dataset: ImagesAndMasks, tiny_predictor: Predictor
) -> None:
    evaluation = tiny_evaluation(tiny_dataset, shift=1)
    page = write_report(run_folder, evaluation, tiny_predictor, tiny_dataset, figures=run_folder / "figures")
    text = page.read_text()
    assert page == run_folder / "report.html"
    assert text.count("<script>") == 1
    assert html.escape(HOSTILE).replace("&#x27;", "&#39;") in text
    assert "<i>run" not in text
    assert "image<0>" not in text
    assert f"{100 * evaluation.scores.mean_iou:.1f}<small>" in text
    assert re.search(r"after epoch 2\.", text)
    assert "://" not in re.sub(r"http://www\.w3\.org/", "", text)
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'<use href="#([^"]+)"', text)) <= set(ids)
    names = {path.name for path in (run_folder / "figures").iterdir()}
    assert names == {
        *("loss.png", "measures.png", "learning_rate.png", "image_mean_iou.png", "reliability.png"),
        *("accuracy_left.png", "confusion.png", "class_iou.png", "image_order.png"),
    }


def test_tables_beside_the_page(run_folder: Path, tiny_dataset: ImagesAndMasks, tiny_predictor: Predictor) -> None:
    evaluation = tiny_evaluation(tiny_dataset, shift=1)
    write_tables(run_folder, evaluation, tiny_predictor, tiny_dataset)
    metrics = json.loads((run_folder / "metrics.json").read_text())
    assert metrics["mean_iou"] == evaluation.scores.mean_iou
    assert metrics["cost"]["parameters"] == 12
    # Nine multiply-adds a pixel.
    assert metrics["cost"]["flops"] == 2 * 9 * 24 * 32
    with (run_folder / "per_class.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == list(evaluation.classes.names)
    assert float(rows[0]["iou"]) == evaluation.scores.iou[0]
    with (run_folder / "confusion.csv").open(newline="") as file:
        table = list(csv.reader(file))
    assert [line[0] for line in table[1:]] == table[0][1:] == list(evaluation.classes.names)
    assert np.array_equal(np.array([line[1:] for line in table[1:]], int), evaluation.matrix)
    with (run_folder / "images.csv").open(newline="") as file:
        images = {row["image"]: float(row["mean_iou"]) for row in csv.DictReader(file)}
    assert images == dict(zip(evaluation.names, evaluation.image_mean_ious, strict=True))
    with (run_folder / "calibration.csv").open(newline="") as file:
        bins = [row for row in csv.DictReader(file) if int(row["pixels"])]
    # All 100 pixels were given 0.9, and 80 are right: the fourteenth of fifteen bins.
    assert [(row["pixels"], row["correct"]) for row in bins] == [("100", "80")]
    assert float(bins[0]["confidence_above"]) < 0.9 <= float(bins[0]["confidence_to"])


def test_absent_values_are_empty_cells_and_null(
    run_folder: Path, tiny_dataset: ImagesAndMasks, tiny_predictor: Predictor
) -> None:
    evaluation = tiny_evaluation(tiny_dataset, shift=1)
    evaluation.boundary[:] = np.nan
    evaluation.matrices[:, 2] = evaluation.matrices[:, :, 2] = 0
    write_tables(run_folder, evaluation, tiny_predictor, tiny_dataset)
    text = (run_folder / "metrics.json").read_text()
    assert "NaN" not in text
    assert json.loads(text)["intervals_95"]["boundary_f1"] == [None, None]
    with (run_folder / "per_class.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[2]["iou"], rows[2]["pixels"]) == ("", "0")


def test_the_lowest_of_many_classes_are_shown(tiny_dataset: ImagesAndMasks) -> None:
    count = FAILING_CLASSES + 5
    evaluation = tiny_evaluation(tiny_dataset, shift=1)
    evaluation.classes = ClassSet(tuple(f"c{n}" for n in range(count)), ((0, 0, 0),) * count, 255)
    # Class n has n hits, and as many pixels as all others are taken for the next.
    matrix = np.diag(np.arange(count)) + np.roll(np.eye(count, dtype=int), 1, axis=1)
    evaluation.matrices = np.stack([matrix] * 5)
    shown = failures(evaluation)
    assert list(shown) == [f"c{n}" for n in range(FAILING_CLASSES)]
    assert {len(choices) for choices in shown.values()} == {1}


ROOM_AFTER_BARS = """cells => cells.map((cell) => {
  const style = getComputedStyle(cell);
  const [share, longest] = ["--share", "--longest"].map((name) => parseFloat(style.getPropertyValue(name)));
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const number = cell.firstElementChild.getBoundingClientRect();
  return number.left - cell.getBoundingClientRect().left - share * longest * rem;
})"""
"""Pixels between the end of each cell's bar and its number."""


@pytest.mark.parametrize("width", [1280, 390])
def test_page_works_in_a_browser(
    width: int, run_folder: Path, tiny_dataset: ImagesAndMasks, tiny_predictor: Predictor, browser: Any
) -> None:
    path = write_report(run_folder, tiny_evaluation(tiny_dataset, shift=1), tiny_predictor, tiny_dataset)
    with opened(browser, path, width) as page:
        truth = page.locator('.card [data-kind="truth"]').first
        photo = page.locator('.card [data-kind="photo"]').first

        page.locator('input[value="truth"]').click()
        assert (truth.is_visible(), photo.is_visible()) == (True, False)
        page.keyboard.press("ArrowLeft")
        assert (truth.is_visible(), photo.is_visible()) == (False, True)
        page.locator('input[value="all"]').click()
        assert truth.is_visible()
        assert photo.is_visible()

        overlay = page.locator(".overlay").first
        assert overlay.evaluate("e => getComputedStyle(e).opacity") == "0.75"
        page.locator("#opacity").focus()
        page.keyboard.press("Home")
        assert overlay.evaluate("e => getComputedStyle(e).opacity") == "0"
        box = page.locator("#opacity").bounding_box()
        page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
        assert overlay.evaluate("e => getComputedStyle(e).opacity") == "1"
        assert page.locator('output[for="opacity"]').inner_text() == "100 %"

        page.locator(".enlarge").first.click()
        large = page.locator("#large svg").bounding_box()
        assert large["width"] > page.locator(".enlarge").first.bounding_box()["width"]
        assert large["width"] <= width
        assert page.locator("#large p").inner_text().startswith("image<")
        page.keyboard.press("Escape")
        assert not page.locator("#large").is_visible()
        # The table of classes is wider than a telephone, and says so.
        hint = page.locator(".scroll").first.evaluate("e => getComputedStyle(e, '::before').content")
        assert ("sideways" in hint) == (width == 390)

        page.locator(".confusion td").first.focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("#cell").inner_text().startswith("road taken for $x$ & <b>: ")
        page.locator(".confusion td.hit").last.hover()
        assert page.locator("#cell").inner_text().startswith(f"{HOSTILE} taken for {HOSTILE}: ")

        for medium in ("screen", "print"):
            page.emulate_media(media=medium)
            assert min(page.locator("td.bar").evaluate_all(ROOM_AFTER_BARS)) > 0


def test_the_page_says_what_was_set_how_long_it_took_and_on_what(
    run_folder: Path, tiny_dataset: ImagesAndMasks, tiny_predictor: Predictor
) -> None:
    run = RunFolder(run_folder)
    run.machine.write_text(json.dumps({"device": "Card <9>", "processes": "2"}))
    run.losses_csv.write_text("step,loss\n1,2.5\n2,1.5\n")
    run.drive.write_bytes(b"a film")
    text = write_report(run_folder, tiny_evaluation(tiny_dataset, 1), tiny_predictor, tiny_dataset).read_text()
    # Three epochs of a second each.
    assert "3 s, without measuring" in text
    assert "2 × Card &lt;9&gt;" in text
    assert "Training loss by step" in text
    assert f"data:video/mp4;base64,{base64.b64encode(b'a film').decode()}" in text
    section = text[text.index("Settings that differ") :]
    assert re.findall("<dt>(.*?)</dt>", section)[:2] == ["training.epochs", "model.name"]


def test_settings_that_are_the_defaults_are_not_listed() -> None:
    config = parse_config(
        {"model": {"name": "segnet_lite"}, "training": {"epochs": 3, "batch_size": 4}, "optimizer": {"lr": 0.01}},
        "test",
    )
    assert changed_settings(config) == [
        ("optimizer.lr", "0.01"),
        ("training.epochs", "3"),
        ("model.name", "segnet_lite"),
    ]


def test_unlabelled_pixels_have_no_class_colour() -> None:
    for own in (((128, 128, 128),), ((0, 0, 0), (128, 128, 128)), GREYS):
        classes = ClassSet(tuple("abcd"[: len(own)]), own, 255)
        chosen = unlabelled_color(classes)
        for color in drawing_colors(classes):
            assert sum(abs(one - other) for one, other in zip(chosen, color, strict=True)) > 100
