"""The demo page and its HTTP interface: the user's own machine segments the user's own images."""
