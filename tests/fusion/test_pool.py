"""The logarithmic opinion pool."""

import pickle
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pool_tools import WIDTHS, make_columns, without
from scipy.optimize import minimize
from scipy.special import expit, logit, softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from skmultimodal import LogOpinionPoolClassifier
from skmultimodal.utils._torch_views import Batch, torch_view


def odds_of(Z, span, n_classes):
    """Centred log-ratios from the columns of a modality's log-odds."""
    own = Z[:, span]
    return np.hstack([-own, own]) / 2 if n_classes == 2 else own


def limits_by_hand(Z, spans, n_classes):
    """What each tower's log-odds approach, by the rows that it has."""
    counts = {n: (~np.isnan(Z[:, s.start])).sum() for n, s in spans["log_odds"].items()}
    return {
        name: np.log(1 + n / (2 * n_classes)) + np.log(n_classes - 1)
        for name, n in counts.items()
    }


def drawn_in(odds, limit):
    """Centred log-ratios whose differences are at most `limit`."""
    return limit / 2 * np.tanh(2 * odds / limit)


def feature_columns(spans, name):
    span = spans["modalities"][name]
    odds = spans["log_odds"].get(name, slice(0, 0))
    return sorted({*range(span.start, span.stop)} - {*range(odds.start, odds.stop)})


def centred_log_shares(y):
    prior = np.log(np.bincount(y) / len(y))
    return prior - prior.mean()


def rows_with_several(Z, spans):
    """Rows with NaN in no column of at least two modalities."""
    lacks = [np.isnan(Z[:, span]).any(axis=1) for span in spans["modalities"].values()]
    return len(lacks) - np.sum(lacks, axis=0) >= 2


def bayes_by_hand(Z, y, spans, correlation=0.1, n_prior_rows=100.0):
    """Weights of image and gene in rows that have both: S^-1 diag(S)."""
    n_classes = len(np.unique(y))
    limits = limits_by_hand(Z, spans, n_classes)
    odds = [
        drawn_in(odds_of(Z, spans["log_odds"][name], n_classes), limits[name])
        for name in ("image", "gene")
    ]

    def within(opinion, rows):
        classes = [opinion[rows & (y == c)] for c in np.unique(y[rows])]
        return np.vstack([own - own.mean(axis=0) for own in classes if len(own)])

    present = [~np.isnan(opinion[:, 0]) for opinion in odds]
    spread = [np.std(within(*pair)) for pair in zip(odds, present, strict=True)]
    both = present[0] & present[1]
    pair = [within(opinion, both).ravel() for opinion in odds]
    n_free = both.sum() - len(np.unique(y[both]))
    alone = np.corrcoef(*pair)[0, 1]
    r = np.average([alone, correlation], weights=[n_free, n_prior_rows])
    S = np.outer(spread, spread) * [[1, r], [r, 1]]
    weights = np.linalg.solve(S, np.diag(S))
    assert weights.min() > 0
    return dict(zip(("image", "gene"), weights, strict=True))


def pool_loss(Z, y, spans, weights, limits, theta, prior, penalties):
    """Word by word from the docstring, of rows with several modalities.

    `theta` holds two factors, the intercept, and a row of coefficients per column of Z.
    The intercept is held at `prior`; `weights` are those of Bayes' rule for both
    log-odds, which are 1 for one of them alone.
    """
    n_classes = len(prior)
    factors, intercept, coef = np.split(theta, [2, 2 + n_classes])
    factors = dict(zip(spans["log_odds"], factors, strict=True))
    coef = coef.reshape(-1, n_classes)
    odds = [odds_of(Z, span, n_classes) for span in spans["log_odds"].values()]
    both = ~np.isnan(odds).any(axis=(0, 2))
    logits = intercept + np.zeros((len(Z), n_classes))
    penalty = 30 / 2 * np.sum((intercept - prior) ** 2)
    for (name, factor), own in zip(factors.items(), odds, strict=True):
        weight = factor * np.where(both, weights[name], 1.0)
        logits = logits + weight[:, None] * np.nan_to_num(drawn_in(own, limits[name]))
        penalty += penalties["weight_penalty"] / 2 * (factor - 1) ** 2
    for name in spans["modalities"]:
        columns = feature_columns(spans, name)
        logits = logits + np.nan_to_num(Z[:, columns]) @ coef[columns]
        strength = penalties["feature_penalty"] * len(columns)
        penalty += strength / 2 * np.sum(coef[columns] ** 2)
    return penalty - np.log(softmax(logits, axis=1)[np.arange(len(y)), y]).sum()


def check_against_another_solver(Z, y, spans, params):
    model = LogOpinionPoolClassifier(**params).fit(Z, y, **spans)
    n_classes = len(model.classes_)
    weights = bayes_by_hand(Z, y, spans)
    limits = limits_by_hand(Z, spans, n_classes)
    several = rows_with_several(Z, spans)
    # `shift_` has tests of its own.
    prior = centred_log_shares(y) + model.shift_
    rows, codes, penalties = Z[several], y[several], model.get_params()

    def loss(theta):
        return pool_loss(rows, codes, spans, weights, limits, theta, prior, penalties)

    n_free = n_classes * (1 + Z.shape[1])
    bounds = [(0, None)] * 2 + [(None, None)] * n_free
    found = minimize(loss, np.full(2 + n_free, 0.2), bounds=bounds, tol=1e-12).x
    np.testing.assert_allclose(list(model.factors_.values()), found[:2], atol=2e-3)
    np.testing.assert_allclose(model.intercept_, found[2 : 2 + n_classes], atol=2e-3)
    features = [*range(4), *range(Z.shape[1] - 5, Z.shape[1])]
    coef = found[2 + n_classes :].reshape(-1, n_classes)
    np.testing.assert_allclose(model.coef_.T[features], coef[features], atol=2e-3)
    wanted = found[:2] * list(weights.values())
    np.testing.assert_allclose(list(model.weights_.values()), wanted, atol=4e-3)


def fit(n_classes=2, *, params=None, **options):
    Z, y, spans = make_columns(n_classes, **options)
    return LogOpinionPoolClassifier(**params or {}).fit(Z, y, **spans), Z, y, spans


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_shapes(n_classes):
    model, Z, _, spans = fit(n_classes)
    for weights in (model.weights_, model.factors_):
        assert list(weights) == ["image", "gene"]
        assert all(isinstance(weight, float) for weight in weights.values())
    assert model.correlations_.shape == (2, 2)
    assert model.scale_.shape == (2,)
    for shares in (model.intercept_, model.log_prior_, model.shift_):
        assert shares.shape == (n_classes,)
    assert model.coef_.T.shape == (Z.shape[1], n_classes)
    assert model.modalities_ == spans["modalities"]
    for span in spans["log_odds"].values():
        assert np.all(model.coef_.T[span] == 0)
    assert np.all(model.coef_.T[:4] != 0)
    assert model.n_iter_ > 0
    p = model.predict_proba(Z[:7])
    assert p.shape == (7, n_classes)
    np.testing.assert_allclose(p.sum(axis=1), 1)


weak_and_strong = pytest.mark.parametrize(
    "params",
    [{}, {"weight_penalty": 0.5, "feature_penalty": 0.1}, {"weight_penalty": 0}],
    ids=["default", "weak", "none of weights"],
)


@pytest.mark.parametrize("n_classes", [2, 3])
@weak_and_strong
def test_another_solver_finds_the_same(n_classes, params):
    check_against_another_solver(*make_columns(n_classes), params)


@pytest.mark.parametrize("n_classes", [2, 3])
@weak_and_strong
def test_another_solver_finds_the_same_where_rows_lack_modalities(n_classes, params):
    """Rows of one modality, of none, and rows of image and gene only."""
    Z, y, spans = make_columns(n_classes)
    for rows, names in [
        (slice(0, 6), ["image", "stain"]),
        (slice(6, 13), ["gene", "stain"]),
        (slice(13, 15), ["image", "gene", "stain"]),
        (slice(15, 23), ["stain"]),
    ]:
        for name in names:
            Z = without(Z, spans, rows, name)
    check_against_another_solver(Z, y, spans, params)


def test_another_solver_finds_the_same_with_one_log_odds_beside_features():
    """Rows of image and stain: the loss is that of their predictions."""
    Z, y, spans = make_columns(2)
    Z = without(Z, spans, slice(0, 19), "gene")
    check_against_another_solver(Z, y, spans, {"weight_penalty": 0.5})


def test_large_log_odds_are_drawn_in_where_they_are_added():
    """To what 53 rows can show; a row with one modality has its calibrated tower."""
    model, Z, _, spans = fit(2)
    limit = np.log(1 + 53 / 4)
    assert model.limits_ == pytest.approx({"image": limit, "gene": limit})
    Z = np.repeat(Z[:1], 4, axis=0)
    Z[:, spans["log_odds"]["image"]] = [[-90.0], [0.01], [limit], [90.0]]
    added = model.decision_terms(Z)["image", "log-odds"] / model.weights_["image"]
    np.testing.assert_allclose(
        added, [-limit, 0.01, limit * np.tanh(1), limit], rtol=1e-4
    )
    alone = without(without(Z, spans, slice(None), "gene"), spans, slice(None), "stain")
    alone = model.decision_terms(alone)["image", "log-odds"]
    np.testing.assert_allclose(alone, [-90, 0.01, limit, 90])


def test_bayes_rule():
    """Independent towers that are calibrated are added up, as the docstring says."""
    rng = np.random.default_rng(0)
    y = np.arange(4000) % 2
    # Two normal distributions a distance d apart have log-odds d * x.
    d = np.array([1.0, 2.0])
    Z = d * (rng.normal(size=(4000, 2)) + d * (y[:, None] - 0.5))
    spans = {"a": slice(0, 1), "b": slice(1, 2)}
    model = LogOpinionPoolClassifier(weight_penalty=0).fit(
        Z, y, modalities=spans, log_odds=spans
    )
    np.testing.assert_allclose(list(model.weights_.values()), 1, atol=0.1)
    np.testing.assert_allclose(
        model.predict_proba(Z)[:, 1], expit(Z.sum(axis=1)), atol=0.05
    )


def test_features_alone_are_a_logistic_regression():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(30, 3)) + [0, 1, 0]
    # Mirrored, so that no intercept is needed, and none is shrunk.
    Z, y = np.vstack([half, -half]), np.repeat([1, 0], 30)
    model = LogOpinionPoolClassifier(feature_penalty=2.0).fit(Z, y)
    assert model.weights_ == {}
    assert model.modalities_ == {"x": slice(0, 3)}
    # Both columns are shrunk, by 2.0 times 3 features.
    wanted = LogisticRegression(C=2 / 6, tol=1e-10).fit(Z, y)
    np.testing.assert_allclose(
        model.coef_.T[:, 1] - model.coef_.T[:, 0], wanted.coef_[0], atol=1e-4
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_strong_penalties_leave_bayes_rule(n_classes):
    """The weighted sum of the log-odds, with the class shares."""
    params = {"weight_penalty": 1e6, "feature_penalty": 1e6}
    model, Z, y, spans = fit(n_classes, params=params)
    np.testing.assert_allclose(list(model.factors_.values()), 1, atol=1e-3)
    np.testing.assert_allclose(model.coef_.T, 0, atol=1e-3)
    weights = bayes_by_hand(Z, y, spans)
    assert max(weights.values()) < 0.99
    limits = limits_by_hand(Z, spans, n_classes)
    assert model.limits_ == pytest.approx(limits)
    total = sum(
        weights[name] * drawn_in(odds_of(Z, span, n_classes), limits[name])
        for name, span in spans["log_odds"].items()
    )
    np.testing.assert_allclose(
        model.predict_proba(Z), softmax(total + model.intercept_, axis=1), atol=1e-2
    )
    np.testing.assert_allclose(model.log_prior_, centred_log_shares(y))
    held = model.log_prior_ + model.shift_
    np.testing.assert_allclose(model.intercept_, held, atol=0.15)


def test_weights_are_not_negative():
    Z, y, spans = make_columns(2, n_rows=300)
    wrong = spans["log_odds"]["gene"]
    Z[:, wrong] *= -1
    weak = LogOpinionPoolClassifier(weight_penalty=0.01).fit(Z, y, **spans)
    assert weak.factors_["gene"] == weak.weights_["gene"] == 0
    assert weak.weights_["image"] > 0.2


def test_long_vectors_count_as_much_as_short_ones():
    """Penalties are multiplied by the number of features of a modality."""
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    short = rng.normal(size=(80, 1)) + y[:, None]
    long = np.repeat(short, 6, axis=1)
    pair = {"a": slice(0, 1), "b": slice(1, 7)}
    model = LogOpinionPoolClassifier().fit(np.hstack([short, long]), y, modalities=pair)
    terms = model.decision_terms(np.hstack([short, long]))
    np.testing.assert_allclose(
        terms["a", "features"], terms["b", "features"], rtol=1e-2, atol=1e-3
    )


# Terms


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_terms_of_two_classes_add_up_to_the_log_odds(dtype):
    model, Z, _, _ = fit(2)
    Z = Z.astype(dtype)
    terms = model.decision_terms(Z)
    assert isinstance(terms, pd.DataFrame)
    assert terms.columns.tolist() == [
        ("intercept", ""),
        ("image", "log-odds"),
        ("image", "features"),
        ("gene", "log-odds"),
        ("stain", "features"),
    ]
    p = model.predict_proba(Z)[:, 1]
    np.testing.assert_allclose(terms.sum(axis=1), logit(p), rtol=1e-6, atol=1e-9)
    odds, limit = Z[:, model.modalities_["gene"]][:, 0], model.limits_["gene"]
    weighted = model.weights_["gene"] * limit * np.tanh(odds / limit)
    np.testing.assert_allclose(terms["gene", "log-odds"], weighted, rtol=1e-6)
    coef = model.coef_.T[-5:, 1] - model.coef_.T[-5:, 0]
    np.testing.assert_allclose(
        terms["stain", "features"], Z[:, -5:] @ coef, rtol=1e-4, atol=1e-6
    )
    difference = model.intercept_[1] - model.intercept_[0]
    np.testing.assert_allclose(terms["intercept", ""], difference)


@pytest.mark.parametrize("names", [["x", "y", "z"], [3, 10, -4], [-1.0, 0.0, 5.0]])
def test_terms_of_more_classes_add_up_to_the_logits(names):
    Z, codes, spans = make_columns(3)
    model = LogOpinionPoolClassifier().fit(Z, np.array(names)[codes], **spans)
    terms = model.decision_terms(Z)
    assert terms.shape == (53, 5 * 3)
    assert terms.columns.nlevels == 3
    assert terms.columns[:3].tolist() == [("intercept", "", c) for c in sorted(names)]
    logits = terms.T.groupby(level=2).sum().T
    assert logits.columns.tolist() == sorted(names)
    p = model.predict_proba(Z)
    np.testing.assert_allclose(softmax(logits.to_numpy(), axis=1), p, rtol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_absent_modality_is_a_term_of_zero(n_classes):
    model, Z, _, spans = fit(n_classes)
    Z = without(Z, spans, slice(0, 5), "image")
    terms = model.decision_terms(Z)
    assert np.all(terms["image"].iloc[:5] == 0)
    assert np.all(terms["image"].iloc[5:] != 0)
    assert np.all(terms["gene"] != 0)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_terms_of_rows_that_lack_modalities_add_up(n_classes):
    Z, y, spans, _ = make_partial(n_classes)
    model = LogOpinionPoolClassifier().fit(Z, y, **spans)
    terms = model.decision_terms(Z)
    assert np.all(np.isfinite(terms))
    p = model.predict_proba(Z)
    if n_classes == 2:
        np.testing.assert_allclose(terms.sum(axis=1), logit(p[:, 1]))
    else:
        logits = terms.T.groupby(level=2).sum().T
        np.testing.assert_allclose(softmax(logits.to_numpy(), axis=1), p)
    lacks = np.isnan(Z[:, spans["modalities"]["stain"].start])
    stain = terms["stain"].to_numpy()
    assert np.all(stain[lacks] == 0)
    assert np.all(stain[~lacks] != 0)


# Rows that lack modalities


def make_partial(n_classes=2, **options):
    """Rows with every set of modalities, none included, and those sets."""
    Z, y, spans = make_columns(n_classes, **options)
    names = list(spans["modalities"])
    patterns = np.array(
        [[(number >> bit) & 1 for bit in range(3)] for number in range(8)], bool
    )
    patterns = np.vstack([np.ones((7, 3), bool), patterns])
    has = patterns[np.arange(len(y)) % len(patterns)]
    for column, name in enumerate(names):
        Z = without(Z, spans, ~has[:, column], name)
    return Z, y, spans, has


def gaussian_evidence(n_classes, n_rows, seed=0, prevalence=None):
    """Evidence of three calibrated towers, their distances and correlations.

    Measurements of a modality are normal within a class, and their class means are the
    corners of a simplex. For two classes it is a pair of points.
    """
    rng = np.random.default_rng(seed)
    d = np.array([1.5, 1.2, 1.3])
    R = np.array([[1, 0.4, 0.1], [0.4, 1, 0.2], [0.1, 0.2, 1]])
    if n_classes == 2:
        corners = np.array([[-0.5], [0.5]])
    else:
        corners = np.eye(n_classes) - 1 / n_classes
    y = rng.choice(n_classes, size=n_rows, p=prevalence)
    # The same correlation on each axis of the measurements.
    noise = rng.normal(size=(n_rows, corners.shape[1], 3)) @ np.linalg.cholesky(R).T
    x = noise + corners[y][:, :, None] * d
    # log p(x | class) up to a constant; corners are equally long.
    ratios = np.einsum("nak,ca->knc", x * d, corners)
    ratios -= ratios.mean(axis=2, keepdims=True)
    own = ratios[:, :, 1:] - ratios[:, :, :1] if n_classes == 2 else ratios
    k = own.shape[2]
    names = ("a", "b", "c")
    spans = {name: slice(i * k, i * k + k) for i, name in enumerate(names)}
    spans = {"modalities": spans, "log_odds": spans}
    return np.hstack(own), ratios, y, spans, d, R


SUBSETS = [set_ for size in (1, 2, 3) for set_ in combinations(range(3), size)]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("complete", [True, False])
def test_bayes_rule_for_every_set_of_correlated_towers(n_classes, complete):
    """The linear discriminant, whether or not one row has all three modalities."""
    Z, ratios, y, spans, d, R = gaussian_evidence(n_classes, 6000)
    if not complete:
        for place, name in enumerate("abc"):
            Z = without(Z, spans, slice(place, None, 3), name)
        assert np.isnan(Z).any(axis=1).all()
    # Penalties that hold what is Bayes' rule; correlations as they are found.
    model = LogOpinionPoolClassifier(weight_penalty=1e5, n_prior_rows=0.0)
    model.fit(Z, y, **spans)
    np.testing.assert_allclose(model.correlations_, R, atol=0.05)
    for own in SUBSETS:
        wanted = np.linalg.solve(R[np.ix_(own, own)], d[list(own)]) / d[list(own)]
        assert wanted.min() > 0
        names = ["abc"[place] for place in own]
        found = model.weights(names)
        assert list(found) == names
        np.testing.assert_allclose(list(found.values()), wanted, atol=0.08)
        some = np.full((200, Z.shape[1]), np.nan)
        clean = gaussian_evidence(n_classes, 6000)[0][:200]
        for name in names:
            some[:, spans["modalities"][name]] = clean[:, spans["modalities"][name]]
        evidence = ratios[list(own), :200]
        if len(own) > 1:
            limits = np.array(list(limits_by_hand(Z, spans, n_classes).values()))
            evidence = drawn_in(evidence, limits[list(own), None, None])
        exact = softmax(np.tensordot(wanted, evidence, 1), axis=1)
        np.testing.assert_allclose(model.predict_proba(some), exact, atol=0.06)
    assert model.weights_ == model.weights(["a", "b", "c"])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_default_weights_are_near_bayes_rule(n_classes):
    Z, _, y, spans, d, R = gaussian_evidence(n_classes, 6000)
    model = LogOpinionPoolClassifier().fit(Z, y, **spans)
    wanted = np.linalg.solve(R, d) / d
    np.testing.assert_allclose(list(model.weights_.values()), wanted, atol=0.15)
    np.testing.assert_allclose(list(model.factors_.values()), 1, atol=0.15)


@pytest.mark.parametrize("n_copies", [2, 3])
def test_copies_of_a_tower_count_once(n_copies):
    odds, _, y, _, _, _ = gaussian_evidence(2, 3000)
    Z = np.repeat(odds[:, :1], n_copies, axis=1)
    spans = {f"copy {i}": slice(i, i + 1) for i in range(n_copies)}
    model = LogOpinionPoolClassifier().fit(Z, y, modalities=spans, log_odds=spans)
    weights = list(model.weights_.values())
    assert sum(weights) == pytest.approx(1, abs=0.12)
    np.testing.assert_allclose(weights, np.mean(weights), atol=1e-3)
    # And each of them alone as a tower that has no copy.
    assert model.weights(["copy 1"]) == {"copy 1": 1.0}
    p = model.predict_proba(Z)[:, 1]
    np.testing.assert_allclose(p, expit(odds[:, 0]), atol=0.06)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_modality_alone_is_its_log_odds_and_the_class_shares(n_classes):
    Z, y, spans = make_columns(n_classes, {"image": (0, True), "gene": (0, True)}, 61)
    y[:20] = 0  # not balanced
    model = LogOpinionPoolClassifier(weight_penalty=0.1).fit(Z, y, **spans)
    assert max(abs(factor - 1) for factor in model.factors_.values()) > 0.05
    for name, other in (("image", "gene"), ("gene", "image")):
        assert model.weights([name]) == {name: 1.0}
        alone = without(Z, spans, slice(None), other)
        logits = odds_of(Z, spans["log_odds"][name], n_classes) + model.intercept_
        p = model.predict_proba(alone)
        np.testing.assert_allclose(p, softmax(logits, axis=1))
    nothing = np.full((3, Z.shape[1]), np.nan)
    p = model.predict_proba(nothing)
    np.testing.assert_allclose(p, np.tile(softmax(model.intercept_), (3, 1)))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_row_with_several_modalities(n_classes):
    """Nothing departs from Bayes' rule, where no row shows it."""
    Z, y, spans = make_columns(n_classes)
    y[:20] = 0
    for number, name in enumerate(WIDTHS):
        Z = without(Z, spans, np.arange(53) % 3 != number, name)
    model = LogOpinionPoolClassifier().fit(Z, y, **spans)
    assert model.factors_ == {"image": 1.0, "gene": 1.0}
    assert np.all(model.shift_ == 0)
    assert np.all(model.coef_.T == 0)
    assert model.n_iter_ == 0
    prior = centred_log_shares(y)
    np.testing.assert_allclose(model.intercept_, prior)
    for number, name in enumerate(spans["log_odds"]):
        rows = Z[number::3]
        odds = odds_of(rows, spans["log_odds"][name], n_classes)
        p = model.predict_proba(rows)
        np.testing.assert_allclose(p, softmax(prior + odds, axis=1))
    # The correlation of towers that no row shares is that of other cohorts.
    np.testing.assert_array_equal(model.correlations_, [[1, 0.1], [0.1, 1]])
    both = model.weights(["image", "gene"])
    (s, t), r = model.scale_, 0.1
    wanted = [(1 - r * t / s) / (1 - r**2), (1 - r * s / t) / (1 - r**2)]
    np.testing.assert_allclose(list(both.values()), wanted)


def test_rows_of_one_modality_count_for_class_shares_and_scales_only():
    Z, y, spans = make_columns(2)
    Z = without(Z, spans, slice(0, 21), "gene")
    Z = without(Z, spans, slice(0, 21), "stain")
    model = LogOpinionPoolClassifier().fit(Z, y, **spans)
    np.testing.assert_allclose(model.log_prior_, centred_log_shares(y))
    # 53 rows have it.
    limit = np.log(1 + 53 / 4)
    odds = limit * np.tanh(Z[:, spans["log_odds"]["image"]].ravel() / limit)
    within = np.r_[
        odds[y == 0] - odds[y == 0].mean(), odds[y == 1] - odds[y == 1].mean()
    ]
    assert model.scale_[0] == pytest.approx(within.std() / 2)
    # Ranges of features are those of rows that are fused.
    low, high = Z[21:, :4].min(axis=0), Z[21:, :4].max(axis=0)
    np.testing.assert_array_equal(model.feature_range_[:, :4], [low, high])
    other = Z.copy()
    other[:21, :4] = 1e3
    again = LogOpinionPoolClassifier().fit(other, y, **spans)
    np.testing.assert_array_equal(again.coef_, model.coef_)
    np.testing.assert_array_equal(again.intercept_, model.intercept_)


def shifted_rows(n_several, n_ones, n_rest=1000, seed=0):
    """Rows with both modalities, of which `n_ones` are ill; of others, 40 %."""
    rng = np.random.default_rng(seed)
    ill = np.arange(n_several) < n_ones
    y = np.r_[ill, np.arange(n_rest) % 5 < 2].astype(int)
    d = np.array([0.5, 0.8])
    Z = d * (rng.normal(size=(len(y), 2)) + d * (y[:, None] - 0.5))
    spans = {"a": slice(0, 1), "b": slice(1, 2)}
    spans = {"modalities": spans, "log_odds": spans}
    Z = without(Z, spans, np.arange(n_several, len(y), 2), "a")
    Z = without(Z, spans, np.arange(n_several + 1, len(y), 2), "b")
    return Z, y, spans


def share_of_the_way(n_several, n_ones):
    Z, y, spans = shifted_rows(n_several, n_ones)
    model = LogOpinionPoolClassifier().fit(Z, y, **spans)
    start, end = logit(y.mean()), logit(n_ones / n_several)
    assert model.log_prior_[1] - model.log_prior_[0] == pytest.approx(start)
    moved = (model.intercept_[1] - model.intercept_[0] - start) / (end - start)
    shifted = (model.shift_[1] - model.shift_[0]) / (end - start)
    return moved, shifted


@pytest.mark.parametrize("n_ones", [20, 160])
def test_many_rows_of_another_prevalence_move_the_intercept(n_ones):
    moved, shifted = share_of_the_way(200, n_ones)
    assert 0.6 < moved < 1.2
    assert 0.6 < shifted < 1.2


@pytest.mark.parametrize("n_ones", [1, 4])
def test_few_rows_of_another_prevalence_hardly_move_the_intercept(n_ones):
    moved, shifted = share_of_the_way(5, n_ones)
    assert abs(moved) < 0.25
    assert abs(shifted) < 0.2


def test_rows_of_the_same_prevalence_leave_the_intercept():
    """On average over samples, and far less than samples vary by themselves."""
    found = []
    for seed in range(12):
        Z, y, spans = shifted_rows(200, 80, seed=seed)
        model = LogOpinionPoolClassifier().fit(Z, y, **spans)
        found.append(model.shift_[1] - model.shift_[0])
    assert np.abs(np.mean(found)) < 0.05
    assert np.abs(found).max() < 0.3


def test_features_that_some_rows_lack_beside_known_log_odds():
    """As features of rows that a tower was trained on: nothing is learned from them."""
    Z, y, spans = make_columns(2)
    hidden = Z.copy()
    hidden[:, :4] = np.nan
    model = LogOpinionPoolClassifier().fit(hidden, y, **spans)
    assert np.all(model.coef_.T[:4] == 0)
    assert np.all(np.isinf(model.feature_range_[:, :4]))
    assert np.all(model.coef_.T[-5:] != 0)
    # It is the fit without these columns, also for rows that have them.
    spans_of_rest = {
        kind: {n: slice(max(s.start - 4, 0), s.stop - 4) for n, s in part.items()}
        for kind, part in spans.items()
    }
    rest = LogOpinionPoolClassifier().fit(Z[:, 4:], y, **spans_of_rest)
    p = rest.predict_proba(Z[:, 4:])
    np.testing.assert_allclose(model.predict_proba(hidden), p, atol=1e-4)
    np.testing.assert_allclose(model.predict_proba(Z), p, atol=1e-4)
    assert model.factors_ == pytest.approx(rest.factors_, abs=1e-3)


def test_features_that_one_row_lacks_are_means():
    """0, as features are standardised; the log-odds count as ever."""
    Z, y, spans = make_columns(2)
    model = LogOpinionPoolClassifier().fit(Z, y, **spans)
    hidden, at_mean = Z.copy(), Z.copy()
    hidden[:9, :4], at_mean[:9, :4] = np.nan, 0
    np.testing.assert_array_equal(
        model.predict_proba(hidden), model.predict_proba(at_mean)
    )
    one, other = (
        LogOpinionPoolClassifier().fit(columns, y, **spans)
        for columns in (hidden, at_mean)
    )
    np.testing.assert_allclose(one.coef_, other.coef_, atol=1e-9)


def test_ranges_are_those_of_known_features():
    """Not of the 0 that stands for the others."""
    Z, y, spans = make_columns(2)
    Z[:, 0] += 10
    Z[:, 1] -= 10
    Z[:9, :4] = np.nan
    model = LogOpinionPoolClassifier().fit(Z, y, **spans)
    low, high = Z[9:, :4].min(axis=0), Z[9:, :4].max(axis=0)
    assert low[0] > 0 > high[1]
    np.testing.assert_array_equal(model.feature_range_[:, :4], [low, high])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_view_of_rows_that_lack_modalities(n_classes):
    Z, y, spans, _ = make_partial(n_classes)
    model = LogOpinionPoolClassifier().fit(Z, y, **spans)
    Z = Z[::-1] * 1.7  # some beyond the ranges in fit
    x = torch.tensor(Z, requires_grad=True)
    logs = torch_view(model).log_probabilities(Batch(x))
    np.testing.assert_allclose(logs.exp().detach(), model.predict_proba(Z), rtol=1e-9)
    logs[:, 0].sum().backward()
    slopes = x.grad.numpy()
    assert np.all(np.isfinite(slopes))
    assert np.all(slopes[np.isnan(Z)] == 0)
    gene = spans["log_odds"]["gene"]
    assert np.all(slopes[:, gene][~np.isnan(Z[:, gene])] != 0)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10)
def test_turning_the_labels_around_where_rows_lack_modalities(seed):
    Z, y, spans, _ = make_partial(2, n_rows=41, seed=seed)
    model = LogOpinionPoolClassifier().fit(Z, y, **spans)
    turned = Z.copy()
    for span in spans["log_odds"].values():
        turned[:, span] *= -1
    other = LogOpinionPoolClassifier().fit(turned, 1 - y, **spans)
    np.testing.assert_allclose(
        other.predict_proba(turned)[:, ::-1], model.predict_proba(Z), atol=1e-3
    )
    for one, two in (
        (other.shift_, model.shift_),
        (other.log_prior_, model.log_prior_),
    ):
        np.testing.assert_allclose(one, two[::-1], atol=1e-5)
    # A feature, too, may be measured the other way round.
    mirrored = Z.copy()
    mirrored[:, :4] *= -1
    again = LogOpinionPoolClassifier().fit(mirrored, y, **spans)
    np.testing.assert_allclose(again.coef_[:, :4], -model.coef_[:, :4], atol=1e-3)


def test_a_row_does_not_depend_on_neighbours_with_other_modalities():
    Z, y, spans, _ = make_partial(3)
    model = LogOpinionPoolClassifier().fit(Z, y, **spans)
    single = np.vstack([model.predict_proba(row[None]) for row in Z])
    np.testing.assert_allclose(single, model.predict_proba(Z), rtol=1e-12)


# Labels, columns, rows


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "names",
    [
        np.array(["low", "mid", "top"]),
        np.array(["low", "mid", "top"], dtype=object),
        np.array([-3, 4, 10]),
        np.array([-1.0, 0.0, 2.0]),
    ],
    ids=["text", "objects", "numbers", "floats"],
)
def test_any_type_of_label(n_classes, names):
    Z, codes, spans = make_columns(n_classes)
    plain = LogOpinionPoolClassifier().fit(Z, codes, **spans)
    names = names[:n_classes]
    model = LogOpinionPoolClassifier().fit(Z, names[codes], **spans)
    assert model.classes_.tolist() == names.tolist()
    np.testing.assert_array_equal(model.predict_proba(Z), plain.predict_proba(Z))
    np.testing.assert_array_equal(model.predict(Z), names[plain.predict(Z)])


def test_bool_labels():
    Z, y, spans = make_columns(2)
    model = LogOpinionPoolClassifier().fit(Z, y == 1, **spans)
    assert model.classes_.tolist() == [False, True]
    assert model.predict(Z).dtype == bool
    assert np.mean(model.predict(Z) == (y == 1)) > 0.7


@given(seed=st.integers(0, 10**6), n_classes=st.integers(2, 4))
@settings(max_examples=25)
def test_order_of_columns_and_of_rows(seed, n_classes):
    """Features within a span, modalities among each other, and rows."""
    Z, y, spans = make_columns(n_classes, n_rows=31, seed=seed)
    rng = np.random.default_rng(seed)
    model = LogOpinionPoolClassifier().fit(Z, y, **spans)
    p = model.predict_proba(Z)
    parts, other, odds, stop = [], {}, {}, 0
    for name in rng.permutation(list(spans["modalities"])).tolist():
        span = spans["modalities"][name]
        own = spans["log_odds"].get(name, slice(span.stop, span.stop))
        features = rng.permutation(np.arange(span.start, own.start))
        places = [features, np.arange(own.start, own.stop)]
        first = rng.integers(2)
        start = stop
        for part in (first, 1 - first):
            if part == 1 and name in spans["log_odds"]:
                odds[name] = slice(stop, stop + len(places[1]))
            stop += len(places[part])
            parts.append(places[part])
        other[name] = slice(start, stop)
    columns = np.concatenate(parts)
    rows = rng.permutation(len(y))
    moved = LogOpinionPoolClassifier().fit(
        Z[rows][:, columns], y[rows], modalities=other, log_odds=odds
    )
    np.testing.assert_allclose(moved.predict_proba(Z[:, columns]), p, atol=1e-3)
    for name, weight in model.weights_.items():
        assert moved.weights_[name] == pytest.approx(weight, abs=1e-3)
    np.testing.assert_allclose(moved.coef_.T, model.coef_.T[columns], atol=1e-3)
    assert np.all(np.isfinite(p))
    assert min(model.weights_.values()) >= 0


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25)
def test_turning_the_labels_around(seed):
    """The other class is the negative of the log-odds."""
    Z, y, spans = make_columns(2, n_rows=31, seed=seed)
    p = LogOpinionPoolClassifier().fit(Z, y, **spans).predict_proba(Z)
    turned = Z.copy()
    for span in spans["log_odds"].values():
        turned[:, span] *= -1
    other = LogOpinionPoolClassifier().fit(turned, 1 - y, **spans)
    np.testing.assert_allclose(other.predict_proba(turned)[:, ::-1], p, atol=1e-3)


def test_a_row_does_not_depend_on_its_neighbours():
    model, Z, _, _ = fit(3)
    single = np.vstack([model.predict_proba(row[None]) for row in Z])
    np.testing.assert_allclose(single, model.predict_proba(Z), rtol=1e-12)


def test_same_bits_again_and_after_a_round_trip():
    model, Z, y, spans = fit(3)
    p = model.predict_proba(Z)
    again = clone(model).fit(Z, y, **spans)
    np.testing.assert_array_equal(again.predict_proba(Z), p)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(Z), p)
    pd.testing.assert_frame_equal(copy.decision_terms(Z), model.decision_terms(Z))


def test_second_fit_forgets_the_first():
    model, _, _, _ = fit(3)
    Z, y, _ = make_columns(2, {"stain": (6, False)})
    model.fit(Z, y)
    assert model.weights_ == {}
    assert model.coef_.T.shape == (6, 2)
    assert model.decision_terms(Z).columns.tolist() == [
        ("intercept", ""),
        ("x", "features"),
    ]


def test_log_odds_alone():
    widths = {"a": (0, True), "b": (0, True)}
    model, Z, _, _ = fit(2, widths=widths)
    assert np.all(model.coef_.T == 0)
    assert model.decision_terms(Z).shape == (53, 3)


def test_names_of_a_table():
    Z, y, spans = make_columns(2)
    table = pd.DataFrame(Z, columns=[f"c{i}" for i in range(Z.shape[1])])
    model = LogOpinionPoolClassifier().fit(table, y, **spans)
    assert model.feature_names_in_.tolist() == table.columns.tolist()
    with pytest.raises(ValueError, match="feature names"):
        model.predict(table[table.columns[::-1]])


def test_one_class_among_the_labels_in_excess():
    """A rare class keeps a small probability."""
    Z, y, spans = make_columns(2)
    y[:] = 0
    y[7] = 1
    p = LogOpinionPoolClassifier().fit(Z, y, **spans).predict_proba(Z)
    assert np.all((p > 0) & (p < 1))


# Bad input


@pytest.mark.parametrize("y", [np.zeros(53), np.array(["ill"] * 53)])
def test_one_class_is_refused(y):
    Z, _, spans = make_columns(2)
    with pytest.raises(ValueError, match=r"needs two classes.*one class only"):
        LogOpinionPoolClassifier().fit(Z, y, **spans)


SPANS = {"image": slice(0, 3), "gene": slice(3, 7)}


@pytest.mark.parametrize(
    ("modalities", "message"),
    [
        ({"image": slice(0, 3)}, "column 3 is named 0 times"),
        ({"image": slice(0, 4), "gene": slice(3, 7)}, "column 3 is named 2 times"),
        ({"image": slice(0, 3), "gene": slice(3, 6)}, "column 6 is named 0 times"),
        ({}, "column 0 is named 0 times"),
    ],
)
def test_spans_that_do_not_cover_the_columns(modalities, message):
    Z, y = np.random.default_rng(0).normal(size=(20, 7)), np.arange(20) % 2
    with pytest.raises(ValueError, match=message):
        LogOpinionPoolClassifier().fit(Z, y, modalities=modalities)


@pytest.mark.parametrize(
    ("log_odds", "n_classes", "message"),
    [
        ({"stain": slice(0, 1)}, 2, "'stain'.*none of the modalities.*image"),
        ({"image": slice(0, 2)}, 2, "'image' have 2 columns; 2 classes need 1"),
        ({"gene": slice(3, 4)}, 3, "'gene' have 1 columns; 3 classes need 3"),
        ({"gene": slice(3, 5)}, 3, "'gene' have 2 columns; 3 classes need 3"),
        ({"gene": slice(2, 3)}, 2, "gene"),
        ({"image": slice(6, 7)}, 2, "image"),
        ({"gene": slice(7, 8)}, 2, "gene"),
        ({"image": slice(1, 4)}, 3, "image"),
    ],
    ids=[
        "unknown",
        "too wide",
        "too narrow",
        "of another number of classes",
        "of the neighbour before",
        "of the neighbour after",
        "beyond the columns",
        "across a border",
    ],
)
def test_wrong_spans_of_log_odds(log_odds, n_classes, message):
    """Log-odds of a modality are columns of that modality."""
    Z, y = np.random.default_rng(0).normal(size=(20, 7)), np.arange(20) % n_classes
    with pytest.raises(ValueError, match=message):
        LogOpinionPoolClassifier().fit(Z, y, modalities=SPANS, log_odds=log_odds)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"weight_penalty": -1}, "'weight_penalty' parameter"),
        ({"feature_penalty": 0}, "'feature_penalty' parameter"),
        ({"feature_penalty": "strong"}, "'feature_penalty' parameter"),
        ({"correlation": 1}, "'correlation' parameter"),
        ({"correlation": -1}, "'correlation' parameter"),
        ({"n_prior_rows": -1}, "'n_prior_rows' parameter"),
        ({"shift_scale": 0}, "'shift_scale' parameter"),
    ],
)
def test_bad_parameters_are_named(params, message):
    Z, y, spans = make_columns(2)
    with pytest.raises(ValueError, match=message):
        LogOpinionPoolClassifier(**params).fit(Z, y, **spans)


def test_bad_rows():
    model, Z, y, spans = fit(2)
    with pytest.raises(ValueError, match="10 features"):
        model.predict(Z[:, :10])
    with pytest.raises(ValueError, match="10 features"):
        model.decision_terms(Z[:, :10])
    with pytest.raises(ValueError, match="NaN"):
        clone(model).fit(Z[:3], [0, 1, np.nan], **spans)
    Z[3, 2] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        clone(model).fit(Z, y, **spans)


@pytest.mark.parametrize(
    ("columns", "name"),
    [([5], "image"), ([4, 6], "image"), ([4, 5, 6], "image")],
    ids=["log-odds of a class", "of two classes", "of all, with features"],
)
def test_half_the_log_odds_of_a_modality_are_refused(columns, name):
    model, Z, y, spans = fit(3)
    span = spans["modalities"][name]
    assert span.start <= min(columns)
    assert max(columns) < span.stop
    Z = without(Z, spans, slice(0, 9), "gene")
    Z[np.ix_([17, 29], columns)] = np.nan
    message = f"row 17 of X has NaN among the log-odds of modality '{name}'"
    for method in (model.predict, model.predict_proba, model.decision_terms):
        with pytest.raises(ValueError, match=message):
            method(Z)
    with pytest.raises(ValueError, match=message):
        clone(model).fit(Z, y, **spans)


@pytest.mark.parametrize("columns", [[2], [0, 1, 3], [11, 14]])
def test_a_feature_that_is_nan_is_read_as_its_mean(columns):
    model, Z, y, spans = fit(3)
    filled = Z.copy()
    filled[np.ix_([17, 29], columns)] = 0.0
    holed = Z.copy()
    holed[np.ix_([17, 29], columns)] = np.nan
    np.testing.assert_allclose(model.predict_proba(holed), model.predict_proba(filled))
    refitted = clone(model).fit(holed, y, **spans)
    expected = clone(model).fit(filled, y, **spans)
    np.testing.assert_allclose(refitted.coef_, expected.coef_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_terms"])
def test_unfitted(method):
    with pytest.raises(NotFittedError):
        getattr(LogOpinionPoolClassifier(), method)(np.ones((2, 3)))


def test_a_feature_beyond_its_range_in_fit_is_read_as_the_end_of_it():
    rng = np.random.default_rng(0)
    y = np.arange(31) % 2
    X = rng.normal(size=(31, 4)) + 2 * y[:, None]
    spans = {"image": slice(0, 3), "gene": slice(3, 4)}
    odds = {"image": slice(0, 1)}
    pool = LogOpinionPoolClassifier().fit(X, y, modalities=spans, log_odds=odds)
    low, high = X.min(axis=0), X.max(axis=0)
    assert np.array_equal(pool.feature_range_[:, 1:], [low[1:], high[1:]])
    far = np.array([[0, 1e6, 0, 0], [0, 0, -1e6, 0], [0, 0, 0, 1e6]])
    ends = [[0, high[1], 0, 0], [0, 0, low[2], 0], [0, 0, 0, high[3]]]
    np.testing.assert_array_equal(pool.predict_proba(far), pool.predict_proba(ends))
    # Log-odds say how sure a tower is, however far they go.
    sure = pool.predict_proba([[1e3, 0, 0, 0], [high[0], 0, 0, 0]])[:, 1]
    assert sure[0] > sure[1]
