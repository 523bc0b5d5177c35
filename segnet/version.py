"""The version of the package, which model folders, checkpoints and reports store."""

__version__ = "0.1.0"
