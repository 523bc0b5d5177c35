"""The tables of the docs name what the code has: configs, networks, losses, formats, commands."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pytest

from segnet.cli import COMMANDS
from segnet.config import LossTerm, OptimizerConfig, ScheduleConfig
from segnet.config_file import models_in, names_of
from segnet.config_names import config_folder, config_names, summary
from segnet.datasets.formats import FORMATS
from segnet.nn.autoencoders import AUTOENCODERS
from segnet.nn.catalogue import NETWORKS

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "docs" / "configs.md"


def rows(page: Path, heading: str) -> dict[str, str]:
    """The first table below a heading: names in its first column to its last one."""
    below = page.read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1]
    lines = re.search(r"(?:^\|.*\|\n)+", below, re.MULTILINE)
    assert lines, heading
    found: dict[str, str] = {}
    for line in lines.group().splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        found |= dict.fromkeys(re.findall(r"`([^`]+)`", cells[0]), cells[-1])
    return found


def kinds(union: object) -> set[str]:
    """Names of the kinds of settings that are told apart by name."""
    return {str(name) for kind in models_in(get_args(union)[0]) for name in names_of(kind)}


def test_the_table_of_configs_has_each_with_its_first_line() -> None:
    expected = {name: summary(config_folder() / f"{name}.yaml") for name in config_names()}
    assert rows(CONFIGS, "## Configs") == expected


@pytest.mark.parametrize(
    ("page", "heading", "names"),
    [
        (CONFIGS, "## Networks", NETWORKS),
        (CONFIGS, "## Autoencoders", AUTOENCODERS),
        (CONFIGS, "## Losses", kinds(LossTerm)),
        (CONFIGS, "## Optimisers", kinds(OptimizerConfig)),
        (CONFIGS, "## Schedules", kinds(ScheduleConfig)),
        (ROOT / "docs" / "your_own_data.md", "## Formats", FORMATS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_table_names_all_that_the_code_has_and_nothing_else(page: Path, heading: str, names: Iterable[str]) -> None:
    assert set(rows(page, heading)) == set(names)


def test_the_readme_names_every_command() -> None:
    named = rows(ROOT / "README.md", "## Commands")
    assert {cell.split()[1] for cell in named} == set(COMMANDS)


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")], ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_files_that_a_contributor_is_sent_to_are_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"`((?:segnet|datasets|tests|benchmarks|configs|docs)/[\w/.]+)`", text)
    missing = [file for file in named if "NAME" not in file and not (ROOT / file).exists()]
    assert named
    assert missing == []
