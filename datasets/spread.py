"""A few of many."""


def spread(count: int, length: int) -> list[int]:
    """At most ``count`` of the numbers from 0 to ``length - 1``, in equal steps from 0 on."""
    count = min(count, length)
    return [number * length // count for number in range(count)]
