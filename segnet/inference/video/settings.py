"""Settings of a video: its look, its frames, and how the network sees them."""

from dataclasses import dataclass

from segnet.datasets.classes import ClassSet
from segnet.errors import UserError
from segnet.inference.look import Look
from segnet.inference.predictor import Predictor
from segnet.inference.video.frames import FrameSegmenter
from segnet.inference.video.layout import Painter
from segnet.inference.video.segment import Clip


@dataclass(frozen=True)
class VideoSettings(Look):
    """The settings of a video, its look among them, checked before anything is loaded.

    Attributes:
        show_rate: show the frames a second in the corner.
        start: second of the first frame.
        end: second before which the last frame lies; None: the end.
        stride: every ``stride``-th frame is taken.
        fps: images a second of a folder; None: 10.
        smooth: weight of the past in the temporal smoothing, 0 to under 1.
        flicker: measure how unsteady the classes are.
        batch: frames that the network sees at once; None: 4 on a GPU, else 1.

    Raises:
        UserError: a setting is out of its range.
    """

    show_rate: bool = False
    start: float = 0
    end: float | None = None
    stride: int = 1
    fps: float | None = None
    smooth: float = 0
    flicker: bool = False
    batch: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
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
        return Painter(self.overlay(classes), self.layout, self.legend, self.show_rate)
