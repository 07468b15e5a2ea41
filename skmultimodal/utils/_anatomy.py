"""Where the axes of an image lie in the body, and how it is shown to a radiologist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Axes", "View", "read_axes", "view_of"]

# A letter is the direction in which an axis runs: LPS and its opposites.
OPPOSITE = {"L": "R", "R": "L", "P": "A", "A": "P", "S": "I", "I": "S"}
PAIRS = {letter: frozenset((letter, OPPOSITE[letter])) for letter in OPPOSITE}
PLANES = {
    frozenset("LRPA"): "axial",
    frozenset("LRSI"): "coronal",
    frozenset("PASI"): "sagittal",
}


class Axes(NamedTuple):
    """The last axes of a block of images: direction of each, and mm between pixels."""

    letters: str
    spacing: tuple[float, ...] | None = None


class View(NamedTuple):
    """A plane as it is drawn: the patient's right at the left, or the front.

    ``sides`` are the letters at its left, right, top and bottom; ``aspect`` is the
    height of a pixel in widths.
    """

    plane: str
    sides: tuple[str, str, str, str]
    transposed: bool
    flipped: tuple[bool, bool]  # rows, columns, after the transposition
    aspect: float

    def turn(self, images: NDArray[Any]) -> NDArray[Any]:
        """Images (..., first axis, second axis) as they are drawn."""
        if self.transposed:
            images = np.swapaxes(images, -1, -2)
        rows, columns = (slice(None, None, -1 if f else 1) for f in self.flipped)
        return images[..., rows, columns]


def read_axes(
    given: Mapping[str, Any] | None, n_axes: Mapping[str, int]
) -> dict[str, Axes]:
    """Check the axes of some modalities.

    Parameters
    ----------
    given : dict of str to str or (str, spacing), or None
        Letters of the last axes, such as ``"LP"``, and mm between pixels: one number or
        one for each axis.
    n_axes : dict of str to int
        Axes of a row of each modality, the channels among them.

    Returns
    -------
    axes : dict of str to Axes

    Raises
    ------
    ValueError
        If a modality is unknown, or has other axes.
    """
    found = {}
    for name, value in (given or {}).items():
        letters, spacing = (value, None) if isinstance(value, str) else value
        if name not in n_axes:
            raise ValueError(f"axes names {name!r}, which is no modality.")
        if len(letters) != n_axes[name] - 1 or not _are_axes(letters):
            raise ValueError(
                f"axes of modality {name!r} must be {n_axes[name] - 1} letters, one "
                "for each axis after the channels, of L or R, P or A, S or I, such as "
                f"'LP', got {letters!r}."
            )
        if spacing is not None:
            edges = np.broadcast_to(np.asarray(spacing, float), len(letters))
            spacing = tuple(edges.tolist())
        found[name] = Axes(letters, spacing)
    return found


def _are_axes(letters: str) -> bool:
    known = [PAIRS[letter] for letter in letters if letter in PAIRS]
    return len(known) == len(letters) == len(set(known))


def view_of(axes: Axes | None) -> View | None:
    """How planes with these axes are drawn; None for others, and for volumes.

    By convention the patient's right is at the left of the picture and the front at the
    top; a coronal plane has the head at the top, a sagittal one also the front at the
    left.
    """
    if axes is None or len(axes[0]) != 2:
        return None
    axes = Axes(*axes)
    plane = PLANES[PAIRS[axes.letters[0]] | PAIRS[axes.letters[1]]]
    # Direction in which rows go down the picture, and columns to its right.
    down = "P" if plane == "axial" else "I"
    right = "P" if plane == "sagittal" else "L"
    transposed = axes.letters[0] not in PAIRS[down]
    letters = axes.letters[::-1] if transposed else axes.letters
    spacing = axes.spacing or (1.0, 1.0)
    height, width = spacing[::-1] if transposed else spacing
    return View(
        plane,
        (OPPOSITE[right], right, OPPOSITE[down], down),
        transposed,
        (letters[0] != down, letters[1] != right),
        height / width,
    )
