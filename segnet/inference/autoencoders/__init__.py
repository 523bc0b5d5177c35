"""Measures of trained autoencoders: reconstruction, restoration, latents, compression."""
