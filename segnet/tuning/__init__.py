"""Trials of settings, chosen by Optuna or all of a grid, each a run of the ordinary loop, kept in one SQLite file."""
