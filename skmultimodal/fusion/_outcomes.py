"""What is predicted: how labels are read, and what a tower's prediction is evidence of.

What the meta-estimators do with `y`, they leave to an outcome. So far there is one
kind, class labels, whose codes and probabilities final estimators and reports read too.
"""

from dataclasses import dataclass

import numpy as np

from skmultimodal.towers._members import feature_head
from skmultimodal.utils._labels import check_labels, encode_labels
from skmultimodal.utils._probability import align_classes, log_odds, pool_log_odds

__all__ = ["ClassLabels"]


@dataclass(frozen=True)
class ClassLabels:
    """Class labels, of which some may be missing.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted.
    """

    classes: np.ndarray

    @classmethod
    def read(cls, y, n_rows):
        """Check labels.

        Parameters
        ----------
        y : array-like of shape (n_rows,)
            NaN or None marks an unlabelled row.
        n_rows : int

        Returns
        -------
        outcome : ClassLabels
        y : ndarray of shape (n_rows,)
            Labels as given.
        codes : ndarray of int, shape (n_rows,)
            Number of the class of each row, -1 where it is unlabelled.
        """
        y = check_labels(y, n_rows)
        classes, codes = encode_labels(y, allow_unlabelled=True)
        return cls(classes), y, codes

    def record(self, model):
        """Make the classes an attribute of a fitted model."""
        model.classes_ = self.classes

    @classmethod
    def recorded(cls, model):
        """The outcome of a fitted model."""
        return cls(model.classes_)

    # In fit

    def differ(self, codes):
        """Whether labelled rows are of at least two classes."""
        return len(np.unique(codes[codes >= 0])) > 1

    def targets(self, y, codes):
        """Labels for the ``fit`` of a tower, in a type that every classifier takes."""
        # Labels with gaps are floats or objects.
        return y if (codes < 0).any() else self.classes[codes]

    def count(self, codes):
        """Rows of each class and, last, without a label: (n_classes + 1,)."""
        return np.roll(np.bincount(codes + 1, minlength=len(self.classes) + 1), -1)

    def feature_head(self):
        """An unfitted classifier, by number of the class, of a tower's features."""
        return feature_head()

    # In predict

    def predict_by(self, estimator, rows):
        """Probabilities of all classes: (n_rows, n_classes)."""
        return self.align(estimator.predict_proba(rows), estimator.classes_)

    def align(self, probabilities, known):
        """Probabilities of all classes, 0 for those that are not `known`."""
        return align_classes(probabilities, known, self.classes)

    def evidence(self, probabilities, codes):
        """Log-odds of the classes `codes`: (n_rows, 1 or n_classes of `codes`)."""
        return log_odds(probabilities[:, codes])

    def combine(self, probabilities):
        """Probabilities of the mean log-odds of several towers."""
        return pool_log_odds(probabilities)

    def decide(self, probabilities):
        """The most probable class of each row."""
        return self.classes[probabilities.argmax(axis=1)]
