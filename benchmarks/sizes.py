"""Measure whether enlarged images get the classes of the original: at the trained size, and at their own.

    python benchmarks/sizes.py camvid-lite --data /data/CamVid

Images of the val split are enlarged, as if from a camera with more pixels. The script prints the share of pixels with
the class of the original image, whose classes are enlarged by nearest neighbours.
"""

import argparse

import cv2
import numpy as np
from numpy.typing import NDArray

from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.splits import spread
from segnet.inference.network_size import Size
from segnet.inference.predictor import Predictor
from segnet.nn.saved import load_model

SIZES: tuple[Size, ...] = ("trained", "native")


def agreement(predictor: Predictor, image: NDArray[np.uint8], expected: NDArray[np.uint8], factor: float) -> float:
    """The share of the pixels of ``image``, enlarged, that keep their class."""
    height, width = round(image.shape[0] * factor), round(image.shape[1] * factor)
    large = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    wanted = cv2.resize(expected, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return float((predictor.classes_of([large])[0] == wanted).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--data", metavar="FOLDER", help="root of CamVid")
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--factors", type=float, nargs="+", default=[1, 2, 4, 6.25])
    arguments = parser.parse_args()
    data = load_camvid(arguments.data, "val", cache=False)
    images = [data[index].image for index in spread(arguments.images, len(data))]
    predictors = {size: Predictor(load_model(arguments.model), size=size) for size in SIZES}
    expected = [predictors["native"].classes_of([image])[0] for image in images]
    for factor in arguments.factors:
        found = {
            size: np.mean([agreement(predictor, *pair, factor) for pair in zip(images, expected, strict=True)])
            for size, predictor in predictors.items()
        }
        words = ", ".join(f"{size} {share:.3f}" for size, share in found.items())
        print(f"x{factor:g}: {words} of the pixels have the original's class", flush=True)


if __name__ == "__main__":
    main()
