"""Trials of settings, chosen by Optuna or from a grid. Each is an ordinary run, and one SQLite file holds all."""
