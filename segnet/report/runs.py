"""A run folder that is opened for a report: its model, its data and its measures."""

from dataclasses import dataclass
from pathlib import Path

from segnet.datasets.load import load_for_one_pass
from segnet.datasets.samples import ImagesAndMasks
from segnet.errors import UserError
from segnet.files import sha256_of
from segnet.inference.capabilities import usual_samples
from segnet.inference.evaluate import evaluate
from segnet.inference.evaluation import Evaluation
from segnet.inference.predictor import Predictor
from segnet.nn.saved import load_model
from segnet.run_folder import RunFolder
from segnet.terminal import progress_bar


@dataclass
class MeasuredRun:
    """A run with everything that a page needs."""

    folder: Path
    split: str
    dataset: ImagesAndMasks
    predictor: Predictor
    evaluation: Evaluation


def open_run(folder: Path, split: str | None = None, samples: int | None = None) -> MeasuredRun:
    """Load a run and its measures. If they are not saved, measure it.

    Args:
        folder: folder of a segmentation run.
        split: the split to measure on; None: the config's val split.
        samples: passes with dropout on; None: as many as were measured before, else the network's default.

    Raises:
        UserError: it is no segmentation run, the data are missing, or the network has no dropout to sample.
    """
    run = RunFolder(folder)
    config = run.read_config()
    if config is None:
        raise UserError(f"{folder}: no run folder (it holds no config.yaml); name one that segnet train wrote")
    if config.task != "segmentation":
        raise UserError(f"{folder}: a run of the task {config.task}; its page is report.html, written by its training")
    split = split or config.data.val
    # Each image is read once for its measures. Only the shown ones are read again.
    dataset = load_for_one_pass(config.data, split)
    weights = sha256_of(run.weights) if run.weights.exists() else ""
    model = load_model(folder)
    evaluation = saved_evaluation(run, weights, dataset, samples)
    if samples is None:
        samples = evaluation.samples if evaluation else usual_samples(model)
    predictor = Predictor(model, precision="fp32", samples=samples)
    if evaluation is None:
        with progress_bar(f"measuring {folder.name} on {split}") as progress:
            evaluation = evaluate(predictor, dataset, progress)
        evaluation.weights_sha256 = weights
        # A training that is under way may have written other weights, to which these measures do not belong.
        if split == config.data.val and sha256_of(run.weights) == weights:
            evaluation.save(run.evaluation)
    return MeasuredRun(folder, split, dataset, predictor, evaluation)


def saved_evaluation(
    run: RunFolder, weights_sha256: str, dataset: ImagesAndMasks, samples: int | None
) -> Evaluation | None:
    """The saved measures of these weights on these images with this number of passes; None if there are none."""
    if not run.evaluation.exists():
        return None
    try:
        evaluation = Evaluation.load(run.evaluation)
    except UserError:
        # Another version wrote it, or it is incomplete. It can be measured again.
        return None
    same_images = evaluation.names == [pair.image.stem for pair in dataset.pairs]
    same_weights = evaluation.weights_sha256 == weights_sha256
    return evaluation if same_weights and same_images and samples in (None, evaluation.samples) else None
