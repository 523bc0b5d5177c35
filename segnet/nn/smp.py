"""The models of segmentation-models-pytorch, to compare them in the same pipeline."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from segnet import hub
from segnet.errors import UserError
from segnet.nn.arguments import check_arguments, choices, construct
from segnet.nn.encoder_file import SUFFIXES, is_weight_file, load_encoder

PREFIX = "smp/"


class PaddedToMultiple(nn.Module):
    """Makes a model that needs multiples of some size take any size: zeros below and right, logits cropped.

    Shape:
        input ``(N, 3, H, W)`` float, output logits ``(N, num_classes, H, W)``; H and W at least 1.
    """

    def __init__(self, model: nn.Module, multiple: int) -> None:
        super().__init__()
        self.model = model
        self.multiple = multiple

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        x = F.pad(x, (0, -width % self.multiple, 0, -height % self.multiple))
        logits: Tensor = self.model(x)[..., :height, :width]
        return logits


def build_smp(name: str, num_classes: int, arguments: dict[str, Any]) -> nn.Module:
    """Build a model from ``smp/`` and the name of its class, such as ``smp/Unet``.

    Args:
        name: the model's name.
        num_classes: channels of the logits.
        arguments: arguments of the class's constructor. ``encoder_weights`` is None by default, or a name to download,
            or a file.

    Raises:
        UserError: the model, the encoder or an argument is unknown or has a wrong type, or the weights cannot be read
            or downloaded.
    """
    # This imports timm, which takes seconds.
    import segmentation_models_pytorch as smp

    models = {model.__name__: model for model in smp.MODEL_ARCHITECTURES_MAPPING.values()}
    wanted = name.removeprefix(PREFIX)
    if wanted not in models:
        match = choices(wanted, models).replace("did you mean ", f"did you mean {PREFIX}")
        raise UserError(f"model.name={name}: segmentation-models-pytorch has no such model; {match}")
    given = {"in_channels": 3, "classes": num_classes, "activation": None, "aux_params": None}
    arguments = {"encoder_weights": None, **arguments}
    check_arguments(models[wanted], name, arguments, given)
    encoder = arguments.get("encoder_name", "resnet34")
    check_encoder(encoder, smp.encoders.get_encoder_names())
    weights = arguments["encoder_weights"]
    if weights is None:
        model = construct(models[wanted], name, given, arguments)
    elif is_weight_file(weights):
        model = construct(models[wanted], name, given, arguments | {"encoder_weights": None})
        load_encoder(model.get_submodule("encoder"), weights)
    else:
        with fetched(encoder, weights):
            model = construct(models[wanted], name, given, arguments)
    multiple: Any = model.get_submodule("encoder").output_stride
    return PaddedToMultiple(model, multiple)


@contextmanager
def fetched(encoder: str, weights: str) -> Iterator[None]:
    """Let SMP, or timm, fetch an encoder's weights from the Hugging Face Hub.

    Raises:
        UserError: the encoder has no weights of this name, or they cannot be fetched.
    """
    place = f"model.encoder_weights={weights}"
    repository, revision = repository_of(encoder, weights)
    instead = f"set model.encoder_weights to a file ({', '.join(SUFFIXES)}) or to null"
    if repository is None:
        raise UserError(f"{place}: {encoder} has no such weights; {instead}")
    try:
        with hub.asked_once(f"{place} ({repository})", repository, revision), warnings.catch_warnings():
            # SMP would have True in place of the name, which its signature does not allow.
            warnings.filterwarnings("ignore", "For 'tu-'")
            yield
    except hub.UnreachableError as error:
        raise UserError(f"{error}, or {instead}") from None


def repository_of(encoder: str, weights: str) -> tuple[str | None, str | None]:
    """The repository and the revision of an encoder's weights; None for unknown weights, and for any revision."""
    if encoder.startswith("tu-"):
        import timm

        settings = timm.models.get_pretrained_cfg(encoder.removeprefix("tu-"))
        return (settings and settings.hf_hub_id) or None, None
    from segmentation_models_pytorch.encoders import encoders

    known = encoders[encoder]["pretrained_settings"].get(weights, {})
    return known.get("repo_id"), known.get("revision")


def check_encoder(encoder: str, of_smp: list[str]) -> None:
    """Refuse an unknown encoder. Those of timm have the prefix ``tu-``.

    Of timm, only names that it knows are accepted, because it would download some others.
    """
    if encoder.startswith("tu-"):
        import timm

        known = [f"tu-{name}" for name in timm.list_models()]
        encoder = encoder.partition(".")[0]
    else:
        known = of_smp
    if encoder not in known:
        raise UserError(f"model.encoder_name={encoder}: no such encoder; {choices(encoder, known)}")
