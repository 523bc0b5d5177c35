"""Settings of a video: its look, its frames, and how the network sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

from segnet.datasets.classes import ClassSet
from segnet.errors import UserError
from segnet.inference.overlay import Overlay
from segnet.inference.predictor import Predictor
from segnet.inference.video.frames import FrameSegmenter
from segnet.inference.video.layout import LAYOUTS, Painter
from segnet.inference.video.segment import Clip


@dataclass(frozen=True)
class VideoSettings:
    """The settings of a video, checked before anything is loaded.

    Attributes:
        layout: ``overlay``; ``side``, the image beside it; ``mask``, the classes alone; ``uncertainty``.
        opacity: of the colours, 0–1.
        contours: draw lines between the classes.
        classes: names of those that are drawn, in upper or lower case; None: all.
        legend: a strip with names and shares below.
        show_rate: frames a second, in the corner.
        start: second of the first frame.
        end: second before which the last frame lies; None: the end.
        stride: every how manyeth frame is taken.
        fps: images a second, of a folder; None: 10.
        smooth: weight of the past that steadies the classes along the flow, 0 to under 1.
        flicker: measure how unsteady the classes are.
        batch: frames seen at once; None: 4 on a GPU, else 1.

    Raises:
        UserError: a setting is out of its range.
    """

    layout: str = "overlay"
    opacity: float = 0.5
    contours: bool = False
    classes: Sequence[str] | None = None
    legend: bool = True
    show_rate: bool = False
    start: float = 0
    end: float | None = None
    stride: int = 1
    fps: float | None = None
    smooth: float = 0
    flicker: bool = False
    batch: int | None = None

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise UserError(f"layout {self.layout!r}: choose {', '.join(LAYOUTS)}")
        if not 0 <= self.opacity <= 1:
            raise UserError(f"--opacity {self.opacity}: from 0 to 1")
        if self.batch is not None and self.batch < 1:
            raise UserError(f"--batch {self.batch}: 1 or more")
        if self.fps is not None and not 0.01 <= self.fps <= 1000:
            raise UserError(f"--fps {self.fps}: images a second, from 0.01 to 1000")
        self.clip()

    def clip(self) -> Clip:
        return Clip(self.start, self.end, self.stride)

    def segmenter(self, predictor: Predictor) -> FrameSegmenter:
        return FrameSegmenter(predictor, self.smooth, self.layout == "uncertainty", self.flicker)

    def painter(self, classes: ClassSet) -> Painter:
        only = None if self.classes is None else [class_index(name, classes.names) for name in self.classes]
        overlay = Overlay(classes, self.opacity, self.contours, only)
        return Painter(overlay, self.layout, self.legend, self.show_rate)


def class_index(name: str, names: tuple[str, ...]) -> int:
    """The index of the class ``name``, in upper or lower case.

    Raises:
        UserError: the model knows no such class.
    """
    lower = [known.lower() for known in names]
    if name.strip().lower() not in lower:
        raise UserError(f"--classes: no class {name.strip()!r}; the model knows {', '.join(names)}")
    return lower.index(name.strip().lower())
