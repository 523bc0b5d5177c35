"""The page of a ranking: its scores, and the first images with their maps."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.datasets.classes import ClassSet
from segnet.files import write_atomically
from segnet.inference.ranking.images import ImageRanking
from segnet.inference.ranking.labels import LabelRanking
from segnet.inference.ranking.view import View
from segnet.report import style
from segnet.report.gallery import classes_url, heat_url, legend, page_size, photo_url
from segnet.report.images import StoredImage
from segnet.report.tables import write_records
from segnet.report.templating import render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Ranking = ImageRanking | LabelRanking

SHOWN = 24
"""Number of images with maps. It keeps the page small enough to send; the CSV file has all images."""
TOP = 0.995
"""The brightest colour stands for this quantile of the doubt in an image, from the image where it is highest."""


@dataclass(frozen=True)
class Card:
    """An image with its maps. ``photo``, ``truth``, ``prediction`` and ``doubt`` are ids of images of the page."""

    rank: int
    name: str
    title: str
    width: int
    height: int
    photo: str
    truth: str
    prediction: str
    doubt: str


CSV, PAGE = "ranking.csv", "ranking.html"


def save_ranking(folder: Path, ranking: Ranking, name: str) -> Path:
    """Write ``ranking.csv`` and ``ranking.html`` to ``folder``, which is created, and return the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    write_records(folder / CSV, ranking.rows)
    return write_ranking_page(folder / PAGE, ranking, name)


def write_ranking_page(path: Path, ranking: Ranking, name: str, shown: int = SHOWN) -> Path:
    """Write the page and return its path.

    Args:
        path: path of the page, in an existing folder.
        ranking: a ranking of labelled or of unlabelled images.
        name: name of the data.
        shown: number of images to show, from the first.
    """
    with_labels = isinstance(ranking, LabelRanking)
    cards, store, doubts = [], dict[str, StoredImage](), dict[str, NDArray[np.float32]]()
    for rank, view in enumerate(ranking.views(shown), start=1):
        cards.append(add_card(rank, view, ranking.classes, store))
        doubts[cards[-1].doubt] = as_shown(view.doubt)
    # One scale for all images, so that they can be compared.
    top = 1.0 if with_labels else max(1e-6, *(float(np.quantile(doubt, TOP)) for doubt in doubts.values()))
    for key, doubt in doubts.items():
        store[key] = StoredImage(key, heat_url(np.minimum(doubt / top, 1)), doubt.shape[1], doubt.shape[0])
    content: dict[str, Any] = {
        "name": name,
        "with_labels": with_labels,
        "is_sampled": ranking.predictor.samples > 1,
        "model": ranking.predictor.model.info.name,
        "passes": ranking.predictor.passes,
        "description": ranking.predictor.description,
        "images": len(ranking.images),
        "left_out": ranking.left_out,
        "top": top,
        "legend": legend(ranking.classes),
        "curve": style.svg(score_curve([image.score for image in ranking.images]), "scores"),
        "cards": cards,
        "store": store,
    }
    write_atomically(path, render("ranking.html", **content))
    return path


def add_card(rank: int, view: View, classes: ClassSet, store: dict[str, StoredImage]) -> Card:
    """Return the card of a view, and put its images into ``store``, except the doubt: its scale is not known yet."""
    height, width = page_size(view.mask.shape)
    urls = {f"photo-{rank}": photo_url(view.image), f"prediction-{rank}": classes_url(view.mask, classes)}
    if view.truth is not None:
        urls[f"truth-{rank}"] = classes_url(view.truth, classes)
    store |= {key: StoredImage(key, url, width, height) for key, url in urls.items()}
    truth = "" if view.truth is None else f"truth-{rank}"
    return Card(
        rank, view.name, view.title, width, height, f"photo-{rank}", truth, f"prediction-{rank}", f"doubt-{rank}"
    )


def as_shown(doubt: NDArray[np.float32]) -> NDArray[np.float32]:
    """``doubt`` shrunk to the page's size, if it is larger."""
    height, width = page_size(doubt.shape)
    return np.asarray(cv2.resize(doubt, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def score_curve(scores: list[float]) -> "Figure":
    """Each image's score by its rank."""
    figure, axis = style.new_figure("rank", "score")
    axis.plot(range(1, len(scores) + 1), scores, color=style.BLUE, marker="o", markersize=3, linewidth=0.8)
    axis.set_ylim(0, 1.08 * max(scores) or 1)
    style.whole_numbers(axis)
    return figure
