"""Rows of a model of cohorts: which train what, and what predicts which."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from skmultimodal.utils._patterns import HEAD, pattern_name

__all__ = [
    "Routes",
    "TrainingData",
    "modality_masks",
    "refuse_empty_rows",
]


def modality_masks(cohort, modalities):
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


def refuse_empty_rows(cohort, has):
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
    outcome : ClassLabels
    codes : ndarray of int, shape (n_rows,)
        Class numbers, -1 for an unlabelled row.
    paired : ndarray of bool, shape (n_rows,)
        Rows with the modality of every tower.
    groups : ndarray of intp, shape (n_rows,), default=None
        Rows that a cross-fitted tower holds out together.
    """

    cohort: Any
    y: Any
    outcome: Any
    codes: Any
    paired: Any
    groups: Any = None

    @property
    def labelled(self):
        return self.codes >= 0

    @property
    def train(self):
        """Rows that the final estimator learns from."""
        return self.paired & self.labelled

    def check(self, names):
        """Raise a ValueError unless labelled paired rows of two classes are there."""
        if not self.labelled.any():
            raise ValueError("Input y contains NaN only: no row is labelled.")
        if not self.train.any():
            raise ValueError(
                f"no training row is paired (has {' and '.join(names)}) and labelled, "
                "so the final estimator has nothing to learn from. In "
                "cross-validation use PairedStratifiedKFold, whose folds are made of "
                "paired rows, or PatternStratifiedKFold, which spreads them over the "
                "folds."
            )
        known = self.codes[self.train]
        if not self.outcome.differ(known):
            raise ValueError(
                f"the {len(known)} labelled paired rows are of one class only, "
                f"{self.outcome.classes.tolist()[known[0]]!r}."
            )

    def tower_rows(self, name, modality, estimator, choice):
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
    def plan(cls, cohort, has, missing):
        """Routes of the rows of `cohort`.

        Parameters
        ----------
        cohort : Cohort
        has : dict of str to ndarray of bool
            As of `modality_masks`.
        missing : {"tower", "impute", "error"}
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
        by_head = np.ones_like(paired) if missing == "impute" else paired
        return cls(tuple(has), masks, by_head)

    def by_towers(self):
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

    def labels(self):
        """Routes for people, such as "head" or "image+gene": ndarray of str."""
        labels = np.full(len(self.has), HEAD, dtype=object)
        for rows, names in self.by_towers():
            labels[rows] = pattern_name(names)
        return labels.astype(str)
