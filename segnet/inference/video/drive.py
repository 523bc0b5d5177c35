"""A drive through a drawn street, for a network that was trained on the sample scenes."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from segnet.datasets.scenes import render_sequence
from segnet.inference.overlay import Overlay
from segnet.inference.predictor import Predictor
from segnet.inference.video.frames import FrameSegmenter
from segnet.inference.video.layout import Painter
from segnet.inference.video.reader import Frame
from segnet.inference.video.segment import segment_video
from segnet.inference.video.writer import VideoWriter
from segnet.terminal import progress_bar

DRIVE_SEED = 10_000
"""The seed of a street that is in neither split of the sample scenes."""
DRIVE_FRAMES = 60


def show_on_drive(predictor: Predictor, path: Path) -> Path:
    """Write an overlay video of a drive through a street that the network has not seen."""
    source = Drive(seed=DRIVE_SEED, length=DRIVE_FRAMES, size=predictor.model.info.size)
    draw = Painter(Overlay(predictor.classes), "side")
    with progress_bar("segmenting a drive", "frames") as progress:
        segment_video(source, FrameSegmenter(predictor), draw, VideoWriter(path, source.rate), progress=progress)
    return path


class Drive:
    """The renderer's moving sequence as a source of frames."""

    rate = Fraction(12)
    path: Path | None = None
    pixel_aspect = Fraction(1)

    def __init__(self, seed: int, length: int, size: tuple[int, int]) -> None:
        self.seed, self.count, self.size = seed, length, size

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Frame]:  # noqa: ARG002
        for index, sample in enumerate(render_sequence(self.seed, self.count, self.size)):
            yield Frame(sample.image, index / self.rate)
