"""A trained model in Python, opened by :func:`load`: images in, predictions out."""

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, overload

# Imported on first use: the import of PyTorch takes seconds.
if TYPE_CHECKING:
    from typing import Unpack

    from segnet.datasets.classes import ClassSet
    from segnet.inference.any_image import AnyImage
    from segnet.inference.look import LookKeywords
    from segnet.inference.network_size import Size
    from segnet.inference.prediction import Prediction
    from segnet.inference.predictor import Predictor


def load(
    model: str | Path,
    *,
    backend: str = "auto",
    precision: str = "auto",
    device: str = "auto",
    samples: int | None = None,
    size: "Size | None" = None,
    tile: tuple[int, int] | None = None,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
) -> "Model":
    """Open a trained model.

    Args:
        model: run folder, model folder, exported ``.onnx`` or ``.xml`` file, the name of a packaged model, such as
            ``camvid-lite``, or ``hf://owner/name[@revision]`` on the Hugging Face Hub.
        backend: ``torch``, ``torch-compiled``, ``onnxruntime``, ``openvino``, or ``auto``.
        precision: ``fp32``, ``bf16``, or ``auto``, the fastest available.
        device: ``cpu``, ``cuda`` or ``auto``.
        samples: passes with dropout on; None: 8 for a Bayesian SegNet, else 1.
        size: size at which the network sees images: ``trained``, as many pixels as in training; ``native``, the image's
            own size; (H, W); or a number of pixels. None: ``trained``, or ``native`` with ``tile``.
        tile: (H, W) of overlapping tiles; None: whole images.
        flip: average with the mirror image.
        scales: average over these multiples of the size.

    Raises:
        UserError: the model is missing, damaged or an autoencoder, or it cannot run in this way here.
    """
    from segnet.inference.capabilities import usual_samples
    from segnet.inference.model import open_model
    from segnet.inference.predictor import Predictor

    opened = open_model(model)
    passes = usual_samples(opened, backend) if samples is None else samples
    predictor = Predictor(opened, backend, precision, device, passes, size, tile=tile, flip=flip, scales=scales)
    return Model(str(model), predictor)


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model, ready to run. :func:`load` opens one.

    Attributes:
        source: the folder, file or name that was opened.
        predictor: runs the model.
    """

    source: str
    predictor: "Predictor" = field(repr=False)

    @property
    def classes(self) -> "ClassSet":
        """Names and colours of the classes, in the order of their indices."""
        return self.predictor.classes

    @overload
    def predict(  # type: ignore[overload-overlap]  # a path's text is an iterable of texts too
        self, images: "AnyImage", *, probabilities: bool = False, **look: "Unpack[LookKeywords]"
    ) -> "Prediction": ...
    @overload
    def predict(
        self, images: "Iterable[AnyImage]", *, probabilities: bool = False, **look: "Unpack[LookKeywords]"
    ) -> "Iterator[Prediction]": ...
    def predict(
        self, images: "AnyImage | Iterable[AnyImage]", *, probabilities: bool = False, **look: "Unpack[LookKeywords]"
    ) -> "Prediction | Iterator[Prediction]":
        """The classes of an image, or of several.

        Args:
            images: a path, a PIL image, or an array ``(H, W, 3)`` uint8 RGB, of any size; or a list, an iterator, or an
                array ``(N, H, W, 3)`` of them.
            probabilities: ask the network for them in the same pass; else it runs once more when they are asked for.
            look: ``layout``, ``opacity``, ``contours``, ``classes`` and ``legend`` of what is drawn, see
                :class:`segnet.inference.look.Look`.

        Returns:
            The prediction of one image. For several images, an iterator that runs the network for each on demand.

        Raises:
            UserError: an unreadable image, or an array of another shape or type.
        """
        from segnet.inference.any_image import is_one_image
        from segnet.inference.look import Look
        from segnet.inference.prediction import predict_each

        if is_one_image(images):
            return next(predict_each(self.predictor, [images], Look(**look), probabilities))
        return predict_each(self.predictor, images, Look(**look), probabilities)

    def for_many(self, images: int | None) -> "Model":
        """This model in the fastest back end for that many images (None: any number), unless :func:`load` named one."""
        return Model(self.source, self.predictor.for_many(images))

    def _repr_html_(self) -> str:
        chip = '<span style="display:inline-block;width:1em;height:1em;background:rgb{}"></span> {}'
        classes = zip(self.classes.colors, self.classes.names, strict=True)
        names = " &nbsp; ".join(chip.format(color, html.escape(name)) for color, name in classes)
        return f"<b>{html.escape(self.source)}</b>, {html.escape(self.predictor.description)}<br>{names}"
