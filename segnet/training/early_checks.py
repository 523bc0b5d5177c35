"""Find the mistakes that a config alone shows, before data are drawn or read and before a run folder is touched."""

import copy
import importlib.util
import shutil

import numpy as np
import torch
from torch import Tensor, nn

from segnet.config import Config
from segnet.datasets.augmentation import build_augmentation
from segnet.datasets.image_files import Pixels
from segnet.datasets.scenes.render import SIZE
from segnet.errors import UserError, first_line
from segnet.nn.arguments import choices
from segnet.nn.autoencoders import AUTOENCODERS
from segnet.nn.catalogue import build_network
from segnet.nn.smp import PREFIX
from segnet.run_folder import RunFolder
from segnet.training.failures import explain
from segnet.training.tasks.build import AnyTask
from segnet.training.tasks.segmentation import SegmentationTask


def check_early(config: Config, resume: bool = False) -> None:
    """Check what needs no data: trackers, the network's name and arguments, augmentation, room on the disk.

    Raises:
        UserError: one of these is wrong.
    """
    check_loggers(config)
    if config.task != "segmentation":
        if config.model.name not in AUTOENCODERS:
            raise UserError(
                f"model.name={config.model.name}: no such autoencoder; {choices(config.model.name, AUTOENCODERS)}"
            )
        return
    network = outline(config)
    augmentation = build_augmentation(config.augmentation, ignore_index=255)
    if config.data.name == "scenes" and config.sampling.rare == 0:
        # All scenes have one size, so none needs to be drawn to know whether it fits.
        image: Pixels = np.zeros((*SIZE, 3), np.uint8)
        try:
            augmentation(image=image, mask=image[..., 0], rare=None)
        except Exception as error:  # whatever a transform raises on this size
            raise UserError(f"augmentation of images of {SIZE[0]}x{SIZE[1]}: {first_line(error)}") from None
    check_room(config, network, resume)


def check_loggers(config: Config) -> None:
    """Refuse a tracker that is not installed."""
    for name in ("wandb", "mlflow"):
        # W&B makes a folder of its name where it runs. That folder would be found too, but has no origin.
        spec = importlib.util.find_spec(name) if name in config.training.loggers else None
        if name in config.training.loggers and (spec is None or spec.origin is None):
            raise UserError(f"training.loggers: {name} is not installed: pip install 'segnet[{name}]'")


def outline(config: Config) -> nn.Module:
    """The config's network for two classes, without memory for its weights if it can be built so.

    Raises:
        UserError: there is no such network, or an argument is wrong.
    """
    arguments = dict(config.model.arguments)
    if "encoder_weights" in arguments:
        # Weights are downloaded or read from a file later.
        arguments["encoder_weights"] = None
    meta = torch.device("cpu" if config.model.name.startswith(PREFIX) else "meta")
    with torch.random.fork_rng(devices=[]), meta:
        return build_network(config.model.name, 2, **arguments)


def check_room(config: Config, network: nn.Module, resume: bool) -> None:
    """Refuse a run whose first checkpoints alone are larger than the free space on the disk."""
    folder = next(path for path in RunFolder(config.run_folder).path.resolve().parents if path.is_dir())
    weights = sum(tensor.nbytes for tensor in network.state_dict().values())
    # A checkpoint has the weights and the optimiser's moments. The one being written lies beside those that are kept.
    checkpoint = 2 * weights
    files = 1 if resume else config.training.keep_checkpoints + 2
    needed, free = files * checkpoint + weights, shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{folder}: {free / 1e6:,.1f} MB are free, but the weights and checkpoints of this run take "
            f"{needed / 1e6:,.1f} MB at least; make room, set runs=FOLDER to a folder on another disk, or "
            "training.keep_checkpoints=1"
        )


def check_first_sample(task: AnyTask) -> None:
    """Try the augmentation on the first train image, and the network on the smallest batch.

    Raises:
        UserError: one of them fails, or the image cannot be read.
    """
    if isinstance(task, SegmentationTask):
        image = task.collate([task.train_data[0, 0]])["image"]
        if len(task.train_data) % task.config.training.batch_size == 1:
            check_single_image(task.network, task.preprocess(image))


def check_single_image(network: nn.Module, image: Tensor) -> None:
    """Train the network's outline on a batch of one image, ``(1, C, H, W)``, which the end of each epoch would bring.

    Raises:
        UserError: batch norm would see one value for each channel.
    """
    shapes = copy.deepcopy(network).to("meta").train()
    try:
        with torch.no_grad():
            shapes(image.to("meta"))
    except ValueError as error:
        raise UserError(explain(error) or first_line(error)) from None
