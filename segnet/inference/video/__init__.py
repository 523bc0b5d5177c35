"""Classes over every frame of a video: reading, network, drawing and writing overlap."""

# Before PyAV: both wheels bring a libxcb of their own, and on Linux OpenCV hangs for ever at its first window, deaf to
# Ctrl-C, where PyAV's was there first (https://github.com/PyAV-Org/PyAV/issues/1050).
import cv2  # noqa: F401
