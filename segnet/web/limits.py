"""Limits of the demo server: sizes, number of requests, and durations."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits that keep one client, or one file, from taking the whole machine.

    Attributes:
        image_bytes: bytes of an uploaded image file.
        image_pixels: pixels of an image, known from its header before it is decoded.
        working_side: pixels of the longer side to which a larger image is shrunk before it is segmented.
        clip_bytes: bytes of an uploaded clip.
        clip_seconds: length of a clip.
        clip_pixels: pixels of a frame of a clip.
        waiting: images that may wait for the processor.
        waiting_clips: clips that may wait behind the running one.
        kept_clips: finished clips that are kept for download; the oldest is removed first.
        answer_seconds: time to answer an image, including waiting.
        upload_seconds: time in which a request must arrive.
        upload_clip_seconds: the same for a clip.
        clip_work_seconds: time to segment a clip.
        keep_seconds: time after which a finished clip is removed.
    """

    image_bytes: int = 20_000_000
    image_pixels: int = 40_000_000
    working_side: int = 1600
    clip_bytes: int = 200_000_000
    clip_seconds: float = 60
    clip_pixels: int = 1920 * 1088
    waiting: int = 8
    waiting_clips: int = 2
    kept_clips: int = 4
    answer_seconds: float = 60
    upload_seconds: float = 60
    upload_clip_seconds: float = 600
    clip_work_seconds: float = 3600
    keep_seconds: float = 1800
