"""Wrong usage: the nearest word, under the usage of the command it was meant for; options between arguments."""

import argparse

import pytest

from segnet import cli
from segnet.usage import Parser


def complaint(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """The usage's first line and the error that ``arguments`` end with."""
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    return lines[0], lines[-1]


@pytest.mark.parametrize(
    ("arguments", "usage", "error"),
    [
        (["trian"], "segnet [-h]", "no command 'trian'; did you mean train?"),
        (["xyz"], "segnet [-h]", "no command 'xyz' (segnet --help lists them)"),
        (["--versoin"], "segnet [-h]", "unknown option --versoin; did you mean --version?"),
        (["predict", "m", "x.jpg", "--opacty", "0.5"], "segnet predict", "--opacty; did you mean --opacity?"),
        (["predict", "m", "x.jpg", "--otu=d"], "segnet predict", "unknown option --otu; did you mean --out?"),
        (["report", "a", "b"], "segnet report", "nothing more was expected, but there is b"),
    ],
)
def test_a_mistake_names_the_nearest_word_under_the_usage_of_its_command(
    arguments: list[str], usage: str, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, last = complaint(arguments, capsys)
    assert first.startswith(f"usage: {usage}")
    assert error in last


@pytest.fixture
def parser() -> Parser:
    parser = Parser()
    parser.add_argument("first")
    parser.add_argument("others", nargs="*")
    parser.add_argument("--opacity", type=float)
    parser.add_argument("--flag", action="store_true")
    return parser


@pytest.mark.parametrize(
    "line", ["a b=1 c=2 --flag --opacity -1", "a b=1 --flag c=2 --opa -1", "--flag a --opacity=-1 b=1 c=2"]
)
def test_options_stand_anywhere_and_may_be_cut_short(line: str, parser: Parser) -> None:
    expected = argparse.Namespace(first="a", others=["b=1", "c=2"], opacity=-1.0, flag=True)
    assert parser.parse_args(line.split()) == expected


def test_behind_two_dashes_all_words_are_arguments(parser: Parser) -> None:
    assert parser.parse_args(["--flag", "--", "--a", "--b"]).others == ["--b"]
