"""Data sets of images and index masks: reading, augmentation, the order of an epoch, class statistics, download.

Imported as ``segnet.datasets``; the bare name ``datasets`` belongs to Hugging Face's package.
"""
