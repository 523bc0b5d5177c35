"""A camera through a network onto a screen, and into a file if one is named."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from fractions import Fraction
from functools import partial
from typing import Any, Protocol

from segnet.inference.video.camera import LiveSource
from segnet.inference.video.frames import FrameSegmenter, Picture
from segnet.inference.video.pipeline import Behind
from segnet.inference.video.segment import Clip, Draw, Row, Writer, row_of


class Screen(AbstractContextManager[Any], Protocol):
    """Shows one picture after another."""

    def show(self, picture: Picture, draw_again: Callable[[], Picture]) -> bool:
        """Show ``picture``, or what it is after a change of the overlay; False: enough."""
        ...


def watch(
    source: LiveSource,
    segment: FrameSegmenter,
    draw: Draw,
    screens: Sequence[Screen],
    writer: Writer | None = None,
    clip: Clip | None = None,
    rows: list[Row] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Show the newest frame whenever the network is ready for one, until a screen says that it is enough.

    Args:
        source: the camera.
        segment: turns frames into classes.
        draw: makes the pictures.
        screens: where they are shown.
        writer: takes them as well.
        clip: its end ends the watching.
        rows: a row a frame is added to this.
        progress: called with (frames done, 0).

    Returns:
        The number of frames that were shown.

    Raises:
        UserError: the camera has gone for good, or the output cannot be written.
    """
    done, names = 0, segment.predictor.classes.names
    with ExitStack() as stack:
        keep: Behind[tuple[Picture, Fraction]] | None = None
        if writer:
            stack.enter_context(writer)
            keep = stack.enter_context(Behind(lambda item: writer.write(*item)))
        for screen in screens:
            stack.enter_context(screen)
        for frame in (clip or Clip()).of(source):
            found = segment.finish(frame.image, segment.predict([frame.image])[0])
            picture = draw(frame.image, found)
            if keep:
                keep((picture, frame.time))
            done += 1
            if rows is not None:
                rows.append(row_of(frame.time, found, names))
            if progress:
                progress(done, 0)
            # Every screen gets the picture, also where the first one has had enough.
            wanted = [screen.show(picture, partial(draw, frame.image, found)) for screen in screens]
            if not all(wanted):
                break
    return done
