"""The order by score and distance, worked out by hand; features of every family of networks."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segnet.errors import UserError
from segnet.inference.predictor import Predictor
from segnet.inference.ranking.spread import encoder_features, farthest_first
from segnet.nn.saved import SavedModel
from tests.inference.conftest import NARROW, saved

IMAGE = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)


def test_the_order_is_the_one_worked_out_by_hand() -> None:
    places = np.array([[0.0], [1.0], [10.0], [4.0]], np.float32)
    order, distances = farthest_first(places, np.array([1.0, 0.9, 0.1, 0.5]))
    # After image 0, the products are 0.9 * 1, 0.1 * 10 and 0.5 * 4; after image 3, they are 0.9 * 1 and 0.1 * 6.
    assert order.tolist() == [0, 3, 1, 2]
    assert distances.tolist() == [np.inf, 4, 1, 6]


def test_equal_images_come_last_by_their_scores() -> None:
    places = np.array([[0.0], [0.0], [1.0], [0.0]], np.float32)
    assert farthest_first(places, np.array([0.9, 0.2, 0.1, 0.3]))[0].tolist() == [0, 2, 3, 1]


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=12))
def test_equal_scores_give_the_greedy_k_center(points: list[tuple[int, int]]) -> None:
    places = np.array(points, np.float32)
    order, distances = farthest_first(places, np.ones(len(points)))
    assert sorted(order.tolist()) == list(range(len(points)))
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    for rank in range(1, len(points)):
        before, after = order[:rank], order[rank:]
        assert distances[rank] == pytest.approx(apart[np.ix_(after, before)].min(1).max())


@pytest.mark.parametrize(
    ("name", "arguments", "channels"),
    [
        ("segnet_lite", NARROW, 8),
        ("segnet_basic", {}, 64),
        ("smp/Unet", {"encoder_name": "mobilenet_v2"}, 1280),
    ],
)
def test_features_are_the_encoders_deepest_maps(name: str, arguments: dict[str, object], channels: int) -> None:
    predictor = Predictor(saved(name, **arguments), precision="fp32", device="cpu", flip=True)
    with encoder_features(predictor) as features:
        predictor.probabilities([IMAGE])
        once = features.take()
        predictor.probabilities([IMAGE[:, ::-1]])
        mirrored = features.take()
    assert once.shape == (channels,)
    # Both orders of the two passes have the same mean.
    assert mirrored == pytest.approx(once, abs=1e-4)
    predictor.probabilities([IMAGE])
    assert features.seen == []


def test_features_are_a_mean_over_places(model: SavedModel) -> None:
    predictor = Predictor(model, precision="fp32", device="cpu", size="native")
    seen: list[torch.Tensor] = []
    handle = model.network.get_submodule("encoder3").register_forward_hook(
        lambda _module, _given, output: seen.append(output)
    )
    with torch.inference_mode():
        model.network(model.preprocess(torch.from_numpy(IMAGE).permute(2, 0, 1)[None]))
    handle.remove()
    with encoder_features(predictor) as features:
        predictor.probabilities([IMAGE])
        assert features.take() == pytest.approx(np.asarray(seen[0][0].mean((1, 2))), abs=1e-4)


def test_a_graph_has_no_encoder_to_look_into(model: SavedModel) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install .[deploy]")
    predictor = Predictor(model, backend="onnxruntime", precision="fp32")
    with pytest.raises(UserError, match="give the run folder, and leave --backend out"), encoder_features(predictor):
        pass
