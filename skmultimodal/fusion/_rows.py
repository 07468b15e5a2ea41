"""Rows of a model of cohorts: which train what, and what predicts which."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.frozen import FrozenEstimator

from skmultimodal.cohort import Cohort
from skmultimodal.utils._leaks import find_label
from skmultimodal.utils._patterns import HEAD, pattern_name
from skmultimodal.utils._warnings import warn

__all__ = [
    "Routes",
    "TrainingData",
    "choose_rows",
    "have_several",
    "modality_masks",
    "refuse_empty_rows",
]


def modality_masks(cohort: Cohort, modalities: Any) -> dict[str, Any]:
    """Which rows have the modality of each tower.

    Parameters
    ----------
    cohort : Cohort
    modalities : dict of str to str
        The modality of each tower, by the tower's name.

    Returns
    -------
    has : dict of str to ndarray of bool, shape (n_rows,)
    """
    absent = np.zeros(len(cohort), dtype=bool)
    return {
        name: cohort.has(modality) if modality in cohort.modalities else absent
        for name, modality in modalities.items()
    }


def have_several(has: Any) -> NDArray:
    """Rows with two modalities, or with the one that there is: (n_rows,).

    Parameters
    ----------
    has : dict of str to ndarray of bool, shape (n_rows,)
        As of `modality_masks`.
    """
    return np.sum(list(has.values()), axis=0) >= min(2, len(has))


def refuse_empty_rows(cohort: Cohort, has: Any) -> None:
    """Raise a ValueError that names the first row without a modality of a tower."""
    empty = ~np.any(list(has.values()), axis=0)
    if empty.any():
        raise ValueError(
            f"row {cohort.index[empty].tolist()[0]!r} has no modality of a tower "
            f"({', '.join(has)}): its values are NaN or absent. Leave out the "
            f"{empty.sum()} such rows."
        )


# What trains what


@dataclass(frozen=True)
class TrainingData:
    """Rows and labels of one ``fit``.

    Parameters
    ----------
    cohort : Cohort
    y : ndarray of shape (n_rows,)
        Labels as given.
    outcome : ClassLabels, Numbers or TimeToEvent
    codes : ndarray of int, shape (n_rows,)
        Class numbers or other strata, -1 for an unlabelled row.
    has : dict of str to ndarray of bool, shape (n_rows,)
        Rows with the modality of each tower.
    groups : ndarray of intp, shape (n_rows,), default=None
        Rows that a cross-fitted tower holds out together.
    partial : bool, default=False
        Whether the final estimator learns from rows that lack a modality.
    weights : ndarray of float, shape (n_rows,), default=None
        As many rows each row counts as, above 0. None is one.
    """

    cohort: Any
    y: Any
    outcome: Any
    codes: Any
    has: Any
    groups: Any = None
    partial: bool = False
    weights: Any = None

    @property
    def paired(self) -> NDArray:
        """Rows with the modality of every tower."""
        return np.all(list(self.has.values()), axis=0)

    @property
    def fused(self) -> NDArray:
        """Labelled rows whose modalities are fused."""
        rows = have_several(self.has) if self.partial else self.paired
        return rows & self.labelled

    @property
    def labelled(self) -> NDArray:
        return self.codes >= 0

    @property
    def train(self) -> NDArray:
        """Rows that the final estimator is given."""
        return self.labelled if self.partial else self.fused

    def check(self) -> None:
        """Raise a ValueError unless the final estimator can learn from the rows.

        Warns
        -----
        UserWarning
            If no labelled row has two modalities, to show how they go together.
        """
        if not self.labelled.any():
            raise ValueError("Input y contains NaN only: no row is labelled.")
        if self.partial:
            if not self.fused.any():
                warn(
                    f"no labelled row has two of {', '.join(self.has)}: log-odds are "
                    "added as if the towers were as correlated as towers usually are."
                )
            self._refuse_alike(self.labelled, "labelled")
            return
        if not self.train.any():
            raise ValueError(
                "no training row is paired (has "
                f"{' and '.join(self.has)}) and labelled, "
                "so the final estimator has nothing to learn from. In "
                "cross-validation use PairedStratifiedKFold, whose folds are made of "
                "paired rows, or PatternStratifiedKFold, which spreads them over the "
                "folds."
            )
        self._refuse_alike(self.train, "labelled paired")

    def _refuse_alike(self, rows: Any, kind: str) -> None:
        known = self.codes[rows]
        if not self.outcome.differ(known):
            alike = self.outcome.describe_alike(known)
            raise ValueError(
                f"the {len(known)} {kind} rows {alike}: {self.outcome.remedy}."
            )

    def _refuse_label(self, modality: str) -> None:
        rows = np.flatnonzero(self.cohort.has(modality) & self.labelled)
        found = find_label(self.cohort[rows], modality, self.codes[rows])
        if found is not None:
            raise ValueError(
                f"{found} of modality {modality!r} has one value for each class in all "
                f"{len(rows)} labelled rows: it is the label, or made from it. Leave "
                "it out of the modality."
            )

    def tower_rows(
        self, name: str, modality: str, estimator: Any, choice: str
    ) -> NDArray:
        """Rows that a tower is fitted on.

        Parameters
        ----------
        name, modality : str
        estimator : estimator
        choice : {"unpaired", "all"}

        Returns
        -------
        rows : ndarray of bool, shape (n_rows,)

        Raises
        ------
        ValueError
            If no row is left.
        """
        self._refuse_label(modality)
        has = self.cohort.has(modality)
        rows = has if choice == "all" else has & ~self.paired
        if isinstance(estimator, FrozenEstimator):
            return rows
        if not rows.any():
            raise ValueError(
                f"tower {name!r} has no unpaired row to learn from: all "
                f"{has.sum()} rows with modality {modality!r} have every "
                "modality. tower_rows='all' trains it on all of them."
            )
        if getattr(estimator, "uses_unlabelled_rows", False):
            return rows
        if not (rows & self.labelled).any():
            raise ValueError(
                f"tower {name!r} needs labels, and none of its {rows.sum()} "
                f"{choice} rows has one."
            )
        return rows & self.labelled


def choose_rows(tower_rows: str, single: bool, unbiased: bool) -> str:
    """Rows that towers are fitted on: "unpaired" or "all".

    Parameters
    ----------
    tower_rows : {"auto", "unpaired", "all"}
    single : bool
        Whether there is one modality in total.
    unbiased : bool
        Whether the final estimator is given outputs by members that have not seen the
        rows that they are of.
    """
    if single or (tower_rows == "auto" and unbiased):
        return "all"
    return "unpaired" if tower_rows == "auto" else tower_rows


# What predicts them


@dataclass(frozen=True)
class Routes:
    """Which part of a fitted model predicts each row.

    Parameters
    ----------
    names : tuple of str
        The towers.
    has : ndarray of bool, shape (n_rows, n_towers)
        Towers that have something to read in a row.
    by_head : ndarray of bool, shape (n_rows,)
        Rows that the final estimator predicts; the others are predicted by the towers
        that they have.
    """

    names: tuple
    has: Any
    by_head: Any

    @classmethod
    def plan(cls, cohort: Cohort, has: Any, missing: str, partial: bool) -> Self:
        """Routes of the rows of `cohort`.

        Parameters
        ----------
        cohort : Cohort
        has : dict of str to ndarray of bool
            As of `modality_masks`.
        missing : {"tower", "impute", "error"}
        partial : bool
            Whether the final estimator predicts rows that lack a modality.
        """
        masks = np.column_stack(list(has.values()))
        paired = masks.all(axis=1)
        if missing == "error" and not paired.all():
            row = np.flatnonzero(~paired)[0]
            lacking = [name for name, mask in has.items() if not mask[row]]
            raise ValueError(
                f"row {cohort.index.tolist()[row]!r} lacks modality {lacking[0]!r} and "
                "missing='error': missing='tower' predicts it from what it has."
            )
        by_head = have_several(has) if partial else paired
        if missing == "impute":
            by_head = np.ones_like(paired)
        return cls(tuple(has), masks, by_head)

    def by_towers(self) -> Iterator[Any]:
        """Rows that towers predict, in parts with the same towers.

        Yields
        ------
        rows : ndarray of bool, shape (n_rows,)
        names : tuple of str
        """
        kinds, kind_of = np.unique(self.has, axis=0, return_inverse=True)
        for number, kind in enumerate(kinds):
            rows = (kind_of == number) & ~self.by_head
            if rows.any():
                yield rows, tuple(np.array(self.names)[kind].tolist())

    def labels(self) -> NDArray:
        """Routes for people, such as "head" or "image+gene": ndarray of str."""
        labels = np.full(len(self.has), HEAD, dtype=object)
        for rows, names in self.by_towers():
            labels[rows] = pattern_name(names)
        return labels.astype(str)
