"""What is known of a metric by its name."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from skmultimodal.model_selection._metrics import PatientCounts, least_variance


@pytest.mark.parametrize(
    ("metric", "n"),
    [
        *[("accuracy", 28), ("recall", 8), ("specificity", 20)],
        *[("f1", 8), ("precision", 8), ("average_precision", 8)],
    ],
)
def test_shares_vary_as_those_of_so_many_patients(metric, n):
    variance = least_variance(metric, PatientCounts(8, 20))
    assert variance(0.7) == pytest.approx(0.21 / n)


def test_half_the_sum_of_two_shares():
    variance = least_variance("balanced_accuracy", PatientCounts(8, 20))
    assert variance(0.7) == pytest.approx(0.21 / 4 * (1 / 8 + 1 / 20))


def test_scores_of_one_class_among_several_are_not_known():
    several = PatientCounts(8, 20, n_classes=3)
    for metric in ("f1", "precision", "average_precision", "balanced_accuracy"):
        assert least_variance(metric, several) is None
    assert least_variance("neg_brier_score", PatientCounts(8, 20)) is None
    assert least_variance("balanced_accuracy", PatientCounts(0, 20)) is None
    assert least_variance("precision", PatientCounts(0, 20)) is None


def test_average_precision_varies_about_as_much():
    rng = np.random.default_rng(0)
    y = np.arange(40) < 15
    found = [average_precision_score(y, rng.normal(size=40) + y) for _ in range(800)]
    expected = least_variance("average_precision", PatientCounts(15, 25))
    ratio = np.var(found) / expected(np.mean(found))
    assert 0.4 < ratio < 1.2
