"""Classes drawn over a picture: colours, contours, and a legend that says which colour is what."""

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from segnet.datasets.classes import ClassSet

Picture = NDArray[np.uint8]

LEGEND_BACKGROUND = (24, 26, 30)
LEGEND_TEXT = (235, 235, 235)


class Overlay:
    """Draws class maps over pictures.

    Args:
        classes: names and colours.
        opacity: of the colours, 0–1.
        contours: draw lines between the classes as well.
        only: numbers of the classes that are drawn; None: all.
    """

    def __init__(
        self, classes: ClassSet, opacity: float = 0.5, contours: bool = False, only: Collection[int] | None = None
    ) -> None:
        self.classes, self.opacity, self.contours = classes, opacity, contours
        self.shown = [number for number in range(len(classes)) if only is None or number in only]
        self.is_shown = np.zeros(256, bool)
        self.is_shown[self.shown] = True

    def draw(self, image: Picture, mask: Picture) -> Picture:
        """``image`` uint8 RGB ``(H, W, 3)`` under the colours of ``mask`` ``(H, W)``; a new picture."""
        colors = self.classes.palette[mask]
        blended = cv2.addWeighted(colors, self.opacity, image, 1 - self.opacity, 0)
        if len(self.shown) < len(self.classes):
            np.copyto(blended, image, where=~self.is_shown[mask][..., None])
        if self.contours:
            blended[self.contour(mask)] = 255
        return np.asarray(blended, np.uint8)

    def contour(self, mask: Picture) -> NDArray[np.bool_]:
        """Pixels whose right or lower neighbour is of another class, where one of the two is shown."""
        found = np.zeros(mask.shape, bool)
        shown = self.is_shown[mask]
        found[:, :-1] = (mask[:, :-1] != mask[:, 1:]) & (shown[:, :-1] | shown[:, 1:])
        found[:-1] |= (mask[:-1] != mask[1:]) & (shown[:-1] | shown[1:])
        return found


def caption(picture: Picture, text: str) -> Picture:
    """``picture`` ``(H, W, 3)`` with ``text`` on a dark ground in its upper left corner; a new picture."""
    font = ImageFont.load_default(int(np.clip(picture.shape[1] / 60, 11, 32)))
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    left, top, right, bottom = pen.textbbox((12, 8), text, font)
    pen.rectangle((left - 6, top - 5, right + 6, bottom + 5), fill=LEGEND_BACKGROUND)
    pen.text((12, 8), text, LEGEND_TEXT, font)
    return np.asarray(image, np.uint8)


class Legend:
    """A strip with the colour and the name of each class, and its share of the picture.

    Args:
        overlay: what it explains.
        width: of the strip in pixels.
    """

    def __init__(self, overlay: Overlay, width: int) -> None:
        self.classes, self.shown = overlay.classes, overlay.shown
        size = int(np.clip(width / 60, 11, 20))
        self.font = ImageFont.load_default(size)
        self.row = size + 8
        longest = max((self.font.getlength(f"{self.classes.names[n]} 100 %") for n in self.shown), default=0)
        self.column = int(longest) + self.row + 12
        columns = max(1, (width - 12) // self.column)
        # Even, so that the frame below which it stands keeps a size that video codecs take.
        height = -(-len(self.shown) // columns) * self.row + 10
        self.size = width, height + height % 2
        self.places = [
            (12 + index % columns * self.column, 5 + index // columns * self.row) for index in range(len(self.shown))
        ]
        self.background = self._swatches()

    def _swatches(self) -> Image.Image:
        strip = Image.new("RGB", self.size, LEGEND_BACKGROUND)
        pen = ImageDraw.Draw(strip)
        for number, (x, y) in zip(self.shown, self.places, strict=True):
            side = self.row - 8
            pen.rectangle((x, y + 4, x + side, y + 4 + side), fill=self.classes.colors[number], outline=LEGEND_TEXT)
            pen.text((x + self.row, y + 2), self.classes.names[number], LEGEND_TEXT, self.font)
        return strip

    def draw(self, mask: Picture | None = None) -> Picture:
        """The strip ``(h, width, 3)`` uint8 RGB; with the shares of ``mask``'s classes if one is given."""
        strip = self.background.copy()
        if mask is not None:
            shares = class_shares(mask, len(self.classes))
            pen = ImageDraw.Draw(strip)
            for number, (x, y) in zip(self.shown, self.places, strict=True):
                right = x + self.column - 14
                pen.text((right, y + 2), percent(shares[number]), LEGEND_TEXT, self.font, anchor="ra")
        return np.asarray(strip, np.uint8)


def percent(share: float) -> str:
    """``share`` 0–1 for people: what is there but little is not nothing."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def class_shares(mask: Picture, num_classes: int) -> NDArray[np.float64]:
    """Share of the picture's pixels of each class, ``(C,)``, 0–1."""
    return np.asarray(np.bincount(mask.ravel(), minlength=256)[:num_classes] / mask.size)
