"""What the modalities of ``fit`` were like, and how later rows are brought to it.

Columns are matched by name: others are left out, and a few that are absent are filled.
Images of another size are cropped, padded or resampled. Nothing of this depends on
which rows are read together.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.cohort import Cohort
from skmultimodal.exceptions import AlignmentWarning
from skmultimodal.preprocessing._intensity import find_mask_channel
from skmultimodal.utils._alignment import name_some
from skmultimodal.utils._bags import are_bags
from skmultimodal.utils._parts import ModelPart
from skmultimodal.utils._planes import (
    background_of,
    count_content,
    fit_plane,
    has_frame,
    resample,
)
from skmultimodal.utils._rows import MappedRows, is_lazy, is_lazy_in
from skmultimodal.utils._scales import Scale, some_rows
from skmultimodal.utils._text import counted
from skmultimodal.utils._warnings import warn

__all__ = ["MAX_FILLED", "SeenModality"]

# With a twentieth of the genes filled, probabilities of breast cancer patients move by
# .010 on average, with a tenth by .018 (`benchmarks/accuracy/results/alignment.md`).
MAX_FILLED = 0.05
# Images by which it is found what they have around them.
FRAMED_ROWS = 16
# Of the pixels that are no background: more of them are no margin.
MAX_CUT = 0.01


class Matched(NamedTuple):
    """Features of ``fit`` among later ones."""

    places: Any  # of the features of fit, -1 where absent
    absent: list
    extra: list

    @classmethod
    def of(cls, wanted: Any, names: Any) -> Self:
        place = {name: i for i, name in enumerate(names)}
        places = np.array([place.get(name, -1) for name in wanted], dtype=np.intp)
        absent = [n for n, i in zip(wanted, places.tolist(), strict=True) if i < 0]
        known = set(wanted)
        return cls(places, absent, [name for name in names if name not in known])


@dataclass(frozen=True, eq=False)
class SeenModality(ModelPart):
    """One modality as it was in ``fit``.

    Parameters
    ----------
    name : str
    feature_names : list of str or None
    row_shape : tuple of int
    means : ndarray of shape (n_features,) or None
        Of columns of numbers with names, for those that later rows lack.
    framed : bool
        Whether images have an empty margin, as around a head.
    mask_channel : int or None
        Channel of images that holds labels.
    scale : Scale or None
    """

    name: str
    feature_names: Any
    row_shape: tuple
    means: Any
    framed: bool
    mask_channel: Any
    scale: Any

    @classmethod
    def of(cls, cohort: Cohort, name: str) -> Self:
        """The modality of a cohort."""
        names, shape = cohort.feature_names(name), tuple(cohort.block_shape(name)[1:])
        some = some_rows(cohort, name)
        framed, mask = False, None
        if len(shape) > 2 and len(some):
            images = np.asarray(some[:FRAMED_ROWS])
            mask = find_mask_channel(images)
            framed = _have_frame(images, mask)
        means = None if names is None else _means(cohort, name)
        scale = Scale.of(some, names)
        return cls(name, names, shape, means, framed, mask, scale)

    def of_features(self, names: Any) -> Self:
        """The same modality for a tower that reads these columns of it."""
        if names is None or self.feature_names is None or names == self.feature_names:
            return replace(self, feature_names=names)
        places = Matched.of(names, self.feature_names).places
        known = self.means is not None and (places >= 0).all()
        means = self.means[places] if known else None
        return replace(self, feature_names=names, row_shape=(len(names),), means=means)

    # What later rows are like

    def warn_of_names(self, cohort: Cohort, model: Any) -> None:
        """Warn of columns that are left out, filled, or taken by position.

        Raises
        ------
        ValueError
            If more than a twentieth of the features are absent.
        """
        name, names = self.name, cohort.feature_names(self.name)
        if names is not None and self.feature_names is None:
            warn(
                f"modality {name!r} of X has feature names, but {model} was fitted "
                "without feature names: its columns are taken by position."
            )
        if names is None and self.feature_names is not None:
            warn(
                f"modality {name!r} of X does not have valid feature names, but "
                f"{model} was fitted with feature names: its columns are taken to be "
                f"in the order of features_in_[{name!r}]."
            )
        changed = self._changed_features(names)
        if changed is not None:
            warn(f"modality {name!r} of X {changed}.", AlignmentWarning)

    def warn_of_values(self, cohort: Cohort) -> None:
        """Warn of images that are resized, and of values on another scale."""
        changed = self._changed_grid(cohort)
        if changed is not None:
            warn(f"modality {self.name!r} of X {changed}.", AlignmentWarning)
        if self.scale is None:
            return
        names = cohort.feature_names(self.name)
        shift = self.scale.describe_shift(some_rows(cohort, self.name), names)
        if shift is not None:
            warn(
                f"modality {self.name!r} of X is on another scale than in fit: "
                f"{shift}. Are its units and transformation (such as the logarithm) "
                "the same?"
            )

    def _changed_features(self, names: Any) -> str | None:
        if None in (names, self.feature_names) or names == self.feature_names:
            return None
        matched = Matched.of(self.feature_names, names)
        self._refuse_absent(matched)
        parts = []
        if matched.extra:
            parts.append(
                f"has {counted(len(matched.extra), 'feature')} that fit did not have "
                f"({name_some(matched.extra)}), left out"
            )
        if matched.absent:
            how = "their means in fit" if self.means is not None else "blanks"
            parts.append(
                f"lacks {len(matched.absent)} of {len(self.feature_names)} features of "
                f"fit ({name_some(matched.absent)}), filled with {how}"
            )
        return ", and ".join(parts) or None

    def _changed_grid(self, cohort: Cohort) -> str | None:
        shape = tuple(cohort.block_shape(self.name)[1:])
        if shape == self.row_shape or not self._resizes(shape):
            return None
        how = (
            "cropped or padded around their centre, as those of fit had an empty margin"
            if self.framed
            else "resampled, as those of fit fill their frame"
        )
        if not self.framed and min(np.divide(shape[1:], self.row_shape[1:])) < 1:
            how += ", and lack the detail that fewer pixels cannot hold"
        have, want = spell_size(shape[1:]), spell_size(self.row_shape[1:])
        return f"has images of {have} where fit had {want}: they are {how}"

    def alignment(self, cohort: Cohort) -> Any:
        """The same as numbers: dict."""
        names, shape = (
            cohort.feature_names(self.name),
            cohort.block_shape(self.name)[1:],
        )
        n = self.row_shape[0] if self.row_shape else 0
        found = {"n_features": n, "n_matched": n, "n_filled": 0, "n_left_out": 0}
        found |= {"reordered": False, "resized": ""}
        if None not in (names, self.feature_names):
            matched = Matched.of(self.feature_names, names)
            kept = matched.places[matched.places >= 0]
            found |= {"n_features": len(self.feature_names), "n_matched": len(kept)}
            found |= {"n_filled": len(matched.absent)}
            found |= {"n_left_out": len(matched.extra)}
            found["reordered"] = bool((np.diff(kept) < 0).any())
        if tuple(shape) != self.row_shape and self._resizes(tuple(shape)):
            how = "cropped or padded" if self.framed else "resampled"
            sizes = f"{spell_size(shape[1:])} to {spell_size(self.row_shape[1:])}"
            found["resized"] = f"{how}, {sizes}"
        return found

    def _resizes(self, shape: Any) -> bool:
        """Whether images are brought to those of fit, which they must be alike."""
        alike = len(shape) == len(self.row_shape) and shape[:1] == self.row_shape[:1]
        if not alike or len(shape) < 3:
            return False
        have, want = np.array(shape[1:]), np.array(self.row_shape[1:])
        # Nothing is stretched: the axes are in proportion, up to rounding.
        return self.framed or bool((np.abs(want * have[0] / want[0] - have) < 1).all())

    def _refuse_absent(self, matched: Any) -> None:
        n_absent, n = len(matched.absent), len(self.feature_names)
        if n_absent <= MAX_FILLED * n:
            return
        extra = ""
        if matched.extra:
            extra = (
                f", and has {len(matched.extra)} in addition "
                f"({name_some(matched.extra)})"
            )
        raise ValueError(
            f"modality {self.name!r} lacks {n_absent} of the {n} features of fit "
            f"({name_some(matched.absent)}){extra}: up to {MAX_FILLED:.0%} are filled "
            "with their means. Give it the columns of "
            f"features_in_[{self.name!r}] of the fitted model, or fit a model to the "
            "columns that both have."
        )

    # Bringing them to fit

    def rows(self, cohort: Cohort) -> Any:
        """Rows of a cohort that has the modality, with features and size of ``fit``.

        Parameters
        ----------
        cohort : Cohort

        Returns
        -------
        rows : ndarray or lazy block of shape (n_rows, ...)

        Raises
        ------
        ValueError
            If they cannot be brought to it.
        """
        rows, names = cohort.block(self.name), cohort.feature_names(self.name)
        if None not in (names, self.feature_names) and names != self.feature_names:
            return self._matched(rows, names)
        shape = tuple(rows.shape[1:])
        # The tower compares the width of bags.
        if shape == self.row_shape or are_bags(shape, self.row_shape):
            return rows
        if not self._resizes(shape):
            raise ValueError(
                f"modality {self.name!r} has rows of shape {shape}, but the tower "
                f"was fitted on {self.row_shape}."
            )
        if is_lazy(rows):
            return MappedRows(rows, self.row_shape, rows.dtype, self._resized)
        return self._resized(rows, cohort.index[cohort.has(self.name)])

    def _matched(self, rows: Any, names: Any) -> Any:
        matched = Matched.of(self.feature_names, names)
        self._refuse_absent(matched)
        places, absent = matched.places, matched.places < 0
        dtype = rows.dtype
        if absent.any() and dtype.kind != "O":
            dtype = np.result_type(dtype, np.float32)
        fill = self.means[absent] if self.means is not None else None

        def take(some: Any) -> Any:
            taken = some[:, places].astype(dtype, copy=False)
            if absent.any():
                taken[:, absent] = fill
            return taken

        if is_lazy(rows):
            return MappedRows(rows, (len(places),), dtype, take)
        return take(np.asarray(rows))

    def _resized(self, rows: Any, ids: Any = None) -> Any:
        resize = self._cropped if self.framed else self._resampled
        out = np.empty((len(rows), *self.row_shape), rows.dtype)
        for i, image in enumerate(rows):
            name = i if ids is None else ids[i]
            for c, plane in enumerate(image):
                out[i, c] = resize(plane, c == self.mask_channel, name)
        return out

    def _cropped(self, plane: NDArray, labels: Any, patient: Any) -> NDArray:
        background = 0.0 if labels else background_of(_as_planes(plane))
        size = self.row_shape[1:]
        if not labels:
            n, n_cut = count_content(_as_planes(plane), size[-2:], background)
            if n_cut > MAX_CUT * n:
                raise ValueError(
                    f"the image of patient {patient!r} in modality {self.name!r} is of "
                    f"{spell_size(plane.shape)}, and {n_cut / n:.0%} of what it "
                    f"shows lies outside the {spell_size(size)} of fit: "
                    "resample the images to the size of a pixel in fit."
                )
        return fit_plane(plane, size, background)

    def _resampled(self, plane: NDArray, labels: Any, patient: Any) -> NDArray:
        return resample(plane, self.row_shape[1:], labels=labels)


def spell_size(size: Any) -> str:
    """Such as ``240 x 240``."""
    return " x ".join(map(str, size))


def _as_planes(plane: NDArray) -> NDArray:
    """A plane or volume as planes."""
    return plane.reshape(-1, *plane.shape[-2:])


def _have_frame(images: NDArray, mask_channel: int | None) -> bool:
    """Whether most images are surrounded by one value, in every channel but a mask."""
    channels = [c for c in range(images.shape[1]) if c != mask_channel]
    framed = [
        all(has_frame(_as_planes(image[c])) for c in channels) for image in images
    ]
    return bool(np.mean(framed) > 0.5)


def _means(cohort: Cohort, name: str) -> NDArray | None:
    """Means of the columns of a modality; None if it holds words."""
    lazy = is_lazy_in(cohort, name)
    rows = np.asarray(some_rows(cohort, name) if lazy else cohort.block(name))
    if rows.dtype.kind not in "iufb" or rows.ndim != 2 or not len(rows):
        return None
    means = rows.mean(axis=0, dtype=np.float64)
    blank = ~np.isfinite(means)
    if blank.any():
        columns = pd.DataFrame(rows[:, blank]).replace([np.inf, -np.inf], np.nan)
        means[blank] = columns.mean().to_numpy()
    return means
