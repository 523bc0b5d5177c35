"""The device for a name such as ``auto``."""

import torch

from segnet.errors import UserError


def choose_device(name: str) -> torch.device:
    """Choose the device; ``auto`` is a CUDA GPU if there is one, else the processor.

    Raises:
        UserError: there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind = name.partition(":")[0]
    if kind not in ("cpu", "cuda") or (kind == "cuda" and not torch.cuda.is_available()):
        here = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise UserError(f"device {name!r}: not on this machine; choose {here} or auto")
    return torch.device(name)
