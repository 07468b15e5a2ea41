"""The sparse linear model of single columns, beside scikit-learn's solvers."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso, LogisticRegression

from skmultimodal import make_survival_target
from skmultimodal.towers import _components, _lasso
from skmultimodal.towers._lasso import fit_lasso
from skmultimodal.towers._likelihoods import CrossEntropy, Gaussian
from skmultimodal.utils._cox import CoxLikelihood


def make_table(n_rows=67, n_columns=23, seed=0):
    """Standardised columns of independent noise."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n_rows, n_columns))
    return (table - table.mean(axis=0)) / table.std(axis=0)


def make_codes(table, n_classes=2):
    """Classes of unequal size that follow the first columns."""
    rng = np.random.default_rng(1)
    odds = 2 * table[:, :n_classes] + np.arange(n_classes)
    codes = np.argmax(odds + rng.gumbel(size=odds.shape), axis=1)
    assert (np.bincount(codes, minlength=n_classes) > 4).all()
    return codes


def fit(table, likelihood, strength=1.5):
    rows = np.arange(len(table))
    return fit_lasso(table.__getitem__, table.shape[1], rows, likelihood, strength)


def penalty_of(codes, n_classes, strength=1.5):
    """For each class, the SD of the sum of a standard column over its excess rows."""
    shares = np.bincount(codes, minlength=n_classes) / len(codes)
    return strength * np.sqrt(len(codes) * shares * (1 - shares))


@pytest.mark.parametrize("strength", [0.5, 1.5, 3.0])
def test_two_classes_are_as_by_saga(strength):
    table = make_table()
    codes = make_codes(table)
    weight, bias = fit(table, CrossEntropy(codes, 2), strength)
    C = 1 / penalty_of(codes, 2, strength)[0]
    # Of the difference of two logits, |coef| is the sum of both absolute values.
    other = LogisticRegression(
        l1_ratio=1, C=C, solver="saga", tol=1e-8, max_iter=50_000
    )
    other.fit(table, codes)
    np.testing.assert_allclose(weight[1] - weight[0], other.coef_[0], atol=1e-3)
    np.testing.assert_allclose(bias[1] - bias[0], other.intercept_[0], atol=1e-3)
    assert (weight[1] - weight[0] != 0).sum() == (other.coef_ != 0).sum()


def test_numbers_are_as_by_coordinate_descent():
    table = make_table()
    y = table[:, 0] - 0.5 * table[:, 1] + np.random.default_rng(2).normal(size=67)
    y = (y - y.mean()) / y.std()
    weight, bias = fit(table, Gaussian(y))
    other = Lasso(alpha=1.5 * np.sqrt(67) / 67, tol=1e-10, max_iter=50_000)
    other.fit(table, y)
    np.testing.assert_allclose(weight[0], other.coef_, atol=1e-4)
    np.testing.assert_allclose(bias[0], other.intercept_, atol=1e-4)


def make_likelihood(kind, table):
    rng = np.random.default_rng(4)
    if kind == "cox":
        time = rng.exponential(np.exp(-table[:, 0] + table[:, 1]))
        return CoxLikelihood(make_survival_target(rng.random(len(time)) < 0.7, time))
    n_classes = {"two": 2, "three": 3, "weighted": 3}[kind]
    weights = rng.uniform(0.2, 3, len(table)) if kind == "weighted" else None
    return CrossEntropy(make_codes(table, n_classes), n_classes, weights)


@pytest.mark.parametrize("kind", ["two", "three", "weighted", "cox"])
def test_no_change_of_a_weight_lowers_the_loss(kind):
    """The slope is the penalty where a weight is not 0, and at most that elsewhere."""
    table = make_table()
    likelihood = make_likelihood(kind, table)
    weight, bias = fit(table, likelihood)
    origin = np.tile(likelihood.origin, (67, 1))
    penalty = 1.5 * np.linalg.norm(likelihood(origin)[1], axis=0)
    _, excess = likelihood(table @ weight.T + bias)
    slope = (table.T @ excess).T
    size = np.broadcast_to(penalty[:, None], slope.shape)
    assert (np.abs(slope) < size + 1e-2).all()
    chosen = np.abs(weight) > 1e-6
    assert 0 < chosen.sum() < chosen.size / 2
    wanted = -np.sign(weight) * size
    np.testing.assert_allclose(slope[chosen], wanted[chosen], atol=1e-2)
    np.testing.assert_allclose(excess.sum(axis=0), 0, atol=1e-2)


def test_one_strength_names_as_many_unrelated_columns_at_any_number_of_rows():
    named = []
    for n_rows in (60, 600):
        table = make_table(n_rows, 101, seed=5)
        codes = np.random.default_rng(6).permutation(n_rows) % 3 // 2
        weight, _ = fit(table, CrossEntropy(codes, 2), strength=2.0)
        named.append((np.abs(weight).max(axis=0) > 1e-6).sum())
    # Of 101, 4.6 are expected beyond two standard deviations.
    assert max(named) < 12
    assert abs(named[1] - named[0]) < 8


def test_rows_are_those_that_are_named():
    table = make_table()
    codes, rows = make_codes(table), np.arange(67) % 5 > 0
    some = fit_lasso(
        table.__getitem__,
        23,
        np.flatnonzero(rows),
        CrossEntropy(codes[rows], 2),
        1.0,
    )
    alone = fit(table[rows], CrossEntropy(codes[rows], 2), 1.0)
    for found, wanted in zip(some, alone, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_the_size_of_chunks_changes_no_weight(monkeypatch):
    table = make_table()
    likelihood = CrossEntropy(make_codes(table), 2)
    whole, _ = fit(table, likelihood)
    monkeypatch.setattr(_components, "CHUNK_ELEMENTS", 5 * 23)
    np.testing.assert_allclose(fit(table, likelihood)[0], whole, atol=1e-6)


def test_only_columns_of_the_largest_slopes_are_read(monkeypatch):
    table = make_table()
    codes = make_codes(table)
    monkeypatch.setattr(_lasso, "MAX_COLUMNS", 4)
    weight, _ = fit(table, CrossEntropy(codes, 2), 0.1)
    slopes = np.abs(table.T @ (codes - codes.mean()))
    largest = set(np.argsort(slopes)[-4:])
    assert set(np.flatnonzero(np.abs(weight).max(axis=0) > 1e-6)) == largest


def test_columns_that_do_not_vary_count_nothing():
    table = make_table()
    table[:, 3:9] = 0
    weight, _ = fit(table, CrossEntropy(make_codes(table), 2), 0.1)
    assert (weight[:, 3:9] == 0).all()


def test_a_strong_penalty_leaves_the_shares_of_the_classes():
    table = make_table()
    codes = make_codes(table, 3)
    weight, bias = fit(table, CrossEntropy(codes, 3), 50.0)
    assert (weight == 0).all()
    shares = np.exp(bias) / np.exp(bias).sum()
    np.testing.assert_allclose(shares, np.bincount(codes) / 67, atol=1e-4)


def test_a_search_that_is_ended_warns(monkeypatch):
    monkeypatch.setattr(_lasso, "MAX_ITER", 1)
    table = make_table()
    with pytest.warns(UserWarning, match="no minimum of the lasso's loss"):
        fit(table, CrossEntropy(make_codes(table), 2))
