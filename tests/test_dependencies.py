"""What the package imports is what pyproject.toml says that it needs."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_IMPORTED = {
    "opencv-python-headless",  # albumentations' OpenCV, at the version of ours
    "tensorboard",  # torch.utils.tensorboard imports it
    "h11",  # what segnet.web.connections takes of uvicorn is made of it
    "python-multipart",  # FastAPI imports it
    "nncf",  # required by its name where it is needed
    "onnx",
    "onnxruntime",
    "openvino",
    "litert-torch",
    "executorch",
    "pyvips",
    "wandb",
    "mlflow-skinny",
    "alembic",
}
COME_WITH = {
    "starlette": "fastapi",
    "markupsafe": "jinja2",
    "pydantic-core": "pydantic",
    "typing-extensions": "pydantic",
    "timm": "segmentation-models-pytorch",
    "sqlalchemy": "optuna",
    "httpx2": "huggingface-hub",
}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[^\w.-]", requirement)[0]) for requirement in requirements}


def imported() -> set[str]:
    """Distributions of all modules that the package imports, wherever in a file."""
    modules: set[str] = set()
    for folder in ("segnet", "datasets"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    modules |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    modules.add(str(node.module).partition(".")[0])
    known = packages_distributions()
    own = sys.stdlib_module_names | {"segnet"}
    names = {normal(known[module][0]) if module in known else module for module in modules - own}
    return {COME_WITH.get(name, name) for name in names}


def test_every_import_is_declared_and_everything_declared_is_imported() -> None:
    extras = PROJECT["optional-dependencies"]
    needed = declared(PROJECT["dependencies"]).union(
        *(declared(extras[name]) for name in extras if name not in ("dev", "docs"))
    )
    found = {"opencv-python" if name.startswith("opencv-python") else name for name in imported()}
    assert found - needed == set()
    assert needed - found - NOT_IMPORTED == set()
