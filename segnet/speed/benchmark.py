"""The whole measurement: the peak and all ways of all networks, as rows for the table and the JSON file."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from segnet.nn.flops import count_flops
from segnet.speed import inference, training
from segnet.speed.inference import PLAIN, Way
from segnet.speed.machine import describe, gemm_peaks, share_of_cores
from segnet.speed.networks import untrained
from segnet.speed.timing import medians, peak_memory


@dataclass(frozen=True)
class Settings:
    """What is measured.

    Attributes:
        networks: names of the catalogue.
        size: (H, W) of the images.
        batch: images of a training step; inference takes one at a time.
        rounds: number of rounds; results are medians over them.
        side: side of the matrices whose product gives the peak.
        compiled: measure ``torch.compile`` too, which takes minutes to prepare.
        train: measure training too.
    """

    networks: tuple[str, ...]
    size: tuple[int, int] = (360, 480)
    batch: int = 4
    rounds: int = 7
    side: int = 2048
    compiled: bool = False
    train: bool = True


@dataclass(frozen=True)
class Row:
    """The result of one way.

    Attributes:
        network: its name.
        task: ``inference`` or ``training``.
        way: the back end, or the plain PyTorch way.
        precision: precision of the arithmetic.
        images_per_second: the median.
        ratio: to the plain way.
        flops_per_second: operations of the network's convolutions and products a second; in training three times those
            of the forward pass.
        share_of_peak: share of this precision's measured peak, 0–1; None if the device only emulates the precision.
        peak_memory: bytes beyond those held before; None if the system does not tell.
    """

    network: str
    task: str
    way: str
    precision: str
    images_per_second: float
    ratio: float
    flops_per_second: float
    share_of_peak: float | None
    peak_memory: int | None


def run(settings: Settings, device: torch.device, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Measure all of ``settings``; gives ``machine``, ``gemm_flops_per_second``, ``settings`` and ``rows``.

    Raises:
        UserError: there is no such network.
    """
    before = share_of_cores(torch.get_num_threads())
    peaks = gemm_peaks(device, settings.side, settings.rounds)
    rows: list[Row] = []
    for index, name in enumerate(settings.networks):
        progress(index, len(settings.networks))
        model = untrained(name, settings.size)
        flops = count_flops(model.network, settings.size)
        found = inference.ways(model, settings.size, device, settings.compiled)
        rows += measured(name, "inference", found, 1, flops, settings.rounds, device, peaks)
        if settings.train:
            found = training.ways(model, settings.size, settings.batch, device, settings.compiled)
            rows += measured(name, "training", found, settings.batch, 3 * flops, settings.rounds, device, peaks)
    progress(len(settings.networks), len(settings.networks))
    return {
        "machine": describe(device) | {"share_of_cores": min(before, share_of_cores(torch.get_num_threads()))},
        "settings": asdict(settings),
        "gemm_flops_per_second": peaks,
        "rows": [asdict(row) for row in rows],
    }


def measured(
    network: str,
    task: str,
    ways: Iterable[Way],
    batch: int,
    flops: int,
    rounds: int,
    device: torch.device,
    peaks: dict[str, float],
) -> list[Row]:
    """Rows of one network and task. All ways are timed in turns."""
    kept = {f"{way.name} {way.precision}": way for way in ways}
    seconds = medians({key: way.job for key, way in kept.items()}, rounds, device)
    rows = []
    for key, way in kept.items():
        rate = batch * flops / seconds[key]
        rows.append(
            Row(
                network=network,
                task=task,
                way=way.name,
                precision=way.precision,
                images_per_second=batch / seconds[key],
                ratio=seconds[f"{PLAIN} fp32"] / seconds[key],
                flops_per_second=rate,
                share_of_peak=rate / peaks[way.precision] if way.precision in peaks else None,
                peak_memory=peak_memory(way.job, device),
            )
        )
    return rows
