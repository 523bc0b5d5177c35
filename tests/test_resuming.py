"""Which settings may change as a run goes on: the table names settings that there are, and all others are fixed."""

from typing import Any

import pytest
from pydantic import BaseModel

from segnet.config import Config
from segnet.errors import UserError
from segnet.resuming import GOES_ON_DIFFERENTLY, SAME_RESULT, changes_on_resuming


def config(**settings: Any) -> Config:
    return Config.model_validate({"model": {"name": "segnet"}, "training": {"epochs": 1}, **settings})


@pytest.mark.parametrize("key", [*GOES_ON_DIFFERENTLY, *SAME_RESULT])
def test_each_key_of_the_table_is_a_setting(key: str) -> None:
    settings: Any = config()
    for part in key.split("."):
        assert isinstance(settings, BaseModel)
        assert part in type(settings).model_fields
        settings = getattr(settings, part)


def test_no_key_is_in_both_tables() -> None:
    assert not GOES_ON_DIFFERENTLY.keys() & SAME_RESULT.keys()


def test_changes_are_found_with_both_values() -> None:
    now = config(training={"epochs": 5}, data={"workers": 0}, optimizer={"lr": 0.5})
    changes = {change.key: (change.before, change.now) for change in changes_on_resuming(config(), now, "config.yaml")}
    assert changes == {"training.epochs": ("1", "5"), "data.workers": ("2", "0"), "optimizer.lr": ("0.001", "0.5")}


def test_several_fixed_settings_are_counted() -> None:
    other = config(seed=3, loss=[], training={"epochs": 1, "batch_size": 1})
    with pytest.raises(UserError, match=r"run: seed is 0, but now 3 \(and 2 more\), which may not change"):
        changes_on_resuming(config(), other, "run")


def test_the_same_settings_change_nothing() -> None:
    assert changes_on_resuming(config(), config(), "run") == []
