"""What a frame becomes, pixel by pixel."""

import numpy as np

from segnet.datasets.classes import CAMVID
from segnet.inference.drawing_colors import drawing_palette
from segnet.inference.overlay import Overlay, caption
from segnet.inference.video.frames import Segmented
from segnet.inference.video.layout import FrameClock, Painter, mask_only, side_by_side, with_uncertainty

IMAGE = np.full((48, 160, 3), 100, np.uint8)
MASK = np.repeat(np.array([[0] * 80 + [8] * 80], np.uint8), 48, axis=0)
FOUND = Segmented(MASK, np.bincount(MASK.ravel(), minlength=11) / MASK.size)
OVERLAY = Overlay(CAMVID, opacity=1)


def test_side_by_side_is_the_image_and_the_overlay() -> None:
    drawn = side_by_side(IMAGE, FOUND, OVERLAY)
    assert np.array_equal(drawn[:, :160], IMAGE)
    assert np.array_equal(drawn[:, 160:], drawing_palette(CAMVID)[MASK])


def test_a_mask_leaves_classes_that_are_not_shown_black() -> None:
    drawn = mask_only(IMAGE, FOUND, Overlay(CAMVID, only=[8]))
    assert (drawn[:, :80] == 0).all()
    assert (drawn[:, 80:] == (64, 0, 128)).all()


def test_uncertainty_is_brighter_where_samples_differ() -> None:
    variance = np.zeros(MASK.shape, np.float32)
    variance[:, 80:] = 0.05
    drawn = with_uncertainty(IMAGE, FOUND._replace(uncertainty=variance), OVERLAY)[:, 160:].astype(int)
    assert drawn[:20, :80].max() > 200  # the words that say what bright means
    drawn = drawn[32:]
    assert drawn[:, :80].sum(-1).max() < 30
    assert drawn[:, 80:].sum(-1).min() > 300


def test_the_legend_stands_below_unless_it_is_not_wanted() -> None:
    bare = Painter(OVERLAY, legend=False)(IMAGE, FOUND)
    whole = Painter(OVERLAY)(IMAGE, FOUND)
    assert bare.shape == IMAGE.shape
    assert whole.shape[0] > 48
    assert np.array_equal(whole[:48], bare)


def test_the_rate_stands_in_the_corner() -> None:
    plain = Painter(OVERLAY, legend=False)(IMAGE, FOUND)
    written = Painter(OVERLAY, legend=False, rate=True)(IMAGE, FOUND)
    changed = (plain != written).any(-1)
    assert changed[:30, :110].any()
    assert not changed[32:].any()


def test_a_frame_that_is_drawn_again_counts_once() -> None:
    painter = Painter(OVERLAY, rate=True)
    for found in (FOUND, FOUND, FOUND._replace(uncertainty=None)):
        painter(IMAGE, found)
    assert len(painter.clock.times) == 2


def test_a_caption_leaves_its_image_alone() -> None:
    before = IMAGE.copy()
    caption(IMAGE, "12.5 frames/s")
    assert np.array_equal(IMAGE, before)


def test_the_clock_counts_the_last_two_seconds() -> None:
    times = iter([0, 0.5, 1.0, 1.1, 3.0, 4.0, 5.0])
    clock = FrameClock(lambda: next(times))
    assert clock.tick() == 0
    assert clock.tick() == 2
    assert clock.tick() == 2
    clock.tick()
    # At 3.0 all before 1.0 is forgotten: two steps in two seconds.
    assert clock.tick() == 1
    # At 4.0 all before 3.0 but for one: a step a second.
    assert clock.tick() == 1
    assert clock.tick() == 1
