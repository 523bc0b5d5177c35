"""Settings: their limits, what they refuse, and which belong together."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from segnet.config import Config, CrossEntropyTerm, LossTerm, ModelConfig, ScheduleConfig

LOSS_TERM: TypeAdapter[LossTerm] = TypeAdapter(LossTerm)


def config(**settings: Any) -> Config:
    return Config.model_validate({"model": {"name": "segnet"}, "training": {"epochs": 1}, **settings})


def test_a_merged_class_has_members() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        config(data={"merge": {"vehicle": []}})


def test_a_model_keeps_further_keys_as_arguments() -> None:
    model = ModelConfig.model_validate({"name": "segnet", "dropout": 0.5, "widths": [4, 8]})
    assert model.arguments == {"dropout": 0.5, "widths": [4, 8]}
    assert config().model.arguments == {}


def test_settings_do_not_change_behind_ones_back() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        config().seed = 3  # type: ignore[misc]


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", ".", "..", "a\n", "é" * 101])
def test_a_runs_name_is_one_folder(name: str) -> None:
    with pytest.raises(ValidationError, match="a name is one folder in runs"):
        config(name=name)
    assert config(name="Größe 3 (b)").run_folder == Path("runs/Größe 3 (b)")


@pytest.mark.parametrize("weights", ["median_frequency", [0.5, 1.0], "none"])
def test_class_weights_are_a_name_or_numbers(weights: object) -> None:
    term = LOSS_TERM.validate_python({"class_weights": weights})
    assert isinstance(term, CrossEntropyTerm)
    assert term.class_weights == weights


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ({"weight": 0}, "greater than 0"),
        ({"enet_c": 1}, "greater than 1"),
        ({"label_smoothing": 1}, "less than 1"),
        ({"name": "focal", "gamma": -1}, "greater than or equal to 0"),
        ({"name": "hinge"}, "cross_entropy"),
        ({"class_weights": "median"}, "median_frequency"),
    ],
)
def test_loss_settings_beyond_their_limits(term: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LOSS_TERM.validate_python(term)


def test_schedules_are_known_by_name() -> None:
    with pytest.raises(ValidationError, match="one_cycle"):
        TypeAdapter(ScheduleConfig).validate_python({"name": "step"})


@pytest.mark.parametrize(
    ("task", "data", "fitting"),
    [("segmentation", "digits", "camvid, folder, shards or scenes"), ("reconstruction", "camvid", "digits, mnist")],
)
def test_a_task_needs_data_of_its_kind(task: str, data: str, fitting: str) -> None:
    with pytest.raises(ValidationError, match=f"task {task} does not go with data.name={data}; choose {fitting}"):
        config(task=task, data={"name": data})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"variational": {"beta": 2}}, "variational: does nothing with task=segmentation; it is read by variational"),
        ({"data": {"format": "voc"}}, "data.format: does nothing with data.name=camvid; it is read by folder, shards"),
        ({"data": {"name": "scenes", "format": "voc"}}, "data.format: .* it is read by folder, shards"),
        (
            {"task": "reconstruction", "data": {"name": "digits"}, "loss": [{"name": "dice"}]},
            "loss: does nothing with task=reconstruction",
        ),
    ],
)
def test_a_setting_that_nothing_reads_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        config(**settings)


def test_a_setting_that_nothing_reads_may_have_its_default() -> None:
    whole = config(task="reconstruction", data={"name": "digits"})
    assert Config.model_validate(whole.model_dump()) == whole
