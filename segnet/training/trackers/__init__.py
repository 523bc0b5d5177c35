"""Experiment trackers, which get a run's measures in addition to ``metrics.csv``."""
