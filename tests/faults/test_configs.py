"""Configs that a generator makes: valid ones are read and written back, each mistake is named by its key."""

import math
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel

from segnet.config import READ_BY_DATA, READ_BY_TASKS, Config, DataConfig
from segnet.config_file import dump_config, load_config, parse_config, parse_yaml
from segnet.errors import UserError
from segnet.nn.catalogue import build_network
from tests.faults.programs import segnet
from tests.faults.rows import Row, fault, times

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
PLAIN = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-1e6, 1e6) | TEXT


def settings_of(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Trees of settings that ``model`` allows, each setting given or left out."""
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in model.model_fields.items():
        strategy = values_of(field.annotation, tuple(field.metadata))
        (required if field.is_required() else optional)[name] = strategy
    return st.fixed_dictionaries(required, optional=optional)


def values_of(annotation: Any, bounds: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    """Values of a setting's type, within its bounds."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return settings_of(annotation)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is Annotated:
        # Of Field(ge=..., le=...) pydantic keeps the bounds in its metadata.
        return values_of(inner[0], tuple(bound for part in inner[1:] for bound in getattr(part, "metadata", [part])))
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(values_of(choice, () if choice is type(None) else bounds) for choice in inner))
    if origin is list:
        least = max((getattr(bound, "min_length", 0) or 0 for bound in bounds), default=0)
        return st.lists(values_of(inner[0]), min_size=least, max_size=3)
    if origin is tuple:
        return st.tuples(*map(values_of, inner)).map(list)
    if origin is dict:
        return st.dictionaries(TEXT, values_of(inner[1]), max_size=2)
    if annotation is Any:
        return PLAIN
    if annotation in (int, float):
        return numbers(annotation, bounds)
    if annotation is str and (rules := [bound for bound in bounds if isinstance(bound, AfterValidator)]):
        return TEXT.filter(lambda text: all(accepts(rule, text) for rule in rules))
    return {str: TEXT, bool: st.booleans(), type(None): st.none()}[annotation]


def accepts(rule: AfterValidator, text: str) -> bool:
    try:
        rule.func(text)  # type: ignore[call-arg]
    except ValueError:
        return False
    return True


def numbers(kind: type, bounds: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """Numbers within the bounds, which every number of a config has, as ``test_config_fields`` sees to."""
    (low, reached), (high, too) = (
        next(
            ((getattr(b, name), name.endswith("e")) for b in bounds for name in names if hasattr(b, name)),
            (names == ("le", "lt"), True),
        )
        for names in (("ge", "gt"), ("le", "lt"))
    )
    if kind is int:
        return st.integers(low + (not reached), high - (not too))
    return st.floats(low, high, exclude_min=not reached, exclude_max=not too)


def with_fitting_data(tree: dict[str, Any]) -> dict[str, Any]:
    """Keep the rules between settings.

    Masks for segmentation alone, nothing in vain, no float16 with FSDP, no hours where the phases are epochs.
    """
    task = tree.get("task", "segmentation")
    data = tree.setdefault("data", {})
    data["name"] = "camvid" if task == "segmentation" else "digits"
    for part, kind, read_by in ((tree, task, READ_BY_TASKS), (data, data["name"], READ_BY_DATA)):
        for key, kinds in read_by.items():
            if kind not in kinds:
                part.pop(key, None)
    training = tree.get("training", {})
    if training.get("strategy") == "fsdp" and training.get("precision") == "16-mixed":
        training["precision"] = "bf16-mixed"
    if task == "classification":
        training.pop("hours", None)
    return tree


TREES = settings_of(Config).map(with_fitting_data)
MANY = settings(
    max_examples=times(30, 15_000),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@fault(
    "Config",
    "random configs within the types and bounds of the settings",
    shown="",
    code=0,
    kept="each is read, and its written form is read back unchanged",
)
def test_random_valid_configs_are_read_back(row: Row, counted: Callable[[str], None]) -> None:
    seen = []

    @MANY
    @given(TREES)
    def reads_back(tree: dict[str, Any]) -> None:
        config = parse_config(tree, "config.yaml")
        assert parse_config(parse_yaml(dump_config(config)), "again") == config
        seen.append(1)

    reads_back()
    row.check(0, "")
    counted(f"{len(seen)} configs made at random")


def leaves(tree: Any, key: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Keys of all settings in ``tree`` that are themselves no mapping of settings."""
    if isinstance(tree, dict) and key[:1] != ("augmentation",) and key != ("model", "x"):
        return [leaf for name, inner in tree.items() for leaf in leaves(inner, (*key, name))]
    return [key]


@fault(
    "Config",
    "random configs with one mistake: an unknown key, or a value of a wrong type",
    shown="config.yaml: …",
    kept="the line begins with the path of the key; for an unknown key it has the nearest match",
)
def test_a_mistake_in_a_random_config_is_named_by_its_key(row: Row, counted: Callable[[str], None]) -> None:
    known = set(Config.model_fields) | set(DataConfig.model_fields)
    seen = []

    @MANY
    @given(TREES, st.randoms(use_true_random=False), st.booleans())
    def is_named(tree: dict[str, Any], chance: Any, misspelt: bool) -> None:
        *parents, last = chance.choice([key for key in leaves(tree) if "model" not in key[:1]])
        node: Any = tree
        for part in parents:
            node = node[part]
        if misspelt and isinstance(last, str) and last in known:
            last = f"{last}_"
        node[last] = object()
        with pytest.raises(UserError) as error:
            parse_config(tree, "config.yaml")
        key = ".".join(map(str, (*parents, last)))
        assert f"config.yaml: {key}" in str(error.value)
        row.check_line(str(error.value))
        seen.append(1)

    is_named()
    counted(f"{len(seen)} configs with a mistake, each named by its key")


@fault(
    "Config",
    "random arguments of a network",
    shown="model…",
    kept="the network is built and gives logits for every class, or the line names the setting",
)
def test_random_arguments_of_a_network(row: Row, counted: Callable[[str], None]) -> None:
    sizes = st.lists(st.integers(-1, 6), max_size=5)
    arguments = st.fixed_dictionaries(
        {"widths": st.just([2, 2, 2, 2]) | sizes},
        optional={
            "depths": sizes,
            "dilations": sizes,
            "expansion": st.integers(-1, 3) | TEXT,
            "dropout": st.floats(-1, 2) | st.just(math.nan),
            "width": st.just(4),
        },
    )
    built, refused = [], []

    @settings(MANY, max_examples=times(20, 1000))
    @given(arguments)
    def builds_or_is_named(found: dict[str, Any]) -> None:
        try:
            network = build_network("segnet_lite", 3, **found)
        except UserError as error:
            refused.append(str(error))
        else:
            built.append(network.get_parameter("head.weight").shape[0])

    builds_or_is_named()
    assert set(built) == {3}
    for line in refused:
        row.check_line(line)
    counted(f"{len(built)} networks built, {len(refused)} refused in a line")


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20))]
)


@fault(
    "Config",
    "a YAML bomb: aliases of aliases that stand for 10^19 values",
    shown="not valid YAML: aliases (*name) are not read; write the value out",
    kept="refused at the first alias, before it takes memory",
)
def test_a_yaml_bomb_is_refused_at_its_first_alias(tmp_path: Path, row: Row) -> None:
    (tmp_path / "bomb.yaml").write_text(BOMB)
    row.check(*segnet("train", "--config", tmp_path / "bomb.yaml"))


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.mkdir ['{trace}']",
        "!!python/object/new:os.mkdir ['{trace}']",
        "!!python/name:os.mkdir ''",
        "!!python/module:os ''",
        "!!python/object/apply:subprocess.check_output [['mkdir', '{trace}']]",
    ],
)
@fault(
    "Config",
    "YAML tags that would run code or name code, in a file or in `KEY=VALUE`",
    shown="not valid YAML…",
    kept="nothing is run",
)
def test_yaml_tags_run_no_code(tag: str, tmp_path: Path, row: Row) -> None:
    trace = tmp_path / "ran"
    text = tag.format(trace=trace)
    (tmp_path / "config.yaml").write_text(f"seed: {text}\n")
    with pytest.raises(UserError) as error:
        load_config(tmp_path / "config.yaml")
    row.check_line(str(error.value))
    (tmp_path / "config.yaml").write_text("model: {name: segnet}\ntraining: {epochs: 1}\n")
    with pytest.raises(UserError, match="not valid YAML"):
        load_config(tmp_path / "config.yaml", [f"seed={text}"])
    assert not trace.exists()
