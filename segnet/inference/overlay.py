"""Classes drawn over an image: colours, contours, and a legend that says which colour is what."""

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from segnet.datasets.classes import ClassSet
from segnet.rounding import ceil_div
