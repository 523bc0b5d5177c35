"""Classes drawn over an image: colours, contours, and a legend that says which colour is what."""

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from segnet.datasets.classes import ClassSet
from segnet.errors import UserError
from segnet.rounding import ceil_div

Pixels = NDArray[np.uint8]

LEGEND_BACKGROUND = (24, 26, 30)
LEGEND_TEXT = (235, 235, 235)
LINES_FROM = 600
"""Pixels of an image's shorter side for each pixel of a contour's width."""


class Overlay:
    """Draws class maps over images.

    Args:
        classes: names and colours.
        opacity: of the colours, 0–1.
        contours: draw lines between the classes as well.
        only: numbers of the classes that are drawn; None: all.

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
        self.palette = classes.palette[:, None]

    def draw(self, image: Pixels, mask: Pixels) -> Pixels:
        """``image`` uint8 RGB ``(H, W, 3)`` under the colours of ``mask`` ``(H, W)``; a new image."""
        # OpenCV's tables, a fifth of the time of indexing: images have to be drawn faster than a network runs.
        colors = cv2.applyColorMap(mask, self.palette)
        drawn = np.asarray(cv2.addWeighted(colors, self.opacity, image, 1 - self.opacity, 0), np.uint8)
        if len(self.shown) < len(self.classes):
            cv2.copyTo(image, 1 - cv2.LUT(mask, self.is_shown), drawn)
        if self.contours:
            lines = self.contour(mask).view(np.uint8) * np.uint8(255)
            cv2.bitwise_or(drawn, cv2.merge([lines] * 3), drawn)
        return drawn

    def draw_alone(self, mask: Pixels) -> Pixels:
        """The colours of ``mask`` ``(H, W)`` without an image, ``(H, W, 3)``; classes that are not shown are black."""
        return np.asarray(cv2.applyColorMap(mask, self.palette * self.is_shown[:, None, None]), np.uint8)

    def contour(self, mask: Pixels) -> NDArray[np.bool_]:
        """Pixels at which another class begins to the right or below, where one of the two is shown.

        In large images the line is some pixels wider, so that it is seen.
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
    """``image`` ``(H, W, 3)`` with ``text`` on a dark ground in its upper left corner; a new image.

    Args:
        image: is not changed.
        text: one line.
        left: column at which that corner lies.
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

    Args:
        overlay: what it explains.
        width: of the strip in pixels.
    """

    def __init__(self, overlay: Overlay, width: int) -> None:
        self.classes, self.shown = overlay.classes, overlay.shown
        # Up to the usual widths as on a page; an image of 4K is looked at as a whole, and its letters grow with it.
        size = int(np.clip(width / 60, 11, max(20, width / 100)))
        self.font = ImageFont.load_default(size)
        self.row = size + 8
        self.field = int(self.font.getlength("100%")) + 2
        longest = max((self.font.getlength(self.classes.names[n]) for n in self.shown), default=0)
        self.column = int(longest) + self.field + self.row + 24
        most = max(1, (width - 12) // self.column)
        rows = ceil_div(len(self.shown), most)
        columns = ceil_div(len(self.shown), max(1, rows))  # as few as fill these rows, so that no row is nearly empty
        # Even, so that the frame below which it stands keeps a size that video codecs take.
        height = rows * self.row + 10
        self.size = width, height + height % 2
        self.places = [
            (12 + index % columns * self.column, 5 + index // columns * self.row) for index in range(len(self.shown))
        ]
        self.strip = self._swatches()
        self.written = [""] * len(self.shown)

    def _swatches(self) -> Pixels:
        strip = Image.new("RGB", self.size, LEGEND_BACKGROUND)
        pen = ImageDraw.Draw(strip)
        for index, (x, y) in zip(self.shown, self.places, strict=True):
            side = self.row - 8
            pen.rectangle((x, y + 4, x + side, y + 4 + side), fill=self.classes.colors[index], outline=LEGEND_TEXT)
            pen.text((x + self.row, y + 2), self.classes.names[index], LEGEND_TEXT, self.font)
        return np.array(strip)

    def draw(self, shares: NDArray[np.float64] | None = None) -> Pixels:
        """The strip ``(h, width, 3)`` uint8 RGB; with the classes' ``shares`` ``(C,)`` if they are given."""
        for index, (number, (x, y)) in enumerate(zip(self.shown, self.places, strict=True)):
            text = "" if shares is None else percent(shares[number])
            # From frame to frame few shares change, and writing is what costs time.
            if text != self.written[index]:
                right = x + self.column - 14
                field = self.strip[y : y + self.row, max(0, right - self.field) : right]
                field[:] = self._field(text)[: field.shape[0], : field.shape[1]]
                self.written[index] = text
        return self.strip.copy()

    def _field(self, text: str) -> Pixels:
        image = Image.new("RGB", (self.field, self.row), LEGEND_BACKGROUND)
        ImageDraw.Draw(image).text((self.field, 2), text, LEGEND_TEXT, self.font, anchor="ra")
        return np.asarray(image, np.uint8)


def percent(share: float) -> str:
    """``share`` 0–1 for people: what is there but little is not nothing."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def class_shares(mask: Pixels, num_classes: int) -> NDArray[np.float64]:
    """Share of the image's pixels of each class, ``(C,)``, 0–1."""
    counts = cv2.calcHist([mask], [0], None, [256], [0, 256])
    return np.asarray(counts.ravel()[:num_classes] / np.float64(mask.size))
