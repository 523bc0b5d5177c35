"""Classes over every frame of a video: reading, network, drawing and writing overlap."""
