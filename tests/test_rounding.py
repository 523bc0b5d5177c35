"""Division that rounds up."""

from hypothesis import given
from hypothesis import strategies as st

from segnet.rounding import ceil_div


@given(st.integers(-(2**80), 2**80), st.integers(1, 2**40))
def test_the_quotient_is_the_smallest_whole_number_that_is_enough(dividend: int, divisor: int) -> None:
    quotient = ceil_div(dividend, divisor)
    assert (quotient - 1) * divisor < dividend <= quotient * divisor
