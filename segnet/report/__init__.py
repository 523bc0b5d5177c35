"""Pages that people look at, from measures and images."""
