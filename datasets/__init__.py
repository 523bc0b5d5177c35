"""Data sets of images and index masks: reading, augmentation, the order of an epoch, class statistics, download.

Import it as ``segnet.datasets``. The bare name ``datasets`` belongs to Hugging Face's package.
"""
