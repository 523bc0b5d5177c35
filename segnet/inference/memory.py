"""Images that do not fit into memory: refused before the system kills the program, or named when memory is full."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from segnet.errors import UserError, is_out_of_memory
from segnet.hardware import give_freed_memory_back
from segnet.inference.free_memory import free_memory

LARGE = 4_000_000
"""Images with fewer pixels are not checked."""

OUTLINE_BYTES = 10
"""For each pixel of a mask as its outlines are found: the mask, that of one class, the latter at twice the size, and
OpenCV's copy of that. For 40 megapixels 8.1 bytes were measured beside the mask."""

SMALLEST_TILE = 32
"""Pixels of the sides of the smallest tile that is tried."""


class FullMemoryError(UserError):
    """Memory is full, or would be."""


def check_memory(image: tuple[int, int], seen: tuple[int, int], classes: int) -> None:
    """Refuse an image whose float32 logits and probabilities alone are larger than the free memory.

    Args:
        image: (H, W) of the image or the tile.
        seen: (H, W) at which the network sees it.
        classes: channels of the logits.

    Raises:
        FullMemoryError: the memory is too small; the message says how much it takes and what to do.
    """
    pixels, network_pixels = image[0] * image[1], seen[0] * seen[1]
    if max(pixels, network_pixels) < LARGE:
        return
    needed, free = 4 * classes * (network_pixels + 2 * pixels), free_memory()
    if free is not None and needed > free:
        raise FullMemoryError(
            f"an image of {image[0]}x{image[1]}, seen at {seen[0]}x{seen[1]}, takes {needed / 1e9:.1f} GB at least, "
            f"and {free / 1e9:.1f} GB are free; see it in tiles (--tile 720x960), or take a smaller --tile, --size or "
            "--scales"
        )


def check_row(tile: tuple[int, int], image: tuple[int, int], channels: int) -> None:
    """Refuse tiles of which a row is larger than the free memory.

    Args:
        tile: (H, W) of a tile.
        image: (H, W) of the image.
        channels: float32 values for each pixel.

    Raises:
        FullMemoryError: the memory is too small; says which tile fits.
    """
    height, free = min(tile[0], image[0]), free_memory()
    needed = 4 * channels * height * image[1]
    if free is None or height * image[1] < LARGE or needed <= free:
        return
    full = (
        f"a row of tiles of {tile[0]}x{tile[1]} across {image[1]} pixels takes {needed / 1e9:.1f} GB at least, and "
        f"{free / 1e9:.1f} GB are free"
    )
    # The network and the next row need memory too.
    fitting = [height >> halves for halves in range(1, 12) if needed >> halves < free // 2]
    if not fitting or fitting[0] < SMALLEST_TILE:
        raise FullMemoryError(f"{full}; end other programs, or cut the image into narrower ones")
    raise FullMemoryError(f"{full}; flatter tiles fit: --tile {fitting[0]}x{tile[1]}")


def check_outlines(image: tuple[int, int]) -> None:
    """Refuse to find the outlines in a mask if there is not enough free memory for that.

    Args:
        image: (H, W) of the mask.

    Raises:
        FullMemoryError: the memory is too small.
    """
    needed, free = OUTLINE_BYTES * image[0] * image[1], free_memory()
    if free is not None and needed > free:
        raise FullMemoryError(
            f"the outlines of {image[0]}x{image[1]} pixels take {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are "
            "free, since they are found in the whole mask; leave out --polygons, or cut the image into parts"
        )


@contextmanager
def tile_that_fits(image: tuple[int, int], see: Callable[[tuple[int, int]], object]) -> Iterator[None]:
    """Turn full memory into a sentence with a tile that fits. It is found by trying.

    Args:
        image: (H, W) of the image or the tile with which memory is full.
        see: run the network on a tile of this (H, W).

    Raises:
        FullMemoryError: memory is full.
    """
    try:
        yield
        return
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    # Only here, since the error holds on to its tensors for as long as it is handled.
    give_freed_memory_back()
    height, width = image
    full = f"memory is full with {height}x{width} pixels"
    while max(height, width) > SMALLEST_TILE:
        height, width = max(height // 2, 1), max(width // 2, 1)
        try:
            see((height, width))
        except FullMemoryError:
            continue
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        except UserError:
            # Smaller than what the network can see.
            break
        else:
            raise FullMemoryError(f"{full}; tiles of {height}x{width} fit: --tile {height}x{width}")
    raise FullMemoryError(f"{full}, and with any tile of them; end other programs, or take a smaller network")


@contextmanager
def full_memory_named(name: str) -> Iterator[None]:
    """Name the image with which memory is full, be it in the network, or in reading and drawing.

    Raises:
        FullMemoryError: memory is full.
    """
    try:
        yield
    except FullMemoryError as error:
        raise FullMemoryError(f"{name}: {error}") from None
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise FullMemoryError(
            f"{name}: memory is full; end other programs, give a smaller --size or --tile, or make the image smaller"
        ) from None
