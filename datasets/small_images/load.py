"""Load the images without masks that a config names."""

from segnet.config import DataConfig

from .images import Images


def load_images(data: DataConfig, split: str) -> Images:
    """Load one split of a data set of images without masks.

    Args:
        data: settings with the ``name`` digits, mnist, fashion_mnist or patches.
        split: ``train`` or ``val``; for patches, any split of their frames.

    Raises:
        UserError: the split or the data are missing.
    """
    # Imports happen on demand, since scikit-learn's digits alone take a second.
    if data.name == "patches":
        from .patches import load_patches

        return load_patches(data, split)
    if data.name == "digits":
        from .digits import load_digit_images

        return load_digit_images(split)
    from .mnist import load_mnist

    return load_mnist(data.name, data.root, split)
