"""What trained autoencoders are measured by: reconstruction, restoration, codes, compression."""
