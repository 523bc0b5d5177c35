"""A window that shows the newest image, and its keys."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2

from segnet.errors import UserError
from segnet.inference.overlay import Overlay, Pixels
from segnet.terminal import say

KEYS = "q quit, s save, space pause, o opacity"
TITLE = f"segnet video - {KEYS}"
LARGEST = 1280, 800
"""The largest width and height in pixels of a new window. The user may enlarge it."""
OPACITIES = (0.25, 0.5, 0.75, 1.0, 0.0)


class Window:
    """Shows images; q or Escape quits, s saves, space pauses, o changes the opacity.

    Args:
        overlay: its opacity can be changed.
        folder: folder for saved images.

    Raises:
        UserError: there is no display.
    """

    def __init__(self, overlay: Overlay, folder: Path) -> None:
        require_display()
        # Qt, in the window library, warns repeatedly about fonts that it neither has nor needs.
        os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false")
        self.overlay, self.folder = overlay, folder
        self.saved, self.is_sized = 0, False
        self.words = f"in the window: {KEYS}"

    def __enter__(self) -> "Window":
        cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        return self

    def __exit__(self, *_: object) -> None:
        cv2.destroyAllWindows()

    def show(self, image: Pixels, draw_again: Callable[[], Pixels]) -> bool:
        """Show ``image`` while it is paused, and ``draw_again()`` after a key changed the look.

        Returns:
            False: the user wants to quit.
        """
        if not self.is_sized:
            # Without this the window opens so small that nobody can read the legend.
            cv2.resizeWindow(TITLE, *fitting(image.shape[1], image.shape[0]))
            self.is_sized = True
        cv2.imshow(TITLE, image[..., ::-1])
        paused = False
        while True:
            key = chr(cv2.waitKey(30 if paused else 1) & 0xFF)
            if key in "q\x1b" or cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1:
                return False
            if key == " ":
                paused = not paused
            elif key == "s":
                self._save(image)
            elif key == "o":
                self.overlay.opacity = next_opacity(self.overlay.opacity)
                image = draw_again()
                cv2.imshow(TITLE, image[..., ::-1])
            if not paused:
                return True

    def _save(self, image: Pixels) -> None:
        while (file := self.folder / f"segnet_{self.saved:04d}.png").exists():
            self.saved += 1
        if not cv2.imwrite(str(file), image[..., ::-1]):
            say(f"{file}: cannot be written")
            return
        say(f"saved {file}")


def fitting(width: int, height: int) -> tuple[int, int]:
    """(width, height) of the window for an image of this size: its own, at most :data:`LARGEST`."""
    scale = min(1.0, LARGEST[0] / width, LARGEST[1] / height)
    return round(width * scale), round(height * scale)


def next_opacity(opacity: float) -> float:
    """The next of ``OPACITIES``, in a circle."""
    return next((step for step in sorted(OPACITIES) if step > opacity), min(OPACITIES))


def require_display() -> None:
    """Check for a display, since without one the window library would end the whole program.

    Raises:
        UserError: there is no display.
    """
    advice = "look at it in a browser with --mjpeg 8080, or name an OUTPUT file"
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError(f"no display to open a window on; {advice}")
    # The library aborts if the display does not exist, and raises if it was built without windows.
    probe = subprocess.run([sys.executable, "-c", "import cv2; cv2.namedWindow('probe')"], capture_output=True)
    if probe.returncode:
        raise UserError(f"no window can be opened on this display; {advice}")
