"""``python -m tests.faults.table`` writes the tables of docs/reliability.md from the tests and the last long run."""

import importlib
import json
import sys
from pathlib import Path

from segnet.files import write_atomically
from segnet.resuming import GOES_ON_DIFFERENTLY, SAME_RESULT
from tests.faults.conftest import COUNTS
from tests.faults.rows import Row

DOCS = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN_SETTINGS = "<!-- made by python -m tests.faults.table from segnet/resuming.py -->"
BEGIN, END = "<!-- made by python -m tests.faults.table -->", "<!-- end -->"
MODULES = (
    "test_kills",
    "test_runs",
    "test_early_mistakes",
    "test_searches",
    "test_measures",
    "test_leftovers",
    "test_killed_commands",
    "test_text",
    "test_training",
    "test_limits",
    "test_full_machine",
    "test_closed_output",
    "test_data",
    "test_decoders",
    "test_addresses",
    "test_configs",
    "test_config_fields",
    "test_models",
    "test_beginnings",
    "test_kept_files",
    "test_written_files",
    "test_pages_and_archives",
    "test_lost_processes",
    "test_rankings",
    "test_videos",
    "test_sites",
    "test_demo",
    "test_unexpected",
)


def rows() -> dict[str, Row]:
    """The rows by their tests' names, in the order of the files."""
    found = {}
    for module in MODULES:
        for name, test in vars(importlib.import_module(f"tests.faults.{module}")).items():
            if name.startswith("test_") and hasattr(test, "row"):
                found[name] = test.row
    return found


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def tables() -> str:
    """A table a part of the program."""
    counts = json.loads(COUNTS.read_text(encoding="utf-8")) if COUNTS.exists() else {}
    parts: dict[str, list[str]] = {}
    for name, row in rows().items():
        shown = f"`{row.shown}`" if row.shown else "nothing"
        long = f" *Long run: {counts[name]}.*" if name in counts else ""
        code = str(row.code) if row.code >= 0 else f"killed ({-row.code})"
        parts.setdefault(row.part, []).append(
            f"| {cell(row.fault)} | {shown.replace('|', chr(92) + '|')} | {code} | {cell(row.kept)}{long} |"
        )
    return "\n\n".join(
        f"## {part}\n\n| Fault | The line that the user sees | Exit code | What is kept |\n| --- | --- | --- | --- |\n"
        + "\n".join(lines)
        for part, lines in parts.items()
    )


def settings_table() -> str:
    """What may change as a run goes on."""
    lines = [
        f"| `{key}` | {meaning} | {noted} |"
        for group, noted in ((GOES_ON_DIFFERENTLY, "printed, noted in `config.yaml`"), (SAME_RESULT, ""))
        for key, meaning in group.items()
    ]
    return "| Setting | What changes | |\n| --- | --- | --- |\n" + "\n".join(lines)


def page(before: str) -> str:
    """``before``, the page as it is, with its tables as they should be."""
    for begin, content in ((BEGIN_SETTINGS, settings_table()), (BEGIN, tables())):
        head, _, rest = before.partition(begin)
        before = f"{head}{begin}\n\n{content}\n\n{END}{rest.partition(END)[2]}"
    return before


def main() -> int:
    write_atomically(DOCS, page(DOCS.read_text(encoding="utf-8")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
