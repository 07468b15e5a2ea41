"""Candidate standard errors and intervals for cross-validated scores."""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from skmultimodal.model_selection import corrected_t_interval, corrected_t_test
from skmultimodal.model_selection._metrics import PatientCounts, least_variance

N_RESAMPLES = 500
# Unpaired rows of the glioma cohort that the paper describes, less those counted here.
N_UNPAIRED_TOWER_ROWS = 547


@dataclass(frozen=True)
class Scores:
    """What one metric of one model, or of a difference of models, gives to go by."""

    folds: np.ndarray  # (folds,)
    of_patient: np.ndarray  # (n,) their share in the score, the repeats averaged
    resampled: np.ndarray  # (resamples,) pooled scores of resampled patients

    def __sub__(self, other):
        return Scores(
            self.folds - other.folds,
            self.of_patient - other.of_patient,
            self.resampled - other.resampled,
        )


def draw_resamples(y, rng):
    """How often each patient is drawn, class by class: (resamples, n)."""
    counts = np.empty((N_RESAMPLES, len(y)))
    for label in (0, 1):
        n = int(np.sum(y == label))
        counts[:, y == label] = rng.multinomial(n, np.full(n, 1 / n), N_RESAMPLES)
    return counts


def auc_scores(y, fold_of, decision, resamples):
    """Scores of one model by AUC; a patient's share is the placement in the fold."""
    positive, negative = y == 1, y == 0
    folds, of_patient = [], np.zeros(len(y))
    pooled = np.zeros((positive.sum(), negative.sum()))
    for of_row, values in zip(fold_of, decision, strict=True):
        pooled += values[positive][:, None] > values[negative]
        for fold in range(of_row.max() + 1):
            mine, theirs = positive & (of_row == fold), negative & (of_row == fold)
            wins = values[mine][:, None] > values[theirs]
            folds.append(wins.mean())
            of_patient[mine] += wins.mean(axis=1)
            of_patient[theirs] += wins.mean(axis=0)
    pooled /= len(decision) * pooled.size
    resampled = np.sum(
        (resamples[:, positive] @ pooled) * resamples[:, negative], axis=1
    )
    return Scores(np.array(folds), of_patient / len(decision), resampled)


def accuracy_scores(y, fold_of, decision, resamples):
    """Scores of one model by accuracy."""
    correct = (decision > 0) == (y == 1)
    folds = [
        row[of_row == fold].mean()
        for of_row, row in zip(fold_of, correct, strict=True)
        for fold in range(of_row.max() + 1)
    ]
    share = correct.mean(axis=0)
    return Scores(np.array(folds), share, resamples @ share / len(y))


def patient_error(scores, y, metric):
    """Standard error over patients: DeLong's for the AUC, else that of a mean."""
    if metric == "accuracy":
        return np.std(scores.of_patient, ddof=1) / np.sqrt(len(y))
    return np.sqrt(
        sum(
            np.var(scores.of_patient[y == label], ddof=1) / np.sum(y == label)
            for label in (0, 1)
        )
    )


def candidates(scores, y, metric, n_splits, difference=False):
    """Intervals at 95% by name; a test rejects where 0 is outside its interval."""
    ratio = 1 / (n_splits - 1)
    n_test = len(y) / n_splits
    counting_all = n_test / (len(y) - n_test + N_UNPAIRED_TOWER_ROWS)
    mean = scores.folds.mean()
    error = patient_error(scores, y, metric)
    inflation = np.sqrt(n_splits / (n_splits - 1))
    found = {
        "naive t": corrected_t_interval(scores.folds, 0.0),
        "corrected t": corrected_t_interval(scores.folds, ratio),
        "corrected t, log-odds": _on_log_odds(scores.folds, ratio),
        "corrected t, score interval": corrected_t_interval(
            scores.folds, ratio, bounded=True
        ),
        "corrected t, score interval, patients": corrected_t_interval(
            scores.folds,
            ratio,
            bounded=True,
            least_variance=least_variance(metric, _count(y)),
        ),
        "corrected t, all rows counted": corrected_t_interval(
            scores.folds, counting_all
        ),
        "patients (DeLong)": _symmetric(mean, error, len(y) - 1),
        "patients (DeLong), inflated": _symmetric(mean, error * inflation, len(y) - 1),
        "patient bootstrap": tuple(np.quantile(scores.resampled, [0.025, 0.975])),
    }
    if difference:
        for name in [name for name in found if name.startswith("corrected t, ")]:
            if "all rows" not in name:
                found.pop(name)
    return found


def _count(y):
    return PatientCounts(int(np.sum(y == 1)), int(np.sum(y == 0)))


def _on_log_odds(folds, ratio):
    """By the delta method."""
    result = corrected_t_test(folds, ratio)
    share = result.mean * (1 - result.mean)
    if share == 0:
        return result.mean, result.mean
    half = stats.t.ppf(0.975, result.df) * result.standard_error / share
    return tuple(expit(logit(result.mean) + np.array([-half, half])))


def _symmetric(mean, error, df):
    half = stats.t.ppf(0.975, df) * error
    return mean - half, mean + half
