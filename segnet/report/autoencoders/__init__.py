"""The page of an autoencoder run."""
