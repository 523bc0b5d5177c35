"""CVAT for images: one XML file with the shapes of all images, in their drawing order."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from segnet.errors import UserError

from ..masks import RGB
from ..polygons import Drawing, Region, Shape, ellipse, polygon, rectangle
from .class_files import hex_color
from .drawn import DrawnClasses, NamedDrawings
from .layout import Layout
from .names import split_name
from .tree import list_tree

PROBLEMS = (ValueError, KeyError, TypeError)


def find(root: Path) -> Layout | None:
    """The layout if an XML file of CVAT lists images with shapes, else None.

    Raises:
        UserError: the file is damaged, or none of its images exists.
    """
    tree = list_tree(root)
    documents = {path: document for path in tree.with_suffix(".xml") if (document := _document(path)) is not None}
    if not documents:
        return None
    names, colors = _labels(documents)
    classes = DrawnClasses(names, colors)
    named = NamedDrawings(tree)
    for path, document in documents.items():
        for element in document.iter("image"):
            if image := named.image(element.get("name", ""), path):
                drawing, split = _drawing(path, element, classes), split_name(element.get("subset", ""))
                named.add(image, path, drawing, split)
    return named.layout("CVAT for images", next(iter(documents)), classes)


def _document(path: Path) -> ElementTree.Element | None:
    """The file's content if it is of this kind. Pascal VOC's files of boxes have another root element."""
    try:
        document = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise UserError(f"{path}: cannot be read as XML ({error}); export it again") from None
    return document if document.tag == "annotations" and document.find("image") is not None else None


def _labels(documents: dict[Path, ElementTree.Element]) -> tuple[list[str], dict[str, RGB]]:
    """The names in the file's order, and its colours. A file without a list uses the names of its shapes."""
    names: list[str] = []
    colors: dict[str, RGB] = {}
    for document in documents.values():
        for label in document.iter("label"):
            name = label.findtext("name", "").strip()
            if name:
                names.append(name)
                if color := label.findtext("color", "").strip():
                    colors[name] = hex_color(color)
        names += sorted(
            {shape.get("label", "") for image in document.iter("image") for shape in image} - {""} - {*names}
        )
    return list(dict.fromkeys(names)), colors


def _drawing(path: Path, image: ElementTree.Element, classes: DrawnClasses) -> Drawing:
    try:
        size = int(image.attrib["height"]), int(image.attrib["width"])
        ordered = sorted(image, key=lambda element: int(element.get("z_order", "0")))
        shapes = [shape for element in ordered if (shape := _shape(element, classes))]
    except PROBLEMS as error:
        detail = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path}: image {image.get('name')!r} cannot be read ({detail}); export it again") from None
    return Drawing(size, shapes)


def _shape(element: ElementTree.Element, classes: DrawnClasses) -> Shape | None:
    """The shape; None for lines, points and tags, which cover no area."""
    numbers = {key: float(text) for key, text in element.attrib.items() if key in NUMBERS}
    if element.tag == "polygon":
        points = [point.split(",") for point in element.attrib["points"].split(";")]
        outline = polygon([[float(x), float(y)] for x, y in points])
    elif element.tag == "box":
        outline = rectangle((numbers["xtl"], numbers["ytl"]), (numbers["xbr"], numbers["ybr"]))
    elif element.tag == "ellipse":
        outline = ellipse(numbers["cx"], numbers["cy"], numbers["rx"], numbers["ry"])
    elif element.tag == "mask":
        lengths = [int(length) for length in element.attrib["rle"].split(",")]
        inside = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
        region = Region(
            int(numbers["left"]), int(numbers["top"]), inside.reshape(int(numbers["height"]), int(numbers["width"]))
        )
        return Shape(classes.value(element.attrib["label"]), region=region)
    else:
        return None
    return Shape(classes.value(element.attrib["label"]), (outline,))


NUMBERS = frozenset(["xtl", "ytl", "xbr", "ybr", "cx", "cy", "rx", "ry", "left", "top", "width", "height"])
