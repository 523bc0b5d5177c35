"""An array written by rows is the file that NumPy writes at once."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segnet.inference.npy_rows import NpyRows


@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.lists(st.integers(0, 9), max_size=4))
def test_the_file_is_that_of_numpy(channels: int, height: int, width: int, cuts: list[int]) -> None:
    values = np.random.default_rng(height).random((channels, height, width), np.float32)
    by_rows, whole = io.BytesIO(), io.BytesIO()
    file = NpyRows(by_rows, (channels, height, width))
    for rows in np.split(values, sorted(min(cut, height) for cut in cuts), axis=1):
        file.add(rows)
    np.save(whole, values.astype("<f2"))
    assert by_rows.getvalue() == whole.getvalue()
