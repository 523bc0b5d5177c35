"""Refuse images that do not fit into memory, before the system kills the program."""

from pathlib import Path

from segnet.errors import UserError

LARGE = 4_000_000
"""Images with fewer pixels are not checked."""


def check_memory(image: tuple[int, int], seen: tuple[int, int], classes: int) -> None:
    """Refuse an image whose float32 logits and probabilities alone are larger than the free memory.

    Args:
        image: (H, W) of the image or the tile.
        seen: (H, W) at which the network sees it.
        classes: channels of the logits.

    Raises:
        UserError: the memory is too small; the message says how much it takes and what to do.
    """
    pixels, network_pixels = image[0] * image[1], seen[0] * seen[1]
    if max(pixels, network_pixels) < LARGE:
        return
    needed, free = 4 * classes * (network_pixels + 2 * pixels), free_memory()
    if free is not None and needed > free:
        raise UserError(
            f"an image of {image[0]}x{image[1]}, seen at {seen[0]}x{seen[1]}, takes {needed / 1e9:.1f} GB at least, "
            f"and {free / 1e9:.1f} GB are free; see it in tiles (--tile 720x960), or take a smaller --tile, --size or "
            "--scales"
        )


def free_memory() -> int | None:
    """Bytes that programs can still allocate; None if the system does not tell."""
    meminfo = Path("/proc/meminfo")
    lines = meminfo.read_text().splitlines() if meminfo.is_file() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)
