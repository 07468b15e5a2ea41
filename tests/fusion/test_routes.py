"""Who answers for each row, and that the answer is what the parts say."""

import numpy as np
import pytest
from fusion_tools import (
    THREE,
    TWO,
    axes_tower,
    make_case,
    make_pictures,
    odds_tower,
    picture_model,
    plain_towers,
)
from scipy.special import logit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skmultimodal import TwinTowerClassifier

TOWERS = ("image", "gene", "stain")


def fit(counts, *, n_classes=2, towers=None, head=None, **params):
    X, y = make_case(counts, n_classes=n_classes)
    towers = towers or plain_towers(X.modalities)
    head = head or LogisticRegression()
    return TwinTowerClassifier(towers, head, **params).fit(X, y), X, y


def tower_features(tower, rows):
    """What the head reads of a tower: features, or log-odds where it has none."""
    if hasattr(tower, "transform"):
        return tower.transform(rows)
    p = tower.predict_proba(rows)
    if p.shape[1] == 2:
        return logit(p[:, 1:])
    return np.log(p) - np.log(p).mean(axis=1, keepdims=True)


def head_input(model, X):
    """Scaled features beside each other, 0 where a modality is absent."""
    parts = []
    for name, tower in model.towers_.items():
        scaler = model.scalers_[name]
        part = np.zeros((len(X), scaler.n_features_in_))
        if X.has(name).any():
            features = tower_features(tower, X.block(name))
            part[X.has(name)] = scaler.transform(features)
        parts.append(part)
    return np.hstack(parts).astype(np.float32)


def tower_answer(model, X, y, name, rows):
    """Probabilities of a tower, by its own classifier or a small head made anew."""
    tower = model.towers_[name]
    if hasattr(tower, "predict_proba"):
        return tower.predict_proba(X[rows].block(name))
    unpaired = X.has(name) & ~X.paired
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    head.fit(tower.transform(X[unpaired].block(name)), y[unpaired])
    return head.predict_proba(tower.transform(X[rows].block(name)))


@pytest.mark.parametrize("counts", [TWO, THREE], ids=["two", "three"])
def test_route_of_each_pattern(counts):
    model, X, _ = fit(counts)
    complete = "+".join(X.modalities)
    wanted = [p if p != complete else "head" for p in X.patterns]
    assert model.predict_route(X).tolist() == wanted
    assert set(wanted) == set(counts) - {complete} | {"head"}


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("counts", [TWO, THREE], ids=["two", "three"])
def test_every_route_says_what_its_parts_say(counts, n_classes):
    counts = {pattern: 2 * count for pattern, count in counts.items()}
    model, X, y = fit(counts, n_classes=n_classes)
    p = model.predict_proba(X)
    assert p.shape == (len(y), n_classes)
    route = model.predict_route(X)
    head = model.final_estimator_.predict_proba(head_input(model, X))
    for way in np.unique(route):
        rows = route == way
        if way == "head":
            wanted = head[rows]
        else:
            answers = [tower_answer(model, X, y, n, rows) for n in way.split("+")]
            wanted = softmax(np.mean([np.log(a) for a in answers], axis=0), axis=1)
            if len(answers) == 2 and n_classes == 2:
                odds = np.mean([logit(a[:, 1]) for a in answers], axis=0)
                np.testing.assert_allclose(logit(p[rows, 1]), odds, rtol=1e-9)
        # The head reads float32, here of another number of rows.
        np.testing.assert_allclose(p[rows], wanted, rtol=1e-5, err_msg=way)
        labels = model.classes_[wanted.argmax(axis=1)]
        np.testing.assert_array_equal(model.predict(X)[rows], labels)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)


def test_default_kinds_of_towers_answer_by_themselves():
    """Networks with classes of their own get no small head."""
    X, y = make_pictures()
    model = picture_model().fit(X, y)
    for name in X.modalities:
        rows = X[X.patterns == name]
        own = model.towers_[name].predict_proba(rows.block(name))
        np.testing.assert_array_equal(model.predict_proba(rows), own)


@pytest.mark.parametrize("counts", [TWO, THREE], ids=["two", "three"])
def test_impute(counts):
    model, X, _ = fit(counts, missing="impute")
    assert set(model.predict_route(X)) == {"head"}
    features = head_input(model, X)
    np.testing.assert_allclose(
        model.predict_proba(X), model.final_estimator_.predict_proba(features)
    )
    np.testing.assert_array_equal(
        model.predict(X), model.final_estimator_.predict(features)
    )


def test_absent_features_are_imputed_by_their_mean_in_training():
    model, X, _ = fit(TWO, missing="impute")
    scaled = model.transform(X[X.paired])
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_route"])
def test_error_names_the_first_incomplete_row(method):
    model, X, _ = fit(TWO, missing="error")
    message = r"row 'p11' lacks modality 'image' and missing='error'"
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X[[40, 11, 0]])
    answer = getattr(model, method)(X[X.paired])
    assert len(answer) == X.paired.sum()


@pytest.mark.parametrize("missing", ["tower", "impute"])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
def test_row_without_any_modality_is_named(missing, method):
    model, X, _ = fit(TWO, missing=missing)
    rows = X[[40, 3, 12]].hide("image", 1)
    with pytest.raises(ValueError, match=r"row 'p03' has no modality of a tower"):
        getattr(model, method)(rows)


def test_cohort_that_lacks_a_modality_altogether():
    model, X, _ = fit(THREE)
    bare = X.without("stain").without("image")
    rows = bare[bare.has("gene")]
    assert set(model.predict_route(rows)) == {"gene"}
    np.testing.assert_allclose(
        model.predict_proba(rows)[:9], model.predict_proba(rows[:9])
    )
    alone = X[X.patterns == "gene"]
    np.testing.assert_allclose(
        model.predict_proba(alone), model.predict_proba(alone[:, ["gene"]])
    )


@pytest.mark.parametrize("labels", ["letters", "numbers", "flags"])
def test_tower_that_never_saw_a_class(labels):
    """Its probability of that class is 0; pooled with others it is small, not NaN."""
    counts = {pattern: 3 * count for pattern, count in THREE.items()}
    X, y = make_case(counts, n_classes=3)
    gene_teachers = X.has("gene") & ~X.paired
    codes = np.where(gene_teachers & (y == 1), 0, y)
    names = {
        "letters": np.array(["a", "bbbb", "cc"]),
        "numbers": np.array([-1, 3, 10]),
        "flags": np.array([0.5, 1.5, 2.5]).astype(str).astype(object),
    }[labels]
    towers = [(name, odds_tower()) for name in TOWERS]
    model = TwinTowerClassifier(towers, LogisticRegression()).fit(X, names[codes])
    assert model.towers_["gene"].classes_.tolist() == names[[0, 2]].tolist()
    alone = X[X.patterns == "gene"]
    p = model.predict_proba(alone)
    assert np.all(p[:, 1] == 0)
    own = model.towers_["gene"].predict_proba(alone.block("gene"))
    np.testing.assert_array_equal(p[:, [0, 2]], own)
    both = X[X.patterns == "image+gene"]
    pooled = model.predict_proba(both)
    assert np.all((pooled[:, 1] > 0) & (pooled[:, 1] < 0.01))
    np.testing.assert_allclose(pooled.sum(axis=1), 1)
    assert set(model.predict(X)) <= set(names.tolist())


@pytest.mark.parametrize(
    ("head", "tower_output"),
    [
        (LogisticRegression(), "auto"),
        (LogisticRegression(), "both"),
        (None, "auto"),
        (None, "log_odds"),
    ],
    ids=["features", "both", "default", "default of log-odds"],
)
@pytest.mark.parametrize("missing", ["tower", "impute"])
def test_head_that_never_saw_a_class(head, tower_output, missing):
    X, y = make_case({k: 2 * v for k, v in TWO.items()}, n_classes=3)
    y[X.paired & (y == 1)] = 2
    model = TwinTowerClassifier(
        plain_towers(), head, tower_output=tower_output, missing=missing
    ).fit(X, y)
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    if missing == "impute" or head is None:
        assert model.classes_.tolist() == [0, 1, 2]
        assert model.predict(X[X.paired]).max() <= 2
        return
    assert model.classes_.tolist() == [0, 1, 2]
    assert np.all(p[X.paired, 1] == 0)
    assert np.all(p[~X.paired, 1] > 0)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)


def test_head_without_probabilities():
    model, X, y = fit(TWO, head=LinearSVC())
    assert not hasattr(model, "predict_proba")
    wanted = model.final_estimator_.predict(head_input(model, X))
    np.testing.assert_array_equal(model.predict(X)[X.paired], wanted[X.paired])
    p = tower_answer(model, X, y, "image", X.patterns == "image")
    found = model.predict(X[X.patterns == "image"])
    np.testing.assert_array_equal(found, p.argmax(axis=1))


@pytest.mark.parametrize("name", ["head", "a+b"])
def test_tower_names_do_not_confuse_the_routes(name):
    """Refused in fit, or answered by the tower of that name."""
    X, y = make_case()
    towers = [(name, odds_tower(), "image"), ("gene", axes_tower())]
    model = TwinTowerClassifier(towers, LogisticRegression())
    try:
        model.fit(X, y)
    except ValueError as error:
        assert repr(name) in str(error)  # noqa: PT017
        return
    rows = X[X.patterns == "image"]
    own = model.towers_[name].predict_proba(rows.block("image"))
    np.testing.assert_allclose(model.predict_proba(rows), own)


def test_probabilities_of_a_row_do_not_depend_on_its_neighbours(rng):
    """To the precision of float32, in which the head is given its columns."""
    model, X, _ = fit(THREE)
    p = model.predict_proba(X)
    order = rng.permutation(len(X))
    np.testing.assert_allclose(model.predict_proba(X[order]), p[order], rtol=1e-6)
    single = np.vstack([model.predict_proba(X[i]) for i in range(len(X))])
    np.testing.assert_allclose(single, p, rtol=1e-6)
    alone = ~X.paired
    np.testing.assert_allclose(single[alone], p[alone], rtol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("counts", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_routes_around_the_default_head(counts, n_classes, tower_rows):
    """Calibrated towers answer alone, or by the mean of their log-odds."""
    counts = {pattern: 2 * count for pattern, count in counts.items()}
    X, y = make_case(counts, n_classes=n_classes)
    model = TwinTowerClassifier(
        plain_towers(X.modalities), tower_cv=3, tower_rows=tower_rows
    ).fit(X, y)
    p, route = model.predict_proba(X), model.predict_route(X)
    assert set(route[X.paired]) == {"head"}
    for way in set(route) - {"head"}:
        rows = X[route == way]
        logs = [
            np.log(model.towers_[name].predict_proba(rows.block(name)))
            for name in way.split("+")
        ]
        wanted = softmax(np.mean(logs, axis=0), axis=1)
        np.testing.assert_allclose(p[route == way], wanted, rtol=1e-6, err_msg=way)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), model.classes_[p.argmax(axis=1)])
    whole = X[X.paired]
    impute = model.set_params(missing="impute").predict_proba(whole)
    np.testing.assert_array_equal(impute, p[X.paired])


def test_default_head_imputes_what_the_others_say():
    """Log-odds of an absent modality are 0: the rest of the pool answers."""
    X, y = make_case({pattern: 2 * count for pattern, count in TWO.items()})
    model = TwinTowerClassifier(
        plain_towers(), tower_cv=3, tower_output="log_odds", missing="impute"
    ).fit(X, y)
    rows = X[X.patterns == "image"]
    pool = model.final_estimator_
    odds = logit(model.towers_["image"].predict_proba(rows.block("image")))[:, 1:]
    odds = model.scalers_["image"].transform(odds)[:, 0]
    odds = pool.intercept_[1] - pool.intercept_[0] + pool.weights_["image"] * odds
    found = logit(model.predict_proba(rows)[:, 1])
    np.testing.assert_allclose(found, odds, rtol=1e-4, atol=1e-5)
