"""Settings of the network and of its input."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from segnet.config.settings import Settings

Mean = Annotated[float, Field(ge=-1e6, le=1e6)]
Deviation = Annotated[float, Field(gt=0, le=1e6)]


class InputConfig(Settings):
    """The input of the network's first layer: ``(pixel - mean) / std``, pixels in 0–255."""

    channels: Literal["rgb", "bgr"] = "rgb"
    mean: tuple[Mean, Mean, Mean] = (123.675, 116.28, 103.53)
    std: tuple[Deviation, Deviation, Deviation] = (58.395, 57.12, 57.375)


class ModelConfig(Settings):
    """A network of the catalogue. Other keys are arguments of its constructor."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(description="a name of segnet.nn.catalogue, or smp/ and a segmentation-models-pytorch name")
    input: InputConfig = InputConfig()
    start_from: str | None = Field(
        None, description="run to copy initial weights from, where name and shape match; a wider SegNet-Lite is cut"
    )

    @property
    def arguments(self) -> dict[str, Any]:
        return dict(self.model_extra or {})
