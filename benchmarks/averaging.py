"""What averaging over flipped and resized copies of an image gives, and costs.

    python benchmarks/averaging.py camvid-lite --data /data/CamVid

Class probabilities are averaged at the image's own size. The measures are of one confusion matrix over the split.
"""

import argparse
import itertools
import time

import torch
from torch import Tensor
from torch.nn import functional as F

from segnet.config import DataConfig
from segnet.datasets.load import load_split
from segnet.metrics import ConfusionMatrix, SegmentationScores
from segnet.nn.saved import SavedModel, load_model

WAYS: dict[str, tuple[list[float], list[bool]]] = {
    "as it is": ([1.0], [False]),
    "flip": ([1.0], [False, True]),
    "scales 0.75, 1, 1.25": ([0.75, 1.0, 1.25], [False]),
    "scales 0.75, 1, 1.5": ([0.75, 1.0, 1.5], [False]),
    "scales 0.75, 1, 1.25 and flip": ([0.75, 1.0, 1.25], [False, True]),
}


def probabilities(model: SavedModel, image: Tensor, scales: list[float], flips: list[bool]) -> Tensor:
    """Mean over all copies of ``image``, (3, H, W) uint8 RGB: ``(C, H, W)`` float32 that sum to 1 over C."""
    x = model.preprocess(image[None])
    total = torch.zeros(())
    for scale, is_flipped in itertools.product(scales, flips):
        size = [round(side * scale) for side in x.shape[-2:]]
        copy = F.interpolate(x, size, mode="bilinear", antialias=True)
        logits = model.network(copy.flip(3)).flip(3) if is_flipped else model.network(copy)
        total = total + F.interpolate(logits, x.shape[-2:], mode="bilinear").softmax(1)[0]
    return total / (len(scales) * len(flips))


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="run folder, or the name of a model that comes with the package")
    parser.add_argument("--data", required=True, help="CamVid's folder")
    parser.add_argument("--split", default="val")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model = load_model(arguments.model)
    model.network.eval().to(memory_format=torch.channels_last)
    split = load_split(DataConfig(root=arguments.data), arguments.split)
    print(f"{len(split)} images of {arguments.split}, PyTorch fp32, {arguments.threads} threads")
    for name, (scales, flips) in WAYS.items():
        confusion = ConfusionMatrix(len(split.classes), split.classes.ignore_index)
        began = time.perf_counter()
        for index in range(len(split)):
            sample = split[index]
            image = torch.from_numpy(sample.image).permute(2, 0, 1)
            confusion.update(probabilities(model, image, scales, flips).argmax(0), sample.mask)
        each = (time.perf_counter() - began) / len(split)
        scores = SegmentationScores(confusion.matrix)
        print(
            f"{name:32} mIoU {scores.mean_iou:.4f}  G {scores.global_accuracy:.4f}  C {scores.class_accuracy:.4f}  "
            f"{1000 * each:.0f} ms an image"
        )


if __name__ == "__main__":
    main()
