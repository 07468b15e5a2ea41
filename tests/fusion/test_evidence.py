"""How redundant the evidence of several towers is, and how much each then counts."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax
from scipy.stats import norm

from skmultimodal.fusion._evidence import bayes_weights, fit_covariance, fit_shift

seeds = st.integers(0, 10**6)


def make_evidence(n_opinions=3, n_classes=2, n_rows=61, seed=0, absent=0.0):
    """Centred log-ratios that share a part, NaN where absent, and class numbers."""
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.r_[np.arange(n_classes), np.zeros(n_rows - n_classes)])
    codes = np.where(rng.random(n_rows) < 0.6, codes, n_classes - 1).astype(int)
    truth = np.eye(n_classes)[codes]
    shared = rng.normal(size=(n_rows, n_classes))
    opinions = rng.normal(size=(n_opinions, n_rows, n_classes)) + shared + 2 * truth
    opinions *= np.arange(1, n_opinions + 1)[:, None, None]
    opinions -= opinions.mean(axis=2, keepdims=True)
    opinions[rng.random((n_opinions, n_rows)) < absent] = np.nan
    return opinions, codes


def pooled_moments(first, second, codes):
    """Sums of squares and of products within classes, and their degrees of freedom."""
    total, n_free = np.zeros((2, 2)), 0
    for code in set(codes):
        rows = codes == code
        n_free += rows.sum() - 1
        for one, two in zip(first[rows].T, second[rows].T, strict=True):
            total += np.cov(one, two, bias=True) * rows.sum()
    return total, n_free


def random_correlations(rng, size):
    factors = rng.normal(size=(size, size + 2)) + rng.normal()
    return np.atleast_2d(np.corrcoef(factors))


# Scales and correlations


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("absent", [0.0, 0.3])
@pytest.mark.parametrize(
    ("correlation", "n_prior_rows"), [(0.1, 100.0), (-0.2, 7.0), (0.9, 0.0)]
)
def test_scales_and_correlations_are_those_within_a_class(
    n_classes, absent, correlation, n_prior_rows
):
    opinions, codes = make_evidence(3, n_classes, absent=absent)
    scale, found = fit_covariance(opinions, codes, n_classes, correlation, n_prior_rows)
    present = ~np.isnan(opinions).any(axis=2)
    for m in range(3):
        own = opinions[m, present[m]]
        total, _ = pooled_moments(own, own, codes[present[m]])
        assert scale[m] == pytest.approx(np.sqrt(total[0, 0] / own.size))
        assert found[m, m] == pytest.approx(1)
    for m, k in combinations(range(3), 2):
        both = present[m] & present[k]
        pair = opinions[m, both], opinions[k, both]
        total, n_free = pooled_moments(*pair, codes[both])
        alone = total[0, 1] / np.sqrt(total[0, 0] * total[1, 1])
        wanted = np.average([alone, correlation], weights=[n_free, n_prior_rows])
        assert found[m, k] == found[k, m] == pytest.approx(wanted)


def test_the_correlation_of_a_known_distribution():
    rng = np.random.default_rng(0)
    wanted = np.array([[1, 0.6, -0.3], [0.6, 1, 0.2], [-0.3, 0.2, 1]])
    odds = rng.multivariate_normal(np.zeros(3), wanted, size=20_000) * [1, 2, 5]
    codes = rng.integers(0, 2, 20_000)
    odds += 3 * codes[:, None]
    opinions = np.stack([-odds.T, odds.T], axis=2) / 2
    scale, found = fit_covariance(opinions, codes, 2, 0.1, 100)
    np.testing.assert_allclose(found, wanted, atol=0.03)
    np.testing.assert_allclose(scale, [0.5, 1, 2.5], rtol=0.02)


@given(seed=seeds, n_classes=st.integers(2, 4))
@settings(max_examples=20)
def test_means_of_classes_do_not_matter(seed, n_classes):
    opinions, codes = make_evidence(3, n_classes, seed=seed, absent=0.3)
    means = np.random.default_rng(seed).normal(size=(3, n_classes, n_classes))
    moved = opinions + means[:, codes]
    plain = fit_covariance(opinions, codes, n_classes, 0.1, 100)
    other = fit_covariance(moved, codes, n_classes, 0.1, 100)
    for one, two in zip(plain, other, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9)


def test_modalities_that_no_row_shares():
    """What the correlation is drawn to is all there is."""
    opinions, codes = make_evidence(2)
    opinions[0, :30], opinions[1, 30:] = np.nan, np.nan
    _, correlations = fit_covariance(opinions, codes, 2, 0.25, 100)
    np.testing.assert_array_equal(correlations, [[1, 0.25], [0.25, 1]])
    _, correlations = fit_covariance(opinions, codes, 2, 0.25, 0)
    np.testing.assert_array_equal(correlations, np.eye(2))


def test_one_shared_row_of_each_class_is_no_correlation():
    opinions, codes = make_evidence(2, 3)
    first = np.array([np.flatnonzero(codes == code)[0] for code in range(3)])
    opinions[1, np.setdiff1d(np.arange(61), first)] = np.nan
    scale, correlations = fit_covariance(opinions, codes, 3, 0.25, 100)
    assert correlations[0, 1] == 0.25
    assert scale[0] > 0
    assert scale[1] == 0


@given(seed=seeds, n_classes=st.integers(2, 4), absent=st.floats(0, 1))
@settings(max_examples=40)
def test_correlations_are_those_of_a_distribution(seed, n_classes, absent):
    opinions, codes = make_evidence(4, n_classes, 17, seed, absent)
    _, found = fit_covariance(opinions, codes, n_classes, -0.9, 1.0)
    np.testing.assert_allclose(np.diag(found), 1)
    np.testing.assert_allclose(found, found.T, rtol=1e-12)
    assert np.abs(found).max() <= 1 + 1e-12
    assert np.linalg.eigvalsh(found).min() > 0.01


@pytest.mark.parametrize("pairs", [(0.9, 0.9, -0.9), (-0.9, -0.9, -0.9)])
def test_pairs_that_no_distribution_has(pairs):
    """Each pair of towers shares other patients, and the three do not fit together."""
    rng = np.random.default_rng(0)
    opinions, codes = np.full((3, 900, 2), np.nan), np.arange(900) % 2
    places = list(combinations(range(3), 2))
    for number, r in enumerate(pairs):
        rows = slice(300 * number, 300 * number + 300)
        odds = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], size=300).T
        opinions[list(places[number]), rows] = np.stack([-odds, odds], axis=2) / 2
    raw = np.eye(3)
    raw[np.triu_indices(3, 1)] = raw.T[np.triu_indices(3, 1)] = pairs
    assert np.linalg.eigvalsh(raw)[0] < -0.5
    _, found = fit_covariance(opinions, codes, 2, 0.1, 0)
    np.testing.assert_allclose(np.diag(found), 1)
    assert np.linalg.eigvalsh(found)[0] > 0.01
    assert np.array_equal(np.sign(found), np.sign(raw))
    weights = bayes_weights(np.ones(3), found, np.ones((1, 3), bool))
    assert np.all(np.isfinite(weights))
    # Pairs that do fit are left as they are.
    _, pair = fit_covariance(opinions[:2], codes, 2, 0.1, 0)
    assert pair[0, 1] == pytest.approx(pairs[0], abs=0.03)


def test_copies():
    opinions, codes = make_evidence(1)
    opinions = np.repeat(opinions, 3, axis=0)
    scale, correlations = fit_covariance(opinions, codes, 2, 0.1, 0)
    assert len(np.unique(scale)) == 1
    assert np.linalg.eigvalsh(correlations)[0] > 0.01
    assert correlations.min() > 0.9


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_constant_evidence_has_no_correlation(value):
    opinions, codes = make_evidence(3, absent=0.2)
    opinions[1, :, 0], opinions[1, :, 1] = -value, value
    scale, correlations = fit_covariance(opinions, codes, 2, 0.1, 100)
    assert scale[1] == 0
    np.testing.assert_array_equal(correlations[1], [0.1, 1, 0.1])
    assert correlations[0, 2] > 0.2
    _, correlations = fit_covariance(opinions, codes, 2, 0.1, 0)
    np.testing.assert_array_equal(correlations[1], [0, 1, 0])


def test_no_evidence_at_all():
    scale, correlations = fit_covariance(np.empty((0, 7, 3)), np.arange(7) % 3, 3, 0, 9)
    assert scale.shape == (0,)
    assert correlations.shape == (0, 0)
    no_codes = np.empty(0, int)
    scale, correlations = fit_covariance(np.empty((2, 0, 3)), no_codes, 3, 0.1, 9)
    np.testing.assert_array_equal(scale, 0)
    np.testing.assert_array_equal(correlations, [[1, 0.1], [0.1, 1]])


def test_a_modality_that_no_row_has():
    opinions, codes = make_evidence(3)
    opinions[2] = np.nan
    scale, correlations = fit_covariance(opinions, codes, 2, 0.1, 100)
    assert scale[2] == 0
    np.testing.assert_array_equal(correlations[2], [0.1, 0.1, 1])
    assert scale[:2].min() > 0


# Weights by Bayes' rule


@given(seed=seeds, size=st.integers(1, 5))
@settings(max_examples=40)
def test_weights_solve_the_quadratic_program(seed, size):
    """The best discriminant of calibrated evidence under weights of at least 0."""
    rng = np.random.default_rng(seed)
    correlations = random_correlations(rng, size)
    scale = rng.uniform(0.3, 3, size)
    present = rng.random((4, size)) < 0.7
    weights = bayes_weights(scale, correlations, present)
    assert weights.shape == (4, size)
    covariance = correlations * np.outer(scale, scale)
    for row, own in zip(weights, present, strict=True):
        assert np.all(row[~own] == 0)
        assert np.all(row >= 0)
        if not own.any():
            continue
        S = covariance[np.ix_(own, own)]

        def risk(w, S=S):
            return w @ S @ w / 2 - w @ np.diag(S), S @ w - np.diag(S)

        found = minimize(
            risk,
            np.ones(len(S)),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0, None)] * len(S),
            options={"gtol": 1e-10, "ftol": 1e-15, "maxiter": 10_000},
        )
        # Weights themselves are flat where towers repeat each other.
        assert risk(row[own])[0] <= found.fun + 1e-7
        np.testing.assert_allclose(risk(row[own])[0], found.fun, atol=1e-6)
        np.testing.assert_allclose(S @ row[own], S @ found.x, atol=1e-3)


def test_weights_where_none_is_bounded():
    """They are S^-1 diag(S)."""
    R = np.array([[1, 0.4, 0.1], [0.4, 1, 0.2], [0.1, 0.2, 1]])
    scale = np.array([1.0, 1.5, 0.8])
    S = R * np.outer(scale, scale)
    present = np.array([[1, 1, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1]], bool)
    found = bayes_weights(scale, R, present)
    for row, own in zip(found, present, strict=True):
        block = S[np.ix_(own, own)]
        wanted = np.linalg.solve(block, np.diag(block))
        assert wanted.min() > 0
        np.testing.assert_allclose(row[own], wanted)


@pytest.mark.parametrize("r", [-0.5, 0.0, 0.3, 0.9])
def test_two_towers_that_are_equally_good(r):
    weights = bayes_weights(np.full(2, 1.7), np.array([[1, r], [r, 1]]), ROW)
    np.testing.assert_allclose(weights, 1 / (1 + r))


ROW = np.ones((1, 2), bool)


def test_a_weak_tower_that_repeats_a_strong_one_is_left_out():
    """Rather than turned around."""
    r = 0.8
    assert np.linalg.solve([[1, 0.3 * r], [0.3 * r, 0.09]], [1, 0.09])[1] < 0
    weights = bayes_weights(np.array([1, 0.3]), np.array([[1, r], [r, 1]]), ROW)
    np.testing.assert_allclose(weights, [[1, 0]], atol=1e-12)


@given(seed=seeds, size=st.integers(1, 5))
@settings(max_examples=20)
def test_without_correlation_and_alone_the_weights_are_1(seed, size):
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.01, 9, size)
    present = rng.random((5, size)) < 0.5
    np.testing.assert_allclose(bayes_weights(scale, np.eye(size), present), present)
    alone = np.eye(size, dtype=bool)
    correlations = random_correlations(rng, size)
    np.testing.assert_allclose(bayes_weights(scale, correlations, alone), alone)


@given(seed=seeds, factor=st.sampled_from([1e-3, 0.5, 40.0]))
@settings(max_examples=20)
def test_units_and_orders_do_not_matter(seed, factor):
    rng = np.random.default_rng(seed)
    correlations, scale = 0.7 * random_correlations(rng, 4), rng.uniform(0.5, 2, 4)
    np.fill_diagonal(correlations, 1)
    present = rng.random((6, 4)) < 0.7
    weights = bayes_weights(scale, correlations, present)
    scaled = bayes_weights(factor * scale, correlations, present)
    np.testing.assert_allclose(scaled, weights, atol=1e-9)
    who, rows = rng.permutation(4), rng.permutation(6)
    moved = bayes_weights(
        scale[who], correlations[np.ix_(who, who)], present[np.ix_(rows, who)]
    )
    np.testing.assert_allclose(moved, weights[np.ix_(rows, who)], atol=1e-9)


def test_a_tower_of_constant_evidence_has_nothing_to_add():
    R = np.full((3, 3), 0.2) + 0.8 * np.eye(3)
    present = np.array([[1, 1, 1], [1, 1, 0], [0, 1, 0], [0, 1, 1]], bool)
    found = bayes_weights(np.array([2.0, 0.0, 2.0]), R, present)
    even = 1 / 1.2
    wanted = [[even, 0, even], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    np.testing.assert_allclose(found, wanted)
    none = bayes_weights(np.zeros(3), R, present)
    np.testing.assert_array_equal(none, present)


def test_no_weights():
    np.testing.assert_array_equal(
        bayes_weights(np.ones(2), np.eye(2), np.zeros((3, 2), bool)), np.zeros((3, 2))
    )
    assert bayes_weights(np.ones(2), np.eye(2), np.empty((0, 2), bool)).shape == (0, 2)
    none = bayes_weights(np.empty(0), np.empty((0, 0)), np.empty((5, 0), bool))
    assert none.shape == (5, 0)


# Shift of the class shares


def exact_shift(log_odds, codes, scale):
    """Mean of the shift of the log-odds a posteriori, by numerical integration."""
    t = np.linspace(-8 * scale, 8 * scale, 4001)
    sign = 2 * codes - 1
    logs = np.log(expit(sign * (log_odds + t[:, None]))).sum(axis=1)
    density = np.exp(logs - logs[2000]) * norm.pdf(t, scale=scale)
    evidence, moment = trapezoid(density, t), trapezoid(t * density, t)
    # Hypotheses of no shift and of one are as likely beforehand.
    return moment / (1 + evidence)


@pytest.mark.parametrize("scale", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("n_rows", [1, 13, 150])
@pytest.mark.parametrize("truth", [-0.8, 0.0, 0.4, 1.5])
def test_shift_is_the_mean_a_posteriori(scale, n_rows, truth):
    rng = np.random.default_rng(n_rows)
    log_odds = rng.normal(scale=1.5, size=n_rows)
    codes = (rng.random(n_rows) < expit(log_odds + truth)).astype(int)
    shift = fit_shift(np.column_stack([-log_odds, log_odds]) / 2, codes, scale)
    found = shift[1] - shift[0]
    wanted = exact_shift(log_odds, codes, scale)
    # Laplace's approximation takes the mode for the mean.
    assert found == pytest.approx(wanted, rel=0.1, abs=0.01)
    assert shift.sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("truth", [[0.0, 0.0, 0.0], [1.0, -0.3, -0.7]])
def test_shift_of_three_classes(truth):
    """By sums over a grid of the plane of centred shifts."""
    rng, scale = np.random.default_rng(1), 0.5
    logits = rng.normal(size=(70, 3))
    p = softmax(logits + truth, axis=1)
    codes = (p.cumsum(axis=1) < rng.random((70, 1))).sum(axis=1)
    axis = np.linspace(-2, 2, 81)
    # An orthonormal basis of the plane.
    basis = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])
    places = np.array(np.meshgrid(axis, axis)).reshape(2, -1).T
    logs = [log_softmax(logits + p, axis=1)[range(70), codes] for p in places @ basis]
    start = log_softmax(logits, axis=1)[range(70), codes].sum()
    # A difference of two components has the standard deviation `scale`.
    prior = norm.pdf(places, scale=scale / np.sqrt(2)).prod(axis=1)
    density = np.exp(np.sum(logs, axis=1) - start) * prior * (axis[1] - axis[0]) ** 2
    wanted = density @ places @ basis / (1 + density.sum())
    found = fit_shift(logits, codes, scale)
    np.testing.assert_allclose(found, wanted, rtol=0.1, atol=0.01)


@given(seed=seeds, n_classes=st.integers(2, 4))
@settings(max_examples=25)
def test_what_a_shift_does_not_depend_on(seed, n_classes):
    """Order of rows and classes, and a constant added to the logits of a row."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(23, n_classes))
    codes = np.minimum(rng.integers(0, n_classes + 1, 23), n_classes - 1)
    shift = fit_shift(logits, codes, 0.5)
    assert shift.shape == (n_classes,)
    assert shift.sum() == pytest.approx(0, abs=1e-9)
    rows, order = rng.permutation(23), rng.permutation(n_classes)
    moved = (logits + rng.normal(size=(23, 1)))[np.ix_(rows, order)]
    other = fit_shift(moved, np.argsort(order)[codes[rows]], 0.5)
    np.testing.assert_allclose(other, shift[order], atol=1e-5)


def test_shares_that_are_expected_shift_nothing():
    half = np.random.default_rng(0).normal(size=(40, 1)) * [-1, 1]
    codes = np.repeat([0, 1], 40)
    shift = fit_shift(np.vstack([half, -half]), codes[::-1], 0.5)
    # Mirrored rows of the other class: as many as the logits assume.
    np.testing.assert_allclose(shift, 0, atol=1e-6)


def test_more_rows_shift_more():
    shifts = []
    for n_rows in (4, 40, 400, 4000):
        codes = (np.arange(n_rows) % 4 > 0).astype(int)
        shift = fit_shift(np.zeros((n_rows, 2)), codes, 0.5)
        shifts.append(shift[1] - shift[0])
    assert np.all(np.diff(shifts) > 0)
    assert shifts[0] < 0.15
    assert shifts[-1] == pytest.approx(np.log(3), rel=0.02)


def test_shift_without_rows():
    np.testing.assert_array_equal(fit_shift(np.empty((0, 3)), np.empty(0, int), 1), 0)


def test_shift_of_towers_that_are_sure():
    """And wrong in a row: it is too few to move all."""
    logits = np.array([[-700.0, 700.0]] * 9)
    codes = np.r_[0, np.ones(8, int)]
    shift = fit_shift(logits, codes, 0.5)
    assert np.all(np.isfinite(shift))
    assert abs(shift[1] - shift[0]) <= 0.5
    assert shift[0] >= shift[1]
