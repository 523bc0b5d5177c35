"""A network learns from another's soft classes."""

from pathlib import Path
from typing import Any

import pytest
import torch

from segnet.config import Config
from segnet.config_file import parse_config
from segnet.errors import UserError
from segnet.hardware import has_bf16
from segnet.nn.saved import load_model
from segnet.run_folder import RunFolder
from segnet.training.launch import launch
from segnet.training.loop import Trainer
from segnet.training.tasks.segmentation import SegmentationTask

LITE = {"name": "segnet_lite", "widths": [4, 8, 8, 8], "depths": [1, 1], "dilations": [1]}
BASIC = {"name": "segnet_basic", "input": {"channels": "bgr", "mean": [0, 0, 0], "std": [255, 255, 255]}}


def config(data: Path, runs: Path, model: dict[str, Any], **other: Any) -> Config:
    return parse_config(
        {
            "name": model["name"],
            "runs": str(runs),
            "data": {"root": str(data), "workers": 0},
            "augmentation": [{"RandomCrop": {"height": 32, "width": 48}}],
            "model": model,
            "training": {"epochs": 1, "batch_size": 4, "accelerator": "cpu"},
            **other,
        },
        "test",
    )


def train(settings: Config) -> Path:
    run = RunFolder(settings.run_folder)
    fabric = launch(settings)
    with run.open(settings, False):
        Trainer(SegmentationTask(settings), settings, fabric, run).train(False)
    return settings.run_folder


@pytest.fixture(scope="module")
def teacher(tiny_camvid: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another network of the catalogue, with another input."""
    return train(config(tiny_camvid, tmp_path_factory.mktemp("runs"), BASIC))


def test_the_teachers_logits_are_those_of_the_saved_model(tiny_camvid: Path, tmp_path: Path, teacher: Path) -> None:
    task = SegmentationTask(config(tiny_camvid, tmp_path, LITE, distill={"teacher": str(teacher)}))
    assert task.teacher is not None
    task.teacher.train()
    batch = task.collate([task.train_data[0, index] for index in range(2)])
    model = load_model(teacher)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=has_bf16(torch.device("cpu"))):
        expected = model.network(model.preprocess(batch["image"]).contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(task.teacher.logits(batch["image"]), expected)


def test_the_divergence_is_added_to_the_loss_in_training_and_not_in_validation(
    tiny_camvid: Path, tmp_path: Path, teacher: Path
) -> None:
    distill = {"teacher": str(teacher), "weight": 3.0, "temperature": 1.5}
    task = SegmentationTask(config(tiny_camvid, tmp_path, LITE, distill=distill))
    assert task.teacher is not None
    batch = task.collate([task.train_data[0, index] for index in range(2)])
    output = torch.randn(2, 11, 32, 48, requires_grad=True)
    soft = task.teacher.distillation(output, task.teacher.logits(batch["image"]), batch["mask"])
    torch.testing.assert_close(task.loss(output, batch), task.loss_of_masks(output, batch) + 3 * soft)
    assert task.teacher.distillation.temperature == 1.5
    task.loss(output, batch).backward()
    assert all(parameter.grad is None for parameter in task.teacher.parameters())


def test_a_run_with_a_teacher_saves_the_student_alone(tiny_camvid: Path, tmp_path: Path, teacher: Path) -> None:
    folder = train(config(tiny_camvid, tmp_path, LITE, distill={"teacher": str(teacher)}))
    model = load_model(folder)
    assert model.info.name == "segnet_lite"
    assert not [name for name in model.network.state_dict() if "teacher" in name]


def test_a_teacher_of_other_classes_is_refused(tiny_camvid: Path, tmp_path: Path, teacher: Path) -> None:
    path = teacher / "config.json"
    text = path.read_text()
    path.write_text(text.replace("Pole", "Mast"))
    with pytest.raises(UserError, match=r"distill.teacher=.*: its classes are Sky, Building, Mast, .* same classes"):
        SegmentationTask(config(tiny_camvid, tmp_path, LITE, distill={"teacher": str(teacher)}))
    path.write_text(text)
    with pytest.raises(UserError, match="no such model"):
        SegmentationTask(config(tiny_camvid, tmp_path, LITE, distill={"teacher": str(tmp_path / "none")}))
