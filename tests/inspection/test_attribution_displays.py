"""Saliency maps as radiologists expect them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skmultimodal.inspection import SaliencyDisplay


@pytest.fixture
def maps():
    images = np.zeros((2, 1, 6, 5))
    images[:, 0, 5, 0] = 1  # of an image "LP": the left front corner
    yield np.arange(60.0).reshape(2, 6, 5), images
    plt.close("all")


def texts(axes):
    return {text.get_text(): text.get_position() for text in axes.texts}


def test_the_right_side_is_at_the_left(maps):
    heat, images = maps
    display = SaliencyDisplay(heat, images, ["a", "b"], axes=("LP", (2.0, 1.0))).plot()
    first = display.ax_[0, 0]
    image, drawn = (picture.get_array() for picture in first.images)
    assert np.argwhere(image).tolist() == [[0, 5]]  # at the top, and at the right
    np.testing.assert_array_equal(drawn, heat[0].T)
    assert first.get_aspect() == 0.5  # pixels are twice as wide as high
    assert first.get_title() == "a\naxial"
    places = texts(first)
    assert places["R"][0] < 0.5 < places["L"][0]
    assert places["P"][1] < 0.5 < places["A"][1]


def test_without_axes_images_are_as_stored(maps):
    heat, images = maps
    display = SaliencyDisplay(heat, images, ["", ""]).plot()
    first = display.ax_[0, 0]
    np.testing.assert_array_equal(first.images[0].get_array(), images[0, 0])
    assert (first.get_title(), texts(first)) == ("", {})
