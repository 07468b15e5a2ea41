"""What the displays share: looks that differ, and text of one size."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skmultimodal.inspection._style import COLOURS, LINES, in_style, look, make_axes


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


class Drawing:
    @in_style
    def plot(self, ax=None, *, shape=(1, 1)):
        """Draw."""
        self.ax_, self.figure_ = make_axes(ax, shape=shape)
        first = np.ravel(self.ax_)[0]
        first.plot([0, 1], label="a line")
        first.text(0, 0, "some text")
        first.set(xlabel="across", ylabel="up")
        first.legend(title="lines")
        points = first.scatter([0, 1], [0, 1], c=[0, 1])
        self.figure_.colorbar(points, ax=first)
        return self


def text_sizes(figure):
    figure.canvas.draw()
    return {text.get_fontsize() for text in figure.findobj(plt.Text) if text.get_text()}


@pytest.mark.parametrize(
    "parts", [("color", "linestyle"), ("color", "marker"), ("color", "hatch")]
)
def test_forty_nine_looks(parts):
    looks = [look(number) for number in range(49)]
    assert len({tuple(str(one[part]) for part in parts) for one in looks}) == 49


def test_in_print_lines_with_markers_differ_without_colour():
    looks = [look(number) for number in range(49)]
    assert len({(str(one["linestyle"]), one["marker"]) for one in looks}) == 49


def test_first_looks_stay():
    looks = [look(number) for number in range(7)]
    assert [one["color"] for one in looks] == COLOURS
    assert [one["linestyle"] for one in looks] == LINES
    assert look(49) == look(0)


def test_text_has_one_size_in_a_figure_of_its_own():
    with plt.rc_context({"font.size": 7}):
        assert text_sizes(Drawing().plot().figure_) == {12}
        assert plt.rcParams["font.size"] == 7


@pytest.mark.parametrize("size", [8, 21])
def test_text_is_as_large_as_the_labels_of_axes_that_are_given(size):
    with plt.rc_context({"font.size": size}):
        axes = plt.figure().subplots(1, 2)
    assert text_sizes(Drawing().plot(axes, shape=(1, 2)).figure_) == {size}
    assert text_sizes(Drawing().plot(axes[1]).figure_) == {size}
    own = Drawing().plot()
    assert text_sizes(own.plot(own.ax_).figure_) == {12}


def test_wrong_axes_are_named():
    with pytest.raises(ValueError, match="ax must be 2 axes for this display, got 0"):
        Drawing().plot([], shape=(1, 2))
