"""Exporting a model: the file is written, run on real images beside the network it came from, and only then given."""
