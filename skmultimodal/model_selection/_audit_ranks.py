"""What a score is to rank in the shortcut audit: classes, numbers or times.

An area under the ROC curve is the share of pairs of a patient of the class and another
that a score puts into order. Numbers and times to an event have such pairs too, so that
all of the audit is about one measure, of which guessing has one half.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score

from skmultimodal.model_selection._metrics import PatientCounts
from skmultimodal.towers import CoxRidgeSurvival
from skmultimodal.towers._outcomes import Numbers
from skmultimodal.utils._concordance import comparable, count_pairs
from skmultimodal.utils._probability import align_classes, log_ratios
from skmultimodal.utils._survival_target import strata_of

__all__ = [
    "OfClasses",
    "OfOrder",
    "expected_if_permuted",
    "mean_one_against_rest",
    "ranked",
    "ranked_within",
    "responses",
]


def responses(fitted: Any, X: Any, classes: Any) -> NDArray:
    """Scores of a fitted classifier for each class: (n_rows, n_classes).

    Its probabilities, or its decision function; a class that it was not trained on has
    the lowest score.
    """
    if hasattr(fitted, "predict_proba"):
        return align_classes(fitted.predict_proba(X), fitted.classes_, classes)
    scores = fitted.decision_function(X)
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores])
    every = np.full((len(scores), len(classes)), scores.min())
    every[:, np.searchsorted(classes, fitted.classes_)] = scores
    return every


def mean_one_against_rest(scores: Any, y: Any, classes: Any) -> float:
    """Mean AUC of each class against the rest, over the classes in `y`.

    NaN if `y` has one class.
    """
    present = [place for place, label in enumerate(classes) if (y == label).any()]
    if len(present) < 2:
        return np.nan
    areas = [roc_auc_score(y == classes[i], scores[:, i]) for i in present]
    return float(np.mean(areas))


class OfClasses(NamedTuple):
    """Patients of a class are to be ranked above others.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
    """

    classes: np.ndarray
    metric: str = "roc_auc"

    def predictor(self) -> LogisticRegression:
        """What covariates predict by."""
        return LogisticRegression(class_weight="balanced", max_iter=1000)

    def responses(self, fitted: Any, X: Any) -> tuple[NDArray, bool]:
        """Scores for each class, and whether they are probabilities."""
        is_proba = hasattr(fitted, "predict_proba")
        return responses(fitted, X, self.classes), is_proba

    def out_of_fold(self, comparison: Any, name: str) -> Any:
        """Scores of a model of a comparison, by repeat and fold: dict."""
        p = comparison.proba(name)
        return dict(list(p.groupby(level=["repeat", "fold"], sort=False)))

    def area(self, y: Any, scores: Any) -> float:
        return mean_one_against_rest(scores, y, self.classes)

    def parts(self, y: Any, scores: Any) -> list[Any]:
        """Whether rows are of each class, and the scores for it."""
        return [(y == label, scores[:, i]) for i, label in enumerate(self.classes)]

    def as_columns(self, scores: Any, is_proba: Any) -> NDArray:
        """Scores as covariates."""
        scores = (log_ratios(scores) if is_proba else scores).astype(float)
        # Of two classes, one log-ratio has all.
        return scores[:, 1:] if scores.shape[1] == 2 else scores

    def counts(self, y: Any) -> PatientCounts | None:
        """Patients of two classes, or None."""
        if len(self.classes) > 2:
            return None
        n_positive = int(np.sum(y == self.classes[-1]))
        return PatientCounts(n_positive, len(y) - n_positive)


class OfOrder(NamedTuple):
    """Higher numbers, or earlier events, are to be ranked above others (Harrell's C).

    Parameters
    ----------
    outcome : Numbers or TimeToEvent
    """

    outcome: Any
    metric: str = "concordance"

    def predictor(self) -> Any:
        """What covariates predict by."""
        return Ridge() if isinstance(self.outcome, Numbers) else CoxRidgeSurvival()

    def responses(self, fitted: Any, X: Any) -> tuple[NDArray, bool]:
        """Scores in one column, which are no probabilities."""
        return self.outcome.predict_by(fitted, X), False

    def out_of_fold(self, comparison: Any, name: str) -> Any:
        """Scores of a model of a comparison, by repeat and fold: dict."""
        table = comparison.predictions(models=[name])
        return dict(list(table.groupby(["repeat", "fold"])[["predicted"]]))

    def area(self, y: Any, scores: Any) -> float:
        right, n = ranked(*self.parts(y, scores)[0])
        return float(right / n) if n else np.nan

    def parts(self, y: Any, scores: Any) -> list[Any]:
        """Rows as those with an event, and their scores: a list of one pair."""
        if y.dtype.names is None:
            # The highest number is the first event.
            numbers = y
            y = np.empty(len(y), dtype=[("event", bool), ("time", float)])
            y["event"], y["time"] = True, -numbers
        return [(y, scores[:, 0])]

    def as_columns(self, scores: Any, is_proba: Any) -> NDArray:
        """Scores as covariates."""
        return scores.astype(float)

    def counts(self, y: Any) -> None:
        return None


def ranked(truth: NDArray, score: NDArray) -> tuple[float, float]:
    """Pairs in the right order, and all of them.

    Parameters
    ----------
    truth : ndarray of shape (n_rows,)
        Whether a row is of the class, or, as structured array, its event and time.
    score : ndarray of shape (n_rows,)
    """
    if truth.dtype.names is not None:
        return count_pairs(truth, score)
    n = truth.sum() * (~truth).sum()
    return (n * roc_auc_score(truth, score) if n else 0.0), n


def ranked_within(truth: NDArray, score: Any, codes: NDArray) -> NDArray:
    """The same over pairs of rows with equal codes."""
    parts = [ranked(truth[codes == c], score[codes == c]) for c in np.unique(codes)]
    return np.sum(parts, axis=0) if parts else np.zeros(2)


def expected_if_permuted(
    truth: NDArray, score: Any, codes: NDArray
) -> tuple[float, float]:
    """The same, as expected of truths that are permuted among rows of equal codes."""
    n_pairs = truth[:, None] & ~truth if truth.dtype == bool else comparable(truth)
    # A stratum is of the patient, and stays.
    strata = np.zeros(len(truth)) if truth.dtype == bool else strata_of(truth)
    keys = [np.unique(key, return_inverse=True)[1] for key in (codes, strata)]
    codes = np.unique(np.stack(keys), axis=1, return_inverse=True)[1].ravel()
    n = n_pairs.sum()
    if not n:
        return 0.0, 0
    sizes = np.bincount(codes)
    of_code = sparse.csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))))
    share = of_code @ (of_code @ n_pairs).T / np.outer(sizes, sizes)
    n_same = np.trace(share * np.outer(sizes, sizes))
    order = (1 + np.sign(score[:, None] - score)) / 2
    weight = share.T[codes[:, None], codes] * (codes[:, None] != codes)
    return n_same / 2 + (weight * order).sum(), n
