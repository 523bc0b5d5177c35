"""A SegNet-Lite that begins with the weights of a wider one."""

from pathlib import Path

import torch

from segnet.config import Config
from segnet.config_file import parse_config
from segnet.nn.narrowing import narrow
from segnet.nn.saved import load_model
from segnet.rounding import ceil_div
from segnet.training.tasks.segmentation import SegmentationTask


def task(data: Path, widths: list[int], start: Path | None = None) -> SegmentationTask:
    settings: Config = parse_config(
        {
            "name": "narrow",
            "data": {"root": str(data), "workers": 0},
            "augmentation": [{"RandomCrop": {"height": 32, "width": 48}}],
            "model": {
                "name": "segnet_lite",
                "widths": widths,
                "dilations": [1],
                "start_from": None if start is None else str(start),
            },
            "training": {"epochs": 1, "batch_size": 4},
        },
        "test",
    )
    return SegmentationTask(settings)


def test_a_narrower_network_begins_with_the_channels_that_matter_to_the_loss(tiny_camvid: Path, tmp_path: Path) -> None:
    wide = task(tiny_camvid, [6, 9, 8, 8])
    wide.save(tmp_path, wide.network)
    begun = [task(tiny_camvid, [4, 6, 8, 8], tmp_path).network for _ in range(2)]
    expected = task(tiny_camvid, [4, 6, 8, 8])
    model = load_model(tmp_path)
    narrow(expected.network, model.network, expected.losses_of(model))
    for name, weight in expected.network.state_dict().items():
        for network in begun:
            assert torch.equal(network.state_dict()[name], weight), name


def test_the_losses_are_those_of_the_wider_model_on_augmented_images(tiny_camvid: Path, tmp_path: Path) -> None:
    own = task(tiny_camvid, [4, 6, 8, 8])
    own.save(tmp_path, own.network)
    model = load_model(tmp_path)
    losses = list(own.losses_of(model))
    assert len(losses) == ceil_div(len(own.train_split), 4)
    batch = own.collate([own.train_data[0, index] for index in range(4)])
    expected = own.loss_of_masks(model.network(model.preprocess(batch["image"])), batch)
    torch.testing.assert_close(losses[0], expected, rtol=0.02, atol=0)
