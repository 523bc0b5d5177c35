"""One training loop for every task: exact to repeat, exact to resume."""
