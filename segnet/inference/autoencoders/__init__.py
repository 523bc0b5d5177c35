"""What trained autoencoders are measured by: reconstruction, restoration, latents, compression."""
