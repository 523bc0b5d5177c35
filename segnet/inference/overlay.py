"""Classes drawn over an image: colours, contours, and a legend."""

import math
from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from segnet.datasets.classes import ClassSet
from segnet.errors import UserError
from segnet.inference.drawing_colors import drawing_colors, drawing_palette
from segnet.rounding import ceil_div

Pixels = NDArray[np.uint8]

LEGEND_BACKGROUND = (24, 26, 30)
LEGEND_TEXT = (235, 235, 235)
LETTERS = 60
"""Mean side of an image in pixels, divided by the height of its letters."""
SMALLEST_LETTER, LARGEST_LETTER = 10, 60
MARGIN = 12
"""Empty columns on the left of a legend."""
LINES_FROM = 600
"""Shorter side of an image in pixels, divided by the width of a contour."""


class Overlay:
    """Draws class maps over images, in bright colours made from the classes' own.

    Args:
        classes: names and colours.
        opacity: of the colours, 0–1.
        contours: draw lines between the classes as well.
        only: indices of the classes that are drawn; None: all.

    Raises:
        UserError: the opacity is not in 0–1.
    """

    def __init__(
        self, classes: ClassSet, opacity: float = 0.5, contours: bool = False, only: Collection[int] | None = None
    ) -> None:
        if not 0 <= opacity <= 1:
            raise UserError(f"opacity {opacity}: expected 0, the image alone, to 1, the colours alone")
        self.classes, self.opacity, self.contours = classes, opacity, contours
        self.shown = [index for index in range(len(classes)) if only is None or index in only]
        self.is_shown = np.zeros(256, np.uint8)
        self.is_shown[self.shown] = 1
        self.palette = drawing_palette(classes)[:, None]
        self.exact_palette = classes.palette[:, None] * self.is_shown[:, None, None]

    def draw(self, image: Pixels, mask: Pixels) -> Pixels:
        """``image`` uint8 RGB ``(H, W, 3)`` under the colours of ``mask`` ``(H, W)``; a new image."""
        # OpenCV's tables take a fifth of the time of indexing. Drawing must be faster than a network.
        colors = cv2.applyColorMap(mask, self.palette)
        drawn = np.asarray(cv2.addWeighted(colors, self.opacity, image, 1 - self.opacity, 0), np.uint8)
        if len(self.shown) < len(self.classes):
            cv2.copyTo(image, 1 - cv2.LUT(mask, self.is_shown), drawn)
        if self.contours:
            lines = self.contour(mask).view(np.uint8) * np.uint8(255)
            cv2.bitwise_or(drawn, cv2.merge([lines] * 3), drawn)
        return drawn

    def draw_alone(self, mask: Pixels) -> Pixels:
        """The classes' own colours of ``mask`` ``(H, W)``, ``(H, W, 3)``; classes that are not shown are black."""
        return np.asarray(cv2.applyColorMap(mask, self.exact_palette), np.uint8)

    def contour(self, mask: Pixels) -> NDArray[np.bool_]:
        """Pixels at which another class begins to the right or below, if one of the two is shown.

        In large images the line is some pixels wide, so that it can be seen.
        """
        found = np.zeros(mask.shape, bool)
        shown = cv2.LUT(mask, self.is_shown).view(bool)
        found[:, :-1] = (mask[:, :-1] != mask[:, 1:]) & (shown[:, :-1] | shown[:, 1:])
        found[:-1] |= (mask[:-1] != mask[1:]) & (shown[:-1] | shown[1:])
        width = max(1, round(min(mask.shape) / LINES_FROM))
        if width == 1:
            return found
        return cv2.dilate(found.view(np.uint8), np.ones((width, width), np.uint8)).view(bool)


def caption(image: Pixels, text: str, left: int = 0) -> Pixels:
    """A copy of ``image`` ``(H, W, 3)`` with ``text`` on a dark ground in its upper left corner.

    Args:
        image: is not changed.
        text: one line.
        left: column of that corner.
    """
    font = ImageFont.load_default(int(np.clip(image.shape[1] / 60, 11, 32)))
    box = ImageDraw.Draw(Image.new("RGB", (1, 1))).textbbox((12, 8), text, font)
    label = Image.new("RGB", (int(box[2]) + 7, int(box[3]) + 6), LEGEND_BACKGROUND)
    ImageDraw.Draw(label).text((12, 8), text, LEGEND_TEXT, font)
    drawn = image.copy()
    corner = drawn[4:, left + 4 :]
    height, width = min(label.height - 4, corner.shape[0]), min(label.width - 4, corner.shape[1])
    corner[:height, :width] = np.asarray(label)[4:, 4:][:height, :width]
    return drawn


class Legend:
    """A strip with the colour and the name of each class, and its share of the image.

    It is as wide as the image. Its letters grow with the image, and shrink a little if that saves a row.

    Args:
        overlay: the overlay that it explains.
        size: (H, W) of the image above it.
        exact: show the classes' own colours instead of those of the overlay.
    """

    def __init__(self, overlay: Overlay, size: tuple[int, int], exact: bool = False) -> None:
        self.names, self.shown = overlay.classes.names, overlay.shown
        self.colors = overlay.classes.colors if exact else drawing_colors(overlay.classes)
        height, width = size
        usual = int(np.clip(math.sqrt(height * width) / LETTERS, SMALLEST_LETTER, LARGEST_LETTER))
        rows = self._fit(usual, width)
        columns = ceil_div(len(self.shown), rows)
        step = max(self.column, (width - 2 * MARGIN) // max(1, columns))
        # The height is even, so that the image with its legend has a size that video codecs take.
        total = rows * self.row + 10
        self.size = width, total + total % 2
        self.places = [
            (MARGIN + index % columns * step, 5 + index // columns * self.row) for index in range(len(self.shown))
        ]
        self.strip = self._swatches()
        self.written = [""] * len(self.shown)

    def _fit(self, usual: int, width: int) -> int:
        """Choose the letters, and return the fewest rows in which they have at least four fifths of ``usual``."""
        count = max(1, len(self.shown))
        for rows in range(1, count + 1):
            for letters in range(usual, max(SMALLEST_LETTER, ceil_div(4 * usual, 5)) - 1, -1):
                self._measure(letters)
                if ceil_div(count, rows) * self.column <= width - MARGIN:
                    return rows
        return count

    def _measure(self, letters: int) -> None:
        self.font = ImageFont.load_default(letters)
        self.row = letters + 8
        self.field = int(self.font.getlength("100%")) + 2
        longest = max((self.font.getlength(self.names[index]) for index in self.shown), default=0)
        self.right = self.row + int(longest) + 6 + self.field
        self.column = self.right + letters

    def _swatches(self) -> Pixels:
        strip = Image.new("RGB", self.size, LEGEND_BACKGROUND)
        pen = ImageDraw.Draw(strip)
        for index, (x, y) in zip(self.shown, self.places, strict=True):
            side = self.row - 8
            pen.rectangle((x, y + 4, x + side, y + 4 + side), fill=self.colors[index], outline=LEGEND_TEXT)
            pen.text((x + self.row, y + 2), self.names[index], LEGEND_TEXT, self.font)
        return np.array(strip)

    def draw(self, shares: NDArray[np.float64] | None = None) -> Pixels:
        """The strip ``(h, width, 3)`` uint8 RGB; with the classes' ``shares`` ``(C,)`` if they are given."""
        for index, (number, (x, y)) in enumerate(zip(self.shown, self.places, strict=True)):
            text = "" if shares is None else percent(shares[number])
            # Few shares change from frame to frame, and writing is what takes time.
            if text != self.written[index]:
                right = x + self.right
                field = self.strip[y : y + self.row, max(0, right - self.field) : right]
                field[:] = self._field(text)[: field.shape[0], : field.shape[1]]
                self.written[index] = text
        return self.strip.copy()

    def _field(self, text: str) -> Pixels:
        image = Image.new("RGB", (self.field, self.row), LEGEND_BACKGROUND)
        ImageDraw.Draw(image).text((self.field, 2), text, LEGEND_TEXT, self.font, anchor="ra")
        return np.asarray(image, np.uint8)


def percent(share: float) -> str:
    """``share`` 0–1 for people. A small share is not shown as nothing."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def class_shares(mask: Pixels, num_classes: int) -> NDArray[np.float64]:
    """Share of the image's pixels of each class, ``(C,)``, 0–1."""
    counts = cv2.calcHist([mask], [0], None, [256], [0, 256])
    return np.asarray(counts.ravel()[:num_classes] / np.float64(mask.size))
