"""What classifiers share whose labels are the most probable ones."""

from typing import Any

from sklearn.base import ClassifierMixin

__all__ = ["ProbableClassMixin"]


class ProbableClassMixin(ClassifierMixin):
    """scikit-learn's mixin, with a ``predict`` that follows from ``predict_proba``."""

    classes_: Any
    predict_proba: Any

    def predict(self, X: Any) -> Any:
        """Predict class labels.

        Parameters
        ----------
        X : array-like or Cohort of n_rows rows
            As in ``predict_proba``.

        Returns
        -------
        y : ndarray of shape (n_rows,)
            The most probable class of each row.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]
