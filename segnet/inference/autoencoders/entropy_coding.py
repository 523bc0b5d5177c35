"""Arithmetic coding with known frequencies (Witten, Neal and Cleary, CACM 1987): symbols to bytes and back."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

BITS = 32
TOP, HALF, QUARTER = (1 << BITS) - 1, 1 << (BITS - 1), 1 << (BITS - 2)

Frequencies = Sequence[NDArray[np.int64]]
"""Counts of each symbol, at least 1 each. There is an array for each position of a cycle: symbol i uses array i %
length."""


def encode_symbols(symbols: Sequence[int], frequencies: Frequencies) -> bytes:
    """Code symbols as bytes. The bytes do not hold the number of symbols, which the reader must know.

    Raises:
        IndexError: a symbol for which there is no frequency.
    """
    tables = cumulated(frequencies)
    low, high, pending = 0, TOP, 0
    bits: list[int] = []

    def emit(bit: int) -> None:
        nonlocal pending
        bits.append(bit)
        bits.extend([1 - bit] * pending)
        pending = 0

    for index, symbol in enumerate(symbols):
        table = tables[index % len(tables)]
        width = high - low + 1
        high = low + width * table[symbol + 1] // table[-1] - 1
        low = low + width * table[symbol] // table[-1]
        while True:
            if high < HALF:
                emit(0)
            elif low >= HALF:
                emit(1)
                low, high = low - HALF, high - HALF
            elif low >= QUARTER and high < HALF + QUARTER:
                # Around the middle, the next bit is not known yet, but the bit after it is its opposite.
                pending += 1
                low, high = low - QUARTER, high - QUARTER
            else:
                break
            low, high = 2 * low, 2 * high + 1
    pending += 1
    emit(0 if low < QUARTER else 1)
    return np.packbits(np.array(bits, np.uint8)).tobytes()


def decode_symbols(data: bytes, count: int, frequencies: Frequencies) -> list[int]:
    """The ``count`` symbols that :func:`encode_symbols` coded as ``data``."""
    tables = cumulated(frequencies)
    stream = endless_bits(data)
    low, high, value = 0, TOP, 0
    for _ in range(BITS):
        value = 2 * value + next(stream)
    symbols = []
    for index in range(count):
        table = tables[index % len(tables)]
        width = high - low + 1
        scaled = ((value - low + 1) * table[-1] - 1) // width
        symbol = int(np.searchsorted(table, scaled, side="right")) - 1
        symbols.append(symbol)
        high = low + width * table[symbol + 1] // table[-1] - 1
        low = low + width * table[symbol] // table[-1]
        while True:
            if high < HALF:
                shift = 0
            elif low >= HALF:
                shift = HALF
            elif low >= QUARTER and high < HALF + QUARTER:
                shift = QUARTER
            else:
                break
            low, high, value = 2 * (low - shift), 2 * (high - shift) + 1, 2 * (value - shift) + next(stream)
    return symbols


def cumulated(frequencies: Frequencies) -> list[list[int]]:
    """Sums before each symbol, as Python's integers, which do not overflow; the total is last."""
    return [[0, *np.cumsum(counts).tolist()] for counts in frequencies]


def endless_bits(data: bytes) -> Iterator[int]:
    """The bits of ``data``, then zeros."""
    yield from np.unpackbits(np.frombuffer(data, np.uint8)).tolist()
    while True:
        yield 0
