"""Short clips that the tests make, and what lies in a file."""

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest


def write_clip(
    path: Path,
    frames: int = 6,
    size: tuple[int, int] = (64, 48),
    times: list[int] | None = None,
    gop: int = 12,
) -> Path:
    """A clip of ``size`` (W, H) whose frame n is grey of value 20 n; ``times`` in hundredths of a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "0", "preset": "ultrafast"})
        stream.width, stream.height = size
        stream.pix_fmt, stream.gop_size = "yuv444p", gop
        stream.codec_context.time_base = Fraction(1, 100)
        for index in range(frames):
            image = np.full((size[1], size[0], 3), 20 * index % 256, np.uint8)
            image[: size[1] // 2, : size[0] // 2, 0] = 255
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = (times[index] if times else 10 * index), Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def add_sound(silent: Path, path: Path, codec: str, seconds: float = 0.6, begin: float = 0.0) -> Path:
    """``silent`` with a sine of 440 Hz from ``begin`` on."""
    tone = f"sine=frequency=440:sample_rate=48000:duration={seconds}"
    shift = ("-itsoffset", str(begin))
    ffmpeg("-i", silent, *shift, "-f", "lavfi", "-i", tone, "-c:v", "copy", "-c:a", codec, path)
    return path


def ffmpeg(*arguments: str | Path) -> None:
    if not shutil.which("ffmpeg"):
        pytest.skip("the ffmpeg program is not installed: it makes this test's clip")
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def frame_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [round(float(frame.time or 0), 2) for frame in container.decode(video=0)]


def sound(path: Path) -> tuple[str, float, float]:
    """Codec of a file's sound, and the seconds at which it begins and ends."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        frames = list(container.decode(stream))
    last = frames[-1]
    return stream.codec_context.name, float(frames[0].time or 0), float(last.time or 0) + last.samples / last.rate
