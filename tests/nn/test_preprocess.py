import torch

from segnet.nn.preprocess import Preprocess

PIXEL = torch.tensor([10, 20, 30], dtype=torch.uint8).view(1, 3, 1, 1)


def test_rgb_by_hand() -> None:
    output = Preprocess("rgb", mean=(1, 2, 3), std=(1, 2, 4))(PIXEL)
    assert output.dtype == torch.float32
    assert output.flatten().tolist() == [9, 9, 6.75]


def test_bgr_turns_the_channels_and_takes_mean_and_std_in_its_own_order() -> None:
    output = Preprocess("bgr", mean=(1, 2, 3), std=(1, 2, 4))(PIXEL)
    assert output.flatten().tolist() == [29, 9, 1.75]


def test_preprocessing_has_no_weights() -> None:
    """The settings are in config.json, once."""
    assert not Preprocess("rgb", mean=(1, 2, 3), std=(1, 2, 4)).state_dict()
