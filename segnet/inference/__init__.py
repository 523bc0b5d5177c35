"""From images to classes, whatever the runtime."""
