"""Splitters for cohorts in which only some rows are paired."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.model_selection import (
    BaseCrossValidator,
    StratifiedKFold,
    StratifiedShuffleSplit,
)
from sklearn.utils import check_random_state

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection._fold_assignment import (
    assign_groups,
    assign_rows,
    hold_out_rows,
    train_and_test,
)
from skmultimodal.model_selection._tested_rows import (
    check_count,
    find_tested,
)
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._groups import check_groups

__all__ = [
    "PairedStratifiedKFold",
    "PairedStratifiedShuffleSplit",
]


class PairedStratifiedKFold(BaseCrossValidator):
    """Repeated stratified K-fold whose test rows are paired and labelled.

    A row is paired when it has every modality of `X`, or `min_modalities` of them.
    Rows that are not, and rows without a label, are in every training set: the score
    measures how well a model that is fitted on them as well predicts paired patients.

    Parameters
    ----------
    n_splits : int, default=3
        Number of folds.
    n_repeats : int, default=1
        How often the folds are drawn anew.
    random_state : int, RandomState instance or None, default=None
        Shuffles the rows before they are assigned. With an int each call of ``split``
        gives the same folds.
    min_modalities : int, default=None
        Test rows have so many modalities or more. None is all; if too few labelled rows
        have all, the largest number, of two or more, with which the rows can be split,
        with a warning that names it.

    See Also
    --------
    PatternStratifiedKFold : A partition of all rows, for tools that need one.
    PairedStratifiedShuffleSplit : One hold-out of the paired rows.

    Notes
    -----
    Folds are stratified by class and, if tested rows differ in the modalities that they
    have, by pattern within each class. Numbers are stratified by fifths, and times to
    an event (``make_survival_target``) by event.

    With `groups`, no group (a patient, a hospital) has rows in both training and test
    set: unpaired and unlabelled rows of the tested groups are left out of training too.
    To leave one hospital out at a time, pass the hospitals as `groups` with as many
    splits as there are hospitals.

    A DataFrame or bare array is read as one modality. Build a ``Cohort`` if its columns
    belong to several.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.model_selection import PairedStratifiedKFold
    >>> image, gene = np.ones((8, 1, 4, 5)), np.ones((8, 7))
    >>> gene[6] = np.nan
    >>> image[7] = np.nan
    >>> y = [0, 1, 0, 1, 0, 1, 1, np.nan]
    >>> X = Cohort({"image": image, "gene": gene})
    >>> for train, test in PairedStratifiedKFold(3, random_state=0).split(X, y):
    ...     print(train, test)
    [0 1 2 5 6 7] [3 4]
    [0 1 3 4 6 7] [2 5]
    [2 3 4 5 6 7] [0 1]
    """

    __metadata_request__split = {"groups": True}

    def __init__(
        self,
        n_splits: int = 3,
        n_repeats: int = 1,
        *,
        random_state: int | np.random.RandomState | None = None,
        min_modalities: int | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.n_repeats = n_repeats
        self.random_state = random_state
        self.min_modalities = min_modalities

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of folds times number of repeats.

        Parameters
        ----------
        X, y, groups : object
            Not used, present for API consistency.

        Returns
        -------
        n_splits : int
        """
        check_count(self, "n_splits", 2)
        check_count(self, "n_repeats", 1)
        return self.n_splits * self.n_repeats

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[Any]:
        """Generate the row numbers of training and test sets.

        Parameters
        ----------
        X : Cohort, or anything that can be read as one
        y : array-like of shape (n_rows,)
            Class labels, or another target; NaN or None marks an unlabelled row.
        groups : array-like of shape (n_rows,), default=None
            Rows that must stay together.

        Yields
        ------
        train : ndarray of int
        test : ndarray of int

        Raises
        ------
        ValueError
            If no row is paired and labelled, a class has fewer such rows than
            `n_splits`, or they belong to fewer groups than `n_splits`.

        Warns
        -----
        UserWarning
            If `min_modalities` is None and rows without some modality are tested.
        """
        cohort = as_cohort(X)
        y, groups = join_rows(X, cohort, y=y, groups=groups)
        tested = self._find_tested(cohort, y, groups)
        groups = check_groups(groups, len(y))
        rng = check_random_state(self.random_state)
        for _ in range(self.n_repeats):
            for part in self._assign(tested, groups, rng):
                yield train_and_test(len(y), tested.rows[part], groups)

    def _find_tested(self, X: Any, y: Any, groups: Any = None) -> Any:
        self.get_n_splits()
        needed = {"n_rows": self.n_splits, "n_groups": self.n_splits}
        return find_tested(self, X, y, groups, **needed)

    def _assign(self, tested: Any, groups: Any, rng: np.random.RandomState) -> Any:
        """Places of the test rows of each fold: list of ndarray."""
        codes, strata, k = tested.codes, tested.strata, self.n_splits
        if groups is not None:
            # If no pattern can be in every fold, each class should.
            coarse = np.bincount(strata).max() < k
            return assign_groups(
                codes if coarse else strata, groups[tested.rows], k, rng
            )
        if tested.n_patterns > 1:
            return assign_rows(strata, k, rng)
        folds = StratifiedKFold(k, shuffle=True, random_state=rng)
        return [test for _, test in folds.split(codes, codes)]


class PairedStratifiedShuffleSplit(BaseCrossValidator):
    """Random stratified hold-out of the paired, labelled rows.

    The default is one split in the proportion 3:2, as in the twin tower's paper (30 of
    50 paired patients trained the fusion head and 20 tested it [1]_). Rows that are not
    paired or have no label are in every training set. The hold-out is stratified as the
    folds of `PairedStratifiedKFold` are.

    Parameters
    ----------
    n_splits : int, default=1
        Number of independent hold-outs.
    test_size : float or int, default=0.4
        Share, or number, of the paired labelled rows to hold out.
    random_state : int, RandomState instance or None, default=None
        With an int each call of ``split`` gives the same rows.
    min_modalities : int, default=None
        Test rows have so many modalities or more. None is all; if too few labelled rows
        have all, the largest number, of two or more, with which the rows can be split,
        with a warning that names it.

    See Also
    --------
    PairedStratifiedKFold : Tests every paired row equally often.
    wilson_interval : Interval for the accuracy of one hold-out.

    References
    ----------
    .. [1] Lyu and Costen, "A twin-tower model using MRI and gene for prediction on
       brain tumor patients' response to therapy", Bioinformatics Advances 5 (2025).
       :doi:`10.1093/bioadv/vbaf041`

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal.model_selection import PairedStratifiedShuffleSplit
    >>> X, y = {"gene": np.ones((50, 3))}, np.repeat([0, 1], [10, 40])
    >>> hold_out = PairedStratifiedShuffleSplit(random_state=0)
    >>> train, test = next(hold_out.split(X, y))
    >>> len(train), np.bincount(y[test])
    (30, array([ 4, 16]))
    """

    def __init__(
        self,
        n_splits: int = 1,
        *,
        test_size: Any = 0.4,
        random_state: int | np.random.RandomState | None = None,
        min_modalities: int | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.test_size = test_size
        self.random_state = random_state
        self.min_modalities = min_modalities

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of hold-outs.

        Parameters
        ----------
        X, y, groups : object
            Not used, present for API consistency.

        Returns
        -------
        n_splits : int
        """
        check_count(self, "n_splits", 1)
        return self.n_splits

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[Any]:
        """Generate the row numbers of training and test sets.

        Parameters
        ----------
        X : Cohort, or anything that can be read as one
        y : array-like of shape (n_rows,)
            Class labels, or another target; NaN or None marks an unlabelled row.
        groups : None
            Not supported: pass groups to `PairedStratifiedKFold`.

        Yields
        ------
        train : ndarray of int
        test : ndarray of int

        Raises
        ------
        ValueError
            If no row is paired and labelled, a class has only one such row, or
            `groups` is given.

        Warns
        -----
        UserWarning
            If `min_modalities` is None and rows without some modality are tested.
        """
        cohort = as_cohort(X)
        (y,) = join_rows(X, cohort, y=y)
        tested = self._find_tested(cohort, y, groups)
        codes, rng = tested.codes, check_random_state(self.random_state)
        shuffle = StratifiedShuffleSplit(
            self.n_splits, test_size=self.test_size, random_state=rng
        )
        for _, part in shuffle.split(codes, codes):
            if tested.n_patterns > 1:
                part = hold_out_rows(codes, tested.strata, part, rng)
            yield train_and_test(len(y), np.sort(tested.rows[part]), None)

    def _find_tested(self, X: Any, y: Any, groups: Any = None) -> Any:
        self.get_n_splits()
        if groups is not None:
            raise ValueError(
                "PairedStratifiedShuffleSplit does not keep groups together: use "
                "PairedStratifiedKFold."
            )
        return find_tested(self, X, y, n_rows=2)
