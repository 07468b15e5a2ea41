"""What towers of numbers and of times to an event share: one output."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

__all__ = ["OneOutputMixin"]


class OneOutputMixin:
    """For towers whose network has one output: a number, or a log-hazard."""

    _outcome_type: Any
    _outputs: Callable[..., Any]

    def predict(self, X: Any) -> NDArray:
        """Predict a number of each row: its mean, or its log-hazard.

        Parameters
        ----------
        X : array-like of n_rows rows, as in ``fit``

        Returns
        -------
        predicted : ndarray of float64, shape (n_rows,)
        """
        check_is_fitted(self)
        outputs = self._outputs(X, "logits")[:, 0].astype(np.float64)
        return self._outcome_type.recorded(self).undo(outputs)
