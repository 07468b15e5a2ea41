"""Which rows are tested: labelled ones with all modalities, or with the most."""

from copy import copy
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmultimodal.cohort import Cohort, as_cohort
from skmultimodal.model_selection._fold_assignment import number_strata
from skmultimodal.utils._groups import check_groups
from skmultimodal.utils._labels import class_name
from skmultimodal.utils._strata import encode_strata
from skmultimodal.utils._warnings import warn

__all__ = [
    "RowsToTest",
    "check_count",
    "check_length",
    "count_modalities",
    "find_tested",
    "fix_tested",
]


class RowsToTest(NamedTuple):
    """Rows to be tested, in order, and what they are stratified by.

    Parameters
    ----------
    rows : ndarray of int
    codes : ndarray of int
        Number of the class of each row.
    strata : ndarray of int
        Number of the class and, within it, of the pattern of each row.
    n_patterns : int
    min_modalities : int
        Each row has so many modalities or more.
    """

    rows: np.ndarray
    codes: np.ndarray
    strata: np.ndarray
    n_patterns: int
    min_modalities: int


def count_modalities(cohort: Cohort) -> NDArray:
    """Number of modalities that each row has."""
    return cohort.available.to_numpy().sum(axis=1)


def check_length(cohort: Cohort, y: Any) -> Any:
    """`y`, if it has a label for each row."""
    if y is None:
        raise ValueError("folds are stratified by class: y must be given.")
    if len(y) != len(cohort):
        raise ValueError(f"X has {len(cohort)} rows, y has {len(y)}.")
    return y


def find_tested(
    splitter: Any, X: Any, y: Any, groups: Any = None, *, n_rows: int, n_groups: int = 1
) -> Any:
    """Rows that a splitter tests.

    Parameters
    ----------
    splitter : object
        With ``min_modalities``. None is the largest number of modalities, of two or
        more, with which there are enough rows.
    X : Cohort, or anything that can be read as one
    y : array-like of shape (n_rows,)
    groups : array-like of shape (n_rows,), default=None
    n_rows : int
        Rows of each class that are needed.
    n_groups : int, default=1
        Groups that are needed.

    Returns
    -------
    tested : RowsToTest

    Warns
    -----
    UserWarning
        If that is not the number of all modalities, and was not asked for.

    Raises
    ------
    ValueError
        If there are not enough rows.
    """
    cohort = as_cohort(X)
    classes, codes = encode_strata(check_length(cohort, y))
    pool = _Pool(
        cohort.modalities,
        count_modalities(cohort),
        classes,
        codes,
        check_groups(groups, len(cohort)),
    )
    name, given, most = (
        type(splitter).__name__,
        splitter.min_modalities,
        cohort.shape[1],
    )
    if given is not None:
        _check_number(given, most)
        if lack := pool.lack(given, n_rows, n_groups):
            raise ValueError(
                f"min_modalities={given}: {lack.text}. {pool.spread(lack.code)}: lower "
                "min_modalities, or leave it None."
            )
        return _tested(cohort, pool, given, n_rows)
    first = lack = None
    for number in range(most, min(2, most) - 1, -1):
        lack = pool.lack(number, n_rows, n_groups)
        first = first or lack
        if lack is None:
            break
    else:
        raise ValueError(f"{lack.text}: {lack.remedy}.")
    tested = _tested(cohort, pool, number, n_rows)
    if first is not None:
        warn(
            f"{first.text}: {name} tests the {len(tested.rows)} labelled rows that "
            f"have at least {number} of them instead. min_modalities={number} chooses "
            "them without a warning."
        )
    return tested


def fix_tested(splitter: Any, X: Any, y: Any, groups: Any = None) -> Any:
    """A splitter that tests, of these rows, the same ones whatever their labels."""
    if not hasattr(splitter, "min_modalities"):
        return splitter
    fixed = copy(splitter)
    fixed.min_modalities = splitter._find_tested(X, y, groups).min_modalities
    return fixed


def _check_number(number: Any, most: Any) -> None:
    if (
        not isinstance(number, Integral)
        or isinstance(number, bool)
        or not 1 <= int(number) <= most
    ):
        raise ValueError(
            f"min_modalities must be None or an integer from 1 to {most}, the number "
            f"of modalities, got {number!r}."
        )


def _tested(cohort: Cohort, pool: Any, number: Any, n_rows: int) -> RowsToTest:
    rows = pool.rows(number)
    patterns, codes = cohort[rows].patterns, pool.codes[rows]
    if np.unique(codes, return_counts=True)[1].min() < n_rows:
        # Strata that are no classes: folds without one are tested all the same.
        codes = np.zeros_like(codes)
    return RowsToTest(
        rows,
        codes,
        number_strata(codes, patterns),
        len(np.unique(patterns)),
        int(number),
    )


class _Lack(NamedTuple):
    """What is lacking, what to do about it, and the class that it is about, if any."""

    text: str
    remedy: str
    code: int | None = None


class _Pool(NamedTuple):
    """All rows, from which those to be tested are chosen."""

    modalities: list
    sizes: np.ndarray  # modalities of each row
    classes: np.ndarray | None  # None: rows need not be of every stratum
    codes: np.ndarray
    groups: np.ndarray | None

    def rows(self, number: Any) -> NDArray:
        """Labelled rows with so many modalities."""
        return np.flatnonzero((self.sizes >= number) & (self.codes >= 0))

    def lack(self, number: Any, n_rows: int, n_groups: int) -> Any:
        """Why these rows are not enough, or None."""
        names = ", ".join(self.modalities)
        every = number == len(self.modalities)
        having = f"{'all' if every else f'at least {number}'} of {names}"
        n_having = np.sum(self.sizes >= number)
        if not n_having:
            return _Lack(
                f"none of {len(self.sizes)} rows has {having}",
                "use PatternStratifiedKFold, which tests rows of any pattern",
            )
        rows = self.rows(number)
        if not len(rows):
            return _Lack(
                f"none of the {n_having} rows with {having} has a label",
                "use PatternStratifiedKFold, which tests rows of any pattern",
            )
        if self.classes is None:
            if len(rows) < n_rows:
                return _Lack(
                    f"{len(rows)} labelled row{'' if len(rows) == 1 else 's'} with "
                    f"{having}, and {n_rows} are needed",
                    "use fewer splits",
                )
        else:
            counts = np.bincount(self.codes[rows], minlength=len(self.classes))
            if counts.min() < n_rows:
                return self._rare_class(self.classes, counts, n_rows, having)
        if self.groups is not None:
            n_found = len(np.unique(self.groups[rows]))
            if n_found < n_groups:
                return _Lack(
                    f"labelled rows with {having} are of {n_found} "
                    f"group{'' if n_found == 1 else 's'}, and {n_groups} are needed",
                    "use fewer splits",
                )
        return None

    def _rare_class(
        self, classes: NDArray, counts: NDArray, n_rows: int, having: str
    ) -> _Lack:
        rarest = int(np.argmin(counts))
        return _Lack(
            f"class {class_name(classes[rarest])} has {counts[rarest]} labelled "
            f"row{'' if counts[rarest] == 1 else 's'} with {having}, and {n_rows} are "
            "needed",
            "use fewer splits, join it with another class, or set its labels to NaN",
            rarest,
        )

    def spread(self, code: Any) -> str:
        """How many labelled rows, of a class or of all, have how many modalities."""
        known = self.codes >= 0 if code is None else self.codes == code
        first, *others = [
            np.sum(known & (self.sizes >= number))
            for number in range(1, len(self.modalities) + 1)
        ]
        parts = [f"{n} at least {i}" for i, n in enumerate(others, start=2)]
        parts = [f"{first} have at least 1", *parts]
        listed = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
        of_class = "" if code is None else " of the class"
        return f"Of {known.sum()} labelled rows{of_class}, {listed} of them"


def check_count(splitter: Any, name: str, least: int) -> None:
    """Refuse a parameter of a splitter that is no integer of at least `least`."""
    value = getattr(splitter, name)
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(
            f"{name} of {type(splitter).__name__} must be an integer of at least "
            f"{least}, got {value!r}."
        )
