"""Images in order: which to label next, and which labels to check first."""
