"""``segnet rank``: a table and a page, and a line for each mistake."""

import csv
import shutil
from pathlib import Path

import pytest
from PIL import Image

import segnet
from segnet.cli import main


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "ranking.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_unlabelled_images_get_a_table_and_a_page(
    tiny_run: Path, tiny_camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "next"
    assert main(["rank", str(tiny_run), str(tiny_camvid / "val"), "--out", str(out)]) == 0
    rows = table(out)
    assert {row["file"] for row in rows} == {str(path) for path in (tiny_camvid / "val").iterdir()}
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4"]
    assert max(rows, key=lambda row: float(row["score"]))["rank"] == "1"
    printed = capsys.readouterr().out
    assert f"label these first: {Path(rows[0]['file']).name}, " in printed
    assert f"look at {out / 'ranking.html'}" in printed
    page = (out / "ranking.html").read_text(encoding="utf-8")
    assert page.count('class="pane" data-kind="doubt"') == 4
    assert 'class="pane" data-kind="truth"' not in page
    assert {path.name for path in out.iterdir()} == {"ranking.csv", "ranking.html"}


def test_labelled_images_get_their_labels_beside_the_prediction(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rank", str(tiny_run), str(data_root(tiny_run)), "--labels", "--out", str(tmp_path / "out")]) == 0
    rows = table(tmp_path / "out")
    assert len(rows) == 4
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores)
    assert "check the labels of these first" in capsys.readouterr().out
    assert (tmp_path / "out" / "ranking.html").read_text(encoding="utf-8").count('class="pane" data-kind="truth"') == 4


def data_root(run: Path) -> str:
    root = segnet.Run(run).config.data.root
    assert root
    return root


def test_the_function_gives_the_rows_of_the_command(tiny_run: Path, tiny_camvid: Path, tmp_path: Path) -> None:
    pattern = str(tiny_camvid / "val" / "0001TP*")
    assert main(["rank", str(tiny_run), pattern, "--out", str(tmp_path / "out")]) == 0
    ranking = segnet.rank(tiny_run, pattern)
    assert [{key: str(value) for key, value in row.items()} for row in ranking.rows] == table(tmp_path / "out")
    labels = segnet.rank(segnet.load(tiny_run), tiny_camvid, labels=True, split="train+val@0001TP")
    assert len(labels.rows) == 7


def test_the_default_folder_is_numbered(
    tiny_run: Path, tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["rank", str(tiny_run), str(tiny_camvid / "val")]
    assert main(command) == main(command) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"ranking", "ranking_2"}
    assert table(tmp_path / "ranking") == table(tmp_path / "ranking_2")


def test_the_rest_is_ranked_where_an_image_is_bad(
    tiny_run: Path, tiny_camvid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    shutil.copytree(tiny_camvid / "val", photos)
    (photos / "bad.png").write_bytes(b"no image")
    assert main(["rank", str(tiny_run), str(photos), "--out", str(out)]) == 1
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith(f"left out: {photos / 'bad.png'}: ")
    assert last == f"segnet rank: 1 of 5 images left out, named above; the others are in {out}"
    assert len(table(out)) == 4
    assert "bad.png" in (out / "ranking.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["empty"], "empty: no image there"),
        (["one"], "only 1 image to put in order; give two or more"),
        (["one", "--split", "val"], "split: only labelled data have splits"),
        (["photos", "--out", "photos/out"], "--out photos/out: is inside the input photos; name a folder elsewhere"),
        (["photos", "--out", "photos"], "--out photos: is inside the input photos"),
        (["photos", "--out", "one/a.png"], "--out one/a.png: is a file; name a folder"),
        (["photos", "--samples", "4"], "no dropout to sample from"),
        (["nowhere", "--labels"], "nowhere: no such folder"),
        (["photos", "--labels"], "no split 'val'"),
        (["other.yaml", "--labels"], "the model knows 11 classes"),
        (["https://example.org/a.png"], "https://example.org/a.png: only files can be put in order"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(
    arguments: list[str],
    message: str,
    tiny_run: Path,
    tiny_camvid: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_camvid / "val", "photos")
    for folder in ("empty", "one"):
        Path(folder).mkdir()
    Image.new("RGB", (64, 48)).save("one/a.png")
    Path("other.yaml").write_text(
        f"data: {{root: {tiny_camvid}, merge: {{a: [Sky, Car]}}}}\n"
        "model: {name: segnet_lite}\ntraining: {epochs: 1}\n"
    )
    assert main(["rank", str(tiny_run), *arguments]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert {path.name for path in tmp_path.iterdir()} == {"photos", "empty", "one", "other.yaml"}
