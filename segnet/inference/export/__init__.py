"""Exporting a model: the file is written, run on real pictures beside the network it came from, and only then given."""
