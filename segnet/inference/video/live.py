"""Show a segmented camera on a screen, and optionally write it to a file."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from fractions import Fraction
from functools import partial
from typing import Any, Protocol

from segnet.inference.overlay import caption
from segnet.inference.video.camera import LiveSource
from segnet.inference.video.frames import FrameSegmenter, Pixels
from segnet.inference.video.pipeline import Behind
from segnet.inference.video.segment import Clip, Draw, Row, Writer, row_of


class Screen(AbstractContextManager[Any], Protocol):
    """Shows one image after another.

    Attributes:
        words: a line that tells the user where to look and what to press.
    """

    words: str

    def show(self, image: Pixels, draw_again: Callable[[], Pixels]) -> bool:
        """Show ``image``, or ``draw_again()`` after a change of the overlay; False ends the watching."""
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
    """Show the newest frame whenever the network is ready, until a screen ends it.

    Args:
        source: the camera.
        segment: turns frames into classes.
        draw: makes the images.
        screens: show the images.
        writer: writes the images too.
        clip: ends the watching at its end.
        rows: a row for each frame is added to this list.
        progress: called with (frames done, 0).

    Returns:
        The number of shown frames.

    Raises:
        UserError: the camera is lost for good, or the output cannot be written.
    """
    done, names = 0, segment.predictor.classes.names
    with ExitStack() as stack:
        keep: Behind[tuple[Pixels, Fraction]] | None = None
        if writer:
            stack.enter_context(writer)
            keep = stack.enter_context(Behind(lambda item: writer.write(*item)))
        shown = stack.enter_context(Screens(screens))
        source.while_waiting = lambda: shown.show_again(source.gone)
        for frame in (clip or Clip()).of(source):
            found = segment.finish(frame.image, segment.predict([frame.image])[0])
            image = draw(frame.image, found)
            if keep:
                keep((image, frame.time))
            done += 1
            if rows is not None:
                rows.append(row_of(frame.time, found, names))
            if progress:
                progress(done, 0)
            if not shown.show(image, partial(draw, frame.image, found)):
                break
    return done


class Screens(AbstractContextManager["Screens"]):
    """Several screens as one, which stays responsive while no frame comes."""

    def __init__(self, screens: Sequence[Screen]) -> None:
        self.screens, self.stack = screens, ExitStack()
        self.draw_last: Callable[[], Pixels] | None = None

    def __enter__(self) -> "Screens":
        for screen in self.screens:
            self.stack.enter_context(screen)
        return self

    def __exit__(self, *error: Any) -> None:
        self.stack.__exit__(*error)

    def show(self, image: Pixels, draw_again: Callable[[], Pixels]) -> bool:
        """Show ``image`` on all screens, even if the first one wants to end; False if any of them does."""
        self.draw_last = draw_again
        return self._show(image, draw_again)

    def show_again(self, words: str = "") -> bool:
        """Show the last image once more, darkened and with ``words`` if there are any."""
        draw = self.draw_last
        if not draw:
            return True

        def still() -> Pixels:
            return caption(draw() // 2, words) if words else draw()

        return self._show(still(), still)

    def _show(self, image: Pixels, draw_again: Callable[[], Pixels]) -> bool:
        wanted = [screen.show(image, draw_again) for screen in self.screens]
        return all(wanted)
