"""Arithmetic coding gives back what went in, in about as many bits as the frequencies promise."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segnet.inference.autoencoders.entropy_coding import decode_symbols, encode_symbols


@given(
    st.lists(st.lists(st.integers(1, 1000), min_size=1, max_size=20), min_size=1, max_size=4),
    st.lists(st.integers(0, 10**6), max_size=300),
)
def test_symbols_come_back(counts: list[list[int]], numbers: list[int]) -> None:
    frequencies = [np.array(table, np.int64) for table in counts]
    symbols = [index % len(counts[i % len(counts)]) for i, index in enumerate(numbers)]
    data = encode_symbols(symbols, frequencies)
    assert decode_symbols(data, len(symbols), frequencies) == symbols


def test_the_length_is_the_information() -> None:
    frequencies = [np.array([90, 9, 1])]
    symbols = np.random.default_rng(0).choice(3, 5000, p=[0.9, 0.09, 0.01]).tolist()
    information = -sum(math.log2([0.9, 0.09, 0.01][symbol]) for symbol in symbols)
    assert information <= 8 * len(encode_symbols(symbols, frequencies)) < information + 16


def test_a_sure_symbol_costs_nothing() -> None:
    assert len(encode_symbols([0] * 10_000, [np.array([7])])) == 1
