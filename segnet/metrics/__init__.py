"""Measures of segmentation, from a confusion matrix and from boundaries, with their uncertainty."""

from segnet.metrics.bootstrap import paired_difference, percentile_interval, resample
from segnet.metrics.boundary import boundary_f1
from segnet.metrics.calibration import CalibrationBins
from segnet.metrics.confusion import ConfusionMatrix, confusion_matrix
from segnet.metrics.scores import SegmentationScores

__all__ = [
    "CalibrationBins",
    "ConfusionMatrix",
    "SegmentationScores",
    "boundary_f1",
    "confusion_matrix",
    "paired_difference",
    "percentile_interval",
    "resample",
]
