"""Classes over every frame of a video: reading, network, drawing and writing overlap."""

# OpenCV must be imported before PyAV. Both wheels contain libxcb. If PyAV's is loaded first, OpenCV hangs forever on
# Linux when it opens its first window, and ignores Ctrl-C (https://github.com/PyAV-Org/PyAV/issues/1050).
import cv2  # noqa: F401
