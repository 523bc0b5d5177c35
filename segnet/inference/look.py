"""How classes are shown: the layout of an image, the drawing over it, and the legend."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from segnet.datasets.classes import ClassSet
from segnet.errors import UserError
from segnet.inference.overlay import Overlay
from segnet.inference.video.layout import LAYOUTS, Painter


@dataclass(frozen=True)
class Look:
    """Settings of the look of an image or a video, checked before anything is loaded.

    Attributes:
        layout: ``overlay``; ``side``, the image beside it; ``mask``, the classes alone; ``uncertainty``.
        opacity: of the colours, 0–1.
        contours: draw lines between the classes.
        classes: names of the classes that are drawn, in upper or lower case; None: all.
        legend: a strip with names and shares below.

    Raises:
        UserError: a setting is out of its range.
    """

    layout: str = "overlay"
    opacity: float = 0.5
    contours: bool = False
    classes: Sequence[str] | None = None
    legend: bool = True

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise UserError(f"layout {self.layout!r}: choose {', '.join(LAYOUTS)}")
        if not 0 <= self.opacity <= 1:
            raise UserError(f"--opacity {self.opacity:g}: from 0, the image alone, to 1, the colours alone")

    def shown(self, classes: ClassSet) -> list[int]:
        """Indices of the classes that are drawn.

        Raises:
            UserError: the model has no class of that name.
        """
        if self.classes is None:
            return list(range(len(classes)))
        return [class_index(name, classes.names) for name in self.classes]

    def overlay(self, classes: ClassSet) -> Overlay:
        return Overlay(classes, self.opacity, self.contours, self.shown(classes))

    def painter(self, classes: ClassSet) -> Painter:
        return Painter(self.overlay(classes), self.layout, self.legend)


class LookKeywords(TypedDict, total=False):
    """The settings of :class:`Look` as keywords."""

    layout: str
    opacity: float
    contours: bool
    classes: Sequence[str] | None
    legend: bool


def class_index(name: str, names: tuple[str, ...]) -> int:
    """The index of the class ``name``, in upper or lower case.

    Raises:
        UserError: the model has no such class.
    """
    lower = [known.lower() for known in names]
    if name.strip().lower() not in lower:
        raise UserError(f"--classes: no class {name.strip()!r}; the model knows {', '.join(names)}")
    return lower.index(name.strip().lower())
