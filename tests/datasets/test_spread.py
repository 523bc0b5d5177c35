"""A few of many, in equal steps."""

from segnet.datasets.spread import spread


def test_steps_are_equal_and_no_number_comes_twice() -> None:
    assert spread(3, 9) == [0, 3, 6]
    assert spread(4, 101) == [0, 25, 50, 75]
    assert spread(5, 2) == [0, 1]
    assert spread(5, 0) == []
