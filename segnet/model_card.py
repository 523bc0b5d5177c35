"""The card of a model on the Hugging Face Hub: front matter in YAML, and a page in Markdown."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from segnet.errors import UserError, first_line
from segnet.files import sha256_of
from segnet.hub import SCHEME
from segnet.model_files import CARD, WEIGHTS
from segnet.nn.saved import SavedModel
from segnet.run_folder import RunFolder

MEASURES = {
    "mean_iou": "Mean IoU",
    "global_accuracy": "Global accuracy",
    "class_accuracy": "Class accuracy",
    "boundary_f1": "Boundary F1",
}


def model_card(folder: Path, model: SavedModel, repository: str, license: str) -> str:
    """The ``README.md`` of ``folder`` if there is one, otherwise a page on the model; both with front matter.

    Args:
        folder: a run folder or a model folder.
        model: the model in it.
        repository: ``owner/name``.
        license: licence of the weights; front matter in the folder's own card has precedence.

    Raises:
        UserError: the front matter of the folder's own card is not valid YAML.
    """
    own = folder / CARD
    if own.is_file():
        given, text = read_card(own)
        return write_card({**front_matter(license), **given}, text)
    measures = read_measures(folder)
    name = repository.partition("/")[2]
    return write_card(front_matter(license, name, results(folder, measures)), page(model, repository, measures))


def front_matter(license: str, name: str | None = None, eval_results: list[Any] | None = None) -> dict[str, Any]:
    """The keys by which the Hub sorts models, and the measures that it shows."""
    from huggingface_hub import ModelCardData

    metadata: dict[str, Any] = ModelCardData(
        license=license,
        library_name="segnet",
        tags=["segnet", "semantic-segmentation"],
        pipeline_tag="image-segmentation",
        model_name=name if eval_results else None,
        eval_results=eval_results or None,
    ).to_dict()
    return metadata


def read_card(path: Path) -> tuple[dict[str, Any], str]:
    """The front matter of a card, empty if there is none, and its text.

    Raises:
        UserError: the front matter is not valid YAML.
    """
    text = path.read_text(encoding="utf-8")
    found = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    if not found:
        return {}, text
    try:
        given = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        raise UserError(f"{path}: its front matter is not valid YAML ({first_line(error)})") from None
    if not isinstance(given, dict):
        raise UserError(f"{path}: its front matter has no names with values, such as license: mit")
    return given, text[found.end() :]


def write_card(metadata: dict[str, Any], text: str) -> str:
    return f"---\n{yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)}---\n\n{text.lstrip()}"


def read_measures(folder: Path) -> dict[str, Any]:
    """``metrics.json`` of a run; empty unless it was measured with the weights in the same folder."""
    try:
        measures: dict[str, Any] = json.loads(RunFolder(folder).metrics_json.read_text(encoding="utf-8"))
        return measures if measures["weights_sha256"] == sha256_of(folder / WEIGHTS) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def results(folder: Path, measures: dict[str, Any]) -> list[Any]:
    """The measures in the form of the Hub's model index; none if their data are unknown."""
    from huggingface_hub import EvalResult

    config = RunFolder(folder).read_config()
    if config is None:
        return []
    data = config.data
    return [
        EvalResult(
            task_type="image-segmentation",
            dataset_type=data.name,
            dataset_name=f"{data.name}, {data.val}",
            metric_type=key,
            metric_name=label,
            metric_value=round(measures[key], 4),
        )
        for key, label in MEASURES.items()
        if key in measures
    ]


def page(model: SavedModel, repository: str, measures: dict[str, Any]) -> str:
    """The card's text: the model, its use and its measures."""
    info = model.info
    parameters = sum(parameter.numel() for parameter in model.network.parameters())
    height, width = info.size
    lines = [
        f"# {repository.partition('/')[2]}",
        "",
        f"`{info.name}` with {parameters / 1e6:.2f} million parameters, trained on images of about {width}×{height}. "
        f"It predicts {len(info.class_names)} classes: {', '.join(map(plain, info.class_names))}.",
        "",
        "    import segnet",
        f'    model = segnet.load("{SCHEME}{repository}")',
        '    model.predict("image.jpg").save("predictions")',
        "",
        "Or on the command line:",
        "",
        f"    segnet predict {SCHEME}{repository} image.jpg --out predictions",
    ]
    if measures:
        summary = ", ".join(f"{label} {measures[key]:.3f}" for key, label in MEASURES.items() if key in measures)
        lines += ["", "## Measures", "", f"{summary}; on {measures['images']} images of the val split.", ""]
        lines += ["| Class | IoU | Recall | Precision |", "| --- | ---: | ---: | ---: |"]
        for name, values in measures["per_class"].items():
            cells = (shown(values[key]) for key in ("iou", "recall", "precision"))
            lines.append(f"| {plain(name)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def shown(value: float | None) -> str:
    """A measure as text; a dash if the class is in neither truth nor prediction."""
    return "–" if value is None or value != value else f"{value:.3f}"


def plain(name: str) -> str:
    """The name of a class with Markdown's special characters escaped."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", " ".join(name.split()))
