"""The command writes both splits, and a run from them reads the same samples."""

from pathlib import Path

import pytest

from segnet.cli import main
from segnet.config import DataConfig
from segnet.datasets.load import load_split

CONFIG = str(Path(__file__).parents[2] / "configs" / "camvid" / "segnet_lite.yaml")


def test_both_splits_are_written_and_checked(
    tiny_camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "shards"
    settings = [f"data.root={tiny_camvid}"]
    assert main(["shards", "--config", CONFIG, "--out", str(out), "--samples", "4", *settings]) == 0
    assert "train: 10 samples in 3 shards" in capsys.readouterr().out
    data = DataConfig(name="shards", root=str(out))
    assert (len(load_split(data, "train")), len(load_split(data, "val"))) == (10, 4)
    assert main(["shards", "--check", str(out / "train")]) == 0
    shard = out / "train" / "000002.tar"
    shard.write_bytes(bytes(600) + shard.read_bytes()[600:])
    assert main(["shards", "--check", str(out / "train")]) == 1
    assert "000002.tar: damaged" in capsys.readouterr().err


def test_shards_of_a_data_set_in_another_format_hold_what_a_training_reads_from_it(
    tiny_camvid: Path, tmp_path: Path
) -> None:
    settings = [
        "data.name=folder",
        "data.format=camvid",
        f"data.root={tiny_camvid}",
        "data.merge={wheels: [Car, Bicyclist]}",
    ]
    assert main(["shards", "--config", CONFIG, "--out", str(tmp_path / "shards"), *settings]) == 0
    shards = load_split(DataConfig(name="shards", root=str(tmp_path / "shards")), "train")
    merge = {"wheels": ["Car", "Bicyclist"]}
    original = load_split(DataConfig(name="camvid", root=str(tiny_camvid), merge=merge, cache=0), "train")
    assert shards.classes == original.classes
    assert len(shards) == len(original)
    for index in range(len(original)):
        assert shards[index].name == original[index].name
        assert (shards[index].image == original[index].image).all()
        assert (shards[index].mask == original[index].mask).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name --config and --out, or --check"),
        (["--config", CONFIG, "--out", "x", "--samples", "0"], "expected at least 1"),
        (["--config", CONFIG.replace("camvid/segnet_lite", "autoencoders/vanilla"), "--out", "x"], "has no masks"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shards", *arguments]) == 1
    assert message in capsys.readouterr().err
