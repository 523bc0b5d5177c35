"""The page of the fault matrix says what the tests say."""

from pathlib import Path

from tests.faults.table import DOCS, MODULES, page, rows


def test_the_page_is_up_to_date() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert text == page(text), "run: python -m tests.faults.table"


def test_every_file_of_faults_is_in_the_table() -> None:
    files = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    assert files - {"test_table"} == set(MODULES)


def test_no_two_rows_are_the_same_fault() -> None:
    faults = [row.fault for row in rows().values()]
    assert len(set(faults)) == len(faults) > 40
