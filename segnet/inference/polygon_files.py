"""Regions of a mask as the files of labelling tools: labelme, COCO, GeoJSON and YOLO.

Only GeoJSON has holes. In the other formats an outline with holes is filled. The regions inside a hole follow later in
the file, and tools that draw later shapes on top show the mask.
"""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from shapely.geometry import MultiPolygon, mapping

from segnet.datasets.classes import ClassSet
from segnet.datasets.image_files import Pixels, as_png
from segnet.inference.polygons import Region, valid_parts


class Drawn(NamedTuple):
    """An image and its regions.

    Attributes:
        file: path of the image in the file of polygons; empty for an image that is no file.
        size: (H, W) of the image.
        regions: the regions of its mask.
        classes: the classes of the regions.
        image: ``(H, W, 3)`` uint8 RGB; needed if the image is no file.
    """

    file: str
    size: tuple[int, int]
    regions: Sequence[Region]
    classes: ClassSet
    image: Pixels | None = None


def labelme(drawn: Drawn) -> str:
    """The file of labelme 5. It contains the image if there is no image file."""
    shapes = [
        {
            "label": drawn.classes.names[region.class_index],
            "points": region.outline.tolist(),
            "group_id": None,
            "shape_type": "polygon",
            "flags": {},
        }
        for region in drawn.regions
    ]
    height, width = drawn.size
    embedded = None
    if not drawn.file:
        assert drawn.image is not None
        embedded = base64.b64encode(as_png(drawn.image)).decode()
    return json.dumps(
        {
            "version": "5.5.0",
            "flags": {},
            "shapes": shapes,
            "imagePath": drawn.file,
            "imageData": embedded,
            "imageHeight": height,
            "imageWidth": width,
        }
    )


def geojson(drawn: Drawn) -> str:
    """A collection of polygons in pixels, with the properties that QuPath reads.

    A region whose pixels only touch at corners has several polygons, since a polygon must not touch itself.
    """
    features = [
        {
            "type": "Feature",
            "geometry": mapping(MultiPolygon(parts) if len(parts) > 1 else parts[0]),
            "properties": {
                "objectType": "annotation",
                "classification": {
                    "name": drawn.classes.names[region.class_index],
                    "color": list(drawn.classes.colors[region.class_index]),
                },
                "area": region.area,
            },
        }
        for region in drawn.regions
        for parts in [valid_parts(region.outline, region.holes)]
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def yolo(drawn: Drawn) -> str:
    """A line for each region: the class's index, then x and y of each corner as shares of width and height."""
    height, width = drawn.size
    lines = []
    for region in drawn.regions:
        corners = (region.outline / (width, height)).ravel()
        lines.append(" ".join([str(region.class_index), *(f"{share:.6f}" for share in corners)]))
    return "".join(f"{line}\n" for line in lines)


EACH: dict[str, tuple[str, Callable[[Drawn], str]]] = {
    "labelme": (".json", labelme),
    "geojson": (".geojson", geojson),
    "yolo": (".txt", yolo),
}
"""Formats with one file for each image: the suffix after the image's name, and the function for the content."""

FORMATS = ("labelme", "coco", "geojson", "yolo")


class Coco:
    """COCO's single file for all images. Categories count from 1, in the order of the classes."""

    def __init__(self) -> None:
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []

    def add(self, drawn: Drawn) -> None:
        """Add an image and its regions."""
        height, width = drawn.size
        number = len(self.images) + 1
        self.images.append({"id": number, "file_name": drawn.file, "height": height, "width": width})
        for region in drawn.regions:
            left, top = region.outline.min(0).tolist()
            right, bottom = region.outline.max(0).tolist()
            self.annotations.append(
                {
                    "id": len(self.annotations) + 1,
                    "image_id": number,
                    "category_id": region.class_index + 1,
                    "segmentation": [region.outline.ravel().tolist()],
                    "area": region.area,
                    "bbox": [left, top, right - left, bottom - top],
                    "iscrowd": 0,
                }
            )

    def content(self, classes: ClassSet) -> str:
        """The content of the file."""
        categories = [{"id": number, "name": name} for number, name in enumerate(classes.names, start=1)]
        return json.dumps({"images": self.images, "annotations": self.annotations, "categories": categories})


def outline_files(drawn: Drawn, polygons: str, coco: Coco | None = None) -> dict[str, bytes]:
    """The contents of an image's files, by the end of their names.

    Args:
        drawn: the image and its regions.
        polygons: the format, one of ``FORMATS``.
        coco: collects the outlines of all images in one file, which is written later; None: each image has its own.
    """
    if polygons in EACH:
        suffix, write = EACH[polygons]
        return {suffix: write(drawn).encode()}
    document = coco or Coco()
    document.add(drawn)
    return {} if coco else {"_coco.json": document.content(drawn.classes).encode()}
