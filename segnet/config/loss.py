"""Settings of the loss: its terms, and a teacher to learn from."""

from typing import Annotated, Literal

from pydantic import Field, Tag

from segnet.config.settings import Settings, by_name


class Weighted(Settings):
    """Settings of every term of the loss. The weighted terms are summed."""

    name: str
    weight: float = Field(1.0, gt=0, le=1e6)


Weight = Annotated[float, Field(ge=0, le=1e9)]


class ClassWeighted(Weighted):
    """Settings of the terms that weight each pixel by its class."""

    class_weights: Literal["none", "median_frequency", "enet", "inverse", "segnet_paper"] | list[Weight] = "none"
    enet_c: float = Field(
        1.02, gt=1, le=1e3, description="c in class_weights=enet, 1 / ln(c + share); a higher c evens the weights out"
    )
    reduction: Literal["weight_sum", "pixels"] = Field(
        "weight_sum", description="divide by the sum of the weights (as PyTorch) or by the number of pixels (as Caffe)"
    )


class CrossEntropyTerm(ClassWeighted):
    """Cross entropy. With ``label_smoothing``, that share of each target goes to all classes evenly."""

    name: Literal["cross_entropy"] = "cross_entropy"
    label_smoothing: float = Field(0.0, ge=0, lt=1)


class FocalTerm(ClassWeighted):
    """Cross entropy with less weight on easy pixels (arXiv 1708.02002)."""

    name: Literal["focal"]
    gamma: float = Field(2.0, ge=0, le=100, description="focusing exponent")


class OhemTerm(ClassWeighted):
    """Cross entropy of the hardest pixels only (arXiv 1604.03540)."""

    name: Literal["ohem"]
    threshold: float = Field(0.7, gt=0, le=1, description="only pixels whose class gets at most this probability")
    min_share: float = Field(
        0.0625, ge=0, le=1, description="smallest share of the labelled pixels to count, hardest first"
    )


class DiceTerm(Weighted):
    """1 minus the Dice coefficient, mean over the classes in the batch (arXiv 1606.04797)."""

    name: Literal["dice"]


class LovaszTerm(Weighted):
    """Lovász-softmax, the convex surrogate of 1 minus IoU (arXiv 1705.08790)."""

    name: Literal["lovasz"]


LossTerm = Annotated[
    Annotated[CrossEntropyTerm, Tag("cross_entropy")]
    | Annotated[FocalTerm, Tag("focal")]
    | Annotated[OhemTerm, Tag("ohem")]
    | Annotated[DiceTerm, Tag("dice")]
    | Annotated[LovaszTerm, Tag("lovasz")],
    by_name("cross_entropy"),
]


class DistillConfig(Settings):
    """A trained model to learn from, in addition to the masks."""

    teacher: str = Field(description="model of any network with the same classes: run folder, model folder or name")
    weight: float = Field(1.0, gt=0, le=1e6, description="weight of the divergence from the teacher in the loss")
    temperature: float = Field(2.0, gt=0, le=1e3, description="divides both networks' logits before the softmax")
