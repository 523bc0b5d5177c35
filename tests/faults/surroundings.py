"""What a program finds around it: standard input and output, a browser, the Hub; and work that is made short."""

import itertools
import os
import sys
from pathlib import Path
from typing import Any


def without_browser() -> None:
    """Have no browser, in which an exported site would be checked for half a minute."""
    from segnet.web.site import check

    check.BROWSERS = ()  # type: ignore[assignment]


def give(content: bytes) -> None:
    """Have ``content`` come through a pipe on standard input."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        with os.fdopen(writer, "wb") as file:
            file.write(content)
        os._exit(0)
    os.close(writer)
    os.dup2(reader, 0)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115


def close_output() -> None:
    """Have no standard output, as after ``>&-``."""
    os.close(1)
    sys.stdout = None


def measure_little() -> None:
    """Measure only plain PyTorch in a benchmark, and leave out the machine's peaks."""
    from segnet.speed import benchmark, inference

    ways = inference.ways
    inference.ways = lambda *given: itertools.islice(ways(*given), 1)
    benchmark.gemm_peaks = lambda *_: {"fp32": 1e9}  # type: ignore[attr-defined]


def stop_when_served() -> None:
    """End the demo as soon as it answers."""
    from uvicorn import Server

    original = Server.startup

    async def startup(self: Server, sockets: Any = None) -> None:
        await original(self, sockets)
        self.should_exit = True

    Server.startup = startup  # type: ignore[method-assign]


def use_hub(endpoint: str, cache: Path | None = None) -> None:
    """Push to and fetch from a Hub on this machine, and keep what is fetched in ``cache``."""
    from huggingface_hub import constants

    constants.ENDPOINT = endpoint
    constants.HUGGINGFACE_CO_URL_TEMPLATE = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    constants.HF_HUB_CACHE = str(cache or constants.HF_HUB_CACHE)
    constants.HF_HUB_DISABLE_XET = True
    os.environ.update(HF_TOKEN="hf_nobody", NO_PROXY="127.0.0.1")
