"""Images with classes over them, pixel by pixel."""

import numpy as np

from segnet.datasets.classes import CAMVID
from segnet.inference.overlay import Legend, Overlay, class_shares, percent

IMAGE = np.full((4, 6, 3), 100, np.uint8)
MASK = np.array([[0, 0, 0, 8, 8, 8]] * 4, np.uint8)


def test_colours_are_mixed_by_opacity() -> None:
    drawn = Overlay(CAMVID, opacity=0.25).draw(IMAGE, MASK)
    np.testing.assert_array_equal(drawn[0, 0], np.round(0.25 * np.array([128, 128, 128]) + 75))
    np.testing.assert_array_equal(drawn[0, 5], np.round(0.25 * np.array([64, 0, 128]) + 75))
    assert (IMAGE == 100).all()


def test_only_chosen_classes_are_coloured() -> None:
    drawn = Overlay(CAMVID, opacity=1, only=[8]).draw(IMAGE, MASK)
    assert (drawn[:, :3] == 100).all()
    assert (drawn[:, 3:] == (64, 0, 128)).all()


def test_contours_lie_where_the_class_changes() -> None:
    drawn = Overlay(CAMVID, opacity=0, contours=True).draw(IMAGE, MASK)
    assert (drawn[:, 2] == 255).all()
    assert (drawn[:, [0, 1, 3, 4, 5]] == 100).all()


def test_contours_of_large_images_are_wider() -> None:
    mask = np.repeat(np.repeat(MASK, 300, 0), 300, 1)
    assert Overlay(CAMVID, contours=True).contour(mask).sum() == 2 * 1200


def test_contours_of_classes_that_are_not_shown_are_not_drawn() -> None:
    assert not Overlay(CAMVID, contours=True, only=[3]).contour(MASK).any()


def test_shares_are_of_all_pixels() -> None:
    shares = class_shares(MASK, 11)
    assert shares[0] == shares[8] == 0.5
    assert shares.sum() == 1


def test_a_legend_shows_every_colour_within_its_width() -> None:
    for width in (120, 480, 1920):
        legend = Legend(Overlay(CAMVID), width)
        strip = legend.draw(class_shares(MASK, 11))
        assert strip.shape[1] == width
        assert strip.shape[0] % 2 == 0
        for color in CAMVID.colors:
            assert (strip == color).all(-1).any()


def test_a_legend_writes_the_shares() -> None:
    legend = Legend(Overlay(CAMVID), 480)
    empty, shares = legend.draw(), class_shares(MASK, 11)
    written = legend.draw(shares)
    assert not np.array_equal(empty, written)
    # What was written before is gone.
    assert np.array_equal(legend.draw(np.roll(shares, 1)), Legend(Overlay(CAMVID), 480).draw(np.roll(shares, 1)))
    assert np.array_equal(legend.draw(), empty)


def test_a_legend_fills_its_rows_evenly() -> None:
    # Five columns have room; four fill three rows as well, and the last one has three classes instead of one.
    places = Legend(Overlay(CAMVID), 960).places
    assert len({y for _, y in places}) == 3
    assert len({x for x, _ in places}) == 4


def test_little_is_not_nothing() -> None:
    assert [percent(share) for share in (0, 0.004, 0.006, 0.31, 1)] == ["0%", "<1%", "1%", "31%", "100%"]
