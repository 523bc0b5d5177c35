"""Unlabelled images in order."""

import math
from pathlib import Path

import pytest

from segnet.errors import UserError
from segnet.inference.any_image import as_pixels
from segnet.inference.predictor import Predictor
from segnet.inference.ranking.doubt import doubt_of
from segnet.inference.ranking.images import rank_images
from segnet.nn.saved import SavedModel
from tests.datasets.folders import photo


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return [photo(tmp_path / f"{index}.png", (32, 40), seed=index) for index in range(5)]


def test_the_first_image_has_the_highest_score_and_a_copy_comes_late(model: SavedModel, photos: list[Path]) -> None:
    predictor = Predictor(model, precision="fp32", device="cpu")
    scores = {path: float(doubt_of(predictor.varied(), as_pixels(path)).map.mean()) for path in photos}
    best = max(scores, key=lambda path: scores[path])
    copy = best.with_name("copy.png")
    copy.write_bytes(best.read_bytes())
    ranking = rank_images(predictor, [*photos, copy])
    assert ranking.images[0].path == best
    assert ranking.images[-1].path == copy
    assert ranking.images[-1].distance == 0
    assert {image.path: image.score for image in ranking.images} == pytest.approx({**scores, copy: scores[best]})
    first, *others = ranking.rows
    assert list(first) == ["rank", "file", "score", "disagreement", "entropy", "distance"]
    assert (first["rank"], first["file"], first["distance"]) == (1, str(best), "")
    assert all(math.isfinite(row["distance"]) and row["score"] == row["entropy"] for row in others)


def test_scores_do_not_depend_on_the_other_images(bayesian_model: SavedModel, photos: list[Path]) -> None:
    predictor = Predictor(bayesian_model, precision="fp32", device="cpu", samples=3)
    all_of_them = {image.path: image.score for image in rank_images(predictor, photos).images}
    some = {image.path: image.score for image in rank_images(predictor, photos[:1:-1]).images}
    assert some == {path: all_of_them[path] for path in photos[2:]}
    assert {row["score"] == row["disagreement"] for row in rank_images(predictor, photos).rows} == {True}


def test_an_unreadable_image_is_left_out_or_ends_the_ranking(model: SavedModel, photos: list[Path]) -> None:
    predictor = Predictor(model, precision="fp32", device="cpu")
    photos[1].write_bytes(b"no image")
    with pytest.raises(UserError, match=r"1\.png"):
        rank_images(predictor, photos)
    ranking = rank_images(predictor, photos, skip_errors=True)
    assert len(ranking.images) == 4
    assert str(photos[1]) in ranking.left_out[0]
    with pytest.raises(UserError, match=r"only 1 image to put in order \(1 left out; the first: .*1\.png"):
        rank_images(predictor, photos[:2], skip_errors=True)


def test_views_show_what_was_ranked(model: SavedModel, photos: list[Path]) -> None:
    ranking = rank_images(Predictor(model, precision="fp32", device="cpu"), photos)
    views = list(ranking.views(2))
    assert [view.name for view in views] == [image.path.name for image in ranking.images[:2]]
    assert [float(view.doubt.mean()) for view in views] == pytest.approx([image.score for image in ranking.images[:2]])
    assert views[0].title == f"score {ranking.images[0].score:.4f}"
    assert views[0].truth is None
