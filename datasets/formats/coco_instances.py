"""COCO's instances: a JSON file for each split with the polygons or run lengths of all its images.

Lin et al., arXiv 1405.0312. Roboflow, CVAT and Label Studio export it. Later annotations are drawn on top.
"""

import json
from pathlib import Path
from typing import Any

from segnet.errors import UserError

from ..polygons import Drawing, Shape, polygon
from .drawn import DrawnClasses, NamedDrawings
from .layout import Layout
from .tree import Tree, list_tree

MANY_FILES = 50
"""Of more JSON files, only those with such a word in their name are read, since they are probably one for each image.
"""
WORDS = ("coco", "instances", "annotations", "train", "val", "test")
PROBLEMS = (ValueError, KeyError, TypeError, IndexError, AttributeError)


def find(root: Path) -> Layout | None:
    """The layout if a JSON file lists images, categories and annotations with a segmentation, else None.

    Raises:
        UserError: the file is damaged, has only boxes, or has other categories than another file.
    """
    tree = list_tree(root)
    documents = {path: document for path in _candidates(tree) if (document := _document(path))}
    if not documents:
        return None
    categories = _categories(documents)
    classes = DrawnClasses([name for _, name in sorted(categories.items())])
    named = NamedDrawings(tree)
    for path, document in documents.items():
        for name, drawing in _drawings(path, document, categories, classes).items():
            if image := named.image(name, path):
                named.add(image, path, drawing)
    return named.layout("COCO instances", next(iter(documents)), classes)


def _candidates(tree: Tree) -> list[Path]:
    paths = list(tree.with_suffix(".json"))
    if len(paths) <= MANY_FILES:
        return paths
    return [path for path in paths if any(word in path.stem.lower() for word in WORDS)][:MANY_FILES]


def _document(path: Path) -> dict[str, Any] | None:
    """The file's content if it is of this kind, else None."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(document, dict) or not document.keys() >= {"images", "annotations", "categories"}:
            return None
        found = [entry for entry in document["annotations"] if "segmentation" in entry or "bbox" in entry]
        if found and not any(entry.get("segmentation") for entry in found):
            raise UserError(f"{path}: has only boxes; export the annotations with their outlines (segmentation)")
        return document
    except (OSError, *PROBLEMS) as error:
        raise UserError(f"{path}: cannot be read as JSON ({' '.join(str(error).split())}); replace it") from None


def _categories(documents: dict[Path, dict[str, Any]]) -> dict[int, str]:
    """Names by id, the same in all files, without Roboflow's heading, which has no annotations."""
    found: dict[int, str] = {}
    for path, document in documents.items():
        used = {entry.get("category_id") for entry in document["annotations"]}
        above = {entry.get("supercategory") for entry in document["categories"]}
        own = {
            int(entry["id"]): str(entry["name"])
            for entry in document["categories"]
            if entry["id"] in used or entry.get("supercategory") != "none" or entry["name"] not in above
        }
        if any(found.get(key, name) != name for key, name in own.items()):
            raise UserError(f"{path}: other categories than in {next(iter(documents)).name}; make them the same")
        found |= own
    return found


def _drawings(
    path: Path, document: dict[str, Any], categories: dict[int, str], classes: DrawnClasses
) -> dict[str, Drawing]:
    """The drawing of each image, by the image's name.

    Raises:
        UserError: an annotation is wrong.
    """
    try:
        image_of = {entry["id"]: entry for entry in document["images"]}
        shapes: dict[Any, list[Shape]] = {identifier: [] for identifier in image_of}
        value_of = {identifier: classes.value(name) for identifier, name in categories.items()}
        for entry in document["annotations"]:
            if entry.get("segmentation"):
                shapes[entry["image_id"]].append(_shape(value_of[entry["category_id"]], entry["segmentation"]))
        return {
            str(entry["file_name"]): Drawing((int(entry["height"]), int(entry["width"])), shapes[identifier])
            for identifier, entry in image_of.items()
        }
    except PROBLEMS as error:
        detail = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path}: has an annotation that cannot be read ({detail}); export it again") from None


def _shape(value: int, segmentation: Any) -> Shape:
    if isinstance(segmentation, dict):
        return Shape(value, encoded=segmentation)
    return Shape(value, tuple(polygon(outline) for outline in segmentation if len(outline) >= 6))
