"""Small images in memory, which autoencoders learn from: digits, MNIST, patches of street frames."""
