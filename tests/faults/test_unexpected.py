"""An error that no part of the program names."""

import re
from functools import partial
from pathlib import Path

from tests.faults.programs import raise_in_command, segnet, set_variable
from tests.faults.rows import Row, fault


@fault(
    "Commands",
    "an unexpected error in the program, in any command",
    shown="an error that segnet has no sentence for (KeyError: 'injected'); …segnet-error-….log says where: please "
    "report it with that file",
    kept="the traceback, in a file that only this user may read; `SEGNET_DEBUG=1` prints it",
)
def test_an_unexpected_error_gives_one_line_and_a_log(tmp_path: Path, row: Row) -> None:
    before = (partial(set_variable, "TMPDIR", str(tmp_path)), raise_in_command)
    code, errors = segnet("configs", before=before)
    row.check(code, errors)
    (log,) = tmp_path.glob("segnet-error-*.log")
    assert re.search(r"segnet .*configs.*Traceback.*KeyError: 'injected'", log.read_text(), re.DOTALL)
    assert log.stat().st_mode & 0o777 == 0o600
    code, errors = segnet("configs", before=(partial(set_variable, "SEGNET_DEBUG", "1"), *before))
    assert code == 1
    assert errors.startswith("Traceback")
    assert errors.splitlines()[-1] == "segnet configs: an error that segnet has no sentence for (KeyError: 'injected')"
    assert len(list(tmp_path.iterdir())) == 1
