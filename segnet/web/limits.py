"""Limits of the demo server: sizes, number of requests, and durations."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds that keep one client, or one file, from taking the whole machine.

    Attributes:
        image_bytes: of an uploaded image file.
        image_pixels: of an image, read off its header before anything is decoded.
        working_side: pixels of the longer side to which a larger image is brought before it is segmented.
        clip_bytes: of an uploaded clip.
        clip_seconds: of a clip's length.
        clip_pixels: of a clip's frame.
        waiting: images that may wait for the processor.
        waiting_clips: clips that may wait for the one that is worked on.
        kept_clips: finished clips that are kept for download; the oldest goes first.
        answer_seconds: time within which an image is answered, waiting included.
        upload_seconds: time within which a request has to have arrived.
        upload_clip_seconds: the same for a clip.
        clip_work_seconds: time that a clip may be worked on.
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
