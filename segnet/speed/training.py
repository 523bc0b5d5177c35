"""Optimiser steps: ours in each precision of the device, and the plain PyTorch way."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from segnet.config import SgdConfig
from segnet.hardware import has_bf16
from segnet.losses import CrossEntropy
from segnet.nn.saved import SavedModel
from segnet.speed.inference import PLAIN, Way
from segnet.speed.plain import Plain
from segnet.speed.timing import Job
from segnet.training.optimizer import build_optimizer


def ways(model: SavedModel, size: tuple[int, int], batch: int, device: torch.device, compiled: bool) -> Iterator[Way]:
    """A step of SGD with momentum on ``batch`` images, the plain way first."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (batch, 3, *size), generator=generator, dtype=torch.uint8).to(device)
    classes = len(model.info.class_names)
    mask = torch.randint(0, classes, (batch, *size), generator=generator, dtype=torch.uint8).to(device)
    yield Way(PLAIN, "fp32", plain_step(model, pixels, mask))
    for precision in ("fp32", *(["bf16"] if has_bf16(device) else [])):
        yield Way("torch", precision, step(model, pixels, mask, precision, compiled=False))
        if compiled:
            yield Way("torch-compiled", precision, step(model, pixels, mask, precision, compiled=True))


def plain_step(model: SavedModel, pixels: Tensor, mask: Tensor) -> Job:
    """Contiguous fp32, int64 indices, PyTorch's default optimiser."""
    network = Plain(copy.deepcopy(model.network)).to(pixels.device).train()
    preprocess = model.preprocess.to(pixels.device)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4)
    loss_function = nn.CrossEntropyLoss(ignore_index=model.info.ignore_index)

    def job() -> None:
        loss_function(network(preprocess(pixels)), mask.long()).backward()
        optimizer.step()
        optimizer.zero_grad()

    return job


def step(model: SavedModel, pixels: Tensor, mask: Tensor, precision: str, compiled: bool) -> Job:
    """A step as in the loop of :mod:`segnet.training`: channels last, codes, a fused optimiser, autocast."""
    network = copy.deepcopy(model.network).to(pixels.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.train()
    forward = torch.compile(network) if compiled else network
    preprocess = model.preprocess.to(pixels.device)
    optimizer = build_optimizer(network, SgdConfig(name="sgd", lr=1e-3))
    loss_function = CrossEntropy(model.info.ignore_index)

    def job() -> None:
        x = preprocess(pixels).contiguous(memory_format=torch.channels_last)
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=precision == "bf16"):
            logits = forward(x)
        loss_function(logits, mask).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return job
