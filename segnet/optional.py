"""Optional packages: each is imported on first use, and its absence is reported in one sentence."""

import importlib
from typing import Any

from segnet.errors import UserError, first_line


def require(package: str, extra: str = "deploy") -> Any:
    """The module ``package``.

    Raises:
        UserError: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise UserError(f"{package} is not installed ({first_line(error)}): pip install 'segnet[{extra}]'") from None
