"""What leaves PyTorch: the graph from pixels to classes, what a file says of itself, models read from files."""
