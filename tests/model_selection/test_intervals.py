import numpy as np
import pytest
from scipy import stats
from score_interval import interval_on_grid
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from skmultimodal.model_selection import (
    corrected_t_interval,
    corrected_t_test,
    holm_adjust,
    patient_bootstrap_interval,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("confusion", "printed"),
    [
        ((14, 1, 2, 3), (0.85, 0.9333, 0.875, 0.9032)),
        ((9, 1, 4, 6), (0.75, 0.9, 0.692, 0.783)),
        ((29, 17, 11, 44), (0.723, 0.630, 0.725, 0.674)),
    ],
)
def test_confusion_matrices_behind_the_printed_numbers(confusion, printed):
    tp, fp, fn, tn = confusion
    truth = np.repeat([1, 0, 1, 0], [tp, fp, fn, tn])
    found = np.repeat([1, 1, 0, 0], [tp, fp, fn, tn])
    metrics = (accuracy_score, precision_score, recall_score, f1_score)
    for metric, value in zip(metrics, printed, strict=True):
        assert metric(truth, found) == pytest.approx(value, abs=5e-4)


def test_wilson_interval_of_17_of_20():
    low, high = wilson_interval(17, 20)
    assert (round(low, 2), round(high, 2)) == (0.64, 0.95)
    # The closed form: the roots of (p - s/n)^2 = z^2 p (1 - p) / n.
    z, n, share = stats.norm.ppf(0.95), 20, 0.85
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * 0.15 / n + z**2 / (4 * n**2))
    found = wilson_interval(17, 20, confidence_level=0.9)
    assert found == pytest.approx((centre - half, centre + half), rel=1e-12)


def test_variance_factor_of_5_folds_repeated_20_times():
    values = np.random.default_rng(0).normal(0.1, 1, size=100)
    result = corrected_t_test(values, 1 / 4)
    assert result.standard_error**2 == pytest.approx(0.26 * np.var(values, ddof=1))
    assert result.df == 99
    assert result.statistic == pytest.approx(values.mean() / result.standard_error)
    assert result.pvalue == pytest.approx(2 * stats.t.sf(abs(result.statistic), 99))


def test_without_overlap_it_is_the_plain_t_test():
    values = [0.3, -0.1, 0.2, 0.4, 0.1]
    ours, theirs = corrected_t_test(values, 0.0), stats.ttest_1samp(values, 0.0)
    assert ours.statistic == pytest.approx(theirs.statistic)
    assert ours.pvalue == pytest.approx(theirs.pvalue)
    interval = theirs.confidence_interval(0.9)
    found = corrected_t_interval(values, 0.0, confidence_level=0.9)
    assert found == pytest.approx((interval.low, interval.high))


def test_interval_and_test_agree():
    values = np.random.default_rng(1).normal(0.3, 0.5, size=30)
    for level in (0.5, 0.8, 0.95, 0.99):
        low, high = corrected_t_interval(values, 1 / 2, confidence_level=level)
        for edge in (low, high):
            pvalue = corrected_t_test(values, 1 / 2, popmean=edge).pvalue
            assert pvalue == pytest.approx(1 - level)


def test_bounded_interval_is_wilson_s_of_as_many_patients():
    values = np.array([0.8, 0.9, 0.7, 1.0, 0.8, 0.9])
    found = corrected_t_interval(values, 1 / 2, bounded=True)
    mean, error = values.mean(), np.sqrt((1 / 6 + 1 / 2) * values.var(ddof=1))
    t, n = stats.t.ppf(0.975, 5), mean * (1 - mean) / error**2
    centre = (mean + t**2 / (2 * n)) / (1 + t**2 / n)
    half = t / (1 + t**2 / n) * np.sqrt(mean * (1 - mean) / n + t**2 / (4 * n**2))
    assert found == pytest.approx((centre - half, centre + half), rel=1e-9)
    assert found == pytest.approx(interval_on_grid(mean, error, t), abs=1e-5)


@pytest.mark.parametrize(
    ("values", "n_rows"),
    [([0.8, 0.8, 0.81], 9), ([0.97, 1.0, 0.98, 1.0, 1.0, 0.99] * 5, 40)],
)
def test_folds_that_agree_by_chance(values, n_rows):
    def least(share):
        return share * (1 - share) / n_rows

    options = {"bounded": True, "least_variance": least, "confidence_level": 0.9}
    found = corrected_t_interval(values, 1 / 2, **options)
    n = len(values)
    error = np.sqrt((1 / n + 1 / 2) * np.var(values, ddof=1))
    quantile = stats.t.ppf(0.95, n - 1)
    wanted = interval_on_grid(np.mean(values), error, quantile, least, 0.9)
    assert found == pytest.approx(wanted, abs=1e-5)
    wide = corrected_t_interval(values, 1 / 2, bounded=True, confidence_level=0.9)
    assert found[0] <= wide[0] < wide[1] <= found[1]
    assert found != wide


def test_all_folds_at_the_end_of_the_range():
    def least(share):
        return share * (1 - share) / 30

    options = {"bounded": True, "least_variance": least}
    low, high = corrected_t_interval([1.0] * 6, 1 / 2, **options)
    z = stats.norm.ppf(0.975)
    assert (low, high) == pytest.approx((30 / (30 + z**2), 1), rel=1e-6)
    assert (low, high) == pytest.approx(wilson_interval(30, 30), rel=1e-6)
    low, high = corrected_t_interval([0.0] * 6, 1 / 2, **options)
    assert (low, high) == pytest.approx((0, z**2 / (30 + z**2)), rel=1e-6)
    # A constant prediction has an area of 0.5 in any fold, for any patients.
    assert corrected_t_interval([0.5] * 6, 1 / 2, **options) == (0.5, 0.5)


def test_coverage_near_the_end_of_the_range():
    """All 30 patients are often predicted correctly: 0.97 is the truth."""
    rng = np.random.default_rng(0)
    inside, without = [], []
    for _ in range(400):
        correct = rng.random((3, 10)) < 0.97
        options = {"bounded": True, "least_variance": lambda p: p * (1 - p) / 30}
        low, high = corrected_t_interval(correct.mean(axis=1), 0.0, **options)
        inside.append(low <= 0.97 <= high)
        options.pop("least_variance")
        low, high = corrected_t_interval(correct.mean(axis=1), 0.0, **options)
        without.append(low <= 0.97 <= high)
    assert np.mean(inside) > 0.93
    assert np.mean(without) < 0.7


@pytest.mark.parametrize("bounds", [(-1, 0), (-1, 1), (-np.inf, 0), (-2, np.inf)])
def test_intervals_stay_within_any_bounds(bounds):
    """Near a bound they are short on its side; far away they are those of t."""
    values = np.array([-0.02, -0.3, -0.04, -0.5, -0.01, -0.02])
    low, high = corrected_t_interval(values, 1 / 2, bounded=bounds)
    assert bounds[0] < low < values.mean() < high < bounds[1]
    assert corrected_t_interval(values, 1 / 2)[1] > 0  # unlike the plain one
    shifted = values * 1e-4 - 0.5
    plain = corrected_t_interval(shifted, 1 / 2)
    found = corrected_t_interval(shifted, 1 / 2, bounded=bounds)
    np.testing.assert_allclose(found, plain, atol=1e-8)


def test_bounds_are_a_matter_of_units():
    values = np.array([0.8, 0.9, 0.7, 1.0, 0.8, 0.9])
    low, high = corrected_t_interval(values, 1 / 2, bounded=True)
    found = corrected_t_interval(2 * values - 1, 1 / 2, bounded=(-1, 1))
    np.testing.assert_allclose(found, (2 * low - 1, 2 * high - 1))
    # Minus the score has minus the interval.
    found = corrected_t_interval(-values, 1 / 2, bounded=(-1, 0))
    np.testing.assert_allclose(found, (-high, -low))
    # One bound: the distance from it has the interval of its logarithm.
    above = corrected_t_interval(values, 1 / 2, bounded=(0, np.inf))
    below = corrected_t_interval(-values, 1 / 2, bounded=(-np.inf, 0))
    np.testing.assert_allclose(below, (-above[1], -above[0]))
    assert np.sqrt(above[0] * above[1]) == pytest.approx(values.mean())


def test_scores_without_spread():
    assert corrected_t_test([0.0, 0.0, 0.0], 0.5).pvalue == 1.0
    assert corrected_t_test([0.1, 0.1, 0.1], 0.5).pvalue < 1e-12
    assert corrected_t_interval([1.0, 1.0], 0.5, bounded=True) == (1.0, 1.0)
    one = corrected_t_test([0.4], 0.5)
    assert one.mean == 0.4
    assert np.isnan([one.statistic, one.pvalue, one.standard_error]).all()
    assert np.isnan(corrected_t_interval([0.4], 0.5)).all()
    assert np.isnan(corrected_t_interval([0.4], 0.5, bounded=True)).all()


def test_holm_adjustment():
    # Worked by hand: 4 * .005, then 3 * .01, then 2 * .03, then the running maximum.
    np.testing.assert_allclose(
        holm_adjust([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]
    )
    np.testing.assert_allclose(holm_adjust([0.6, 0.9]), [1.0, 1.0])
    np.testing.assert_allclose(holm_adjust([np.nan, 0.02, 0.5]), [np.nan, 0.04, 0.5])
    assert holm_adjust([]).shape == (0,)


def test_bootstrap_of_an_accuracy_is_near_its_binomial():
    y = np.repeat([0, 1], 100)
    predicted = y.copy()
    predicted[:20] = 1
    predicted[-40:] = 0
    low, high = patient_bootstrap_interval(
        y, predicted, accuracy_score, n_resamples=1500, random_state=0
    )
    # Stratified: each class has a binomial count of its own.
    error = np.sqrt(0.2 * 0.8 * 100 + 0.4 * 0.6 * 100) / 200
    assert low == pytest.approx(0.7 - 1.96 * error, abs=0.015)
    assert high == pytest.approx(0.7 + 1.96 * error, abs=0.015)


def test_bootstrap_averages_repeats_and_is_reproducible():
    rng = np.random.default_rng(0)
    y = np.array(["no", "yes"])[np.arange(40) % 2]
    scores = [rng.normal(size=40) + (y == "yes") for _ in range(3)]
    options = {"n_resamples": 60, "random_state": 0}
    once = patient_bootstrap_interval(y, scores, roc_auc_score, **options)
    assert once == patient_bootstrap_interval(y, scores, roc_auc_score, **options)
    mean = np.mean([roc_auc_score(y, s) for s in scores])
    assert once[0] < mean < once[1]
    alone = patient_bootstrap_interval(y, scores[0], roc_auc_score, **options)
    assert alone == patient_bootstrap_interval(
        y, [scores[0], scores[0]], roc_auc_score, **options
    )
    assert alone == patient_bootstrap_interval(
        y, scores[0].tolist(), roc_auc_score, **options
    )


def test_bootstrap_needs_two_rows_of_each_class():
    with pytest.raises(ValueError, match="two rows of each class"):
        patient_bootstrap_interval([0, 0, 1], [0.1, 0.2, 0.3], roc_auc_score)
