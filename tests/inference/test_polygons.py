"""Outlines of masks: their areas, and the masks that they give again when they are read."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from shapely import contains_xy
from shapely.geometry import Polygon, shape
from shapely.validation import explain_validity

from segnet.cli import main
from segnet.datasets.classes import ClassSet
from segnet.datasets.formats import open_layout
from segnet.datasets.image_files import as_png
from segnet.inference.polygon_files import EACH, Coco, Drawn
from segnet.inference.polygons import regions_of

Mask = NDArray[np.uint8]

CLASSES = ClassSet(("Road", "Car", "Pole"), ((0, 0, 9), (0, 9, 0), (9, 0, 0)))
MASKS = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9), elements=st.integers(0, 2))


def scene() -> Mask:
    """A road with a car on it that has a hole, in which a pole stands; and a pole of one pixel's width."""
    mask = np.zeros((40, 60), np.uint8)
    mask[10:30, 10:40] = 1
    mask[15:25, 15:30] = 0
    mask[18:20, 20:22] = 2
    mask[5:35, 50] = 2
    return mask


@given(MASKS)
@settings(max_examples=60, deadline=None)
def test_areas_are_counted_in_pixels(mask: Mask) -> None:
    regions = regions_of(mask)
    for index in range(3):
        assert sum(region.area for region in regions if region.class_index == index) == (mask == index).sum()


@given(MASKS)
@settings(max_examples=60, deadline=None)
def test_outlines_drawn_in_their_order_give_the_mask_again(mask: Mask) -> None:
    drawn = np.full_like(mask, 255)
    for region in regions_of(mask):
        # 16ths of a pixel; OpenCV's first pixel is centred at 0.
        corners = np.rint((region.outline - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(drawn, [corners], (region.class_index,), shift=4)
    np.testing.assert_array_equal(drawn, mask)


@given(MASKS, st.sampled_from([0.6, 1.0, 3.0]))
@settings(max_examples=200, deadline=None)
def test_no_simplified_line_crosses_or_touches_itself_or_another_of_its_region(mask: Mask, tolerance: float) -> None:
    for region in regions_of(mask, tolerance=tolerance):
        polygon = Polygon(region.outline, region.holes)
        assert polygon.is_valid, explain_validity(polygon)
        assert polygon.area > 0


@given(MASKS, st.sampled_from([0.0, 1.0]))
@settings(max_examples=100, deadline=None)
def test_geojson_is_valid_for_other_programs(mask: Mask, tolerance: float) -> None:
    regions = regions_of(mask, tolerance=tolerance)
    document = json.loads(EACH["geojson"][1](Drawn("image.png", mask.shape, regions, CLASSES)))
    areas = [shape(feature["geometry"]) for feature in document["features"]]
    assert all(area.is_valid and area.area > 0 for area in areas), list(map(explain_validity, areas))
    if not tolerance:
        found = np.full_like(mask, 255)
        y, x = np.indices(mask.shape)
        for region, area in zip(regions, areas, strict=True):
            found[contains_xy(area, x + 0.5, y + 0.5)] = region.class_index
        np.testing.assert_array_equal(found, mask)


@given(MASKS)
@settings(max_examples=60, deadline=None)
def test_pycocotools_reads_the_mask(mask: Mask) -> None:
    document = Coco()
    document.add(Drawn("image.png", mask.shape, regions_of(mask), CLASSES))
    found = np.full_like(mask, 255)
    for annotation in document.annotations:
        lengths = coco_mask.merge(coco_mask.frPyObjects(annotation["segmentation"], *mask.shape))
        found[coco_mask.decode(lengths).astype(bool)] = annotation["category_id"] - 1
    np.testing.assert_array_equal(found, mask)


def test_a_region_with_a_hole() -> None:
    car = next(region for region in regions_of(scene()) if region.class_index == 1)
    assert car.area == 20 * 30 - 10 * 15
    assert sorted(map(tuple, car.outline.tolist())) == [(10.25, 10.25), (10.25, 29.75), (39.75, 10.25), (39.75, 29.75)]
    (hole,) = car.holes
    assert (hole.min(0).tolist(), hole.max(0).tolist()) == ([14.75, 14.75], [30.25, 25.25])


def test_small_regions_are_left_out_and_lines_may_lie_beside_the_exact_ones() -> None:
    mask = scene()
    assert {region.area for region in regions_of(mask, [2])} == {4, 30}
    assert {region.area for region in regions_of(mask, [2], min_area=5)} == {30}
    round_mask = np.zeros((200, 200), np.uint8)
    cv2.circle(round_mask, (100, 100), 80, (1,), -1)
    exact, near = (regions_of(round_mask, [1], tolerance=tolerance)[0].outline for tolerance in (0, 1))
    assert len(near) < len(exact) / 4
    radius = np.hypot(*(near - 100.5).T)
    assert radius.min() > 78.5
    # One of a pixel's width would be no area any more.
    assert len(regions_of(mask, [2], min_area=5, tolerance=3)[0].outline) >= 3


def drawn(mask: Mask, file: str = "image.png") -> Drawn:
    return Drawn(file, mask.shape, regions_of(mask), CLASSES, np.zeros((*mask.shape, 3), np.uint8))


@pytest.mark.parametrize("name", ["labelme", "coco", "yolo"])
def test_what_labelling_tools_take_is_read_again_as_the_same_mask(name: str, tmp_path: Path) -> None:
    mask = scene()
    (tmp_path / "image.png").write_bytes(as_png(np.zeros((*mask.shape, 3), np.uint8)))
    (tmp_path / "classes.txt").write_text("Road\nCar\nPole\n")
    if name == "coco":
        document = Coco()
        document.add(drawn(mask))
        (tmp_path / "annotations.json").write_text(document.content(CLASSES))
        (tmp_path / "classes.txt").unlink()
    else:
        suffix, write = EACH[name]
        (tmp_path / f"image{suffix}").write_text(write(drawn(mask)))
    _, layout = open_layout(tmp_path)
    assert layout.classes is not None
    labels = layout.coding.decode(layout.pairs[0]).labels
    np.testing.assert_array_equal(np.array(layout.classes.names)[labels], np.array(CLASSES.names)[mask])


def test_geojson_says_holes() -> None:
    document = json.loads(EACH["geojson"][1](drawn(scene())))
    car = next(f for f in document["features"] if f["properties"]["classification"]["name"] == "Car")
    outline, hole = car["geometry"]["coordinates"]
    assert outline[0] == outline[-1]
    assert hole[0] == hole[-1]
    assert car["properties"]["classification"]["color"] == [0, 9, 0]
    assert car["properties"]["area"] == 450


def test_labelme_holds_an_image_that_is_no_file() -> None:
    assert json.loads(EACH["labelme"][1](drawn(scene())))["imageData"] is None
    assert json.loads(EACH["labelme"][1](drawn(scene(), "")))["imageData"].startswith("iVBOR")


def test_files_for_labelling_name_the_images_where_they_lie(tiny_run: Path, tiny_camvid: Path, tmp_path: Path) -> None:
    image = sorted((tiny_camvid / "val").iterdir())[0]
    words = ["predict", str(tiny_run), str(image), "--out"]
    for format in ("labelme", "coco", "geojson", "yolo"):
        assert main([*words, str(tmp_path / format), "--polygons", format]) == 0
    labelme = json.loads((tmp_path / "labelme" / f"{image.stem}.json").read_text())
    assert (tmp_path / "labelme" / labelme["imagePath"]).samefile(image)
    coco = json.loads((tmp_path / "coco" / "annotations.json").read_text())
    assert coco["images"][0]["file_name"] == image.name
    assert (tmp_path / "geojson" / f"{image.stem}.geojson").exists()
    assert (tmp_path / "yolo" / "classes.txt").read_text().startswith("Sky\nBuilding\n")
