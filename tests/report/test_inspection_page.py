"""The page of an inspected data set in a browser, wide and narrow."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from segnet.datasets.inspection.inspection import inspect_folder
from segnet.report.inspection_page import write_inspection_page
from tests.datasets.folders import index_mask, photo


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with a leak, a broken image and a label of no class."""
    root = tmp_path_factory.mktemp("data")
    for index in range(6):
        split = "train" if index < 4 else "val"
        photo(root / f"images/{split}/{index}.png", (96, 128), seed=index)
        index_mask(root / f"masks/{split}/{index}.png", [0, 1, 2] if index == 1 else [0, 1], (96, 128))
    shutil.copy(root / "images/train/0.png", root / "images/val/4.png")
    (root / "images/train/3.png").write_bytes(b"no image")
    (root / "classes.txt").write_text("ground\n<i>a road of a very long name that has to go somewhere</i>\n")
    return write_inspection_page(root / "inspection.html", inspect_folder(root, workers=1))


@pytest.mark.parametrize("width", [1280, 390])
def test_page_works_in_a_browser(width: int, page_file: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("details").first.inner_text().startswith("The same image in two splits")
    # The two of a pair stand beside each other.
    boxes = [page.locator(".twins .pane").nth(index).bounding_box() for index in (0, 1)]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert (
        page.locator(".lines li").first.inner_text() == "equal: images/train/0.png and images/val/4.png (train and val)"
    )
    assert page.locator("h1").inner_text().startswith("data")
    photo_pane = page.locator('#samples [data-kind="photo"]').first
    page.locator('input[value="truth"]').click()
    assert not photo_pane.is_visible()
    assert page.locator('#augmented [data-kind="truth"]').first.is_visible()
    page.close()
    assert messages == []
    assert [url for url in requests if not url.startswith("data:")] == [page_file.as_uri()]


def test_samples_are_no_larger_than_their_pixels_and_the_bars_are_seen(page_file: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(page_file.as_uri())
    assert page.locator("#samples svg").first.bounding_box()["width"] == 128
    assert page.locator("main section").first.get_attribute("id") == "odd"
    shares = page.locator("td.bar").evaluate_all("cells => cells.map(c => c.style.getPropertyValue('--share'))")
    assert max(map(float, shares)) == 1
    page.close()
