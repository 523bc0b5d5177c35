"""Small images in memory for autoencoders: digits, MNIST, patches of street frames."""
