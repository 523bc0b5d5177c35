"""Every config of the family learns, on as little as shows it, and a stacked run goes on where it stopped."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from segnet.config import Config
from segnet.config_file import load_config
from segnet.errors import UserError
from segnet.inference.autoencoders.reconstructions import PCA, quality, reconstruct
from segnet.metrics.image_quality import psnr
from segnet.run_folder import RunFolder
from segnet.training.launch import launch
from segnet.training.loop import Trainer
from segnet.training.tasks.build import TASKS
from segnet.training.tasks.classification import ClassificationTask, choose_labelled
from segnet.training.tasks.image_task import ImageTask

CONFIGS = Path(__file__).parents[2] / "configs" / "autoencoders"
LITE = "model.arguments={widths: [8, 8, 8, 8], depths: [1, 1], dilations: [1]}"


def train(name: str, runs: Path, *settings: str) -> tuple[ImageTask, nn.Module, list[dict[str, str]]]:
    """A run of ``configs/autoencoders/NAME.yaml``: the task, the best network and the rows of metrics.csv."""
    config = load_config(CONFIGS / f"{name}.yaml", [f"runs={runs}", "training.accelerator=cpu", *settings])
    task = TASKS[config.task](config)
    assert isinstance(task, ImageTask)
    run = RunFolder(config.run_folder)
    with run.open(config, resume=False):
        Trainer(task, config, launch(config), run).train(resume=False)
    with run.metrics_csv.open(newline="") as file:
        return task, task.load(run.path), list(csv.DictReader(file))


def mean_image_psnr(task: ImageTask) -> float:
    """What a network that knows only the mean training image would reach."""
    mean = torch.from_numpy(task.train_images.pixels).float().mean(0, keepdim=True) / 255
    images = torch.from_numpy(task.val_images.pixels).float() / 255
    return float(psnr(mean.expand_as(images), images).mean())


@pytest.mark.parametrize(
    ("name", "settings", "gain"),
    [
        ("vanilla", ["training.epochs=20"], 4),
        ("multilayer", ["training.epochs=20"], 1.5),
        ("convolutional", ["training.epochs=3"], 4),
        ("denoising", ["training.epochs=3", "model.widths=[8,16]"], 1.5),
        ("inpainting", ["training.epochs=3", "model.widths=[8,16]"], 1.5),
        ("compression", ["training.epochs=10"], 4),
        ("representation", ["training.epochs=3"], 2),
    ],
)
def test_a_trained_autoencoder_beats_the_mean_image(
    name: str, settings: list[str], gain: float, tmp_path: Path
) -> None:
    task, _, rows = train(name, tmp_path, "training.validate_every=1", *settings)
    assert float(rows[-1]["val_psnr"]) > mean_image_psnr(task) + gain
    assert float(rows[-1]["train_loss"]) < 0.7 * float(rows[0]["train_loss"])


@pytest.mark.parametrize("name", ["pooling_index", "pretraining"])
def test_segnets_body_learns_to_restore_patches(name: str, tiny_camvid: Path, tmp_path: Path) -> None:
    settings = [f"data.root={tiny_camvid}", "data.patch_size=32", "training.epochs=6", "training.batch_size=4", LITE]
    task, _, rows = train(name, tmp_path, *settings)
    assert float(rows[-1]["val_psnr"]) > mean_image_psnr(task) + 1
    assert float(rows[-1]["val_psnr"]) > float(rows[0]["val_psnr"]) + 3


@pytest.mark.parametrize("name", ["pooling_index", "pretraining"])
def test_segnets_body_takes_the_embedded_digits_too(name: str, tmp_path: Path) -> None:
    task, _, rows = train(name, tmp_path, "data=digits", "training.epochs=2", LITE)
    assert task.train_images.shape == (1, 28, 28)
    assert float(rows[1]["train_loss"]) < float(rows[0]["train_loss"])


def test_a_linear_autoencoder_comes_to_pcas_error(tmp_path: Path) -> None:
    linear = ["model.latent_activation=linear", "model.output_activation=linear", "model.widths=[8]"]
    task, network, _ = train("vanilla", tmp_path, *linear, "training.epochs=60", "optimizer.lr=0.005")
    images = task.train_images.pixels
    pca = PCA(images, 8)
    ours = quality("ours", reconstruct(network, images), images).mse
    assert ours == pytest.approx(quality("PCA", pca.decode(pca.encode(images)), images).mse, rel=0.03)


def test_the_variational_bound_rises_and_its_terms_add_up(tmp_path: Path) -> None:
    _, _, rows = train("variational", tmp_path, "training.epochs=12", "training.validate_every=1", "variational.beta=2")
    first, last = rows[0], rows[-1]
    assert float(last["val_elbo"]) > float(first["val_elbo"]) + 20
    for row in (first, last):
        reconstruction, divergence = float(row["val_reconstruction"]), float(row["val_divergence"])
        assert float(row["val_elbo"]) == pytest.approx(-reconstruction - divergence)
        assert float(row["val_loss"]) == pytest.approx(reconstruction + 2 * divergence)
    assert 1 < float(last["val_divergence"]) < 20


def test_cross_entropy_learns_too(tmp_path: Path) -> None:
    task, _, rows = train("vanilla", tmp_path, "reconstruction.loss=bce", "training.epochs=20")
    assert float(rows[-1]["val_psnr"]) > mean_image_psnr(task) + 3


STACKED = [
    "classification.layer_epochs=2",
    "training.epochs=10",
    "training.validate_every=1",
    "model.widths=[64,32]",
]


def test_a_stacked_network_learns_layer_by_layer_then_to_classify(tmp_path: Path) -> None:
    _, _, rows = train("stacked", tmp_path, *STACKED)
    losses = [float(row["train_loss"]) for row in rows]
    assert losses[1] < losses[0]
    assert losses[3] < losses[2]
    # The layers' errors are of pixels; cross entropy begins near log(10).
    assert losses[4] > 0.3
    assert float(rows[3]["val_accuracy"]) < 0.3
    assert float(rows[-1]["val_accuracy"]) > 0.75


def stacked_config(runs: Path) -> Config:
    return load_config(CONFIGS / "stacked.yaml", [f"runs={runs}", "training.accelerator=cpu", *STACKED])


class StopsInEpoch(Trainer):
    """Is asked to stop once ``stop_epoch`` epochs are done."""

    stop_epoch = 0

    def end_epoch(self, *args: Any) -> None:
        super().end_epoch(*args)
        self.stop.requested = self.position.epoch == self.stop_epoch


@pytest.mark.parametrize("stop_epoch", [1, 4])
def test_a_stacked_run_goes_on_in_its_phase(stop_epoch: int, tmp_path: Path) -> None:
    networks = []
    for folder in ("whole", "stopped"):
        config = stacked_config(tmp_path / folder)
        run = RunFolder(config.run_folder)
        with run.open(config, resume=False):
            trainer = Trainer(ClassificationTask(config), config, launch(config), run)
            if folder == "stopped":
                stopped = StopsInEpoch(ClassificationTask(config), config, launch(config), run)
                stopped.stop_epoch = stop_epoch
                with pytest.raises(KeyboardInterrupt):
                    stopped.train(resume=False)
            trainer.train(resume=folder == "stopped")
        networks.append(trainer.network.state_dict())
    for name, weight in networks[0].items():
        assert torch.equal(weight, networks[1][name]), name


def test_settings_that_leave_no_epoch_for_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"training.epochs=6, but pretraining 3 layers takes 60"):
        train("stacked", tmp_path, "training.epochs=6")
    with pytest.raises(UserError, match="takes stacked_autoencoder"):
        train("vanilla", tmp_path, "task=classification")


def test_images_without_labels_cannot_be_classified(tiny_camvid: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data.name=patches has no labels"):
        train("stacked", tmp_path, "data.name=patches", f"data.root={tiny_camvid}")


@given(st.integers(1, 100), st.integers(0, 5))
def test_labels_are_chosen_in_equal_shares(count: int, seed: int) -> None:
    labels = np.repeat(np.arange(4), [10, 20, 30, 40])
    chosen = choose_labelled(labels, count, seed)
    assert len(set(chosen.tolist())) == count
    counts = np.bincount(labels[chosen], minlength=4)
    # A class is short of the others only where it has no more images.
    assert all(counts[k] >= min(counts.max() - 1, size) for k, size in enumerate([10, 20, 30, 40]))


def test_more_labels_than_images_are_refused() -> None:
    with pytest.raises(UserError, match=r"classification.labels=5, but there are 4"):
        choose_labelled(np.zeros(4, np.int64), 5, 0)
    assert choose_labelled(np.zeros(4, np.int64), None, 0).tolist() == [0, 1, 2, 3]
