"""Libraries that report their use to their makers. Only the user may switch that on."""

import os
from collections.abc import MutableMapping

CHOICES = {
    # On Linux since 1.29: the model's name and hash, the machine, and a number of the device that it keeps at home.
    "ORT_DISABLE_TELEMETRY": "1",
    "NNCF_CI": "1",
    # Albumentations asks a server for a newer version when it is imported.
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "WANDB_ERROR_REPORTING": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Environment variables that keep them silent. A variable that the user has set is not changed."""


def report_nothing(environment: MutableMapping[str, str] = os.environ) -> None:
    """Keep libraries silent in this process and its children. It must come before they are imported."""
    for name, value in CHOICES.items():
        environment.setdefault(name, value)
