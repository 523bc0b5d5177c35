"""The files of a model folder, and the models that come with the package."""

from pathlib import Path

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
CARD = "README.md"
PACKAGED = Path(__file__).parent / "weights"


def packaged_models() -> dict[str, Path]:
    """The folders of the models that come with the package, by name."""
    return {path.parent.name: path.parent for path in sorted(PACKAGED.glob(f"*/{WEIGHTS}"))}
