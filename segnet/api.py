"""The Python API: each function does the same as the command of its name, with the same arguments and defaults.

    import segnet
    model = segnet.load("camvid-lite")
    result = model.predict("street.jpg")
    result.save("predictions")

A mistake in the arguments raises a :class:`UserError` that says what is wrong, where, and what to do.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segnet.errors import UserError
from segnet.model import Model, load
from segnet.model_data import data_of

# Imported on first use: the import of PyTorch takes seconds, and a mistake in a config is reported before it.
if TYPE_CHECKING:
    from segnet.datasets.merging import Merge
    from segnet.inference.evaluation import Evaluation
    from segnet.inference.export.export import ExportedFile
    from segnet.inference.metadata import Precision
    from segnet.inference.ranking.images import ImageRanking
    from segnet.inference.ranking.labels import LabelRanking
    from segnet.inference.video.file import SegmentedVideo
    from segnet.run import Run


def train(config: str | Path, *settings: str, resume: bool = False, overwrite: bool = False, **overrides: Any) -> "Run":
    """Train a network, measure it and write its report.

    It runs in this process. Use the command for several processes (``training.devices``).

    Args:
        config: a YAML file, or the name of a packaged config, such as ``camvid/segnet_lite``.
        settings: settings as on the command line, ``"optimizer.lr=3e-4"``.
        resume: continue from the run folder's last checkpoint.
        overwrite: replace the run in the folder as soon as the new one has measured weights.
        overrides: settings as keywords. A dictionary sets several settings of one part, ``optimizer={"lr": 3e-4}``.
            A setting that belongs to only one part can be given by its own name, ``epochs=3``.

    Raises:
        UserError: a mistake in the settings, the data or the run folder.
        KeyboardInterrupt: interrupted; the same call with ``resume=True`` continues.
    """
    from segnet.config_file import keyword_settings, load_config

    experiment = load_config(config, [*settings, *keyword_settings(overrides)])
    from segnet.experiment import run_experiment
    from segnet.run import Run
    from segnet.run_folder import where_it_is

    if resume:
        experiment = where_it_is(experiment, Path(config))
    with _torch_as_before():
        return Run(run_experiment(experiment, resume, overwrite))


def evaluate(
    model: "str | Path | Model",
    *,
    split: str | None = None,
    data: str | Path | None = None,
    merge: "Merge | None" = None,
    json: str | Path | None = None,
    report: str | Path | None = None,
    skip_errors: bool = False,
) -> "Evaluation":
    """Measure a model on a split. A notebook displays the result as a table.

    Args:
        model: anything that :func:`load` accepts, or a model that it returned, with its backend, precision and passes.
            Unless a precision was chosen, a network is measured in float32, as in training.
        split: the split to measure on; None: the run's val split.
        data: root of the data, or a YAML config that names the data; None: the run's.
        merge: classes that are measured as one, by the new name: ``{"vehicle": ["Car", "Truck"]}``.
        json: file for the measures.
        report: file for the page; only for a run folder.
        skip_errors: leave out unreadable images, and list them in ``.left_out``.

    Returns:
        The measures: ``.scores.mean_iou``, ``.boundary_f1``, and the confusion matrices of all images.
        ``.to_json()`` returns all of them as a dictionary.

    Raises:
        UserError: no such split or data, an unreadable image, or different classes of model and data.
    """
    from segnet.datasets.load import load_for_one_pass
    from segnet.datasets.merging import only_known
    from segnet.files import write_json
    from segnet.inference.evaluate import evaluate as measure
    from segnet.inference.evaluate import merged_like
    from segnet.terminal import progress_bar
    from segnet.written_files import check_written, files_of_model

    written = {"--json": Path(json) if json else None, "--report": Path(report) if report else None}
    check_written(written, files_of_model(model.source if isinstance(model, Model) else model))
    opened = model if isinstance(model, Model) else load(model)
    if report and Path(opened.source).is_file():
        raise UserError(f"{opened.source}: a report describes a run; leave --report out, or give the run folder")
    settings = data_of(opened.source, data)
    predictor = opened.predictor.for_measuring()
    if merge:
        predictor = predictor.merging(only_known(merge, predictor.model.info.class_names))
    dataset = merged_like(predictor, load_for_one_pass(settings, split or settings.val), merge or {})
    with progress_bar("measuring") as progress:
        evaluation = measure(predictor, dataset, progress, skip_errors)
    if evaluation.left_out:
        dataset = dataset.subset([index for index in range(len(dataset)) if index not in evaluation.left_out])
    if json:
        write_json(Path(json), evaluation.to_json())
    if report:
        from segnet.report.page import write_report

        write_report(Path(opened.source), evaluation, predictor, dataset, output=Path(report))
    return evaluation


def video(
    model: "str | Path | Model",
    input: str | Path,
    output: str | Path,
    *,
    layout: str = "overlay",
    opacity: float = 0.5,
    contours: bool = False,
    classes: Sequence[str] | None = None,
    legend: bool = True,
    show_rate: bool = False,
    start: float = 0,
    end: float | None = None,
    stride: int = 1,
    fps: float | None = None,
    smooth: float = 0,
    flicker: bool = False,
    batch: int | None = None,
    json: str | Path | None = None,
) -> "SegmentedVideo":
    """Draw the classes over every frame of a video. A notebook displays the result as a player.

    Args:
        model: anything that :func:`load` accepts, or a model that it returned. A name is opened without samples.
        input: video file, folder of images, or pattern. Use the command for cameras.
        output: ``.mp4``, ``.mov``, ``.mkv`` (H.264) or ``.webm`` (VP9); without a suffix, a folder of PNG files.
        layout: ``overlay``; ``side``, the image next to the overlay; ``mask``, only the classes; or
            ``uncertainty``, which needs a model with dropout samples.
        opacity: opacity of the colours, 0–1.
        contours: draw lines between the classes.
        classes: names of those that are drawn; None: all.
        legend: a strip with names and shares below.
        show_rate: show the frames per second in the corner.
        start: time of the first frame, in seconds.
        end: time at which the frames end, in seconds; None: the end of the input.
        stride: take every n-th frame.
        fps: frame rate of a folder of images; None: 10.
        smooth: weight of earlier frames in the average along the optical flow, 0 to under 1; 0.7 is a good weight.
        flicker: measure how often classes change between frames.
        batch: frames that the network sees at once; None: 4 on a GPU, else 1.
        json: file for each frame's class shares.

    Raises:
        UserError: an unreadable input, an unwritable output, or conflicting settings.
    """
    from segnet.inference.video.file import segment_file
    from segnet.inference.video.settings import VideoSettings

    settings = VideoSettings(
        layout, opacity, contours, classes, legend, show_rate, start, end, stride, fps, smooth, flicker, batch
    )
    opened = model if isinstance(model, Model) else load(model, samples=1)
    return segment_file(opened.predictor, str(input), Path(output), settings, Path(json) if json else None)


def export(
    model: str | Path,
    out: str | Path,
    *,
    format: str | None = None,
    precision: "Precision" = "fp32",
    size: tuple[int, int] | None = None,
    data: str | Path | None = None,
    images: int = 64,
    max_loss: float = 0.01,
) -> "ExportedFile":
    """Write a model as one file for another runtime, after a check against the network on real images.

    Args:
        model: run folder, model folder, the name of a packaged model, or ``hf://owner/name``.
        out: the file to write.
        format: ``onnx``, ``openvino`` or ``torch``; None: by the file's suffix, ``.onnx``, ``.xml`` or ``.pt2``.
        precision: ``fp32``, ``bf16`` or ``int8``.
        size: the only (H, W) that the file accepts; None: any, or for a ``torch`` file the size of the training.
        data: root of the data for calibration and check; None: the run's.
        images: number of images for calibration (train split) and for the check (val split).
        max_loss: largest loss of mean IoU allowed for bf16 or int8, 0–1.

    Raises:
        UserError: the file differs too much from the network, or cannot be made here. No file is left behind.
    """
    from segnet.datasets.load import load_for_one_pass
    from segnet.inference.evaluate import check_classes
    from segnet.inference.export.export import ExportedFile, Recipe, format_of
    from segnet.inference.export.export import export as write
    from segnet.nn.saved import load_model
    from segnet.terminal import progress_bar

    out = Path(out)
    recipe = Recipe(format or format_of(out), precision, out, size, images, max_loss)
    recipe.validate()
    network = load_model(model)
    settings = data_of(model, data)
    train_split, val_split = (load_for_one_pass(settings, split) for split in (settings.train, settings.val))
    check_classes(network.info.class_names, val_split.classes.names)
    with progress_bar("checking") as progress:
        check = write(network, recipe, train_split, val_split, settings, progress)
    return ExportedFile(out, None if recipe.takes_any_size else recipe.size or network.info.size, check)


def rank(
    model: "str | Path | Model",
    data: str | Path,
    *,
    labels: bool = False,
    split: str | None = None,
    recursive: bool = False,
    out: str | Path | None = None,
    skip_errors: bool = False,
) -> "ImageRanking | LabelRanking":
    """Put images into the order in which to label them, or labelled images into the order in which to check them.

    Args:
        model: anything that :func:`load` accepts, or a model that it returned, with its samples, flips and scales.
        data: folder or pattern of images without labels; with ``labels``, the root of the data, or a YAML config that
            names the data.
        labels: the images are labelled; rank those first whose labels are probably wrong.
        split: with ``labels``, the split to look at; None: the run's val split.
        recursive: without ``labels``, include the folders in the folder.
        out: folder for ``ranking.csv`` and ``ranking.html``.
        skip_errors: leave out unreadable images, and list them in ``.left_out``.

    Returns:
        The ranking: ``.rows`` has a dictionary for each image, in order.

    Raises:
        UserError: fewer than two images, an unreadable image, other classes than the model's, or an exported model,
            which does not give its encoder's features.
    """
    from segnet.datasets.load import load_for_one_pass
    from segnet.inference.image_input import find_images
    from segnet.inference.ranking.images import rank_images
    from segnet.inference.ranking.labels import rank_labels
    from segnet.terminal import progress_bar
    from segnet.written_files import check_output_folder

    if split and not labels:
        raise UserError(
            "split: only labelled data have splits; leave it out, or rank the labels (labels=True, --labels)"
        )
    opened = model if isinstance(model, Model) else load(model)
    settings = data_of(opened.source, data) if labels else None
    if out:
        check_output_folder("--out", Path(out), [settings.root or data if settings else data])
    ranking: ImageRanking | LabelRanking
    if settings:
        dataset = load_for_one_pass(settings, split or settings.val)
        with progress_bar("ranking") as progress:
            ranking = rank_labels(opened.predictor.for_measuring(), dataset, progress, skip_errors)
    else:
        images = list(find_images([str(data)], recursive))
        if images[0].origin:
            raise UserError(f"{images[0].named}: only files can be put in order; save the images in a folder")
        with progress_bar("ranking") as progress:
            ranking = rank_images(opened.predictor, [image.path for image in images], progress, skip_errors)
    if out:
        from segnet.report.ranking_page import save_ranking

        save_ranking(Path(out), ranking, Path(data).resolve().name)
    return ranking


@contextlib.contextmanager
def _torch_as_before() -> Iterator[None]:
    """Restore PyTorch's random state and its deterministic mode, which a training changes."""
    import torch

    deterministic = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(deterministic)
