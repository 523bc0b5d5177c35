"""Load the images without masks that a config names."""

from segnet.config import DataConfig

from .images import Images


def load_images(data: DataConfig, split: str) -> Images:
    """One split of a data set of images without masks.

    Args:
        data: whose ``name`` is digits, mnist, fashion_mnist or patches.
        split: ``train`` or ``val``; patches take any split of the frames that they are cut from.

    Raises:
        UserError: the split or the data are not there.
    """
    # Only what is asked for is imported: scikit-learn's digits alone take a second.
    if data.name == "patches":
        from .patches import load_patches

        return load_patches(data, split)
    if data.name == "digits":
        from .digits import load_digit_images

        return load_digit_images(split)
    from .mnist import load_mnist

    return load_mnist(data.name, data.root, split)
