"""A splitter that tests every row, stratified by pattern."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.model_selection import (
    BaseCrossValidator,
)
from sklearn.utils import check_random_state

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection._fold_assignment import (
    assign_groups,
    assign_rows,
    number_strata,
    train_and_test,
)
from skmultimodal.model_selection._tested_rows import (
    check_count,
    check_length,
)
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._groups import check_groups
from skmultimodal.utils._strata import encode_strata

__all__ = ["PatternStratifiedKFold"]


class PatternStratifiedKFold(BaseCrossValidator):
    """K-fold over all rows, stratified by class and by the modalities present.

    Each row is tested once, as ``cross_val_predict``, ``StackingClassifier`` and
    ``CalibratedClassifierCV`` require. Every pattern, above all the paired one, is
    spread evenly over the folds: with a plain ``cv=3`` on rows sorted by pattern, all
    pairs can be in one fold.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds.
    random_state : int, RandomState instance or None, default=None
        Shuffles the rows before they are assigned. With an int each call of ``split``
        gives the same folds.

    See Also
    --------
    PairedStratifiedKFold : Tests complete patients only, and trains on all others.

    Notes
    -----
    A stratum is a pattern and a class, or a pattern without label. It may have fewer
    rows than there are folds; the paired labelled rows are in every fold if there are
    at least `n_splits` of them. With `groups`, which are never divided, patterns and
    classes are spread as evenly as the groups allow.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.model_selection import PatternStratifiedKFold
    >>> gene = np.ones((9, 7))
    >>> gene[3:] = np.nan
    >>> X = Cohort({"image": np.ones((9, 1, 4, 5)), "gene": gene})
    >>> y = [0, 0, 1, 0, 0, 1, 1, 1, np.nan]
    >>> for _, test in PatternStratifiedKFold(3, random_state=0).split(X, y):
    ...     print(X[test])
    Cohort(3 rows: 2 image, 1 image+gene)
    Cohort(3 rows: 2 image, 1 image+gene)
    Cohort(3 rows: 2 image, 1 image+gene)
    """

    __metadata_request__split = {"groups": True}

    def __init__(
        self,
        n_splits: int = 5,
        *,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of folds.

        Parameters
        ----------
        X, y, groups : object
            Not used, present for API consistency.

        Returns
        -------
        n_splits : int
        """
        check_count(self, "n_splits", 2)
        return self.n_splits

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        """Generate the row numbers of training and test sets.

        Parameters
        ----------
        X : Cohort, or anything that can be read as one
        y : array-like of shape (n_rows,), default=None
            Class labels, or another target; NaN or None marks an unlabelled row.
            Without `y` the folds are stratified by pattern only.
        groups : array-like of shape (n_rows,), default=None
            Rows that must stay together.

        Yields
        ------
        train : ndarray of int
        test : ndarray of int

        Raises
        ------
        ValueError
            If there are fewer rows, or groups, than `n_splits`.
        """
        n_splits = self.get_n_splits()
        cohort = as_cohort(X)
        y, groups = join_rows(X, cohort, y=y, groups=groups)
        codes = np.full(len(cohort), -1)
        if y is not None:
            _, codes = encode_strata(check_length(cohort, y))
        if len(cohort) < n_splits:
            raise ValueError(f"n_splits={n_splits} is more than {len(cohort)} rows.")
        groups = check_groups(groups, len(cohort))
        rng = check_random_state(self.random_state)
        # Labelled rows of a pattern, spread evenly too, have consecutive numbers.
        unlabelled_last = np.where(codes < 0, codes.max() + 1, codes)
        strata = number_strata(cohort.patterns, unlabelled_last)
        if groups is None:
            parts = assign_rows(strata, n_splits, rng)
        else:
            parts = assign_groups(strata, groups, n_splits, rng)
        for part in parts:
            yield train_and_test(len(cohort), part, groups)
