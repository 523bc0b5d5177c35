"""From images to classes, in any runtime."""
