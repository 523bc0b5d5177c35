import pytest
import torch

from segnet.errors import UserError
from segnet.nn.catalogue import build_network
from segnet.nn.smp import repository_of


@pytest.mark.parametrize("size", [(64, 32), (37, 53), (1, 1)])
@pytest.mark.parametrize(("name", "depth"), [("smp/Unet", 3), ("smp/FPN", 5)])
def test_smp_models_take_any_size(name: str, depth: int, size: tuple[int, int]) -> None:
    network = build_network(name, 4, encoder_name="resnet18", encoder_depth=depth, **SMALL.get(name, {})).eval()
    with torch.no_grad():
        assert network(torch.randn(1, 3, *size)).shape == (1, 4, *size)


SMALL = {"smp/Unet": {"decoder_channels": [16, 8, 8]}}


def test_padding_changes_nothing_where_none_is_needed() -> None:
    network = build_network("smp/Unet", 2, encoder_name="resnet18").eval()
    image = torch.randn(1, 3, 32, 64)
    with torch.no_grad():
        assert torch.equal(network(image), network.get_submodule("model")(image))


def test_weights_are_random_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is downloaded by default."""
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    build_network("smp/Unet", 2, encoder_name="resnet18")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("smp/unet", {}, r"^model\.name=smp/unet: .*did you mean smp/Unet\?$"),
        ("smp/Nothing", {}, r"^model\.name=smp/Nothing: .*Unet"),
        ("smp/Unet", {"encoder_nam": "resnet18"}, r"^model\.encoder_nam: .*did you mean encoder_name\?$"),
        ("smp/Unet", {"encoder_name": "resnet19"}, r"^model\.encoder_name=resnet19: .*did you mean resnet"),
        ("smp/Unet", {"encoder_name": "tu-resnet19"}, r"^model\.encoder_name=tu-resnet19: .*did you mean tu-"),
        ("smp/Unet", {"encoder_name": "tu-hf-hub:a/b"}, r"^model\.encoder_name=tu-hf-hub:a/b: no such encoder"),
        ("smp/Unet", {"encoder_name": 18}, r"^model\.encoder_name=18: Input should be a valid string$"),
        ("smp/Unet", {"classes": 3}, r"^model\.classes: smp/Unet has no such argument"),
        ("smp/Unet", {"encoder_depth": "5"}, r"^model\.encoder_depth='5': Input should be a valid integer$"),
        ("smp/Unet", {"decoder_channels": [1, 2]}, r"^model\.name=smp/Unet cannot be built with"),
    ],
)
def test_mistakes_in_smp_settings_are_named(name: str, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        build_network(name, 2, **arguments)
    assert "\n" not in str(caught.value)


def test_unknown_weights_of_an_encoder_are_named() -> None:
    with pytest.raises(
        UserError, match=r"^model\.encoder_weights=imagenet22k: resnet18 has no such weights; set .*null"
    ):
        build_network("smp/Unet", 2, encoder_name="resnet18", encoder_weights="imagenet22k")


@pytest.mark.parametrize(
    ("encoder", "weights", "repository"),
    [
        ("resnet18", "imagenet", "smp-hub/resnet18.imagenet"),
        ("tu-resnet18", "imagenet", "timm/resnet18.a1_in1k"),
        ("tu-darknet17", "imagenet", None),
        ("resnet18", "none", None),
    ],
)
def test_an_encoders_weights_have_a_repository(encoder: str, weights: str, repository: str | None) -> None:
    found, revision = repository_of(encoder, weights)
    assert found == repository
    assert (revision is not None) == (repository is not None and not encoder.startswith("tu-"))
