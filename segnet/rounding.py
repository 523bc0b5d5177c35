"""Whole numbers from divisions."""


def ceil_div(dividend: int, divisor: int) -> int:
    """``dividend / divisor`` rounded up, exactly, for whole numbers of any size."""
    return -(-dividend // divisor)
