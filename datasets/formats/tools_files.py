"""Describe annotation files, for a folder in which nothing can be read."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

MAX_BYTES = 1 << 24
"""Larger files are not opened."""
COCO = "export COCO or masks as PNG instead"


def looks_like(path: Path) -> str:
    """The tool of a JSON or XML file and the next step, or an empty text if the tool is unknown."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return ""
        if path.suffix.lower() == ".json":
            return _json(json.loads(path.read_text(encoding="utf-8-sig")))
        if path.suffix.lower() == ".xml":
            return _xml(ElementTree.parse(path).getroot())
    except (OSError, ValueError, RecursionError, ElementTree.ParseError):
        return ""
    return ""


def _json(document: Any) -> str:
    first = document[0] if isinstance(document, list) and document else document
    if not isinstance(first, dict):
        return ""
    keys = first.keys()
    if "shapes" in keys:
        return "like labelme's, but none has the name of an image"
    if keys >= {"objects", "size"}:
        return "like Supervisely's, but none has the name of an image"
    if keys >= {"images", "annotations"}:
        return "like COCO's, but without polygons, categories or images that are here"
    if "data" in keys and keys & {"annotations", "completions"}:
        return f"like Label Studio's own; {COCO}"
    if keys & {"_via_img_metadata", "_via_settings"} or _is_via(first):
        return f"like the VGG Image Annotator's; {COCO}"
    if keys >= {"item", "annotations"}:
        return f"like V7 Darwin's; {COCO}"
    if keys & {"data_row", "Labeled Data"}:
        return f"like Labelbox's; {COCO}"
    if first.get("type") in ("FeatureCollection", "Feature"):
        return "like GeoJSON; rasterise it to one mask an image, as with gdal_rasterize"
    return ""


def _is_via(document: dict[str, Any]) -> bool:
    first = next(iter(document.values()), None)
    return isinstance(first, dict) and first.keys() >= {"filename", "regions"}


def _xml(document: ElementTree.Element) -> str:
    if document.tag == "annotation" and document.find("object") is not None:
        return "like Pascal VOC's boxes; segmentation needs polygons or masks"
    return "like CVAT's for videos; export CVAT for images" if document.find("track") is not None else ""
