"""Calibration bins: by hand, against torchmetrics, in pieces."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from segnet.metrics import CalibrationBins


def test_the_calibration_error_matches_a_value_by_hand() -> None:
    bins = CalibrationBins(2)
    bins.update(np.array([[0.5, 0.4], [0.9, 1.0]]), np.array([[True, False], [True, True]]))
    assert bins.pixels.tolist() == [2, 2]  # a bin holds its upper end
    assert bins.correct.tolist() == [1, 2]
    np.testing.assert_allclose(bins.confidence_sum, [0.9, 1.9])
    assert bins.expected_calibration_error == pytest.approx((abs(1 - 0.9) + abs(2 - 1.9)) / 4)


def test_the_calibration_error_matches_torchmetrics() -> None:
    logits = torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    truth = torch.randint(0, 4, (500,), generator=torch.Generator().manual_seed(1))
    confidence, prediction = logits.softmax(1).max(1)
    bins = CalibrationBins(15)
    for part in (slice(0, 200), slice(200, 500)):
        bins.update(confidence[part].numpy(), (prediction == truth)[part].numpy())
    theirs = multiclass_calibration_error(logits.softmax(1), truth, num_classes=4, n_bins=15)
    assert bins.expected_calibration_error == pytest.approx(float(theirs), rel=1e-5)


def test_leaving_out_the_least_confident() -> None:
    bins = CalibrationBins(4)
    bins.update(np.array([0.2, 0.4, 0.7, 0.9]), np.array([False, True, False, True]))
    left_out, accuracy = bins.accuracy_left()
    np.testing.assert_allclose(left_out, [0, 0.25, 0.5, 0.75])
    np.testing.assert_allclose(accuracy, [1 / 2, 2 / 3, 1 / 2, 1])
    assert bins.accuracy_without(0.375) == pytest.approx((2 / 3 + 1 / 2) / 2)
    # The last quarter is one bin: it cannot be divided.
    assert np.isnan(bins.accuracy_without(0.8))


def test_saved_and_read_again() -> None:
    bins = CalibrationBins(5)
    bins.update(np.linspace(0, 1, 20), np.arange(20) % 3 == 0)
    again = CalibrationBins.from_array(bins.to_array())
    assert np.array_equal(again.to_array(), bins.to_array())
    assert again.pixels.dtype == np.int64


def test_empty_bins_have_no_calibration_error() -> None:
    assert CalibrationBins().expected_calibration_error == 0
