"""Shapes drawn with labelme, or exported as COCO, YOLO and CVAT for images, as masks."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from segnet.datasets.formats import open_layout
from segnet.datasets.polygons import Drawing, Shape, draw, ellipse, polygon, rectangle
from segnet.errors import UserError
from tests.datasets.strangers import SIDE, assert_shares, found_in, photo, put

TRIANGLE = [[4, 4], [44, 4], [44, 44]]
COVERED = 40 * 40 / 2 / SIDE**2
AREA = {"background": 1 - COVERED, "road": COVERED}


def labelme(root: Path) -> None:
    for number in range(2):
        put(root / f"{number}.jpg", photo(number))
        shape = {"label": "road", "points": TRIANGLE, "shape_type": "polygon"}
        document = {"version": "5.4.1", "shapes": [shape], "imagePath": f"{number}.jpg", "imageHeight": SIDE}
        put(root / f"{number}.json", json.dumps(document | {"imageWidth": SIDE}))


def coco_with(segmentation: Callable[[], object]) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        for split in ("train", "val"):
            images = [{"id": n, "file_name": f"{split}{n}.jpg", "height": SIDE, "width": SIDE} for n in range(2)]
            shapes = [{"image_id": n, "category_id": 3, "segmentation": segmentation(), "iscrowd": 0} for n in range(2)]
            categories = [
                {"id": 0, "name": "roads", "supercategory": "none"},
                {"id": 3, "name": "road", "supercategory": "roads"},
            ]
            document = {"images": images, "annotations": shapes, "categories": categories}
            put(root / f"{split}/_annotations.coco.json", json.dumps(document))
            for n in range(2):
                put(root / f"{split}/{split}{n}.jpg", photo(n))

    return write


def as_text() -> object:
    encoded = coco.merge(coco.frPyObjects([np.ravel(TRIANGLE).tolist()], SIDE, SIDE))
    return {"size": [SIDE, SIDE], "counts": encoded["counts"].decode()}


def as_numbers() -> object:
    """Runs of 0 and 1 down the columns, which is how COCO counts."""
    inside = np.asarray(coco.decode(as_text())).ravel(order="F")
    edges = np.flatnonzero(np.diff(inside)) + 1
    counts = np.diff([0, *edges, inside.size]).tolist()
    return {"size": [SIDE, SIDE], "counts": counts if not inside[0] else [0, *counts]}


def yolo(root: Path) -> None:
    corners = " ".join(str(value / SIDE) for value in np.ravel(TRIANGLE))
    for split in ("train", "val"):
        for number in range(2):
            put(root / f"images/{split}/{split}{number}.jpg", photo(number))
            put(root / f"labels/{split}/{split}{number}.txt", f"1 {corners}\n")
    put(root / "data.yaml", "train: images/train\nval: images/val\nnc: 2\nnames: [car, road]\n")


def cvat(root: Path) -> None:
    points = ";".join(f"{x},{y}" for x, y in TRIANGLE)
    label = "<label><name>{}</name><color>{}</color></label>"
    labels = label.format("car", "#0000ff") + label.format("road", "#ff0000")
    # The box is listed last and lies below; what is drawn on top of it is the road.
    box = '<box label="car" xtl="26" ytl="6" xbr="40" ybr="16" z_order="0"/>'
    shapes = f'<polygon label="road" points="{points}" z_order="1"/>{box}'
    images = "".join(
        f'<image id="{n}" name="{n}.jpg" width="{SIDE}" height="{SIDE}">{shapes}</image>' for n in range(2)
    )
    put(
        root / "annotations.xml",
        f"<annotations><meta><task><labels>{labels}</labels></task></meta>{images}</annotations>",
    )
    for n in range(2):
        put(root / f"images/{n}.jpg", photo(n))


WRITERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "labelme": (labelme, "labelme"),
    "COCO's polygons": (coco_with(lambda: [np.ravel(TRIANGLE).tolist()]), "coco-instances"),
    "COCO's run lengths as text": (coco_with(as_text), "coco-instances"),
    "COCO's run lengths as numbers": (coco_with(as_numbers), "coco-instances"),
    "YOLO": (yolo, "yolo"),
    "CVAT": (cvat, "cvat"),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_polygons_are_read_and_converted(tmp_path: Path, kind: str) -> None:
    write, name = WRITERS[kind]
    write(tmp_path / "in")
    inspection, shares = found_in(tmp_path / "in")
    assert inspection.format == name
    # An outline's own pixels belong to the shape.
    assert_shares(shares, AREA, within=0.03)


def test_later_shapes_lie_on_top_and_pixels_are_inside_their_outline() -> None:
    below = Shape(1, (rectangle((0, 0), (6, 4)),))
    above = Shape(2, (rectangle((2, 0), (4, 4)),))
    assert draw(Drawing((4, 8), [below, above]), 0)[1].tolist()[3] == 2
    assert (draw(Drawing((4, 8), [above, below]), 0) == 2).sum() == 0
    assert draw(Drawing((4, 8), []), 7).tolist() == [[7] * 8] * 4


def test_a_circle_has_about_its_area() -> None:
    mask = draw(Drawing((100, 100), [Shape(1, (ellipse(50, 50, 30, 30),))]), 0)
    assert mask.sum() == pytest.approx(np.pi * 30**2, rel=0.05)


def test_outlines_agree_with_pycocotools_but_for_their_border() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        corners = rng.uniform(5, 95, (3, 2))
        ours = draw(Drawing((100, 100), [Shape(1, (polygon(corners),))]), 0).astype(bool)
        theirs = coco.decode(coco.merge(coco.frPyObjects([corners.ravel().tolist()], 100, 100))).astype(bool)
        border = np.abs(np.diff(np.vstack([corners, corners[:1]]), axis=0)).max(1).sum()
        assert (ours != theirs).sum() <= 1.2 * border


def test_labelme_has_rectangles_circles_painted_regions_and_ignored_ones(tmp_path: Path) -> None:
    labelme(tmp_path)
    painted = io.BytesIO()
    Image.fromarray(np.ones((3, 5), bool)).save(painted, "png")
    region = base64.b64encode(painted.getvalue()).decode()
    shapes = [
        {"label": "car", "points": [[0, 0], [48, 24]], "shape_type": "rectangle"},
        {"label": "sign", "points": [[24, 36], [24, 42]], "shape_type": "circle"},
        {"label": "__ignore__", "points": [[40, 40], [48, 48]], "shape_type": "rectangle"},
        {"label": "road", "points": [[2, 30], [6, 32]], "shape_type": "mask", "mask": region},
        {"label": "road", "points": [[0, 0], [9, 9]], "shape_type": "line"},
    ]
    document = {"version": "5.4.1", "shapes": shapes, "imagePath": "0.jpg", "imageHeight": None, "imageWidth": None}
    put(tmp_path / "0.json", json.dumps(document))
    _, layout = open_layout(tmp_path)
    assert layout.classes is not None
    assert layout.classes.names == ("background", "car", "road", "sign")
    labels, unknown, _ = layout.coding.decode(layout.pairs[0])
    assert (labels.shape, unknown) == ((SIDE, SIDE), {})
    assert (labels[10, 10], labels[36, 24], labels[44, 44], labels[31, 4], labels[46, 2]) == (1, 3, 255, 2, 0)
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\nroad\ncar\n")
    with pytest.raises(UserError, match=r"labels.txt: does not list 'sign', which shapes are called"):
        open_layout(tmp_path)


def test_boxes_alone_are_refused(tmp_path: Path) -> None:
    yolo(tmp_path / "yolo")
    for path in (tmp_path / "yolo/labels").rglob("*.txt"):
        path.write_text("1 0.5 0.5 0.2 0.2\n")
    with pytest.raises(UserError, match="have only boxes; export polygons"):
        open_layout(tmp_path / "yolo")
    coco_with(list)(tmp_path / "coco")
    for path in (tmp_path / "coco").rglob("*.json"):
        document = json.loads(path.read_text())
        for shape in document["annotations"]:
            shape["bbox"] = [1, 1, 5, 5]
        path.write_text(json.dumps(document))
    with pytest.raises(UserError, match="has only boxes; export the annotations with their outlines"):
        open_layout(tmp_path / "coco")


def test_damaged_annotations_are_named(tmp_path: Path) -> None:
    labelme(tmp_path)
    put(tmp_path / "0.json", '{"version": 1, "shapes": [')
    with pytest.raises(UserError, match=r"0.json: cannot be read as JSON"):
        open_layout(tmp_path)
