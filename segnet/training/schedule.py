"""The learning rate as a function of the step, so that there is no state to save."""

import math

from segnet.config import ConstantSchedule, CosineSchedule, OneCycleSchedule, PolySchedule, ScheduleConfig

ONE_CYCLE_RISE = 0.3
"""Share of the run in which the rate of one-cycle rises (arXiv 1708.07120; PyTorch's default)."""
ONE_CYCLE_START = 1 / 25
"""The first rate of one-cycle, as a factor on its highest (PyTorch's default)."""


def lr_factor(schedule: ScheduleConfig, step: int, total_steps: int) -> float:
    """The factor on the base learning rate at the optimiser step ``step`` (0-based) of ``total_steps``.

    Warm-up rises linearly from ``1 / (warmup_steps + 1)``. The schedule then spans the remaining steps.
    """
    if step < schedule.warmup_steps:
        return (step + 1) / (schedule.warmup_steps + 1)
    steps_left = max(total_steps - schedule.warmup_steps - 1, 1)
    progress = min((step - schedule.warmup_steps) / steps_left, 1.0)
    match schedule:
        case ConstantSchedule():
            return 1.0
        case PolySchedule():
            return schedule.final_factor + (1 - schedule.final_factor) * math.pow(1 - progress, schedule.power)
        case CosineSchedule():
            return cosine(1.0, schedule.final_factor, progress)
        case OneCycleSchedule():
            if progress < ONE_CYCLE_RISE:
                return cosine(ONE_CYCLE_START, 1.0, progress / ONE_CYCLE_RISE)
            return cosine(1.0, schedule.final_factor, (progress - ONE_CYCLE_RISE) / (1 - ONE_CYCLE_RISE))


def cosine(start: float, end: float, progress: float) -> float:
    """Half a cosine wave from ``start`` to ``end``; ``progress`` in 0–1."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
