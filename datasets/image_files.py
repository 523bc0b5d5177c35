"""Image files, wherever they come from: which files are taken for one.

Nothing here imports PyTorch, so that a process which only reads files starts in a fraction of a second.
"""

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
"""In lower case; a file of another suffix is passed over."""
