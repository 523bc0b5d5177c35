"""The page of a ranking in a browser: wide and narrow, light and dark."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segnet.datasets.image_files import as_png
from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.predictor import Predictor
from segnet.inference.ranking.images import ImageRanking, RankedImage
from segnet.inference.ranking.labels import rank_labels
from segnet.report.ranking_page import Ranking, write_ranking_page
from tests.report.conftest import axe_violations, opened

KINDS = ("images", "labels")


@pytest.fixture
def pages(tiny_dataset: ImagesAndMasks, tiny_predictor: Predictor, tmp_path: Path) -> dict[str, Path]:
    """A page of each kind, with hostile names and a line on an image that was left out."""
    left_out = ["<b>broken</b>.png: cannot be read as an image"]
    images = [
        RankedImage(pair.image, 0.5 / rank, 0.1, 0.5 / rank, 2.0) for rank, pair in enumerate(tiny_dataset.pairs, 1)
    ]
    labels = rank_labels(tiny_predictor, tiny_dataset)
    rankings: dict[str, Ranking] = {"images": ImageRanking(images, tiny_predictor.varied(), left_out), "labels": labels}
    return {
        kind: write_ranking_page(tmp_path / f"{kind}.html", ranking, "<i>data", shown=3)
        for kind, ranking in rankings.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_escaped_and_every_image_is_in_the_store(kind: str, pages: dict[str, Path]) -> None:
    text = pages[kind].read_text(encoding="utf-8")
    assert "<i>data" not in text
    assert "image<0>" not in text
    assert "<b>broken" not in text
    assert ("&lt;b&gt;broken" in text) == (kind == "images")
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'<use href="#([^"]+)"', text))
    assert used <= set(ids)
    assert sum(name.startswith("doubt-") for name in used) == 3


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", KINDS)
def test_page_works_in_a_browser(kind: str, width: int, pages: dict[str, Path], browser: Any) -> None:
    with opened(browser, pages[kind], width) as page:
        assert page.locator(".card").count() == 3
        assert page.locator('.card [data-kind="truth"]').count() == (3 if kind == "labels" else 0)
        photo, doubt = (page.locator(f'.card [data-kind="{name}"]').first for name in ("photo", "doubt"))
        page.locator('input[value="doubt"]').click()
        assert (photo.is_visible(), doubt.is_visible()) == (False, True)
        page.locator('input[value="all"]').click()
        assert photo.is_visible()
        page.locator(".enlarge").first.click()
        assert page.locator("#large svg").bounding_box()["width"] <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_page_passes_axe(kind: str, scheme: str, pages: dict[str, Path], browser: Any) -> None:
    assert axe_violations(browser, pages[kind], scheme) == []


def test_images_of_any_shape_keep_it(tiny_predictor: Predictor, tmp_path: Path) -> None:
    paths = [tmp_path / "wide.png", tmp_path / "high.png"]
    for path, size in zip(paths, [(20, 900, 3), (900, 20, 3)], strict=True):
        path.write_bytes(as_png(np.zeros(size, np.uint8)))
    images = [RankedImage(path, 0.1, 0.0, 0.1) for path in paths]
    page = write_ranking_page(tmp_path / "page.html", ImageRanking(images, tiny_predictor), "sizes")
    text = page.read_text(encoding="utf-8")
    assert 'viewBox="0 0 640 14"' in text
    assert 'viewBox="0 0 14 640"' in text
