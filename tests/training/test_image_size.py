"""What a run remembers as the size of its images, at which all commands let its network see others."""

from pathlib import Path

import numpy as np
from PIL import Image

from segnet.config import Config, DataConfig, ModelConfig, TrainingConfig
from segnet.training.tasks.segmentation import SegmentationTask


def test_images_of_several_sizes_are_remembered_by_their_median(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for folder in ("images", "masks"):
            (tmp_path / folder / split).mkdir(parents=True)
        for index, (height, width) in enumerate([(400, 600), (30, 40), (48, 64), (60, 80), (10, 10)]):
            image = Image.fromarray(np.zeros((height, width, 3), np.uint8))
            image.save(tmp_path / "images" / split / f"{index}.png")
            Image.fromarray(np.zeros((height, width), np.uint8)).save(tmp_path / "masks" / split / f"{index}.png")
    config = Config(
        data=DataConfig(name="folder", root=str(tmp_path), classes=["road", "sky"], workers=0),
        model=ModelConfig(name="segnet_lite"),
        training=TrainingConfig(epochs=1, batch_size=1),
    )
    assert SegmentationTask(config).image_size == (48, 64)
