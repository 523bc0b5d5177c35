"""SegNet and the family around it: training, evaluation, video and export for semantic segmentation."""

__version__ = "0.1.0"
