"""The version of the package, which model folders, checkpoints and reports name."""

__version__ = "0.1.0"
