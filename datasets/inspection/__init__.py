"""What is in a folder of images and masks: sizes, classes, splits, leaks between them, and what is odd."""
