"""Which rows train what, and who answers for which row."""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "HEAD",
    "TrainingData",
    "modality_masks",
    "refuse_empty_rows",
    "route_rows",
]

HEAD = "head"


def modality_masks(cohort, towers):
    """For each tower's name, which rows have its modality: dict of boolean masks."""
    absent = np.zeros(len(cohort), dtype=bool)
    return {
        tower.name: (
            cohort.has(tower.modality)
            if tower.modality in cohort.modalities
            else absent
        )
        for tower in towers
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


@dataclass
class TrainingData:
    """Rows and labels of one ``fit``.

    Parameters
    ----------
    cohort : Cohort
    y : ndarray of shape (n_rows,)
        Labels as given.
    classes : ndarray of shape (n_classes,)
    codes : ndarray of int, shape (n_rows,)
        Class numbers, -1 for an unlabelled row.
    paired : ndarray of bool, shape (n_rows,)
        Rows with the modality of every tower.
    groups : ndarray of shape (n_rows,), default=None
        Rows that a cross-fitted tower holds out together.
    """

    cohort: Any
    y: Any
    classes: Any
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

    def count_classes(self, rows):
        """Rows of each class and, last, without a label, among those of a mask."""
        counts = np.bincount(self.codes[rows] + 1, minlength=len(self.classes) + 1)
        return np.roll(counts, -1)

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
        known = np.unique(self.codes[self.train])
        if len(known) < 2:
            raise ValueError(
                f"the {self.train.sum()} labelled paired rows are of one class only, "
                f"{self.classes.tolist()[known[0]]!r}."
            )


def route_rows(cohort, has, missing):
    """Who answers for each row: "head", or the towers it has.

    Parameters
    ----------
    cohort : Cohort
    has : dict of str to ndarray of bool
    missing : {"tower", "impute", "error"}

    Returns
    -------
    route : ndarray of str, shape (n_rows,)
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
    if missing == "impute" or paired.all():
        return np.full(len(cohort), HEAD)
    names = np.array(list(has))
    routes = [
        HEAD if whole else "+".join(names[mask])
        for mask, whole in zip(masks, paired, strict=True)
    ]
    return np.array(routes)
