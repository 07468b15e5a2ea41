"""What predicts each row, and that the prediction is that of the parts."""

import fusion_tools
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
from skmultimodal.persistence import load_model, save_model

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
    assert model.classes_.tolist() == [0, 1, 2]
    if head is None:
        # The pool learns from the other rows that there is such a class.
        assert model.final_estimator_.classes_.tolist() == [0, 1, 2]
        assert np.all(p > 0)
        return
    assert model.final_estimator_.classes_.tolist() == [0, 2]
    if missing == "impute":
        assert np.all(p[:, 1] == 0)
        return
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


# The pool, which reads rows that lack a modality

# No row has all four, and two pairs of modalities are never seen together.
FOUR = {
    "image": 7,
    "gene": 8,
    "stain": 6,
    "blood": 9,
    "image+gene": 12,
    "gene+stain": 14,
    "stain+blood": 13,
    "image+blood": 10,
    "image+gene+blood": 5,
}


@pytest.fixture(autouse=True)
def blood(monkeypatch):
    """A fourth modality."""
    monkeypatch.setitem(fusion_tools.WIDTHS, "blood", 4)


def pool_model(names, **params):
    """Towers with and without features of their own by turns."""
    towers = [(n, odds_tower() if i % 2 else axes_tower()) for i, n in enumerate(names)]
    return TwinTowerClassifier(towers, **{"tower_cv": 3} | params)


def centred_logs(p):
    logs = np.log(p)
    return logs - logs.mean(axis=-1, keepdims=True)


def tower_labels(X, y, name, tower_rows):
    """Labels that a tower was fitted with."""
    return y[X.has(name) & (~X.paired if tower_rows == "unpaired" else True)]


def drawn_in(pool, name, odds):
    """Log-odds of a row with several modalities, as the pool adds them."""
    return pool.limits_[name] * np.tanh(odds / pool.limits_[name])


def weights_by_hand(pool, row):
    """Weights of the modalities that a row has, and 0 of the others."""
    weights, own = np.zeros(len(row)), np.flatnonzero(row)
    covariance = pool.correlations_ * np.outer(pool.scale_, pool.scale_)
    covariance = covariance[np.ix_(own, own)]
    weights[own] = np.linalg.solve(covariance, np.diag(covariance))
    # One alone is a calibrated tower.
    factors = np.array(list(pool.factors_.values())) if len(own) > 1 else 1.0
    return weights * factors


def pool_by_hand(model, X, labels):
    """Probabilities of the pool: Bayes' rule, and a linear function of features.

    `labels` of a name are those that its tower was fitted with.
    """
    pool, n_classes = model.final_estimator_, len(model.classes_)
    weights = np.array([weights_by_hand(pool, row) for row in X.available.to_numpy()])
    assert np.all(weights >= 0)
    logits = np.tile(pool.intercept_, (len(X), 1))
    for number, (name, tower) in enumerate(model.towers_.items()):
        has, own = X.has(name), labels[name]
        # Features come before log-odds.
        columns = np.arange(pool.n_features_in_)[pool.modalities_[name]]
        columns = columns[: -1 if n_classes == 2 else -n_classes]
        if width := len(columns):
            Z = np.asarray(tower.transform(X.block(name)), dtype=np.float64)
            scaler = model.scalers_[name]
            Z = (Z - scaler.mean_[:width]) / scaler.scale_[:width]
            Z = np.clip(Z, *pool.feature_range_[:, columns])
            logits[has] += Z @ pool.coef_[:, columns].T
        shares = np.bincount(own, minlength=n_classes) / len(own)
        p = tower.predict_proba(X.block(name))
        evidence = centred_logs(p) - centred_logs(shares)
        several = X.available.sum(axis=1).to_numpy()[has, None] > 1
        fused = drawn_in(pool, name, 2 * evidence) / 2
        evidence = np.where(several, fused, evidence)
        logits[has] += weights[has, number, None] * evidence
    return softmax(logits, axis=1)


def every_pattern(names, **options):
    """New rows with every pattern of the modalities, eleven of each."""
    masks = np.arange(1, 2 ** len(names))[:, None] >> np.arange(len(names)) & 1
    masks = np.repeat(masks, 11, axis=0)
    X, _ = make_case({"+".join(names): len(masks)}, seed=1, **options)
    for name, mask in zip(names, masks.T, strict=True):
        X = X.hide(name, np.flatnonzero(mask == 0))
    return X


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("counts", [TWO, THREE, FOUR], ids=["two", "three", "four"])
@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_routes_around_the_default_head(counts, n_classes, tower_rows):
    """A calibrated tower alone; several by the pool, in patterns not seen as well."""
    counts = {pattern: 2 * count for pattern, count in counts.items()}
    X, y = make_case(counts, n_classes=n_classes)
    names = list(X.modalities)
    model = pool_model(names, tower_rows=tower_rows).fit(X, y)
    new = every_pattern(names, n_classes=n_classes)
    assert len(set(new.patterns)) == 2 ** len(names) - 1
    p, route = model.predict_proba(new), model.predict_route(new)
    several = new.available.sum(axis=1).to_numpy() > 1
    assert route.tolist() == np.where(several, "head", new.patterns).tolist()
    for name in names:
        rows = new.patterns == name
        own = model.towers_[name].predict_proba(new[rows].block(name))
        np.testing.assert_array_equal(p[rows], own)
    labels = {name: tower_labels(X, y, name, tower_rows) for name in names}
    wanted = pool_by_hand(model, new, labels)
    np.testing.assert_allclose(p[several], wanted[several], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(model.predict(new), model.classes_[p.argmax(axis=1)])
    impute = model.set_params(missing="impute")
    assert set(impute.predict_route(new)) == {"head"}
    np.testing.assert_allclose(impute.predict_proba(new), wanted, rtol=1e-3, atol=1e-5)


def test_default_head_imputes_nothing_for_an_absent_modality():
    """Its log-odds are 0: the intercept and the evidence of the other are left."""
    X, y = make_case({pattern: 2 * count for pattern, count in TWO.items()})
    model = TwinTowerClassifier(
        plain_towers(), tower_cv=3, tower_output="log_odds", missing="impute"
    ).fit(X, y)
    rows = X[X.patterns == "image"]
    pool = model.final_estimator_
    odds = logit(model.towers_["image"].predict_proba(rows.block("image")))[:, 1]
    odds -= logit(y[X.has("image")].mean())
    odds += pool.intercept_[1] - pool.intercept_[0]
    found = logit(model.predict_proba(rows)[:, 1])
    np.testing.assert_allclose(found, odds, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_route"])
def test_error_refuses_a_partial_row_of_the_pool(method):
    X, y = make_case(THREE)
    model = pool_model(X.modalities, missing="error").fit(X, y)
    row = np.flatnonzero(X.patterns == "image+gene")[0]
    message = rf"row 'p{row:02d}' lacks modality 'stain' and missing='error'"
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X[[-1, row, 0]])
    assert len(getattr(model, method)(X[X.paired])) == 19


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("tower_output", ["auto", "log_odds"])
def test_no_row_of_two_modalities(n_classes, tower_output):
    """Evidence is added as if it were as correlated as by default, 0.1."""
    X, y = make_case({"image": 28, "gene": 34, "stain": 23}, n_classes=n_classes)
    names = list(X.modalities)
    model = pool_model(names, tower_output=tower_output)
    with pytest.warns(UserWarning, match="no labelled row has two of image, gene, st"):
        model.fit(X, y)
    pool = model.final_estimator_
    np.testing.assert_allclose(pool.correlations_, np.eye(3) * 0.9 + 0.1)
    np.testing.assert_allclose(pool.intercept_, centred_logs(np.bincount(y) / 85))
    assert pool.factors_ == dict.fromkeys(names, 1.0)
    assert model.class_counts_["final_estimator"].tolist() == [0] * (n_classes + 1)
    for name, scale in zip(names, pool.scale_, strict=True):
        codes = y[X.has(name)]
        own = centred_logs(model.towers_[name].oof_proba_)
        shares = centred_logs(np.bincount(codes) / len(codes))
        own = drawn_in(pool, name, 2 * (own - shares)) / 2
        limit = np.log(1 + len(codes) / (2 * n_classes)) + np.log(n_classes - 1)
        assert pool.limits_[name] == pytest.approx(limit)
        means = np.array([own[codes == c].mean(axis=0) for c in range(n_classes)])
        wanted = np.sqrt(np.mean((own - means[codes]) ** 2))
        np.testing.assert_allclose(scale, wanted, rtol=1e-4)
    new = every_pattern(names, n_classes=n_classes)
    p = model.predict_proba(new)
    wanted = pool_by_hand(model, new, {name: y[X.has(name)] for name in names})
    several = model.predict_route(new) == "head"
    np.testing.assert_allclose(p[several], wanted[several], rtol=1e-3, atol=1e-5)
    for name in names:
        rows = new.patterns == name
        own = model.towers_[name].predict_proba(new[rows].block(name))
        np.testing.assert_array_equal(p[rows], own)


@pytest.mark.parametrize("params", [{}, {"tower_output": "features"}], ids=str)
def test_no_row_of_two_modalities_and_no_row_held_out(params):
    """There is no evidence that towers have not seen: they predict as they are."""
    X, y = make_case({"image": 28, "gene": 34})
    towers = [(name, odds_tower()) for name in X.modalities]
    model = TwinTowerClassifier(towers, tower_cv=None, **params)
    with pytest.warns(UserWarning, match="no labelled row has two of image, gene"):
        model.fit(X, y)
    new = every_pattern(["image", "gene"])
    p = model.predict_proba(new)
    assert np.isfinite(p).all()
    rows = new[new.patterns == "gene"]
    own = odds_tower().fit(X.block("gene"), y[X.has("gene")])
    wanted = own.predict_proba(rows.block("gene"))
    np.testing.assert_allclose(p[new.patterns == "gene"], wanted)


def test_features_alone_of_modalities_that_are_never_together():
    """Features without classes cannot be fused: log-odds take their place."""
    X, y = make_case({"image": 28, "gene": 34})
    towers = [(name, axes_tower()) for name in X.modalities]
    model = TwinTowerClassifier(
        towers, tower_output="features", tower_cv=3, missing="impute"
    )
    with pytest.warns(UserWarning, match="no labelled row has two of image, gene"):
        model.fit(X, y)
    assert np.isfinite(model.predict_proba(every_pattern(["image", "gene"]))).all()


def test_two_towers_of_one_modality_are_fused():
    """Each tower counts as a modality: the pool finds that the two are correlated."""
    X, y = make_case({"image": 31, "gene": 42, "image+gene": 24})
    towers = [
        ("plain", odds_tower(), "gene"),
        ("strict", odds_tower(C=0.1), "gene"),
        ("image", odds_tower()),
    ]
    model = TwinTowerClassifier(towers, tower_cv=3).fit(X, y)
    assert set(model.predict_route(X)) == {"head", "image"}
    assert model.predict_route(X)[X.has("gene")].tolist() == ["head"] * 66
    pool = model.final_estimator_
    assert pool.correlations_[1, 0] > 0.3 > abs(pool.correlations_[2, 0])
    rows = X[X.patterns == "gene"]
    weights = weights_by_hand(pool, np.array([True, True, False]))
    assert weights.max() < 0.9
    odds = np.tile(pool.intercept_[1] - pool.intercept_[0], 42)
    for weight, name in zip(weights, ("plain", "strict"), strict=False):
        p = model.towers_[name].predict_proba(rows.block("gene"))[:, 1]
        own = logit(p) - logit(y[X.has("gene")].mean())
        odds += weight * drawn_in(pool, name, own)
    found = logit(model.predict_proba(rows)[:, 1])
    np.testing.assert_allclose(found, odds, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("missing", ["tower", "impute"])
def test_a_saved_model_predicts_partial_rows(tmp_path, missing):
    X, y = make_case(FOUR)
    model = pool_model(X.modalities, missing=missing).fit(X, y)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    new = every_pattern(list(X.modalities))
    np.testing.assert_array_equal(loaded.predict_proba(new), model.predict_proba(new))
    np.testing.assert_array_equal(loaded.predict_route(new), model.predict_route(new))
    np.testing.assert_array_equal(loaded.transform(new), model.transform(new))
