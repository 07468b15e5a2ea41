"""Images as radiologists expect them: the patient's right at the left."""

import numpy as np
import pytest

from skmultimodal.utils._anatomy import Axes, read_axes, view_of


def drawn(letters):
    """Where the left front upper corner is drawn, of planes of shape (4, 5)."""
    image = np.zeros((1, 4, 5))
    ends = {"L": -1, "R": 0, "A": -1, "P": 0, "S": -1, "I": 0}
    image[0, ends[letters[0]], ends[letters[1]]] = 1
    view = view_of(Axes(letters))
    turned = view.turn(image)[0]
    row, column = np.argwhere(turned)[0]
    down, right = np.array([row, column]) / (np.array(turned.shape) - 1)
    return view, float(down), float(right)


@pytest.mark.parametrize("letters", ["LP", "PL", "RA", "AR", "LA", "PR"])
def test_axial(letters):
    view, down, right = drawn(letters)
    assert (view.plane, view.sides) == ("axial", ("R", "L", "A", "P"))
    assert (down, right) == (0, 1)  # the front at the top, the left at the right


@pytest.mark.parametrize("letters", ["LS", "SL", "RI", "IL"])
def test_coronal(letters):
    view, down, right = drawn(letters)
    assert (view.plane, view.sides) == ("coronal", ("R", "L", "S", "I"))
    assert (down, right) == (0, 1)


@pytest.mark.parametrize("letters", ["PS", "SP", "AI", "IA"])
def test_sagittal(letters):
    view, down, right = drawn(letters)
    assert (view.plane, view.sides) == ("sagittal", ("A", "P", "S", "I"))
    assert (down, right) == (0, 0)  # the head at the top, the nose at the left


def test_pixels_are_as_high_as_they_are():
    assert view_of(("PL", (3.0, 1.0))).aspect == 3
    assert view_of(("LP", (3.0, 1.0))).aspect == pytest.approx(1 / 3)
    assert view_of(("LP", None)).aspect == 1


def test_no_view():
    assert view_of(None) is None
    assert view_of(("SLP", None)) is None


def test_read():
    found = read_axes({"image": ("LP", 2), "ct": "SRA"}, {"image": 3, "ct": 4})
    assert found == {"image": ("LP", (2.0, 2.0)), "ct": ("SRA", None)}
    assert read_axes(None, {}) == {}


@pytest.mark.parametrize(
    ("letters", "n_axes", "message"),
    [
        ("LR", 3, "must be 2 letters, one for each axis after the channels.*'LR'"),
        ("LX", 3, "got 'LX'"),
        ("LP", 4, "must be 3 letters"),
    ],
)
def test_refused(letters, n_axes, message):
    with pytest.raises(ValueError, match=message):
        read_axes({"image": letters}, {"image": n_axes})
    with pytest.raises(ValueError, match="axes names 'scan', which is no modality"):
        read_axes({"scan": "LP"}, {"image": 3})
