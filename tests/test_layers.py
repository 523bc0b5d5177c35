"""The rooms import each other in one direction, as the table in docs/architecture.md says."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
EVERYTHING = "*everything*"


def table() -> dict[str, tuple[list[str], list[str]]]:
    """Rooms to the names that their row begins with and to the rooms that they may import, from the page."""
    rows = re.findall(r"^\| (`\w+`.*) \| .* \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    names = [re.findall(r"`(\w+)`", cell) for cell, _ in rows]
    rooms = [own[0] for own in names]
    return {
        own[0]: (own, rooms[at + 1 :] if imports == EVERYTHING else re.findall(r"`(\w+)`", imports))
        for at, (own, (_, imports)) in enumerate(zip(names, rows, strict=True))
    }


def own_modules() -> dict[str, Path]:
    """Names of all modules, as they are imported, to their files."""
    found = {}
    for folder in ("segnet", "datasets", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[f"segnet.{name}" if folder == "datasets" else name] = path
    return found


def imported(code: str, modules: Iterable[str]) -> set[str]:
    """The modules among ``modules`` that ``code`` imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # What is taken from a package may be a module of it.
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & set(modules) or {node.module}
    return found & set(modules)


def room_of(module: str, rooms: Mapping[str, tuple[list[str], list[str]]]) -> str | None:
    parts = module.split(".")
    name = parts[1] if parts[0] == "segnet" and len(parts) > 1 else parts[0]
    return next((room for room, (names, _) in rooms.items() if name in names), None)


def offences(imports: Mapping[str, set[str]], rooms: Mapping[str, tuple[list[str], list[str]]]) -> Iterator[str]:
    """Imports that the table does not allow."""
    for module, others in imports.items():
        room = room_of(module, rooms)
        for other in sorted(others):
            target = room_of(other, rooms)
            if room is None or target is None:
                yield f"{module if room is None else other}: in no room of {PAGE.name}"
            elif target not in (room, *rooms[room][1]):
                yield f"{module} imports {other}, but {room} may not import {target}; see {PAGE.name}"


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    modules = own_modules()
    return {name: imported(path.read_text(encoding="utf-8"), modules) - {name} for name, path in modules.items()}


def test_no_room_imports_what_the_table_does_not_allow(imports: dict[str, set[str]]) -> None:
    assert list(offences(imports, table())) == []


def test_the_table_names_only_rooms_that_stand_below() -> None:
    rooms = table()
    order = list(rooms)
    assert len(order) > 15
    for room, (_, others) in rooms.items():
        assert [other for other in others if other not in order[order.index(room) + 1 :]] == [], room


def test_every_row_has_its_modules(imports: dict[str, set[str]]) -> None:
    for room, (names, _) in table().items():
        missing = [name for name in names if not any(room_of(module, {name: ([name], [])}) for module in imports)]
        # The first name of several may stand for the others alone.
        assert missing in ([], names[:1] if len(names) > 1 else []), room


def test_no_modules_import_each_other_in_a_circle(imports: dict[str, set[str]]) -> None:
    TopologicalSorter(imports).prepare()


def test_the_data_room_is_not_imported_by_the_name_of_another_package() -> None:
    for path in own_modules().values():
        assert not re.search(r"^\s*(from|import) datasets\b", path.read_text(encoding="utf-8"), re.MULTILINE), path


def test_an_import_within_a_function_counts() -> None:
    lazy = "def run():\n    from segnet.report import page\n    import segnet.web.app\n"
    modules = ["segnet.report", "segnet.report.page", "segnet.web.app"]
    assert imported(lazy, modules) == {"segnet.report.page", "segnet.web.app"}


def test_an_import_that_runs_back_up_is_named() -> None:
    sentence = "segnet.nn.saved imports segnet.report.page, but nn may not import report; see architecture.md"
    assert list(offences({"segnet.nn.saved": {"segnet.report.page"}}, table())) == [sentence]
    assert list(offences({"segnet.novel": {"segnet.nn.saved"}}, table())) == [
        "segnet.novel: in no room of architecture.md"
    ]


def test_a_circle_is_found() -> None:
    with pytest.raises(CycleError, match="cycle"):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
