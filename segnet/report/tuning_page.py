"""The page of a search for settings: the best ones, their importance, and every trial."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from segnet.config import Config
from segnet.config_file import dump_config
from segnet.files import write_atomically
from segnet.report import style
from segnet.report.templating import counted, duration, render
from segnet.tuning.grid import SEED, groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

IMPORTANCE_TRIALS = 5
"""With fewer complete trials, importances would be noise."""
MEASURES = {
    "segmentation": "mean IoU",
    "reconstruction": "PSNR, dB",
    "variational": "objective, nats",
    "classification": "accuracy",
}
"""The measure of each task that decides which weights are kept."""
STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}

SHORT_LABEL, LONG_LABEL = 5, 14
"""Letters of a choice. Up to the first number it is written level, from the second on it is cut, to keep it apart."""


def write_tuning_report(
    page: Path, config: Config, trials: Sequence[FrozenTrial], study: optuna.Study, is_grid: bool = False
) -> Path:
    """Write the page.

    Args:
        page: the file.
        config: config of the search, with any settings from the space.
        trials: trials that are over.
        study: their study.
        is_grid: whether every combination was trained with several seeds, so that their mean counts.
    """
    order = ranked(trials)
    best = next((trial for trial in order if trial.state == TrialState.COMPLETE), None)
    keys = list(trials[0].user_attrs["settings"]) if trials else []
    measure = MEASURES[config.task]
    rows = means(trials, measure) if is_grid else []
    some_are_pruned = any(trial.state == TrialState.PRUNED for trial in trials)
    drawn = draw_figures(trials, best, keys, measure, importance(study, trials))
    best_value, best_settings = "", {}
    if rows:
        best_value, best_settings = rows[0].mean, rows[0].settings
    elif best:
        best_value, best_settings = as_text(best.value, measure), shown(best.user_attrs["settings"])
    text = render(
        "tuning.html",
        name=page.resolve().parent.name,
        config=config,
        measure=measure,
        counts=counts(trials),
        some_are_pruned=some_are_pruned,
        seconds=sum(seconds(trial) for trial in trials),
        means=rows,
        best_value=best_value,
        best_settings=best_settings,
        keys=keys,
        rows=[row(trial, measure) for trial in order],
        captions=captions(drawn, keys, some_are_pruned),
        plots={name: style.svg(figure, name) for name, figure in drawn.items()},
        settings=dump_config(config),
    )
    write_atomically(page, text)
    return page


def draw_figures(
    trials: Sequence[FrozenTrial],
    best: FrozenTrial | None,
    keys: Sequence[str],
    measure: str,
    importances: dict[str, float],
) -> dict[str, "Figure"]:
    """The figures of the page by name, without those that would be empty."""
    drawn = {}
    if any(trial.value is not None for trial in trials):
        drawn["history"] = history(trials, measure)
    if any(trial.intermediate_values for trial in trials):
        drawn["curves"] = curves(trials, best, measure)
    if importances:
        drawn["importance"] = importance_bars(importances)
    return drawn | {
        f"slice-{index}": values_against(trials, key, measure)
        for index, key in enumerate(keys)
        if key != SEED and any(trial.value is not None and key in trial.params for trial in trials)
    }


SHARES = ("mean IoU", "accuracy")
"""Measures that pages show in per cent."""


def as_text(value: float | None, measure: str = "") -> str:
    """A value as text: per cent on a page; without ``measure``, as on a terminal, a share in 0–1."""
    if value is None:
        return "–"
    return f"{100 * value:.2f} %" if measure in SHARES else f"{value:.4f}"


def value_figure(x: str, measure: str) -> tuple["Figure", "Axes"]:
    """Empty axes for the measure, in per cent if it is a share."""
    figure, axis = style.new_figure(x, measure)
    if measure in SHARES:
        axis.yaxis.set_major_formatter(style.percent)
    return figure, axis


def ranked(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Complete ones first, best first; then pruned ones, then failed ones."""
    states = list(STATES)
    return sorted(trials, key=lambda trial: (states.index(trial.state), -(trial.value or 0.0), trial.number))


def counts(trials: Sequence[FrozenTrial]) -> str:
    """``3 trials: 2 complete, 1 pruned``, without states that no trial has."""
    states = {name: sum(trial.state == state for trial in trials) for state, name in STATES.items()}
    words = ", ".join(f"{number} {name}" for name, number in states.items() if number)
    return counted(len(trials), "trial") + (f": {words}" if words else "")


def seconds(trial: FrozenTrial) -> float:
    return trial.duration.total_seconds() if trial.duration else 0.0


def shown(settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings as text."""
    return {key: f"{value:.4g}" if isinstance(value, float) else json.dumps(value) for key, value in settings.items()}


class MeanRow(NamedTuple):
    """A combination of a grid's choices with its result, as text."""

    settings: dict[str, str]
    mean: str
    deviation: str
    range: str
    seeds: str


def means(trials: Sequence[FrozenTrial], measure: str = "") -> list[MeanRow]:
    """The mean of each combination over its seeds, the highest first."""
    return [
        MeanRow(
            shown(group.settings),
            as_text(group.mean, measure),
            as_text(group.deviation, measure),
            " to ".join(as_text(end, measure) for end in group.range),
            str(len(group.values)),
        )
        for group in groups(trials)
    ]


def row(trial: FrozenTrial, measure: str) -> dict[str, Any]:
    return {
        "name": trial.user_attrs.get("folder", f"trial-{trial.number:03d}"),
        "state": STATES[trial.state],
        "value": as_text(trial.value, measure),
        "epochs": max(trial.intermediate_values, default=0),
        "duration": duration(seconds(trial)),
        "settings": list(shown(trial.user_attrs["settings"]).values()),
        "error": trial.user_attrs.get("error", ""),
    }


def importance(study: optuna.Study, trials: Sequence[FrozenTrial]) -> dict[str, float]:
    """Share of the measure's variance that each setting explains (fANOVA, Hutter et al. 2014); empty for few trials."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    values = {trial.value for trial in complete}
    if len(complete) < IMPORTANCE_TRIALS or len(values) < 2 or len(complete[0].params) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


def history(trials: Sequence[FrozenTrial], measure: str) -> "Figure":
    """Each trial's value, and the best so far."""
    figure, axis = value_figure("trial", measure)
    complete, pruned = (points(trials, state) for state in (TrialState.COMPLETE, TrialState.PRUNED))
    if complete:
        numbers, values = list(complete), list(complete.values())
        axis.scatter(numbers, values, color=style.BLUE, s=18, label="complete", zorder=3)
        best = np.maximum.accumulate(values)
        # The line reaches the last trial, which may be incomplete.
        axis.step([*numbers, len(trials)], [*best, best[-1]], where="post", color=style.BLUE, label="best so far")
    if pruned:
        axis.scatter(
            list(pruned), list(pruned.values()), color=style.ORANGE, marker="x", s=18, label="pruned", zorder=3
        )
    style.whole_numbers(axis)
    if complete or pruned:
        style.legend(axis)
    return figure


def points(trials: Sequence[FrozenTrial], state: TrialState) -> dict[int, float]:
    """Values of the trials in a state by their number, from 1."""
    numbered = enumerate(trials, 1)
    return {number: trial.value for number, trial in numbered if trial.state == state and trial.value is not None}


def curves(trials: Sequence[FrozenTrial], best: FrozenTrial | None, measure: str) -> "Figure":
    """The measure over the epochs, with a line for each trial."""
    figure, axis = value_figure("epoch", measure)
    for trial in trials:
        if not trial.intermediate_values:
            continue
        is_best = best is not None and trial.number == best.number
        color, width = style.MUTED, 0.9
        if trial.state == TrialState.PRUNED:
            color = style.ORANGE
        if is_best:
            color, width = style.BLUE, 2.0
        points = sorted(trial.intermediate_values.items())
        marker = "o" if len(points) < 3 else None
        axis.plot(*zip(*points, strict=True), color=color, linewidth=width, marker=marker, markersize=3)
    style.whole_numbers(axis)
    return figure


def importance_bars(importances: dict[str, float]) -> "Figure":
    figure, axis = style.new_figure("share of the variance", "")
    names = list(importances)[::-1]
    axis.barh(names, [importances[name] for name in names], color=style.BLUE, height=0.6)
    axis.xaxis.set_major_formatter(style.percent)
    axis.locator_params(axis="x", nbins=4)
    return figure


def values_against(trials: Sequence[FrozenTrial], key: str, measure: str) -> "Figure":
    """Values of the trials against one setting."""
    figure, axis = value_figure(key, measure)
    measured = [trial for trial in trials if trial.value is not None and key in trial.params]
    choices = choices_of(measured, key)
    for state, color, marker in ((TrialState.COMPLETE, style.BLUE, "o"), (TrialState.PRUNED, style.ORANGE, "x")):
        some = [trial for trial in measured if trial.state == state]
        if some:
            x = [choices.index(trial.params[key]) if choices else trial.params[key] for trial in some]
            axis.scatter(x, [trial.value or 0.0 for trial in some], color=color, marker=marker, s=18, zorder=3)
    if choices:
        axis.set_xticks(
            range(len(choices)), [style.shortened(choice, LONG_LABEL) for choice in choices], parse_math=False
        )
        is_long = any(len(choice) > SHORT_LABEL for choice in choices)
        axis.tick_params(axis="x", labelrotation=20 if is_long else 0)
    elif getattr(measured[0].distributions[key], "log", False):
        axis.set_xscale("log")
        style.few_ticks(axis.xaxis)
    else:
        # Four numbers of many digits fit beside each other.
        axis.locator_params(axis="x", nbins=4)
    return figure


def choices_of(trials: Sequence[FrozenTrial], key: str) -> list[str]:
    """The choices of a setting that the trials had, in the order of the space; empty for a range."""
    found = {trial.params[key] for trial in trials}
    spaces = [trial.distributions[key] for trial in trials]
    listed = [choice for space in spaces for choice in getattr(space, "choices", ())]
    return [choice for choice in dict.fromkeys(listed) if choice in found]


def captions(drawn: dict[str, Any], keys: list[str], some_are_pruned: bool) -> list[tuple[str, str]]:
    """Names of the figures in order, with captions. Without pruned trials, they do not explain their colour."""
    pruned = "pruned ones orange, " if some_are_pruned else ""
    texts = {
        "history": "Value of each trial; the line is the best so far",
        "curves": f"Over the epochs: the best trial blue, {pruned}the others grey",
        "importance": "Share of the variance between complete trials that each setting explains (fANOVA)",
    }
    states = "complete trials blue, pruned ones orange" if some_are_pruned else ""
    texts |= {f"slice-{index}": f"Against {key}{states and ': '}{states}" for index, key in enumerate(keys)}
    return [(name, texts[name]) for name in drawn]
