"""The checks before a training starts."""

import pytest
import torch

from segnet.errors import UserError
from segnet.nn.catalogue import NETWORKS, build_network
from segnet.training.early_checks import check_single_image


@pytest.mark.parametrize("name", [*NETWORKS, "smp/Unet"])
def test_a_single_image_trains_networks_without_global_pooling(name: str) -> None:
    check_single_image(build_network(name, 3), torch.zeros(1, 3, 64, 64))


def test_global_pooling_refuses_a_single_image() -> None:
    network = build_network("smp/DeepLabV3Plus", 3, encoder_name="resnet18", encoder_weights=None)
    with pytest.raises(UserError, match=r"^a batch of one image is too little .* choose a training\.batch_size"):
        check_single_image(network, torch.zeros(1, 3, 64, 64))
    assert not any(parameter.is_meta for parameter in network.parameters())
