"""Config files: mistakes named by key in one line, overrides, and files that mean harm."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from segnet.config import NO_NAME, Config
from segnet.config_file import config_schema, dump_config, keyword_settings, load_config, parse_config, parse_yaml
from segnet.errors import UserError

MINIMAL: dict[str, Any] = {"model": {"name": "segnet"}, "training": {"epochs": 3}}
OWN_CONFIGS = sorted((Path(__file__).parent.parent / "configs").rglob("*.yaml"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my_run.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, "loss": [{"name": "dice"}, {"name": "lovasz"}]}))
    return path


def refusal(path: Path, text: str) -> str:
    """The line that a file of this text is refused with."""
    path.write_text(text)
    with pytest.raises(UserError) as error:
        load_config(path)
    line = str(error.value)
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    return line


@pytest.mark.parametrize("path", OWN_CONFIGS, ids=lambda path: path.stem)
def test_the_projects_own_configs_are_valid(path: Path) -> None:
    assert load_config(path).name


def test_a_run_without_a_name_is_called_like_its_file(file: Path) -> None:
    assert load_config(file).name == "my_run"
    assert load_config(file, ["name=other"]).name == "other"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizer.learning_rte=1", "optimizer.learning_rte: unknown setting of adamw; allowed: name, lr,"),
        ("optimizer.weight_decai=1", "optimizer.weight_decai: unknown setting of adamw; did you mean weight_decay?"),
        ("traning.epochs=1", "traning: unknown setting; did you mean training?"),
        ("loss.1.wieght=1", "loss.1.wieght: unknown setting of lovasz; did you mean weight?"),
        ("model.input.meen=1", "model.input.meen: unknown setting; did you mean mean?"),
        ("data.list=1", "data.list: unknown setting; allowed: name, root"),
        ("training.epochs=many", "training.epochs: found 'many'; input should be a valid integer"),
        ("training.epochs=0", "training.epochs: found 0; input should be greater than 0"),
        ("training.epochs=1.5", "training.epochs: found 1.5; input should be a valid integer"),
        ("optimizer.name=adam", "optimizer.name: found 'adam'; did you mean adamw? allowed: 'sgd', 'adamw'"),
        ("loss.0.gamma=3", "loss.0.gamma: unknown setting of dice; allowed: name, weight"),
        (
            "loss.0={name: cross_entropy, gama: 3}",
            "loss.0.gama: unknown setting of cross_entropy; allowed: name,",
        ),
        ("loss.0={name: focal, gama: 3}", "loss.0.gama: unknown setting of focal; did you mean gamma?"),
        ("loss.0.name=jaccard", "loss.0.name: found 'jaccard'; allowed: 'cross_entropy', 'focal'"),
        ("loss.0={name: focal, gamma: x}", "loss.0.gamma: found 'x'; input should be a valid number"),
        ("loss.0=dice", "loss.0: found 'dice'"),
        ("optimizer={name: sgd, betas: [0.9, 0.9]}", "optimizer.betas: unknown setting of sgd; allowed: name, lr"),
        ("optimizer.momentum=0.5", "optimizer.momentum: unknown setting of adamw"),
        ("schedule={name: cosine, power: 2}", "schedule.power: unknown setting of cosine; allowed: name, warmup_steps"),
        ("schedule.final_factor=0.1", "schedule.final_factor: unknown setting of constant"),
        ("model.name=null", "model.name: found None; input should be a valid string"),
        ("loss.0={class_weights: median}", "loss.0.class_weights: found 'median'; allowed: 'none', 'median_frequency'"),
        ("data.name=digits", "task segmentation does not go with data.name=digits"),
    ],
)
def test_a_wrong_setting_is_named_with_its_path(file: Path, override: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        load_config(file, [override])
    assert message in str(error.value)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_setting_and_the_number_of_further_mistakes() -> None:
    with pytest.raises(UserError, match=r"here: model: this setting is required \(and 1 more\)"):
        parse_config({}, "here")


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("optimizer.lr=3e-4", lambda c: c.optimizer.lr == 3e-4),
        ("loss.1.weight=2", lambda c: c.loss[1].weight == 2 and c.loss[0].weight == 1),
        ("loss.0={name: focal, gamma: 1}", lambda c: c.loss[0].gamma == 1),
        ("schedule.warmup_steps=7", lambda c: c.schedule.warmup_steps == 7),
        ("training.clip_norm=null", lambda c: c.training.clip_norm is None),
        ("model.dropout=1e-1", lambda c: c.model.arguments == {"dropout": 0.1}),
        ("model.widths=[4, 8]", lambda c: c.model.arguments == {"widths": [4, 8]}),
        ("data.root=/a=b", lambda c: c.data.root == "/a=b"),
    ],
)
def test_overrides_replace_settings_of_the_file(file: Path, override: str, read: Any) -> None:
    assert read(load_config(file, [override]))


def test_a_parts_name_alone_leaves_the_rest_of_the_part(file: Path) -> None:
    file.write_text("name: a_name\ndata: {name: patches, workers: 0}\ntask: reconstruction\n" + yaml.safe_dump(MINIMAL))
    config = load_config(file, ["data=digits", "name=other"])
    assert (config.data.name, config.data.workers, config.name) == ("digits", 0, "other")
    with pytest.raises(UserError, match=r"data.name: found 'digit'; did you mean digits\? allowed"):
        load_config(file, ["data=digit"])


def test_the_last_override_wins(file: Path) -> None:
    assert load_config(file, ["seed=1", "seed=2"]).seed == 2


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed", "expected KEY=VALUE"),
        ("=1", "expected KEY=VALUE"),
        ("seed=[1", "the value is not valid YAML"),
        ("seed=2020-99-99", "the value is not valid YAML"),
        ("loss.2.weight=1", "'2' is not one of the list's items 0 to 1"),
        ("loss.first.weight=1", "'first' is not one of the list's items 0 to 1"),
        ("model.name.x=1", "name is a single value"),
        ("seed=!!python/object/apply:os.getcwd []", "the value is not valid YAML"),
    ],
)
def test_overrides_that_cannot_be_read(file: Path, override: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        load_config(file, [override])
    assert repr(override) in str(error.value)


def test_an_override_into_a_list_of_numbers_is_refused(file: Path) -> None:
    with pytest.raises(UserError, match="0 is a single value"):
        load_config(file, ["model.widths=[4, 8]", "model.widths.0.x=1"])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no\.yaml: no such config file"):
        load_config(tmp_path / "no.yaml")


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "\tseed: 1", "seed: 2020-99-99", "[" * 5000])
def test_text_that_is_no_yaml(file: Path, text: str) -> None:
    assert "not valid YAML" in refusal(file, text)


@pytest.mark.parametrize(("text", "found"), [("", "NoneType"), ("- a", "list"), ("word", "str")])
def test_yaml_that_is_no_mapping(file: Path, text: str, found: str) -> None:
    assert f"found {found}" in refusal(file, text)


def test_a_folder_and_bytes_are_no_config(file: Path) -> None:
    with pytest.raises(UserError, match="is a folder, not a config file"):
        load_config(file.parent)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read as a config file"):
        load_config(file)


def test_a_tag_that_would_run_code_is_refused(file: Path, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    line = refusal(file, f"seed: !!python/object/apply:os.mkdir ['{trace}']\n")
    assert "could not determine a constructor" in line
    assert not trace.exists()


def test_a_few_lines_that_stand_for_billions_of_values_are_refused(file: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    assert "aliases (*name) are not read" in refusal(file, "\n".join(lines))


def test_a_long_wrong_value_is_shortened(file: Path) -> None:
    assert len(refusal(file, f"seed: [{', '.join(['1'] * 5000)}]\n")) < 500


POSITIVE = st.floats(1e-12, 1e3)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(max_examples=40, deadline=None)
@given(
    name=NAMES.filter(lambda name: not NO_NAME.search(name) and name not in (".", "..")),
    seed=st.integers(0, 2**32 - 1),
    lr=POSITIVE,
    terms=st.lists(
        st.fixed_dictionaries(
            {
                "name": st.sampled_from(["cross_entropy", "focal"]),
                "weight": POSITIVE,
                "class_weights": st.one_of(st.just("enet"), st.lists(POSITIVE, max_size=3)),
            }
        ),
        max_size=3,
    ),
    arguments=st.dictionaries(
        st.sampled_from(["dropout", "widths", "x"]),
        st.one_of(POSITIVE, st.booleans(), st.lists(st.integers(-1000, 1000)), NAMES),
    ),
    clip=st.none() | POSITIVE,
)
def test_a_written_config_reads_the_same(
    name: str, seed: int, lr: float, terms: list[Any], arguments: dict[str, Any], clip: float | None
) -> None:
    tree = {
        **MINIMAL,
        "name": name,
        "seed": seed,
        "optimizer": {"lr": lr},
        "loss": terms,
        "model": {"name": "segnet", **arguments},
        "training": {"epochs": 2, "clip_norm": clip},
    }
    config = parse_config(tree, "test")
    assert parse_config(parse_yaml(dump_config(config)), "again") == config


@pytest.mark.parametrize("name", ["3e-4", "0E0", "1.5e3", "yes", "null", "2020-01-01", "\x85", "a\u2028b", "\u2029"])
def test_text_that_yaml_would_read_otherwise_stays_as_it_is(name: str) -> None:
    config = parse_config({**MINIMAL, "model": {"name": "segnet", "mode": name}}, "test")
    assert parse_config(parse_yaml(dump_config(config)), "again").model.arguments == {"mode": name}


def test_the_schema_knows_every_setting() -> None:
    schema = parse_yaml(config_schema())
    assert schema["properties"].keys() == Config.model_fields.keys()


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        ("epochs=7", "training.epochs=7"),
        ("lr=0.5", "optimizer.lr=0.5"),
        ("warmup_steps=3", "schedule.warmup_steps=3"),
        ("seed=4", "seed=4"),
    ],
)
def test_a_setting_of_one_part_alone_needs_no_part_before_it(short: str, whole: str, file: Path) -> None:
    assert load_config(file, [short]) == load_config(file, [whole]) != load_config(file)


def test_a_setting_of_several_parts_needs_one(file: Path) -> None:
    message = r"classes: several parts have such a setting; write data\.classes or .*paste\.classes"
    with pytest.raises(UserError, match=message):
        load_config(file, ["classes=[a]"])


def test_keywords_are_settings() -> None:
    given = {"seed": 3, "optimizer": {"lr": 0.1, "name": "sgd"}, "loss": [{"name": "dice"}], "runs": Path("r")}
    assert list(keyword_settings(given)) == [
        "seed=3",
        "optimizer.lr=0.1",
        'optimizer.name="sgd"',
        'loss=[{"name": "dice"}]',
        'runs="r"',
    ]
