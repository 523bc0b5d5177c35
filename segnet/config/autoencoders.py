"""Settings of the tasks that train autoencoders."""

from typing import Annotated, Literal

from pydantic import Field

from segnet.config.settings import MANY, Settings


class CorruptionConfig(Settings):
    """Damage that a denoising or inpainting autoencoder has to undo. Each training image draws one strength."""

    name: Literal["gaussian", "salt_and_pepper", "rectangles", "scribbles"]
    strengths: list[Annotated[float, Field(ge=0, le=10)]] = Field(
        min_length=1,
        description="gaussian: standard deviation, as a share of the value range; others: share of the pixels replaced",
    )


class ReconstructionConfig(Settings):
    """Loss and measures of an autoencoder (task: reconstruction)."""

    loss: Literal["mse", "bce"] = "mse"
    corruptions: list[CorruptionConfig] = Field([], description="damage to undo; each training image draws one kind")
    latent_bits: list[Annotated[int, Field(ge=1, le=16)]] = Field(
        [], description="compression: bits for each number of the latent; every value is measured"
    )
    classify_latents: bool = Field(False, description="representation: train classifiers on latents, PCA and pixels")


class VariationalConfig(Settings):
    """The weights of the evidence lower bound (task: variational)."""

    beta: float = Field(1.0, ge=0, le=1e6, description="weight of the divergence from the prior (beta-VAE)")


class ClassificationConfig(Settings):
    """Stacked autoencoders that become a classifier (task: classification)."""

    layer_epochs: int = Field(0, ge=0, le=MANY, description="epochs that each layer is first trained as an autoencoder")
    labels: int | None = Field(
        None, gt=0, le=10**9, description="number of labelled images, divided equally among the classes; null: all"
    )
