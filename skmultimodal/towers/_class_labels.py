"""Class labels as the outcome that is predicted."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal.nn import LabelLoss
from skmultimodal.towers._likelihoods import CrossEntropy
from skmultimodal.utils._labels import (
    check_labels,
    encode_labels,
    label_column,
    refuse_one_class,
)
from skmultimodal.utils._probability import (
    align_classes,
    log_odds,
    log_ratios,
    pool_log_odds,
)
from skmultimodal.utils._threads import one_thread
from skmultimodal.utils._weights import part_of

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
    method = "predict_proba"
    # For messages: a stratum, and what is predicted without evidence.
    stratum, nothing = "a class", "the class frequencies"
    described, strata = "class labels", "classes"
    remedy = "give rows of a second class"  # where labelled rows do not differ
    sparse_penalty: ClassVar[float | None] = 2.0  # of a gene tower's lasso

    @classmethod
    def read(cls, y: Any, n_rows: int) -> Any:
        """Check labels that a user gives, and encode them.

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
        return cls.encode(check_labels(y, n_rows))

    @classmethod
    def encode(cls, y: Any) -> tuple[Any, Any, Any]:
        """The same of labels that need no check of their number and spellings."""
        y = label_column(y)
        classes, codes = encode_labels(y, allow_unlabelled=True)
        return cls(classes), y, codes

    def record(self, model: Any) -> None:
        """Make the classes an attribute of a fitted model."""
        model.classes_ = self.classes

    @classmethod
    def recorded(cls, model: Any) -> Self:
        """The outcome of a fitted model."""
        return cls(model.classes_)

    @property
    def n_outputs(self) -> int:
        return len(self.classes)

    # In fit

    def differ(self, codes: NDArray) -> bool:
        """Whether labelled rows are of at least two classes."""
        return len(np.unique(codes[codes >= 0])) > 1

    def refuse_alike(self, estimator: Any, codes: NDArray) -> None:
        """Raise a ValueError unless there are two classes."""
        refuse_one_class(estimator, self.classes)

    def describe_alike(self, codes: NDArray) -> str:
        """Why labelled rows that do not differ teach nothing."""
        return f"are of one class only, {self.classes.tolist()[codes[codes >= 0][0]]!r}"

    def targets(self, y: Any, codes: NDArray) -> NDArray:
        """Labels for the ``fit`` of a tower, in a type that every classifier takes."""
        # Labels with gaps are floats or objects.
        return y if (codes < 0).any() else self.classes[codes]

    def count(self, codes: NDArray) -> NDArray:
        """Rows of each class and, last, without a label: (n_classes + 1,)."""
        return np.roll(np.bincount(codes + 1, minlength=len(self.classes) + 1), -1)

    @staticmethod
    def criterion() -> LabelLoss:
        """Loss of a network's logits."""
        return LabelLoss()

    def net_targets(self, y: Any, codes: NDArray) -> NDArray | None:
        """What a network learns: class numbers."""
        return None

    def fit_linear(
        self,
        inputs: NDArray,
        y: NDArray,
        codes: NDArray,
        penalty: float,
        class_weight: Any = None,
        sample_weight: NDArray | None = None,
    ) -> tuple[NDArray, NDArray]:
        """Weight and bias of a ridge logistic regression.

        Parameters
        ----------
        inputs : ndarray of shape (n_rows, n_inputs)
        y, codes : ndarray of shape (n_rows,)
            Rows without a label are left out.
        penalty : float
        class_weight : dict of int to float, default=None
            By number of the class.
        sample_weight : ndarray of float, shape (n_rows,), default=None

        Returns
        -------
        weight : ndarray of float64, shape (n_classes, n_inputs)
        bias : ndarray of float64, shape (n_classes,)
        """
        known = codes >= 0
        with one_thread():
            model = LogisticRegression(
                C=1 / penalty, tol=1e-7, max_iter=10_000, class_weight=class_weight
            )
            weights = part_of(sample_weight, known)
            model.fit(inputs[known].astype(np.float64), codes[known], weights)
        weight, bias = model.coef_, model.intercept_
        if len(weight) == 1:
            weight = np.vstack([-weight, weight]) / 2
            bias = np.append(-bias, bias) / 2
        return weight, bias

    def net_likelihood(
        self, y: Any, codes: NDArray, sample_weight: Any = None
    ) -> CrossEntropy:
        """Loss of a network's logits, for the rows that are labelled."""
        known = codes >= 0
        return self.likelihood(None, codes[known], part_of(sample_weight, known))

    def likelihood(self, y: Any, codes: NDArray, weights: Any = None) -> CrossEntropy:
        """Loss of logits, for rows that are all labelled."""
        return CrossEntropy(codes, len(self.classes), weights)

    def no_evidence(self, y: Any, codes: NDArray, weights: Any = None) -> NDArray:
        """Logits of a row of which nothing is known: (n_classes,)."""
        counts = self._weigh(codes, weights)
        return np.log(counts / counts.sum())

    def _weigh(self, codes: NDArray, weights: Any) -> NDArray:
        """Sum of the weights of each class: (n_classes,)."""
        known = codes >= 0
        weights = part_of(weights, known)
        return np.bincount(codes[known], weights, minlength=len(self.classes))

    def centred(self, intercept: Any, slope: Any, outputs: Any) -> NDArray:
        """Intercept of calibrated log-ratios: that which was fitted."""
        return intercept

    @staticmethod
    def feature_head() -> Pipeline:
        """An unfitted classifier of a tower's features.

        Strongly regularised: it is fitted on rows that the tower was fitted on as well,
        on which the features look better than on new ones.
        """
        return make_pipeline(StandardScaler(), LogisticRegression(C=0.1))

    def head_targets(self, y: Any, codes: NDArray) -> NDArray:
        """Labels for the ``fit`` of a `feature_head`: class numbers."""
        return codes

    def constant(self, y: Any, codes: NDArray, weights: Any = None) -> Any:
        """A fitted classifier that predicts the class shares of all labelled rows."""
        labels = self.targets(y, codes)
        dummy = DummyClassifier(strategy="prior")
        return dummy.fit(np.zeros((len(codes), 1)), labels, weights)

    # In predict

    def predict_by(self, estimator: Any, rows: Any) -> NDArray:
        """Probabilities of all classes: (n_rows, n_classes)."""
        return self.align(estimator.predict_proba(rows), estimator.classes_)

    def classes_of(self, estimator: Any) -> Any:
        """Classes that a tower predicts."""
        return estimator.classes_

    def classes_of_head(self, head: Any) -> Any:
        """Classes that a `feature_head` predicts, which was fitted on their numbers."""
        return self.classes[head.classes_]

    def known_of(self, codes: NDArray) -> NDArray:
        """Numbers of the classes that rows are of."""
        return np.unique(codes)

    def known_to(self, final_estimator: Any) -> NDArray:
        """Numbers of the classes that a final estimator was fitted with."""
        return np.searchsorted(self.classes, final_estimator.classes_)

    def centre(
        self, y: Any, codes: NDArray, known: Any, evidence: Any, weights: Any = None
    ) -> NDArray:
        """What evidence is counted from: that of the class shares of a tower's rows."""
        counts = self._weigh(codes, weights)
        return self.evidence(counts[None] / max(counts.sum(), 1), known)

    def align(self, probabilities: NDArray, known: Any) -> NDArray:
        """Probabilities of all classes, 0 for those that are not `known`."""
        return align_classes(probabilities, known, self.classes)

    def outputs_of(self, estimator: Any, rows: Any) -> NDArray:
        """Centred log-ratios by a classifier: (n_rows, n_classes)."""
        return log_ratios(self.predict_by(estimator, rows))

    def evidence(self, probabilities: NDArray, codes: NDArray) -> NDArray:
        """Log-odds of the classes `codes`: (n_rows, 1 or n_classes of `codes`)."""
        return log_odds(probabilities[:, codes])

    def combine(self, probabilities: list[NDArray]) -> NDArray:
        """Probabilities of the mean log-odds of several towers."""
        return pool_log_odds(probabilities)

    def calibrated(self, logits: NDArray) -> NDArray:
        """Probabilities of calibrated logits: (n_rows, n_classes)."""
        return softmax(logits, axis=1)

    @staticmethod
    def held_out(ensemble: Any, rows: Any) -> NDArray:
        """Probabilities of rows of an ensemble's ``fit``: (n_rows, n_known)."""
        return ensemble.held_out_proba(rows)

    def decide(self, probabilities: NDArray) -> NDArray:
        """The most probable class of each row."""
        return self.classes[probabilities.argmax(axis=1)]
