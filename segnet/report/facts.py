"""What a reader needs to know of a run beside its measures: what was trained on what, what it costs, how to repeat
it."""

import platform
from pathlib import Path
from typing import Any

import torch

from segnet import __version__
from segnet.config import Config
from segnet.config_file import parse_config, read_yaml
from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.evaluation import Evaluation
from segnet.inference.predictor import Predictor
from segnet.nn.flops import count_flops, count_parameters
from segnet.report.templating import compact

Facts = list[tuple[str, str]]
"""Names and values as they are shown."""


def run_config(folder: Path) -> Config | None:
    """The settings that a run folder was trained with; None for a model that came without them."""
    path = folder / "config.yaml"
    return parse_config(read_yaml(path), str(path)) if path.exists() else None


def training_facts(config: Config) -> Facts:
    """What was trained on what."""
    training = config.training
    network = ", ".join([config.model.name, *(f"{k} = {v}" for k, v in config.model.arguments.items())])
    loss = " + ".join(
        (f"{term.weight:g} × " if term.weight != 1 else "")
        + term.name.replace("_", " ")
        + (f", class weights {term.class_weights}" if term.class_weights != "none" else "")
        for term in config.loss
    )
    optimizer = (
        f"{config.optimizer.name}, learning rate {config.optimizer.lr:g} ({config.schedule.name.replace('_', ' ')}), "
        f"weight decay {config.optimizer.weight_decay:g}"
    )
    share = f", {100 * config.data.train_share:g} % of it" if config.data.train_share < 1 else ""
    return [
        (
            "Network",
            network + (f", begun with the weights of {config.model.start_from}" if config.model.start_from else ""),
        ),
        ("Trained on", f"{config.data.name}, split {config.data.train}{share}"),
        ("Length", f"{training.epochs} epochs, {training.batch_size * training.devices} images a batch"),
        ("Loss", loss),
        ("Optimizer", optimizer),
        ("Augmentation", ", ".join(name for step in config.augmentation for name in step) or "none"),
        ("Precision and seed", f"{training.precision}, seed {config.seed}"),
    ]


def cost_facts(evaluation: Evaluation, predictor: Predictor, dataset: ImagesAndMasks) -> dict[str, Any]:
    """Numbers of parameters and operations, images a second, and what ran them."""
    size = predictor.size or dataset[0].image.shape[:2]
    return {
        "parameters": count_parameters(predictor.model.network),
        "flops": count_flops(predictor.model.network, (int(size[0]), int(size[1]))),
        "images_per_second": evaluation.images_per_second,
        "size": [int(size[0]), int(size[1])],
        "runtime": predictor.description,
        "dropout_samples": predictor.samples,
    }


def shown_costs(costs: dict[str, Any]) -> Facts:
    height, width = costs["size"]
    samples = costs["dropout_samples"]
    speed = f"{costs['images_per_second']:.3g} images a second"
    return [
        ("Parameters", f"{compact(costs['parameters'])} ({costs['parameters']:,})"),
        ("Arithmetic", f"{compact(costs['flops'])}FLOP an image of {width}×{height}; a multiply-add counts as two"),
        ("Speed", f"{speed}, with {costs['runtime']}" + (f", {samples} passes an image" if samples > 1 else "")),
    ]


def versions() -> Facts:
    """Programs that the page's numbers come from."""
    return [
        ("segnet", __version__),
        ("PyTorch", torch.__version__),
        ("Python", platform.python_version()),
        ("System", f"{platform.system()} on {platform.machine()}"),
    ]
