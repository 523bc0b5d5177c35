"""Classifiers on latents, compared with pixels and principal components, and a map of the latents."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segnet.datasets.small_images.images import Images
from segnet.inference.autoencoders.reconstructions import PCA, Floats, vectors

SEEDS = range(5)
HIDDEN = 64


class Accuracy(NamedTuple):
    """Accuracies of classifiers that differ only in their seed.

    Attributes:
        features: their input.
        numbers: size of the input.
        labels: training images whose labels they saw.
        values: share of val images that are right, 0–1, for each seed.
    """

    features: str
    numbers: int
    labels: int
    values: list[float]


def classify(train: Images, val: Images, latents: tuple[Floats, Floats], pca: PCA) -> list[Accuracy]:
    """Train a multilayer perceptron with one hidden layer on pixels, on principal components and on latents.

    Args:
        train: labelled images; a tenth of the labels is used, then all.
        val: labelled images for the measurement.
        latents: latents of the train and val images.
        pca: PCA with as many components as the latent has numbers.
    """
    features = {
        "pixels": (vectors(train.pixels), vectors(val.pixels)),
        "PCA": (pca.encode(train.pixels), pca.encode(val.pixels)),
        "latents": latents,
    }
    return [
        Accuracy(name, seen.shape[1], labels, [accuracy(seen, unseen, train, val, labels, seed) for seed in SEEDS])
        for labels in (len(train) // 10, len(train))
        for name, (seen, unseen) in features.items()
    ]


def accuracy(seen: Floats, unseen: Floats, train: Images, val: Images, labels: int, seed: int) -> float:
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    assert train.labels is not None
    assert val.labels is not None
    chosen = np.random.Generator(np.random.PCG64(seed)).permutation(len(seen))[:labels]
    # All numbers have one scale. Dividing each by its own spread would blow up pixels that are almost always black.
    scaler = StandardScaler(with_std=False).fit(seen)
    scale = scaler.transform(seen).std()
    perceptron = MLPClassifier((HIDDEN,), random_state=seed, max_iter=1000, tol=1e-3)
    perceptron.fit(scaler.transform(seen)[chosen] / scale, train.labels[chosen])
    return float(perceptron.score(scaler.transform(unseen) / scale, val.labels))


def map_of_latents(latents: Floats) -> NDArray[np.float32]:
    """Two coordinates for each image: the latent itself if it has two numbers, else t-SNE (van der Maaten, 2008)."""
    from sklearn.manifold import TSNE

    if latents.shape[1] == 2:
        return latents
    places: NDArray[np.float32] = TSNE(init="pca", random_state=0).fit_transform(latents)
    return places
