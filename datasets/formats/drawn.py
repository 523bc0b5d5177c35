"""What the polygon formats share: the classes with a background, and the images that a file names."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from segnet.errors import UserError

from ..class_words import BACKGROUND, IGNORED_NAMES
from ..classes import ClassSet, voc_color
from ..coding import Coding, identity
from ..image_files import open_header, orientation_of
from ..masks import RGB, MaskSource
from ..pair import Pair
from ..polygons import Drawing, PolygonMasks
from .layout import Layout
from .names import SPLIT_NAMES, composed, folder_words
from .tree import Tree, is_image_name

IGNORE = 255
ORIENTED = (5, 6, 7, 8)
"""EXIF orientations that swap height and width."""


class DrawnClasses:
    """The classes of shapes, with ``background`` for uncovered pixels unless the set has a class of that name.

    Args:
        names: names of the classes, in order.
        colors: colours of the classes, if the set has them.
    """

    def __init__(self, names: Sequence[str], colors: dict[str, RGB] | None = None) -> None:
        usual = [BACKGROUND if name.strip("_").lower() == BACKGROUND else name for name in names]
        kept = [name for name in dict.fromkeys(usual) if name.lower() not in IGNORED_NAMES]
        self.names = kept if BACKGROUND in kept else [BACKGROUND, *kept]
        given = colors or {}
        self.colors = [
            given.get(name, (0, 0, 0) if name == BACKGROUND else voc_color(label))
            for label, name in enumerate(self.names)
        ]
        self.background = self.names.index(BACKGROUND)

    def value(self, name: str) -> int:
        """The mask value of a shape of this class.

        Raises:
            KeyError: there is no such class.
        """
        if name.lower() in IGNORED_NAMES:
            return IGNORE
        return self.names.index(BACKGROUND) if name.strip("_").lower() == BACKGROUND else self.place[name]

    @property
    def place(self) -> dict[str, int]:
        return {name: label for label, name in enumerate(self.names)}

    def layout(
        self, title: str, splits: dict[str, list[Pair]], source: MaskSource, without: tuple[list[Path], list[Path]]
    ) -> Layout:
        """Build a layout; raise UserError if there are more classes than a mask can hold."""
        if len(self.names) > IGNORE - 1:
            raise UserError(f"{title}: {len(self.names)} classes; a data set has 1 to {IGNORE - 1}")
        classes = ClassSet(tuple(self.names), tuple(self.colors), IGNORE)
        coding = Coding(identity(len(classes), IGNORE), source=source, origin=title)
        return Layout(title, splits, classes, coding, *without)


class Drawings:
    """The drawings of all images, from one file."""

    def __init__(self, by_image: dict[Path, Drawing]) -> None:
        self.by_image = by_image

    def __call__(self, pair: Pair) -> Drawing:
        return self.by_image[pair.image]


class NamedDrawings:
    """Drawings from annotation files, for the images that these name.

    Args:
        tree: the files of the folder.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree, self.images = tree, ImageNames(tree)
        self.by_image: dict[Path, Drawing] = {}
        self.splits: dict[str, list[Pair]] = {}
        self.missing = 0

    def image(self, name: str, file: Path) -> Path | None:
        """The image that ``file`` names; None if it does not exist, which is counted."""
        found = self.images.find(name, file)
        self.missing += found is None
        return found

    def add(self, image: Path, file: Path, drawing: Drawing, split: str = "") -> None:
        """Add an image's drawing from ``file``. Its split is the file's by default."""
        self.by_image[image] = drawing
        split = split or split_of(file.relative_to(self.tree.root)) or "all"
        self.splits.setdefault(split, []).append(Pair(image, file))

    def layout(self, title: str, first: Path, classes: DrawnClasses) -> Layout:
        """The layout of the added drawings; ``first`` is the file for errors.

        Raises:
            UserError: none of the images exists, or there are more classes than a mask can hold.
        """
        if not self.splits:
            raise UserError(f"{first}: none of the {self.missing:,} images that it names lies below {self.tree.root}")
        source = PolygonMasks(Drawings(self.by_image), classes.background, tuple(classes.names))
        layout = classes.layout(title, self.splits, source, (images_without(self.tree, self.by_image), []))
        if self.missing:
            layout.notes.append(f"left out: {self.missing:,} images that the annotations name and that are not there")
        return layout


class ImageNames:
    """The images of a folder by their names in annotation files."""

    def __init__(self, tree: Tree) -> None:
        self.by_end: dict[str, list[Path]] = {}
        for parts, names in tree.images().items():
            for name in names:
                path = tree.root.joinpath(*parts, name)
                self.by_end.setdefault(composed(name), []).append(path)

    def find(self, name: str, beside: Path) -> Path | None:
        """The image of this name whose path has most in common with the annotation file."""
        parts = PurePosixPath(composed(name).replace("\\", "/")).parts
        found = self.by_end.get(parts[-1], []) if parts else []
        split = split_of(beside)

        def likeness(path: Path) -> tuple[int, int, int]:
            end = sum(1 for one, other in zip(reversed(path.parts), reversed(parts), strict=False) if one == other)
            return end, int(split_of(path) == split), len(set(path.parents) & set(beside.parents))

        return max(found, key=likeness, default=None)


def split_of(path: Path) -> str:
    """The split in the name of the last folder or of the file, else empty."""
    for part in (path.stem, *path.parent.parts[::-1]):
        for word in folder_words(part):
            if word in SPLIT_NAMES:
                return SPLIT_NAMES[word]
    return ""


def size_of(path: Path) -> tuple[int, int]:
    """Height and width of an image after its EXIF orientation."""
    image = open_header(path, "image")
    turned = orientation_of(image) in ORIENTED
    return (image.width, image.height) if turned else (image.height, image.width)


def images_without(tree: Tree, used: Iterable[Path]) -> list[Path]:
    """The images that no annotation file names."""
    taken = set(used)
    paths = (tree.root.joinpath(*parts, name) for parts, names in tree.images().items() for name in names)
    return [path for path in paths if is_image_name(path.name) and path not in taken]
