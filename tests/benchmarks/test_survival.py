"""Scores of the benchmark of times to an event."""

import numpy as np
import pytest

from benchmarks.accuracy.survival import same_for_all, simulated_p
from skmultimodal import make_survival_target


def exponential_times(rng, rate, end=4.0):
    """Times of patients with these rates, some of whom leave before."""
    time, left = rng.exponential(1 / rate), rng.uniform(0, 2 * end, len(rate))
    return make_survival_target(time <= left, np.minimum(time, left))


def test_true_probabilities_are_rejected_nearly_as_often_as_the_level():
    # Greenwood's variances of 60 patients are estimates, too: some more than 5 %.
    assert 0.03 < (simulated_p(300, 2, 400) < 0.05).mean() < 0.12


def test_wrong_probabilities_are_rejected():
    assert (simulated_p(300, 2, 50, factor=1.5) < 0.05).mean() > 0.7


def test_patients_of_a_cancer_are_all_alike_without_a_model():
    rng = np.random.default_rng(3)
    rate = np.repeat([0.1, 0.6], [90, 70])
    plain = exponential_times(rng, rate / 365.25, end=4 * 365.25)
    cancer = (rate > 0.3).astype(int)
    y = make_survival_target(plain["event"], plain["time"], strata=cancer)
    risk, curves = same_for_all(y, y)
    assert not risk.any()
    assert len(np.unique(curves[cancer == 0], axis=0)) == 1
    two_years = curves[:, 23]  # day 726
    assert two_years[cancer == 0].mean() == pytest.approx(np.exp(-0.2), abs=0.07)
    assert two_years[cancer == 1].mean() == pytest.approx(np.exp(-1.2), abs=0.1)
