"""One pass gives the measures that separate, slower ways give."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from segnet.datasets.camvid.load import load_camvid
from segnet.errors import UserError
from segnet.inference.certainty import certainty
from segnet.inference.evaluate import evaluate
from segnet.inference.evaluation import Evaluation
from segnet.inference.predictor import Predictor
from segnet.metrics import boundary_f1
from segnet.nn.saved import SavedModel


@pytest.fixture(scope="module")
def evaluation(model: SavedModel, tiny_camvid: Path) -> Evaluation:
    return evaluate(Predictor(model, precision="fp32"), load_camvid(str(tiny_camvid), "val", cache=False))


def test_measures_are_those_of_the_predicted_images(
    evaluation: Evaluation, model: SavedModel, tiny_camvid: Path
) -> None:
    dataset = load_camvid(str(tiny_camvid), "val", cache=False)
    predictor = Predictor(model, precision="fp32")
    total = np.zeros((11, 11), np.int64)
    for index in range(len(dataset)):
        sample = dataset[index]
        prediction = predictor.classes_of([sample.image])[0]
        np.testing.assert_array_equal(evaluation.prediction(index), prediction)
        labelled = sample.mask != 11
        total += confusion_matrix(sample.mask[labelled], prediction[labelled], labels=range(11))
        np.testing.assert_array_equal(evaluation.boundary[index], boundary_f1(prediction, sample.mask, 11, 11))
    np.testing.assert_array_equal(evaluation.matrix, total)
    assert evaluation.names == ["0001TP_000001", "0001TP_000003", "0006R0_000000", "0006R0_000002"]


def test_json_names_measures_and_classes(evaluation: Evaluation) -> None:
    content = evaluation.to_json()
    assert content["mean_iou"] == evaluation.scores.mean_iou
    assert content["global_accuracy"] == pytest.approx(np.trace(evaluation.matrix) / evaluation.matrix.sum())
    assert content["per_class"]["Sky"]["images"] == 4
    assert content["per_class"]["Car"]["pixels"] == evaluation.matrix[8].sum()
    assert content["per_class"]["Pole"]["recall"] is None
    assert content["images"] == 4


def test_a_saved_evaluation_reads_the_same(evaluation: Evaluation, tmp_path: Path) -> None:
    evaluation.save(tmp_path / "evaluation.npz")
    again = Evaluation.load(tmp_path / "evaluation.npz")
    assert again.to_json() == evaluation.to_json()
    assert again.predictions == evaluation.predictions
    assert again.classes == evaluation.classes


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "evaluation.npz").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(UserError, match="not an evaluation of this program"):
        Evaluation.load(tmp_path / "evaluation.npz")


def test_sampling_gives_accuracy_by_certainty(bayesian_model: SavedModel, tiny_camvid: Path) -> None:
    predictor = Predictor(bayesian_model, precision="fp32", samples=3)
    evaluation = evaluate(predictor, load_camvid(str(tiny_camvid), "val", cache=False))
    assert evaluation.by_spread is not None
    for bins in (evaluation.by_confidence, evaluation.by_spread):
        left_out, accuracy = bins.accuracy_left()
        assert left_out[0] == 0
        assert accuracy[0] == pytest.approx(evaluation.scores.global_accuracy, abs=0.05)
        assert (np.diff(left_out) >= 0).all()


def test_certainty_keeps_the_order_and_parts_what_is_nearly_sure() -> None:
    doubts = np.array([1, 0.5, 0.1, 1e-3, 1e-6, 1e-7, 0])
    values = certainty(doubts)
    assert values.tolist() == pytest.approx([0, np.log10(2) / 7, 1 / 7, 3 / 7, 6 / 7, 1, 1])


def test_a_model_of_other_classes_is_refused(model: SavedModel, tiny_camvid: Path) -> None:
    import dataclasses

    other = dataclasses.replace(
        model, info=model.info.model_copy(update={"class_names": ("Cat", *model.info.class_names[1:])})
    )
    with pytest.raises(UserError, match=r"the model knows 11 classes \(Cat"):
        evaluate(Predictor(other), load_camvid(str(tiny_camvid), "val", cache=False))
