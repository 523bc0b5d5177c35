"""Facts of a run beside its measures: the network, the data, the costs, and how to repeat it."""

import platform
from collections.abc import Mapping
from typing import Any

import torch
import yaml

from segnet.config import ClassWeighted, Config, DataConfig, LossTerm
from segnet.datasets.samples import ImagesAndMasks
from segnet.inference.evaluation import Evaluation
from segnet.inference.predictor import Predictor
from segnet.nn.flops import count_flops, count_parameters
from segnet.nn.saved import SavedModel
from segnet.report.templating import compact, counted, duration
from segnet.version import __version__

Facts = list[tuple[str, str]]
"""Names and values as text."""


def training_facts(config: Config) -> Facts:
    """The network, its data and its training."""
    training = config.training
    network = ", ".join([config.model.name, *(f"{k} = {v}" for k, v in config.model.arguments.items())])
    optimizer = (
        f"{config.optimizer.name}, learning rate {config.optimizer.lr:g} ({config.schedule.name.replace('_', ' ')}), "
        f"weight decay {config.optimizer.weight_decay:g}"
    )
    length = counted(training.epochs, "epoch") if training.hours is None else f"{training.hours:g} hours"
    share = f", {100 * config.data.train_share:g} % of it" if config.data.train_share < 1 else ""
    return [
        (
            "Network",
            network + (f", begun with the weights of {config.model.start_from}" if config.model.start_from else ""),
        ),
        ("Trained on", f"{config.data.name}, split {config.data.train}{share}{classes_text(config.data)}"),
        ("Length", f"{length}, {training.batch_size * training.devices} images a batch"),
        ("Loss", loss_text(config)),
        ("Optimizer", optimizer),
        ("Augmentation", augmentation_text(config)),
        ("Precision and seed", f"{training.precision}, seed {config.seed}"),
    ]


def effort_facts(history: list[dict[str, str]], machine: dict[str, str]) -> Facts:
    """The duration and the machine of the training, if they were written down."""
    times = [float(row["seconds"]) for row in history if row.get("seconds")]
    facts = [("Training time", f"{duration(sum(times))}, without measuring")] if times else []
    if name := machine.get("device"):
        processes = machine.get("processes", "1")
        facts.append(("Trained with", name if processes == "1" else f"{processes} × {name}"))
    return facts


FIRST_PARTS = ("optimizer", "training", "schedule", "loss", "model", "augmentation", "data")
"""The settings that readers ask for first."""
NOT_SETTINGS = ("name", "runs")


def changed_settings(config: Config) -> Facts:
    """Settings that differ from their defaults, the most important first."""
    settings = flat(config.model_dump(mode="json", exclude_defaults=True))
    part = {name: place for place, name in enumerate(FIRST_PARTS)}
    order = sorted(settings, key=lambda key: part.get(key.partition(".")[0], len(part)))
    return [(key, settings[key]) for key in order if key not in NOT_SETTINGS]


def flat(tree: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Dotted keys to values as text."""
    found: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            found |= flat(value, f"{before}{key}.")
        else:
            found[before + key] = (
                yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
            )
    return found


def classes_text(data: DataConfig) -> str:
    """The merged and ignored classes, as the end of a sentence; empty if there are none."""
    merged = [f"{', '.join(members)} as {name}" for name, members in data.merge.items()]
    ignored = [f"{', '.join(data.ignore)} ignored"] if data.ignore else []
    return "".join(f"; {words}" for words in merged + ignored)


def augmentation_text(config: Config) -> str:
    """The augmentation of the training images, in words."""
    steps = [name for step in config.augmentation for name in step]
    if config.sampling.rare:
        classes = ", ".join(config.sampling.classes or ["rare classes"])
        steps.append(f"{100 * config.sampling.rare:g} % of the crops around {classes}")
    if config.paste:
        classes = ", ".join(config.paste.classes or ["half of the classes"])
        steps.append(f"{classes} of another image over {100 * config.paste.p:g} %")
    return ", ".join(steps) or "none"


def term_text(term: LossTerm) -> str:
    weight = f"{term.weight:g} × " if term.weight != 1 else ""
    by_class = ""
    if isinstance(term, ClassWeighted) and term.class_weights != "none":
        by_class = f", class weights {term.class_weights}"
    return weight + term.name.replace("_", " ") + by_class


def loss_text(config: Config) -> str:
    """The loss, in words."""
    if config.task == "segmentation":
        return " + ".join(map(term_text, config.loss))
    if config.task == "variational":
        return f"negative evidence lower bound, divergence × {config.variational.beta:g}"
    if config.task == "classification":
        return "squared error of each layer in turn, then cross entropy"
    damage = ", ".join(
        f"{corruption.name.replace('_', ' ')} {'/'.join(f'{strength:g}' for strength in corruption.strengths)}"
        for corruption in config.reconstruction.corruptions
    )
    error = "squared error" if config.reconstruction.loss == "mse" else "binary cross entropy"
    return error + (f" against the image before its damage by {damage}" if damage else "")


def cost_facts(evaluation: Evaluation, predictor: Predictor, dataset: ImagesAndMasks) -> dict[str, Any]:
    """Numbers of parameters and operations, images a second, and the runtime."""
    assert isinstance(predictor.model, SavedModel), "reports are of runs"
    height, width = predictor.network_size(*dataset[0].image.shape[:2])
    return {
        "parameters": count_parameters(predictor.model.network),
        "flops": count_flops(predictor.model.network, (height, width)),
        "images_per_second": evaluation.images_per_second,
        "size": [height, width],
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
    """The versions of the programs behind the page's numbers."""
    return [
        ("segnet", __version__),
        ("PyTorch", torch.__version__),
        ("Python", platform.python_version()),
        ("System", f"{platform.system()} on {platform.machine()}"),
    ]
