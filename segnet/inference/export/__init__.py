"""Export of a model: the file is written, compared with the network on real images, and only then released."""
