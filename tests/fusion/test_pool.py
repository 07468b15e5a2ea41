"""The logarithmic opinion pool."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit, softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from skmultimodal import LogOpinionPoolClassifier

# Of each modality: number of features, and whether it has log-odds.
WIDTHS = {"image": (4, True), "gene": (0, True), "stain": (5, False)}


def make_columns(n_classes=2, widths=None, n_rows=53, seed=0):
    """Columns, labels, and spans of the modalities and of their log-odds."""
    rng = np.random.default_rng(seed)
    y = np.r_[np.arange(n_classes), rng.integers(0, n_classes, n_rows - n_classes)]
    truth = np.eye(n_classes)[y] - 1 / n_classes
    parts, spans, odds, stop = [], {}, {}, 0
    for name, (n_features, has_odds) in (widths or WIDTHS).items():
        start = stop
        if n_features:
            features = rng.normal(size=(n_rows, n_features))
            features[:, 0] += y
            parts.append(features)
            stop += n_features
        if has_odds:
            ratios = 1.5 * truth + rng.normal(size=truth.shape)
            ratios -= ratios.mean(axis=1, keepdims=True)
            own = ratios[:, 1:] - ratios[:, :1] if n_classes == 2 else ratios
            parts.append(own)
            odds[name] = slice(stop, stop + own.shape[1])
            stop += own.shape[1]
        spans[name] = slice(start, stop)
    return np.hstack(parts), y, {"modalities": spans, "log_odds": odds}


def odds_of(Z, span, n_classes):
    """Centred log-ratios from the columns of a modality's log-odds."""
    own = Z[:, span]
    return np.hstack([-own, own]) / 2 if n_classes == 2 else own


def pool_loss(Z, y, spans, weights, intercept, coef, weight_penalty, feature_penalty):
    """Word by word from the docstring; `coef` has a row per column of Z."""
    n_classes = len(intercept)
    logits = intercept + np.zeros((len(Z), n_classes))
    penalty = 0
    for name, span in spans["modalities"].items():
        columns = set(range(span.start, span.stop))
        if name in spans["log_odds"]:
            odds = spans["log_odds"][name]
            columns -= set(range(odds.start, odds.stop))
            logits = logits + weights[name] * odds_of(Z, odds, n_classes)
            penalty += weight_penalty / 2 * (weights[name] - 1) ** 2
        columns = sorted(columns)
        logits = logits + Z[:, columns] @ coef[columns]
        penalty += feature_penalty / 2 * len(columns) * np.sum(coef[columns] ** 2)
    prior = np.log(np.bincount(y) / len(y))
    penalty += np.sum((intercept - (prior - prior.mean())) ** 2) / 2
    return penalty - np.log(softmax(logits, axis=1)[np.arange(len(y)), y]).sum()


def fit(n_classes=2, *, params=None, **options):
    Z, y, spans = make_columns(n_classes, **options)
    return LogOpinionPoolClassifier(**params or {}).fit(Z, y, **spans), Z, y, spans


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_shapes(n_classes):
    model, Z, _, spans = fit(n_classes)
    assert list(model.weights_) == ["image", "gene"]
    assert all(isinstance(weight, float) for weight in model.weights_.values())
    assert model.intercept_.shape == (n_classes,)
    assert model.coef_.T.shape == (Z.shape[1], n_classes)
    assert model.modalities_ == spans["modalities"]
    for span in spans["log_odds"].values():
        assert np.all(model.coef_.T[span] == 0)
    assert np.all(model.coef_.T[:4] != 0)
    assert model.n_iter_ > 0
    p = model.predict_proba(Z[:7])
    assert p.shape == (7, n_classes)
    np.testing.assert_allclose(p.sum(axis=1), 1)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "params",
    [{}, {"weight_penalty": 0.5, "feature_penalty": 0.1}, {"weight_penalty": 0}],
    ids=["default", "weak", "none of weights"],
)
def test_another_solver_finds_the_same(n_classes, params):
    model, Z, y, spans = fit(n_classes, params=params)
    penalties = model.get_params()
    names = list(spans["log_odds"])

    def loss(theta):
        weights, intercept, coef = np.split(theta, [2, 2 + n_classes])
        weights = dict(zip(names, weights, strict=True))
        coef = coef.reshape(-1, n_classes)
        return pool_loss(Z, y, spans, weights, intercept, coef, **penalties)

    n_free = n_classes * (1 + Z.shape[1])
    bounds = [(0, None)] * 2 + [(None, None)] * n_free
    found = minimize(loss, np.full(2 + n_free, 0.2), bounds=bounds, tol=1e-12).x
    np.testing.assert_allclose(list(model.weights_.values()), found[:2], atol=2e-3)
    np.testing.assert_allclose(model.intercept_, found[2 : 2 + n_classes], atol=2e-3)
    features = [*range(4), *range(Z.shape[1] - 5, Z.shape[1])]
    coef = found[2 + n_classes :].reshape(-1, n_classes)
    np.testing.assert_allclose(model.coef_.T[features], coef[features], atol=2e-3)


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
def test_strong_penalties_leave_the_sum_of_the_log_odds(n_classes):
    params = {"weight_penalty": 1e6, "feature_penalty": 1e6}
    model, Z, y, spans = fit(n_classes, params=params)
    np.testing.assert_allclose(list(model.weights_.values()), 1, atol=1e-3)
    np.testing.assert_allclose(model.coef_.T, 0, atol=1e-3)
    total = sum(odds_of(Z, span, n_classes) for span in spans["log_odds"].values())
    np.testing.assert_allclose(
        model.predict_proba(Z), softmax(total + model.intercept_, axis=1), atol=1e-2
    )
    shares = np.bincount(y) / len(y)
    assert np.abs(softmax(model.intercept_) - shares).max() < 0.15


def test_weights_are_not_negative():
    Z, y, spans = make_columns(2, n_rows=300)
    wrong = spans["log_odds"]["gene"]
    Z[:, wrong] *= -1
    weak = LogOpinionPoolClassifier(weight_penalty=0.01).fit(Z, y, **spans)
    assert weak.weights_["gene"] == 0
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
    weighted = model.weights_["gene"] * Z[:, model.modalities_["gene"]][:, 0]
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
    Z = Z.copy()
    Z[:5, spans["modalities"]["image"]] = 0
    terms = model.decision_terms(Z)
    assert np.all(terms["image"].iloc[:5] == 0)
    assert np.all(terms["image"].iloc[5:] != 0)
    assert np.all(terms["gene"] != 0)


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
    Z = Z.copy()
    Z[3, 2] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        clone(model).fit(Z, y, **spans)
    with pytest.raises(ValueError, match="NaN"):
        model.decision_terms(Z)
    with pytest.raises(ValueError, match="NaN"):
        clone(model).fit(Z[:3], [0, 1, np.nan], **spans)


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
