"""What a sentence quotes of another program's error."""

import pytest

from segnet.errors import first_line


@pytest.mark.parametrize(
    ("error", "line"), [(ValueError("a\nb"), "a"), (RuntimeError("\n  c  \n"), "c"), (OSError(), "OSError")]
)
def test_the_first_line_is_quoted_or_the_type(error: Exception, line: str) -> None:
    assert first_line(error) == line
