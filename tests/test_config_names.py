"""The project's own configs by name, and what is said of names that are none."""

from pathlib import Path

import pytest

from segnet.config_file import load_config
from segnet.config_names import config_folder, config_names, find_config, summary
from segnet.errors import UserError


def test_every_config_file_has_a_name_and_those_in_no_folder_come_first() -> None:
    own = Path(__file__).parent.parent / "configs"
    assert set(config_names()) == {str(path.relative_to(own))[: -len(".yaml")] for path in own.rglob("*.yaml")}
    assert config_names()[0] == "quickstart"


@pytest.mark.parametrize("name", config_names())
def test_every_config_says_what_it_is_for_in_one_line(name: str) -> None:
    line = summary(config_folder() / f"{name}.yaml")
    assert line.endswith((".", "?"))


def test_a_name_gives_the_file_whose_last_part_names_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config("camvid/segnet_lite") == config_folder() / "camvid" / "segnet_lite.yaml"
    assert find_config("camvid/segnet_lite.yaml") == config_folder() / "camvid" / "segnet_lite.yaml"
    assert load_config("camvid/segnet_lite").name == "segnet_lite"


def test_a_file_comes_before_a_name_and_a_folder_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quickstart").mkdir()
    assert find_config("quickstart") == config_folder() / "quickstart.yaml"
    (tmp_path / "camvid").mkdir()
    (tmp_path / "camvid" / "segnet").write_text("model: {}")
    assert find_config("camvid/segnet") == Path("camvid/segnet")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("camvid/segnet_lit", "did you mean camvid/segnet_lite or"),
        ("segnet_lite", "did you mean camvid/segnet_lite? "),
        ("configs/camvd/smp_unet.yaml", "did you mean camvid/smp_unet? "),
        ("vanila", "did you mean autoencoders/vanilla? "),
        ("zzz", "no such config file; `segnet configs` lists"),
    ],
)
def test_a_name_that_is_none_is_told_the_nearest(
    word: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        find_config(word)
    assert str(error.value).startswith(f"{word}: no such config file; ")
    assert hint in str(error.value)


def test_a_run_folder_given_as_a_config_is_told_its_config(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").touch()
    with pytest.raises(UserError, match=r"is a run folder, not a config; its config is .*config\.yaml"):
        find_config(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="is a folder, not a config file"):
        find_config(tmp_path / "empty")
