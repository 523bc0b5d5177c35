"""Inspection of a folder of images and masks: sizes, classes, splits, leaks between splits, and warnings."""
