"""Files that a command reads again, shards, journals, tables and studies, changed by accident or on purpose."""

import hashlib
import io
import json
import random
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segnet.datasets.camvid.load import load_camvid
from segnet.datasets.convert import JOURNAL, SETTINGS, convert
from segnet.datasets.formats import open_layout
from segnet.datasets.formats.class_files import read_class_file
from segnet.datasets.shards import load_shards, write_shards
from segnet.datasets.shards.index import INDEX, ROWS
from segnet.errors import UserError
from segnet.run_tables import read_metrics
from tests.faults.conftest import Training
from tests.faults.programs import segnet
from tests.faults.rows import Row, fault, times
from tests.faults.test_data import LABELS, PIXELS, mutated


@pytest.fixture
def shards(tiny_camvid: Path, tmp_path: Path) -> Path:
    """The folder of a split in shards, to be broken."""
    write_shards(load_camvid(str(tiny_camvid), "train", cache=False), tmp_path / "train", samples_per_shard=4)
    return tmp_path / "train"


def read_all(folder: Path) -> None:
    data = load_shards(str(folder.parent), folder.name)
    for index in range(len(data)):
        data[index]


def change_index(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        index = json.loads((folder / INDEX).read_text())
        change(index)
        (folder / INDEX).write_text(json.dumps(index))

    return apply


def change_rows(change: Callable[[Any], object]) -> Callable[[Path], None]:
    """Changes the rows, and the index so that it agrees."""

    def apply(folder: Path) -> None:
        rows = np.load(folder / ROWS)
        changed = change(rows)
        write_rows(folder, as_npy(rows if changed is None else changed))

    return apply


def as_npy(rows: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, rows)
    return buffer.getvalue()


def write_rows(folder: Path, content: bytes) -> None:
    (folder / ROWS).write_bytes(content)
    change_index(lambda index: index.update(samples_sha256=hashlib.sha256(content).hexdigest()))(folder)


def set_column(name: str, value: int) -> Callable[[Path], None]:
    def change(rows: Any) -> None:
        rows[name][0] = value

    return change_rows(change)


def lie_about_length(folder: Path) -> None:
    """A header of an array of terabytes."""
    content = (folder / ROWS).read_bytes()
    write_rows(folder, content.replace(b"(10,)", b"(9999999999,)".ljust(5), 1))


def swap_archive(content: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Other bytes in the first sample's place, with a checksum that agrees."""

    def apply(folder: Path) -> None:
        import zlib

        rows = np.load(folder / ROWS)
        path = folder / "000000.tar"
        whole = bytearray(path.read_bytes())
        start, length = int(rows["start"][0]), int(rows["length"][0])
        whole[start : start + length] = content(bytes(whole[start : start + length])).ljust(length, b"\0")[:length]
        path.write_bytes(whole)
        rows["crc32"][0] = zlib.crc32(whole[start : start + length])
        write_rows(folder, as_npy(rows))

    return apply


VARIANTS: dict[str, Callable[[Path], object]] = {
    "index is a list": lambda folder: (folder / INDEX).write_text("[]"),
    "index is no text": lambda folder: (folder / INDEX).write_bytes(b"\xff\xfe\x00"),
    "index is deep": lambda folder: (folder / INDEX).write_text("[" * 100_000),
    "index is empty": lambda folder: (folder / INDEX).write_text(""),
    "no shards": change_index(lambda index: index.update(shards=[])),
    "shard elsewhere": change_index(lambda index: index["shards"][0].update(name="../../etc/passwd")),
    "shard with an absolute name": change_index(lambda index: index["shards"][0].update(name="/etc/passwd")),
    "negative bytes": change_index(lambda index: index["shards"][0].update(bytes=-1)),
    "negative samples": change_index(lambda index: index.update(samples=-1)),
    "many samples": change_index(lambda index: index.update(samples=2**60)),
    "wrong samples": change_index(lambda index: index.update(samples=9)),
    "samples that are text": change_index(lambda index: index.update(samples="ten")),
    "checksum that is none": change_index(lambda index: index.update(samples_sha256="../x")),
    "no classes": change_index(lambda index: index.update(classes=[], colors=[])),
    "300 classes": change_index(lambda index: index.update(classes=["a"] * 300, colors=[[0, 0, 0]] * 300)),
    "colour of 256": change_index(lambda index: index["colors"][0].__setitem__(0, 256)),
    "ignore_index of -1": change_index(lambda index: index.update(ignore_index=-1)),
    "ignore_index that is a class": change_index(lambda index: index.update(ignore_index=3)),
    "another format": change_index(lambda index: index.update(format=2)),
    "something else": change_index(lambda index: index.update(surprise=1)),
    "rows of another shard": set_column("shard", 99),
    "start behind the end": set_column("start", 2**63),
    "start that overflows": set_column("start", 2**64 - 1),
    "length of 4 GiB": set_column("length", 2**32 - 1),
    "length of 0": set_column("length", 0),
    "another checksum": set_column("crc32", 1),
    "rows without names": change_rows(lambda rows: rows[["shard", "start"]].copy()),
    "rows in two dimensions": change_rows(lambda rows: rows.reshape(2, -1)),
    "rows that are numbers": change_rows(lambda rows: np.zeros(10)),
    "rows cut short": lambda folder: write_rows(folder, (folder / ROWS).read_bytes()[:-7]),
    "rows that are a pickle": lambda folder: write_rows(folder, as_npy(np.array([{}], object))),
    "rows that are no array": lambda folder: write_rows(folder, b"PK\x03\x04"),
    "rows without end": lie_about_length,
    "no archive": swap_archive(lambda _: b"no archive at all"),
    "archive of nothing": swap_archive(lambda _: b""),
    "archive of one file": swap_archive(lambda blob: blob[:512]),
    "archive of links": swap_archive(lambda blob: blob[:156] + b"2" + blob[157:]),
    "shard cut short": lambda folder: (folder / "000000.tar").write_bytes(b"short"),
    "shard missing": lambda folder: (folder / "000000.tar").unlink(),
}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@fault(
    "Kept files",
    "an index of shards, its table or an archive with false places, lengths, names or types, and valid checksums",
    shown="train…; …",
    kept="nothing outside the folder is read, and nothing larger than the files is allocated",
)
def test_shards_with_false_indices_are_refused(variant: Callable[[Path], object], shards: Path, row: Row) -> None:
    variant(shards)
    with pytest.raises(UserError) as error:
        read_all(shards)
    row.check_line(str(error.value))


@fault(
    "Kept files",
    "index, table and archives of shards with random changes of bits, bytes and ranges",
    shown="…",
    kept="a line, or the original samples",
)
def test_mutated_shards_are_refused_or_read(shards: Path, row: Row, counted: Callable[[str], None]) -> None:
    wanted, chance = times(15, 200), random.Random(0)
    names = [INDEX, ROWS, "000000.tar"]
    whole = {name: (shards / name).read_bytes() for name in names}
    lines = []
    for index in range(wanted):
        name = names[index % 3]
        content = mutated(whole[name], chance)
        if name == ROWS:
            write_rows(shards, content)
        else:
            (shards / name).write_bytes(content)
        try:
            read_all(shards)
        except UserError as error:
            lines.append(str(error))
        for name, content in whole.items():
            (shards / name).write_bytes(content)
    for line in lines:
        row.check_line(line)
    assert len(lines) > wanted // 3
    counted(f"{len(VARIANTS)} lies and {wanted} mutated sets of shards, {len(lines)} of these refused in a line")


class Endless(BaseHTTPRequestHandler):
    """Answers whatever is asked for with a body that has no end."""

    def do_GET(self) -> None:
        self.send_response(206 if self.headers["Range"] else 200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b" " * 2**16)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endless() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@fault(
    "Kept files",
    "a server whose answer never ends",
    shown="index.json: sends more than the … bytes that are expected; look at it",
    kept="reading stops at the limit",
)
def test_a_body_without_end(endless: str, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segnet.datasets.shards.index.MOST_INDEX_BYTES", 2**20)
    with pytest.raises(UserError) as error:
        load_shards(endless, "train")
    row.check_line(str(error.value))


JOURNALS: dict[str, bytes] = {
    "no JSON": b"{{{\n",
    "other values": b'{"name": 3}\n[1, 2]\n"text"\nnull\n{"name": "train/a", "source": 1, "unknown": []}\n',
    "no text": b"\xff\xfe\x00\x80\n",
    "deep": b"[" * 100_000 + b"\n",
    "counts without end": b'{"name": "train/0", "source": [[1, 1]], "unknown": {"a": 1' + b"0" * 5000 + b"}}\n",
}


@pytest.mark.parametrize("journal", JOURNALS.values(), ids=JOURNALS)
@fault(
    "Kept files",
    "a journal of `segnet convert` with damaged lines, other values or bytes that are not text",
    shown="",
    code=0,
    kept="such a line is ignored, and its pair is converted again",
)
def test_damaged_lines_of_a_journal_are_ignored(journal: bytes, tiny_camvid: Path, tmp_path: Path, row: Row) -> None:
    _, layout = open_layout(tiny_camvid, "camvid")
    first = convert(layout, tiny_camvid, tmp_path / "out", workers=1)
    with (tmp_path / "out" / JOURNAL).open("ab") as file:
        file.write(journal)
    again = convert(layout, tiny_camvid, tmp_path / "out", workers=1)
    assert (again.already, again.converted) == (first.converted, 0)
    (tmp_path / "out" / JOURNAL).write_bytes(journal)
    assert convert(layout, tiny_camvid, tmp_path / "out", workers=1).converted == first.converted
    row.check(0, "")


@fault(
    "Kept files",
    "damaged settings of a conversion, `convert.json`",
    shown="convert.json: is not JSON (…); name another folder or delete it",
    kept="the folder, unchanged",
)
def test_damaged_settings_of_a_conversion_are_refused(tiny_camvid: Path, tmp_path: Path, row: Row) -> None:
    row.check(*_convert_over(b"{", tiny_camvid, tmp_path))


def _convert_over(settings: bytes, source: Path, folder: Path) -> tuple[int, str]:
    (folder / "out").mkdir()
    (folder / "out" / SETTINGS).write_bytes(settings)
    return segnet("convert", source, folder / "out", "--format", "camvid", "--workers", "1")


CLASS_FILES: dict[str, bytes] = {
    "a field of megabytes": b'name,r,g,b\n"' + b"a" * 200_000 + b'",1,2,3\n',
    "NUL": b"name,r,g,b\na\0b,1,2,3\n",
    "no text": b"\xff\xfe\x80,r\n",
    "colour of 256": b"name,r,g,b\na,256,0,0\n",
    "colour that is a text": b"name,r,g,b\na,red,0,0\n",
    "number of 5,000 digits": b"name,label\na,1" + b"0" * 5000 + b"\n",
    "row too short": b"name,r,g,b\na,1\n",
    "row too long": b"name,label\na,1,2,3,4\nb\n",
    "no names": b"r,g,b\n1,2,3\n",
}


@pytest.mark.parametrize("content", CLASS_FILES.values(), ids=CLASS_FILES)
@fault(
    "Kept files",
    "a `classes.csv` with fields of megabytes, NUL, or invalid colours and numbers",
    shown="classes.csv: …",
    kept="nothing is guessed",
)
def test_damaged_class_files_are_refused(content: bytes, tmp_path: Path, row: Row) -> None:
    (tmp_path / "classes.csv").write_bytes(content)
    with pytest.raises(UserError) as error:
        read_class_file(tmp_path)
    row.check_line(str(error.value))
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    "content",
    [
        b"epoch,loss\nmany,1\n",
        b"loss\n1\n",
        b"epoch,loss\n1,2,3\n",
        b"epoch,loss\n1\n",
        b"\xff\xfe",
        b"epoch\n" + b"9" * 200_000,
    ],
    ids=["text", "no epoch", "row too long", "row too short", "no text", "long field"],
)
@fault(
    "Kept files",
    "a `metrics.csv` that is not a table of epochs",
    shown="metrics.csv: …; restore …",
    kept="the run",
)
def test_a_damaged_table_of_metrics_is_refused(content: bytes, tmp_path: Path, row: Row) -> None:
    (tmp_path / "metrics.csv").write_bytes(content)
    with pytest.raises(UserError) as error:
        read_metrics(tmp_path / "metrics.csv")
    row.check_line(str(error.value))


PANOPTIC = {
    "categories": [{"id": 1, "name": "road"}, {"id": 7, "name": "car"}],
    "annotations": [{"file_name": "a.png", "segments_info": [{"id": 3, "category_id": 7}]}],
}
BAD_PANOPTIC: dict[str, str] = {
    "a list": "[]",
    "deep": "[" * 100_000,
    "no categories": json.dumps({**PANOPTIC, "categories": []}),
    "category without name": json.dumps({**PANOPTIC, "categories": [{"id": 1}]}),
    "category of another type": json.dumps({**PANOPTIC, "categories": [{"id": "x", "name": []}]}),
    "300 categories": json.dumps({**PANOPTIC, "categories": [{"id": n, "name": "a"} for n in range(300)]}),
    "colour of 999": json.dumps({**PANOPTIC, "categories": [{"id": 1, "name": "a", "color": [999, 0, 0]}]}),
    "unknown category": json.dumps({**PANOPTIC, "categories": [{"id": 1, "name": "road"}]}),
    "segments that are none": json.dumps({**PANOPTIC, "annotations": [{"file_name": "a.png", "segments_info": 3}]}),
    "segment of 2^40": json.dumps(PANOPTIC).replace('"id": 3', f'"id": {2**40}'),
    "segment of -1": json.dumps(PANOPTIC).replace('"id": 3', '"id": -1'),
    "no file name": json.dumps({**PANOPTIC, "annotations": [{"segments_info": []}]}),
}


@pytest.mark.parametrize("text", BAD_PANOPTIC.values(), ids=BAD_PANOPTIC)
@fault(
    "Kept files",
    "a panoptic JSON of COCO with other types, unlisted categories, or ids too large for a mask",
    shown="panoptic_val2017.json: …",
    kept="nothing is guessed",
)
def test_damaged_panoptic_annotations_are_refused(text: str, tmp_path: Path, row: Row) -> None:
    masks = tmp_path / "annotations" / "panoptic_val2017"
    (tmp_path / "val2017").mkdir()
    masks.mkdir(parents=True)
    Image.fromarray(PIXELS).save(tmp_path / "val2017" / "a.jpg")
    Image.fromarray(np.stack([LABELS] * 3, 2)).save(masks / "a.png")
    (tmp_path / "annotations" / "panoptic_val2017.json").write_text(text)
    with pytest.raises(UserError) as error:
        open_layout(tmp_path, "coco-panoptic")
    row.check_line(str(error.value))


@pytest.mark.parametrize(
    "content", [b"no database", b"SQLite format 3\0" + b"\xff" * 4000, b""], ids=["text", "damaged", "empty"]
)
@fault(
    "Kept files",
    "a `study.db` that is damaged, or no database",
    shown="study.db: …; move it away to begin a new search",
    kept="the file",
)
def test_a_damaged_study_is_refused(content: bytes, undisturbed: Training, tmp_path: Path, row: Row) -> None:
    folder = tmp_path / "run-tune"
    folder.mkdir()
    (folder / "study.db").write_bytes(content)
    code, errors = segnet(
        "tune",
        "--config",
        undisturbed.config,
        "--vary",
        "optimizer.lr={low: 1e-4, high: 1e-2}",
        "--trials",
        "1",
        f"runs={tmp_path}",
    )
    if content:
        row.check(code, errors)
        assert (folder / "study.db").read_bytes() == content
