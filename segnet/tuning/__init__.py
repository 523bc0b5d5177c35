"""Search for settings: trials chosen by Optuna, each a run of the ordinary loop, kept in one SQLite file."""
