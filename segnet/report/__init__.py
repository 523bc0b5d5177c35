"""Pages for people, made from measures and images."""
