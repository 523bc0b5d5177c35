"""OpenVINO's core, one for the whole process."""

import functools
from types import ModuleType
from typing import Any

from segnet.optional import require


def openvino_core() -> Any:
    """The ``openvino.Core`` that everybody shares.

    With several cores, Ctrl-C may end in a segmentation fault. A core gives its thread a stack for signal handlers, and
    when it is freed, it puts the earlier one back, even if that belonged to another core that is gone (2026.4).

    Raises:
        UserError: OpenVINO is not installed.
    """
    return core_of(require("openvino"))


@functools.cache
def core_of(openvino: ModuleType) -> Any:
    return openvino.Core()
