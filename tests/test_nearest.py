"""The nearest of some known words."""

import pytest

from segnet.nearest import did_you_mean, nearest


@pytest.mark.parametrize(
    ("word", "question"),
    [("weight_decai", "did you mean weight_decay?"), ("UNET", "did you mean Unet?"), ("zzz", ""), ("", "")],
)
def test_the_question_names_the_nearest_word_if_one_is_near(word: str, question: str) -> None:
    assert did_you_mean(word, ["lr", "weight_decay", "Unet"]) == question


def test_no_word_is_near_where_none_is_known() -> None:
    assert did_you_mean("lr", []) == ""


def test_several_come_nearest_first() -> None:
    assert nearest("segnet_lit", ["segnet", "segnet_lite", "unet", "segnet_lite_wide"], 2) == [
        "segnet_lite",
        "segnet_lite_wide",
    ]
