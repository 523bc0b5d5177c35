"""Rankings of images: which to label next, and which labels to check first."""
