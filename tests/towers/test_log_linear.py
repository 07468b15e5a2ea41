"""The convex fit that calibration and pooling share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from skmultimodal.towers._likelihoods import CrossEntropy, centred_log_shares
from skmultimodal.towers._log_linear import fit_log_linear

PENALTIES = {
    "prior_weight": 1.0,
    "weight_penalty": 3.0,
    "intercept_penalty": 1.0,
    "feature_penalty": 2.0,
}


def make_problem(n_opinions=2, n_features=3, n_classes=2, n_rows=47, seed=0):
    """Centred opinions and features that say something of classes not balanced."""
    rng = np.random.default_rng(seed)
    codes = np.r_[np.arange(n_classes), rng.integers(0, n_classes, n_rows)]
    codes = np.where(rng.random(len(codes)) < 0.2, 0, codes)
    codes[:n_classes] = np.arange(n_classes)
    truth = np.eye(n_classes)[codes]
    opinions = rng.normal(size=(n_opinions, len(codes), n_classes)) + truth
    opinions -= opinions.mean(axis=2, keepdims=True)
    features = rng.normal(size=(len(codes), n_features))
    if n_features:
        features[:, 0] += codes
    return opinions, features, codes


def fit(problem, n_classes, **params):
    opinions, features, codes = problem
    params = PENALTIES | params
    penalty = np.broadcast_to(params.pop("feature_penalty"), features.shape[1:])
    likelihood = CrossEntropy(codes, n_classes)
    return fit_log_linear(
        opinions, features, likelihood, feature_penalty=penalty, **params
    )


def loss(problem, weights, intercept, coef, **params):
    """What is minimised, word by word from the docstring."""
    opinions, features, codes = problem
    params = PENALTIES | params
    logits = intercept + features @ coef
    for weight, opinion in zip(weights, opinions, strict=True):
        logits = logits + weight * opinion
    p = softmax(logits, axis=1)
    shares = np.bincount(codes, minlength=p.shape[1]) / len(codes)
    # Up to a constant in all classes, which no probability depends on.
    prior = params.get("prior_intercept", np.log(shares) - np.log(shares).mean())
    penalty = np.broadcast_to(params["feature_penalty"], features.shape[1:])
    return (
        -np.log(p[np.arange(len(codes)), codes]).sum()
        + params["weight_penalty"] / 2 * np.sum((weights - params["prior_weight"]) ** 2)
        + params["intercept_penalty"] / 2 * np.sum((intercept - prior) ** 2)
        + np.sum(penalty * (coef**2).sum(axis=1)) / 2
    )


SIZES = [(2, 3, 2), (1, 4, 3), (3, 0, 4), (0, 5, 3), (2, 0, 2), (0, 1, 2)]
sizes = pytest.mark.parametrize(("n_opinions", "n_features", "n_classes"), SIZES)


@sizes
def test_shapes(n_opinions, n_features, n_classes):
    model = fit(make_problem(n_opinions, n_features, n_classes), n_classes)
    assert model.weights.shape == (n_opinions,)
    assert model.intercept.shape == (n_classes,)
    assert model.coef.shape == (n_features, n_classes)
    assert model.n_iter > 0


@sizes
def test_no_direction_leads_down(n_opinions, n_features, n_classes):
    """The slope of the loss is 0, or upwards for a weight that stands at 0."""
    problem = make_problem(n_opinions, n_features, n_classes)
    model = fit(problem, n_classes)
    parts = [model.weights, model.intercept, model.coef]
    step = 1e-5
    for number, part in enumerate(parts):
        for place in np.ndindex(part.shape):
            moved = [[p.copy() for p in parts] for _ in range(2)]
            moved[0][number][place] += step
            moved[1][number][place] -= step
            up, down = (loss(problem, *m) for m in moved)
            slope = (up - down) / (2 * step)
            if number == 0 and part[place] == 0:
                assert slope > -1e-3
            else:
                assert abs(slope) < 1e-3


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("held", [False, True])
def test_another_solver_finds_the_same(n_classes, held):
    problem = make_problem(2, 3, n_classes)
    params = {}
    if held:
        prior = np.linspace(-0.7, 0.7, n_classes)
        params = {"prior_intercept": prior, "intercept_penalty": 30.0}
    model = fit(problem, n_classes, **params)

    def objective(theta):
        weights, intercept, coef = np.split(theta, [2, 2 + n_classes])
        coef = coef.reshape(3, n_classes)
        return loss(problem, weights, intercept, coef, **params)

    bounds = [(0, None)] * 2 + [(None, None)] * (4 * n_classes)
    start = np.full(2 + 4 * n_classes, 0.1)
    found = minimize(objective, start, method="SLSQP", bounds=bounds, tol=1e-12).x
    np.testing.assert_allclose(model.weights, found[:2], atol=1e-3)
    np.testing.assert_allclose(model.intercept, found[2 : 2 + n_classes], atol=1e-3)
    np.testing.assert_allclose(model.coef.ravel(), found[2 + n_classes :], atol=1e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_without_opinions_it_is_a_logistic_regression(n_classes):
    """Both columns of two classes are shrunk, so C is twice as large with one."""
    problem = make_problem(0, 3, n_classes)
    _, features, codes = problem
    model = fit(problem, n_classes, intercept_penalty=1e-9, feature_penalty=0.5)
    C = 1 / 0.5 if n_classes == 3 else 2 / 0.5
    wanted = LogisticRegression(C=C, tol=1e-10, max_iter=10_000).fit(features, codes)
    p = softmax(features @ model.coef + model.intercept, axis=1)
    np.testing.assert_allclose(p, wanted.predict_proba(features), atol=1e-4)
    if n_classes == 2:
        np.testing.assert_allclose(
            model.coef[:, 1] - model.coef[:, 0], wanted.coef_[0], atol=1e-4
        )
        np.testing.assert_allclose(model.coef[:, 0], -model.coef[:, 1], atol=1e-5)
    else:
        np.testing.assert_allclose(model.coef.T, wanted.coef_, atol=1e-4)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_nothing_to_read_gives_the_class_frequencies(n_classes):
    problem = make_problem(0, 0, n_classes)
    model = fit(problem, n_classes)
    shares = np.bincount(problem[2]) / len(problem[2])
    np.testing.assert_allclose(softmax(model.intercept), shares, atol=1e-5)


@pytest.mark.parametrize("penalty", [1e4, 1e6])
def test_strong_penalty_holds_the_intercept_at_a_prior(penalty):
    prior = np.array([-0.9, 0.2, 0.7])
    problem = make_problem(2, 4, 3)
    model = fit(problem, 3, intercept_penalty=penalty, prior_intercept=prior)
    np.testing.assert_allclose(model.intercept, prior, atol=5e-3)
    assert np.abs(model.coef).max() > 0.05
    shares = np.bincount(problem[2]) / len(problem[2])
    model = fit(problem, 3, intercept_penalty=penalty)
    np.testing.assert_allclose(softmax(model.intercept), shares, atol=2e-3)


@pytest.mark.parametrize("counts", [[3, 9], [4, 0, 8], [70, 70, 1, 2]])
def test_class_shares(counts):
    """As if half a row had a class without any."""
    logs = centred_log_shares(np.array(counts))
    p = np.maximum(counts, 0.5)
    np.testing.assert_allclose(softmax(logs), p / p.sum())
    assert logs.sum() == pytest.approx(0)


def test_weights_are_not_negative():
    """An opinion that is always wrong is not turned around."""
    opinions, features, codes = make_problem(2, 1)
    opinions[1] -= 3 * np.eye(2)[codes]
    opinions -= opinions.mean(axis=2, keepdims=True)
    model = fit((opinions, features, codes), 2, weight_penalty=0.1)
    assert model.weights[0] > 0.5
    assert model.weights[1] == 0


@pytest.mark.parametrize("penalty", [1e6, 1e9, 1e12])
def test_strong_prior_holds_the_weights(penalty):
    model = fit(make_problem(3, 2, 3), 3, weight_penalty=penalty, prior_weight=0.7)
    np.testing.assert_allclose(model.weights, 0.7, atol=1e-4)
    assert np.abs(model.coef).max() > 0.05


@pytest.mark.parametrize("penalty", [1e6, 1e9, 1e12])
def test_strong_penalty_leaves_no_residual(penalty):
    """And little else is changed by features that are not used.

    Such a loss is steep in one direction and flat in the others, hence the tolerance.
    """
    opinions, features, codes = make_problem(2, 3)
    model = fit((opinions, features, codes), 2, feature_penalty=penalty)
    bare = fit((opinions, features[:, :0], codes), 2)
    np.testing.assert_allclose(model.coef, 0, atol=1e-4)
    np.testing.assert_allclose(model.weights, bare.weights, atol=5e-3)
    np.testing.assert_allclose(model.intercept, bare.intercept, atol=5e-3)


def test_each_feature_has_a_penalty_of_its_own():
    problem = make_problem(1, 3)
    problem[1][:, 1] = problem[1][:, 0]
    even = fit(problem, 2, feature_penalty=[1.0, 1.0, 1.0])
    np.testing.assert_allclose(even.coef[0], even.coef[1], atol=1e-4)
    uneven = fit(problem, 2, feature_penalty=[1.0, 4.0, 1.0])
    # Of twins, the loss is least where each is used in inverse proportion.
    np.testing.assert_allclose(uneven.coef[0], 4 * uneven.coef[1], atol=1e-4)


def test_without_any_penalty_of_weights():
    """A calibration slope that the data alone decide."""
    opinions, features, codes = make_problem(1, 0, n_rows=400)
    model = fit((opinions, features, codes), 2, weight_penalty=0, intercept_penalty=0)
    odds = opinions[0, :, 1:] - opinions[0, :, :1]
    wanted = LogisticRegression(C=1e9, tol=1e-10).fit(odds, codes)
    assert model.weights[0] == pytest.approx(wanted.coef_.item(), rel=1e-3)
    difference = model.intercept[1] - model.intercept[0]
    assert difference == pytest.approx(wanted.intercept_.item(), abs=1e-3)


@given(
    seed=st.integers(0, 10**6),
    size=st.sampled_from(SIZES),
    factor=st.sampled_from([0.3, 1.0, 4.0]),
)
@settings(max_examples=30)
def test_order_of_rows_and_of_opinions(seed, size, factor):
    n_opinions, n_features, n_classes = size
    opinions, features, codes = make_problem(*size, n_rows=31, seed=seed)
    opinions = opinions * factor
    model = fit((opinions, features, codes), n_classes)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(codes))
    who, what = rng.permutation(n_opinions), rng.permutation(n_features)
    order = rng.permutation(n_classes)
    other = fit(
        (
            opinions[who][:, rows][:, :, order],
            features[rows][:, what],
            np.argsort(order)[codes[rows]],
        ),
        n_classes,
    )
    assert np.all(model.weights >= 0)
    np.testing.assert_allclose(other.weights, model.weights[who], atol=1e-3)
    np.testing.assert_allclose(other.intercept, model.intercept[order], atol=1e-3)
    np.testing.assert_allclose(other.coef, model.coef[what][:, order], atol=1e-3)


@given(seed=st.integers(0, 10**6), size=st.sampled_from(SIZES))
@settings(max_examples=30)
def test_no_other_parameters_are_better(seed, size):
    problem = make_problem(*size, n_rows=29, seed=seed)
    model = fit(problem, size[2])
    least = loss(problem, model.weights, model.intercept, model.coef)
    rng = np.random.default_rng(seed)
    for spread in (0.001, 0.1, 1.0):
        noise = [rng.normal(scale=spread, size=p.shape) for p in model[:3]]
        weights = np.maximum(model.weights + noise[0], 0)
        other = (weights, model.intercept + noise[1], model.coef + noise[2])
        assert loss(problem, *other) >= least - 1e-6
