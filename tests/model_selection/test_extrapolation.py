"""Power laws against curves of known shape, and t intervals of scipy."""

import numpy as np
import pytest
from scipy import stats

from skmultimodal.model_selection import corrected_t_interval, corrected_t_test
from skmultimodal.model_selection._extrapolation import EXPONENTS, OFFSETS, PowerLaws

NUMBERS = np.array([20.0, 40.0, 60.0, 80.0])
FOLDS = np.random.default_rng(0).normal(size=(7, 1))  # how hard each fold is
ONE = np.zeros(7)  # repeat of each fold


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("offset", OFFSETS)
def test_a_power_law_without_noise_is_continued(exponent, offset):
    def score(n):
        return 0.9 - 3 * (n + offset * 80) ** -exponent

    laws = PowerLaws(NUMBERS, FOLDS + score(NUMBERS), ONE, 1 / 2)
    assert laws.weights.max() == pytest.approx(1)
    gain = score(130) - score(80)
    assert laws.change(80, 130) == pytest.approx((gain, gain, gain))
    assert laws.change(130, 80).mean == pytest.approx(-gain)


def test_one_law_is_a_corrected_t_interval():
    rng = np.random.default_rng(1)
    h = -1 / NUMBERS
    scores = FOLDS + 4 * h + 1e-6 * rng.normal(size=(7, 4))
    slopes = rng.normal(size=(7, 1))
    scores += (slopes - slopes.mean()) * h
    laws = PowerLaws(NUMBERS, scores, ONE, 1 / 3)
    slopes = [stats.linregress(h, own).slope for own in scores]
    gains = np.array(slopes) * (1 / 80 - 1 / 110)
    laws.weights = np.eye(9)[laws.laws.index((1.0, 0.0))]
    low, high = corrected_t_interval(gains, 1 / 3, confidence_level=0.9)
    assert laws.change(80, 110, 0.9) == pytest.approx((gains.mean(), low, high))


def test_the_interval_is_that_of_the_mixture():
    scores = FOLDS + np.random.default_rng(2).normal(size=(7, 4)) - 9 / NUMBERS
    laws = PowerLaws(NUMBERS, scores, ONE, 1 / 2)
    assert 0.01 < laws.weights.min() < laws.weights.max() < 0.5
    own, errors = [], []
    for exponent, offset in laws.laws:
        h = -((NUMBERS + offset) ** -exponent)
        slopes = np.array([stats.linregress(h, s).slope for s in scores])
        step = (80 + offset) ** -exponent - (120 + offset) ** -exponent
        own.append(step * slopes.mean())
        errors.append(step * np.sqrt((1 / 7 + 1 / 2) * slopes.var(ddof=1)))

    def below(x):
        t = (x - np.array(own)) / np.array(errors)
        return laws.weights @ stats.t.cdf(t, 6)

    change = laws.change(80, 120)
    assert change.mean == pytest.approx(laws.weights @ own)
    for end, share in zip(change[1:], (0.025, 0.975), strict=True):
        assert below(end) == pytest.approx(share)


def test_noise_makes_wide_intervals_and_equal_weights():
    rng = np.random.default_rng(3)
    narrow = PowerLaws(NUMBERS, FOLDS + 0.01 * rng.normal(size=(7, 4)), ONE, 1 / 2)
    wide = PowerLaws(NUMBERS, FOLDS + 1.0 * rng.normal(size=(7, 4)), ONE, 1 / 2)
    widths = [np.diff(laws.change(80, 160)[1:])[0] for laws in (narrow, wide)]
    assert widths[1] > 20 * widths[0]
    flat = PowerLaws(NUMBERS, np.repeat(FOLDS, 4, axis=1), ONE, 1 / 2)
    assert flat.weights == pytest.approx(np.full(9, 1 / 9))
    assert flat.change(80, 160) == (0, 0, 0)


def test_folds_without_a_score():
    scores = FOLDS - 1 / NUMBERS + np.random.default_rng(4).normal(size=(7, 4)) / 99
    lacking = np.vstack([scores, [0.5, np.nan, 0.6, 0.7]])
    whole = PowerLaws(NUMBERS, scores, ONE, 1 / 2)
    found = PowerLaws(NUMBERS, lacking, [*ONE, 0], 1 / 2)
    assert (found.n_folds, found.change(80, 90)) == (7, whole.change(80, 90))
    one = PowerLaws(NUMBERS, scores[:1], ONE[:1], 1 / 2)
    assert np.isnan(one.change(80, 90)).all()


def error_of(patients, draws, n_repeats):
    """Standard error of slopes by patients and rows drawn, over the uncorrected one."""
    rng = np.random.default_rng(5)
    repeats, found = np.repeat(np.arange(n_repeats), 3), []
    for _ in range(200):
        # Three folds of three patients, who are the same in each repeat.
        values = patients * np.sqrt(3) * rng.normal(size=9)
        folds = [rng.permutation(9).reshape(3, 3) for _ in range(n_repeats)]
        slopes = np.concatenate([values[own].mean(axis=1) for own in folds])
        slopes += draws * rng.normal(size=len(slopes))
        scores = -slopes[:, None] / NUMBERS
        laws = PowerLaws(NUMBERS, scores, repeats, 1 / 2)
        own = laws.errors[laws.laws.index((1.0, 0.0))]
        found.append(own / corrected_t_test(slopes, 1 / 2).standard_error)
    return np.mean(found)


def test_the_variance_by_rows_drawn_is_averaged_out():
    assert error_of(1, 0, 10) == pytest.approx(1, abs=0.03)
    # With ten repeats it could fall to that of independent folds, but is not known.
    assert np.sqrt((1 / 30) / (1 / 30 + 1 / 2)) < error_of(0, 1, 10) < 0.7
    # Two repeats show less, and one shows nothing.
    assert error_of(0, 1, 10) < error_of(0, 1, 2) < error_of(0, 1, 1)
    assert error_of(0, 1, 1) == pytest.approx(1)
