"""Costly features of a row, computed once for all folds."""

import joblib
import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted, check_memory

import skmultimodal

__all__ = ["RowCacheTransformer"]


def _describe_row(key, transformer, row):
    return np.asarray(transformer.transform(row))


class RowCacheTransformer(MetaEstimatorMixin, TransformerMixin, BaseEstimator):
    """Transform rows through a cache that folds share.

    A cache of whole fits would never be hit: the training rows differ between folds.

    Parameters
    ----------
    transformer : transformer
        One whose output for a row depends on that row only, and which learns nothing
        from other rows: texture, or features of a fixed network.
    memory : str or joblib.Memory, default=None
        The folder holds pickles: use one that only you can write to.

    Attributes
    ----------
    transformer_ : transformer
        Fitted.
    """

    def __init__(self, transformer, *, memory=None):
        self.transformer = transformer
        self.memory = memory

    def fit(self, X, y=None):
        """Fit the transformer, which learns the layout of the rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, ...)
        y : array-like of shape (n_rows,), default=None

        Returns
        -------
        self : object
        """
        self.transformer_ = clone(self.transformer).fit(X, y)
        return self

    def transform(self, X):
        """Transform the rows that the cache does not hold.

        Parameters
        ----------
        X : array-like of shape (n_rows, ...)

        Returns
        -------
        Z : ndarray of shape (n_rows, n_outputs)
        """
        check_is_fitted(self)
        memory = check_memory(self.memory)
        if memory.location is None:
            return self.transformer_.transform(X)
        describe = memory.cache(_describe_row, ignore=["transformer", "row"])
        settings = joblib.hash((skmultimodal.__version__, self.transformer_))
        described = []
        for i in range(X.shape[0]):
            row = np.ascontiguousarray(X[np.array([i])])
            # Flat, since the strides of a view of one row say nothing about it.
            key = settings, row.shape, joblib.hash(row.ravel())
            described.append(describe(key, self.transformer_, row))
        return np.concatenate(described)
