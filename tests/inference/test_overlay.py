"""Images with classes over them, pixel by pixel."""

import numpy as np
import pytest

from segnet.datasets.classes import CAMVID
from segnet.inference.drawing_colors import drawing_colors
from segnet.inference.overlay import Legend, Overlay, class_shares, percent

IMAGE = np.full((4, 6, 3), 100, np.uint8)
MASK = np.array([[0, 0, 0, 8, 8, 8]] * 4, np.uint8)
COLORS = drawing_colors(CAMVID)


def test_colours_are_mixed_by_opacity() -> None:
    drawn = Overlay(CAMVID, opacity=0.25).draw(IMAGE, MASK)
    np.testing.assert_array_equal(drawn[0, 0], np.round(0.25 * np.array(COLORS[0]) + 75))
    np.testing.assert_array_equal(drawn[0, 5], np.round(0.25 * np.array(COLORS[8]) + 75))
    assert (IMAGE == 100).all()


def test_only_chosen_classes_are_coloured() -> None:
    drawn = Overlay(CAMVID, opacity=1, only=[8]).draw(IMAGE, MASK)
    assert (drawn[:, :3] == 100).all()
    assert (drawn[:, 3:] == COLORS[8]).all()


def test_a_mask_alone_has_the_exact_colours() -> None:
    assert np.array_equal(Overlay(CAMVID).draw_alone(MASK), CAMVID.palette[MASK])


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
    for height, width in ((700, 120), (360, 480), (1080, 1920)):
        for exact, colors in ((False, COLORS), (True, CAMVID.colors)):
            legend = Legend(Overlay(CAMVID), (height, width), exact)
            strip = legend.draw(class_shares(MASK, 11))
            assert strip.shape[1] == width
            assert strip.shape[0] % 2 == 0
            for color in colors:
                assert (strip == color).all(-1).any()


def test_a_legend_writes_the_shares() -> None:
    legend = Legend(Overlay(CAMVID), (360, 480))
    empty, shares = legend.draw(), class_shares(MASK, 11)
    written = legend.draw(shares)
    assert not np.array_equal(empty, written)
    # What was written before is gone.
    fresh = Legend(Overlay(CAMVID), (360, 480))
    assert np.array_equal(legend.draw(np.roll(shares, 1)), fresh.draw(np.roll(shares, 1)))
    assert np.array_equal(legend.draw(), empty)


@pytest.mark.parametrize(("height", "width"), [(360, 480), (700, 394), (1920, 1080), (720, 1280), (2160, 3840)])
def test_a_legend_takes_little_of_the_image_and_fills_its_width(height: int, width: int) -> None:
    legend = Legend(Overlay(CAMVID), (height, width))
    assert legend.size[1] / height < 0.18
    first_row = [x for x, y in legend.places if y == legend.places[0][1]]
    ends = max(first_row) + legend.column
    # What stays empty on the right is less than another column.
    assert ends <= width
    assert width - ends < legend.column


def test_a_legend_of_no_class_is_empty() -> None:
    assert Legend(Overlay(CAMVID, only=[]), (360, 480)).draw().shape[1] == 480


def test_little_is_not_nothing() -> None:
    assert [percent(share) for share in (0, 0.004, 0.006, 0.31, 1)] == ["0%", "<1%", "1%", "31%", "100%"]
