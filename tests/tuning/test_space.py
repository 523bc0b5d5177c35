"""A space as people write it, and points drawn from it."""

from pathlib import Path
from typing import Any

import optuna
import pytest

from segnet.errors import UserError
from segnet.tuning.space import Range, first_point, read_space, suggest


def test_the_command_line_comes_after_the_file(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text("optimizer.lr: {low: 1e-4, high: 0.1, log: true}\nmodel.dropout: [0, 0.5]\n")
    space = read_space(file, ["model.dropout=[0.1, 0.2]", "training.batch_size={low: 2, high: 8, step: 2}"])
    assert space == {
        "optimizer.lr": Range(low=1e-4, high=0.1, log=True),
        "model.dropout": [0.1, 0.2],
        "training.batch_size": Range(low=2, high=8, step=2),
    }
    assert first_point(space) == {"optimizer.lr": 1e-4, "model.dropout": 0.1, "training.batch_size": 2}


def test_points_have_the_types_that_were_written() -> None:
    space = read_space(None, ["a=[1, null, [2, 3], x]", "b={low: 1, high: 4}", "c={low: 0.0, high: 1.0, step: 0.5}"])
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    points: list[dict[str, Any]] = [suggest(study.ask(), space) for _ in range(40)]
    assert {str(point["a"]) for point in points} == {"1", "None", "[2, 3]", "x"}
    assert {point["b"] for point in points} == {1, 2, 3, 4}
    assert all(isinstance(point["b"], int) for point in points)
    assert {point["c"] for point in points} == {0.0, 0.5, 1.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "expected choices"),
        ("a=3", "expected choices"),
        ("a=[]", "expected choices"),
        ("a={low: 1}", r"a\.high: Field required"),
        ("a={low: 2, high: 1}", "low has to be less than high"),
        ("a={low: 0, high: 1, log: true}", "log takes a low above 0"),
        ("a={low: 1, high: 2, stepp: 1}", r"a\.stepp: Extra inputs"),
    ],
)
def test_mistakes_are_one_line(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        read_space(None, [text])
    assert "\n" not in str(error.value)


def test_an_empty_space_is_refused() -> None:
    with pytest.raises(UserError, match="nothing to search"):
        read_space(None, [])
