"""Which rows each tower, scaler and final estimator sees."""

import numpy as np
import pandas as pd
import pytest
from fusion_tools import (
    ONE,
    THREE,
    TWO,
    RecordingClassifier,
    RecordingTransformer,
    UnlabelledUser,
    axes_tower,
    make_case,
    odds_tower,
    row_numbers,
    rows_where,
)
from scipy.special import logit
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, LeaveOneOut

from skmultimodal import Cohort, LogOpinionPoolClassifier, TwinTowerClassifier


def fit_recorders(X, y, tower=RecordingTransformer, **params):
    towers = [(name, tower()) for name in X.modalities]
    return TwinTowerClassifier(towers, RecordingClassifier(), **params).fit(X, y)


def head_rows(model, X):
    """Numbers of the rows whose scaled features the final estimator was given."""
    seen = model.final_estimator_.X_
    paired = np.flatnonzero(X.paired)
    features = model.transform(X[paired])
    return [paired[np.all(features == row, axis=1)].item() for row in seen]


@pytest.mark.parametrize("counts", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_towers_and_head(counts, tower_rows):
    X, y = make_case(counts)
    model = fit_recorders(X, y, tower_rows=tower_rows)
    for name, tower in model.towers_.items():
        # A row with two of three modalities teaches both their towers.
        wanted = X.has(name) & (~X.paired if tower_rows == "unpaired" else True)
        assert row_numbers(tower.X_) == rows_where(wanted)
        np.testing.assert_array_equal(tower.y_, y[wanted])
    assert head_rows(model, X) == rows_where(X.paired)
    np.testing.assert_array_equal(model.final_estimator_.y_, y[X.paired])


def test_towers_get_their_own_rows_of_shuffled_patients(rng):
    X, y = make_case(THREE)
    order = rng.permutation(len(y))
    model = fit_recorders(X[order], y[order])
    for name, tower in model.towers_.items():
        wanted = order[(X.has(name) & ~X.paired)[order]]
        assert row_numbers(tower.X_) == wanted.tolist()
        np.testing.assert_array_equal(tower.y_, y[wanted])
    assert head_rows(model, X) == order[X.paired[order]].tolist()


@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_one_modality_in_total(tower_rows):
    X, y = make_case(ONE)
    model = fit_recorders(X, y, tower_rows=tower_rows)
    assert row_numbers(model.towers_["gene"].X_) == list(range(23))
    assert head_rows(model, X) == list(range(23))
    assert model.predict_route(X).tolist() == ["head"] * 23


def test_two_towers_of_one_modality_in_total():
    """One modality in total: all rows, however many towers read it."""
    X, y = make_case(ONE)
    towers = [(name, RecordingTransformer(), "gene") for name in ("a", "b")]
    model = TwinTowerClassifier(towers, RecordingClassifier()).fit(X, y)
    for tower in model.towers_.values():
        assert row_numbers(tower.X_) == list(range(23))
    assert model.final_estimator_.X_.shape == (23, 4)


def test_two_towers_of_one_modality_beside_another():
    X, y = make_case()
    towers = [
        ("axes", RecordingTransformer(), "gene"),
        ("odds", RecordingClassifier(), "gene"),
        ("image", RecordingTransformer()),
    ]
    model = TwinTowerClassifier(towers, RecordingClassifier()).fit(X, y)
    for name in ("axes", "odds"):
        wanted = rows_where(X.has("gene") & ~X.paired)
        assert row_numbers(model.towers_[name].X_) == wanted
    assert model.final_estimator_.X_.shape == (18, 5)
    assert set(model.predict_route(X)) == {"head", "image", "axes+odds"}


def hide_labels(y, rows, kind):
    """`y` without the labels of `rows`, in each form that says so."""
    if kind == "float":
        labels = y.astype(float)
        labels[rows] = np.nan
        return labels
    labels = np.where(y == 1, "ill", "well").astype(object)
    labels[rows] = None if kind == "None" else np.nan
    if kind == "series":
        return pd.Series(labels)
    return labels.tolist() if kind == "list" else labels


@pytest.mark.parametrize("kind", ["float", "None", "NaN", "series", "list"])
@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_unlabelled_rows(kind, tower_rows):
    X, y = make_case()
    hidden = np.zeros(len(y), dtype=bool)
    hidden[[0, 3, 12, 15, 16, 25, 30, 41]] = True
    labels = hide_labels(y, hidden, kind)
    towers = [("image", RecordingTransformer()), ("gene", UnlabelledUser())]
    model = TwinTowerClassifier(
        towers, RecordingClassifier(), tower_rows=tower_rows
    ).fit(X, labels)
    known = [0.0, 1.0] if kind == "float" else ["ill", "well"]
    assert model.classes_.tolist() == known
    rows = ~X.paired if tower_rows == "unpaired" else np.ones(len(y), dtype=bool)
    image, gene = model.towers_["image"], model.towers_["gene"]
    assert row_numbers(image.X_) == rows_where(X.has("image") & rows & ~hidden)
    assert row_numbers(gene.X_) == rows_where(X.has("gene") & rows)
    assert set(image.y_) == set(known)
    unlabelled = pd.isna(np.asarray(gene.y_, dtype=object))
    np.testing.assert_array_equal(unlabelled, hidden[X.has("gene") & rows])
    assert head_rows(model, X) == rows_where(X.paired & ~hidden)
    assert set(model.final_estimator_.y_) == set(known)


@pytest.mark.parametrize("kind", ["float", "None", "NaN", "series", "list"])
@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_unlabelled_rows_of_ensembles(kind, tower_rows):
    """Members learn from rows of their tower, from unlabelled ones if they ask."""
    X, y = make_case()
    hidden = np.zeros(len(y), dtype=bool)
    hidden[[0, 3, 12, 15, 16, 25, 30, 41]] = True
    towers = [("image", RecordingClassifier()), ("gene", UnlabelledUser())]
    model = TwinTowerClassifier(towers, tower_cv=2, tower_rows=tower_rows)
    model.fit(X, hide_labels(y, hidden, kind))
    rows = ~X.paired if tower_rows == "unpaired" else np.ones(len(y), dtype=bool)
    for name, tower in model.towers_.items():
        own, known = X.has(name) & rows, X.has(name) & rows & ~hidden
        asked = set(rows_where(own & hidden)) if name == "gene" else set()
        held_out = set()
        for member in tower.estimators_:
            seen = set(row_numbers(member.X_))
            assert seen - set(rows_where(known)) == asked
            held_out |= set(rows_where(known)) - seen
        assert held_out == set(rows_where(known))
    # Log-odds of both, and two features of the genes.
    assert model.final_estimator_.n_features_in_ == 4


@pytest.mark.parametrize("kind", ["float", "None"])
def test_held_out_log_odds_are_matched_to_their_rows(rng, kind):
    """Also where the tower's rows are shuffled, and some of them are not labelled."""
    X, y = make_case()
    hidden = np.isin(np.arange(42), [0, 12, 25, 30, 41])
    order = rng.permutation(42)
    X, labels = X[order], np.asarray(hide_labels(y, hidden, kind))[order]
    known = ~hidden[order]
    towers = [("image", RecordingClassifier()), ("gene", UnlabelledUser())]
    model = TwinTowerClassifier(
        towers,
        RecordingClassifier(),
        tower_rows="all",
        tower_output="log_odds",
        tower_cv=3,
    ).fit(X, labels)
    train = X.paired & known
    for column, name in enumerate(X.modalities):
        rows = X.has(name) & (known if name == "image" else True)
        p = model.towers_[name].oof_proba_[train[rows]][:, 1]
        odds = np.log(p) - np.log1p(-p)
        np.testing.assert_allclose(
            model.final_estimator_.X_[:, column], odds - odds.mean(), atol=1e-5
        )


@pytest.mark.parametrize("labels", ["all", "some"])
def test_scalers_learn_from_paired_labelled_rows(labels):
    X, y = make_case()
    y = y.astype(float)
    if labels == "some":
        y[[26, 27, 40]] = np.nan
    model = fit_recorders(X, y)
    rows = X[X.paired & ~np.isnan(y)]
    for name, scaler in model.scalers_.items():
        features = rows.block(name)[:, 1:3]
        np.testing.assert_allclose(scaler.mean_, features.mean(axis=0))
        np.testing.assert_allclose(scaler.scale_, features.std(axis=0))
    np.testing.assert_allclose(model.final_estimator_.X_.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(model.final_estimator_.X_.std(axis=0), 1, atol=1e-6)


def test_small_head_learns_from_the_labelled_rows_of_its_tower():
    """Its answer follows labels of unpaired rows and no others."""
    X, y = make_case(signal=4.0)
    y = y.astype(float)
    gene = X.patterns == "gene"
    y[gene] = 1 - y[gene]
    flipped = fit_recorders(X, y)
    assert np.mean(flipped.predict(X[gene]) == y[gene]) > 0.9
    y[np.flatnonzero(gene)[:4]] = np.nan
    few = fit_recorders(X, y)
    assert np.mean(few.predict(X[gene]) == 1 - make_case()[1][gene]) > 0.9


def test_small_head_borrows_paired_rows_when_it_has_one_class():
    X, y = make_case(signal=4.0)
    y = y.astype(float)
    rows = X.patterns == "gene"
    y[rows & (y == 0)] = np.nan
    model = fit_recorders(X, y)
    truth = make_case()[1]
    assert np.mean(model.predict(X[rows]) == truth[rows]) > 0.9


def test_frozen_tower_needs_no_rows_of_its_own():
    """No row has gene alone; a tower that is fitted already does not mind."""
    X, y = make_case({"image": 11, "image+gene": 18})
    fitted = RecordingTransformer().fit(X.block("gene")[:4])
    towers = [("image", RecordingTransformer()), ("gene", FrozenEstimator(fitted))]
    model = TwinTowerClassifier(towers, RecordingClassifier()).fit(X, y)
    assert len(model.towers_["gene"].X_) == 4
    assert model.predict_route(X.without("image")[-2:]).tolist() == ["gene", "gene"]
    assert model.predict_proba(X.without("image")[-2:]).shape == (2, 2)


# The pool, which learns from rows that lack a modality

SEARCH = GridSearchCV(LogOpinionPoolClassifier(), {"feature_penalty": [6.0]}, cv=2)


@pytest.mark.parametrize(
    ("head", "params", "wanted"),
    [
        (None, {}, "all"),
        (None, {"tower_output": "log_odds"}, "all"),
        (SEARCH, {}, "all"),
        (None, {"tower_output": "features"}, "unpaired"),
        (None, {"tower_rows": "unpaired"}, "unpaired"),
        (LogisticRegression(), {}, "unpaired"),
        (LogisticRegression(), {"tower_output": "both"}, "unpaired"),
        (LogisticRegression(), {"tower_output": "both", "tower_rows": "all"}, "all"),
    ],
    ids=str,
)
def test_rows_that_towers_are_given(head, params, wanted):
    X, y = make_case(TWO)
    towers = [("image", axes_tower()), ("gene", odds_tower())]
    model = TwinTowerClassifier(towers, head, tower_cv=2, **params).fit(X, y)
    counts = {name: count.sum() for name, count in model.class_counts_.items()}
    own = {"all": (29, 31), "unpaired": (11, 13)}[wanted]
    assert counts == {"image": own[0], "gene": own[1], "final_estimator": 18}


def test_without_folds_the_pool_keeps_to_rows_not_seen():
    """Log-odds of rows seen would look too good to it."""
    X, y = make_case(TWO)
    towers = [("image", axes_tower()), ("gene", odds_tower())]
    model = TwinTowerClassifier(towers, tower_cv=None).fit(X, y)
    assert model.class_counts_["image"].tolist() == [6, 5, 0]
    assert model.class_counts_["gene"].tolist() == [7, 6, 0]


def test_rows_with_two_modalities_are_counted_as_fused():
    X, y = make_case(THREE)
    y = y.astype(float)
    hidden = np.isin(np.arange(64), [0, 12, 28, 35, 50, 51])
    y[hidden] = np.nan
    towers = [(name, odds_tower()) for name in X.modalities]
    model = TwinTowerClassifier(towers, tower_cv=2).fit(X, y)
    several = X.available.sum(axis=1).to_numpy() > 1
    wanted = [np.sum(several & (y == 0)), np.sum(several & (y == 1)), 0]
    assert model.class_counts_["final_estimator"].tolist() == wanted
    assert sum(wanted) == 7 + 6 + 5 + 19 - 4


def test_rows_of_one_modality_are_of_another_class():
    """Paired rows of one class do not keep the pool from learning."""
    X, y = make_case({"image": 24, "gene": 29, "image+gene": 18})
    y[X.paired] = 0
    towers = [(name, odds_tower()) for name in X.modalities]
    model = TwinTowerClassifier(towers, tower_cv=3).fit(X, y)
    pool = model.final_estimator_
    assert pool.shift_[0] > 0.02
    counts = np.array([12 + 15 + 18, 12 + 14])
    logs = np.log(counts / counts.sum())
    np.testing.assert_allclose(pool.log_prior_, logs - logs.mean())
    # The paired rows show that with two modalities, class 0 is likelier still.
    model.set_params(final_estimator=LogOpinionPoolClassifier(shift_scale=0.5))
    assert model.fit(X, y).final_estimator_.shift_[0] > 0.05
    with pytest.raises(ValueError, match="71 labelled rows are of one class only, 0"):
        model.fit(X, np.zeros(71, dtype=int))


def pool_state(model):
    pool = model.final_estimator_
    parts = [pool.scale_, pool.correlations_, pool.intercept_, pool.coef_]
    return [*parts, list(pool.factors_.values()), pool.shift_, pool.log_prior_]


class EachRow:
    """Leaves each row out by itself."""

    def get_n_splits(self, X=None, y=None, groups=None):
        return 38

    def split(self, X, y=None, groups=None):
        return LeaveOneOut().split(X)


def partial_model(X, **params):
    towers = [
        (name, axes_tower() if name == "gene" else odds_tower())
        for name in X.modalities
    ]
    return TwinTowerClassifier(towers, **params)


@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_order_of_patients_does_not_matter_to_the_pool(rng, tower_rows):
    """Where folds do not depend on it, as each row is left out by itself."""
    X, y = make_case(THREE)
    order = rng.permutation(len(y))
    model = partial_model(X, tower_cv=EachRow(), tower_rows=tower_rows).fit(X, y)
    p, wanted = model.predict_proba(X), pool_state(model)
    shuffled = model.fit(X[order], y[order])
    np.testing.assert_allclose(shuffled.predict_proba(X), p, rtol=1e-3, atol=1e-4)
    for found, value in zip(pool_state(shuffled), wanted, strict=True):
        # An axis of the members' features may point the other way.
        np.testing.assert_allclose(np.abs(found), np.abs(value), rtol=0.01, atol=1e-3)


def add_rows(X, y, pattern, label, places):
    """The cohort with one new row of `pattern` at each of the `places`."""
    names = list(X.modalities)
    new, _ = make_case({"+".join(names): len(places)}, seed=3)
    for name in set(names) - set(pattern.split("+")):
        new = new.hide(name, np.arange(len(places)))
    n, blocks = len(y), {}
    order = np.insert(np.arange(n), places, n + np.arange(len(places)))
    for name in names:
        block = np.full((n + len(places), X.block(name).shape[1]), np.nan)
        block[:n][X.has(name)] = X.block(name)
        block[n:][new.has(name)] = new.block(name)
        blocks[name] = block[order]
    labels = np.r_[y.astype(float), np.full(len(places), label)][order]
    return Cohort(blocks), labels, np.argsort(order)[:n]


@pytest.mark.parametrize("pattern", ["gene", "image+stain", "image+gene+stain"])
@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_an_unlabelled_row_changes_nothing(pattern, tower_rows):
    X, y = make_case(THREE)
    model = partial_model(X, tower_cv=3, tower_rows=tower_rows).fit(X, y.astype(float))
    p, wanted = model.predict_proba(X), pool_state(model)
    more, labels, kept = add_rows(X, y, pattern, np.nan, [0, 12, 30, 64])
    model.fit(more, labels)
    np.testing.assert_allclose(model.predict_proba(more)[kept], p, rtol=1e-6)
    for found, value in zip(pool_state(model), wanted, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-6, atol=1e-9)
    assert [c[-1] for c in model.class_counts_.values()] == [0] * 4


def test_a_row_of_one_modality_more_changes_only_its_tower():
    X, y = make_case(THREE)
    model = partial_model(X, tower_cv=3).fit(X, y.astype(float))
    p, towers, pool = model.predict_proba(X), model.towers_, model.final_estimator_
    more, labels, kept = add_rows(X, y, "gene", 1.0, [5, 12, 40])
    model.fit(more, labels)
    found = model.predict_proba(more)[kept]
    for name in ("image", "stain"):
        np.testing.assert_array_equal(
            model.towers_[name].oof_proba_, towers[name].oof_proba_
        )
        rows = X.patterns == name
        np.testing.assert_array_equal(found[rows], p[rows])
    assert not np.allclose(found[X.patterns == "gene"], p[X.patterns == "gene"])
    again = model.final_estimator_
    np.testing.assert_array_equal(again.scale_[[0, 2]], pool.scale_[[0, 2]])
    assert again.scale_[1] != pool.scale_[1]
    assert again.correlations_[2, 0] == pool.correlations_[2, 0]
    logs = np.log([np.sum(labels == 0), np.sum(labels == 1)])
    np.testing.assert_allclose(again.log_prior_, logs - logs.mean())


@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_frozen_towers_and_a_row_of_one_modality_more(tower_rows):
    """It tells nothing of how towers go together, only how frequent a class is."""
    X, y = make_case(THREE)
    fitted = {
        name: FrozenEstimator(odds_tower().fit(X.block(name)[::2], y[X.has(name)][::2]))
        for name in X.modalities
    }
    model = TwinTowerClassifier(list(fitted.items()), tower_rows=tower_rows)
    before = model.fit(X, y.astype(float)).final_estimator_
    more, labels, _ = add_rows(X, y, "gene", 1.0, [5, 12, 40])
    after = model.fit(more, labels).final_estimator_
    assert after.limits_ == before.limits_
    kept = [place for place, name in enumerate(X.modalities) if name != "gene"]
    square = np.ix_(kept, kept)
    np.testing.assert_allclose(after.scale_[kept], before.scale_[kept], rtol=1e-5)
    np.testing.assert_allclose(
        after.correlations_[square], before.correlations_[square], rtol=1e-5
    )
    # The share of class 1 among those with genes is another, from which the evidence
    # of genes is counted, and drawn in.
    gene = list(X.modalities).index("gene")
    rows = X.has("gene") & (X.available.sum(axis=1).to_numpy() > 1)
    odds = logit(fitted["gene"].predict_proba(X[rows].block("gene"))[:, 1])
    shares = y[X.has("gene")].mean(), labels[more.has("gene")].mean()
    for pool, share in zip((before, after), shares, strict=True):
        limit = np.log(1 + rows.sum() / 4)
        evidence = limit * np.tanh((odds - logit(share)) / limit)
        for c in (0, 1):
            evidence[y[rows] == c] -= evidence[y[rows] == c].mean()
        assert pool.scale_[gene] == pytest.approx(evidence.std() / 2, rel=1e-5)
    np.testing.assert_allclose(after.correlations_, before.correlations_, atol=0.002)
    logs = np.log([np.sum(labels == 0), np.sum(labels == 1)])
    np.testing.assert_allclose(after.log_prior_, logs - logs.mean())
    assert after.log_prior_[1] > before.log_prior_[1]


def test_a_tower_with_rows_of_one_class_adds_nothing():
    rng = np.random.default_rng(3)
    y = np.repeat([0, 1, 1], 17)
    a, b, c = (rng.normal(size=(51, width)) + y[:, None] for width in (5, 4, 3))
    b[40:] = np.nan
    c[(y == 1) | (np.arange(51) > 9)] = np.nan
    blocks = {"a": a, "b": b, "c": c}
    towers = [(name, LogisticRegression()) for name in blocks]
    model = TwinTowerClassifier(towers, random_state=0)
    with pytest.warns(UserWarning, match="tower 'c', 10 rows: it adds nothing"):
        model.fit(Cohort(blocks), y)
    p = model.predict_proba(Cohort(blocks))
    without = Cohort(blocks | {"c": np.full_like(c, np.nan)})
    np.testing.assert_allclose(model.predict_proba(without), p)
    assert (model.decision_terms(Cohort(blocks))["c", "log-odds"] == 0).all()
    other = TwinTowerClassifier(towers[:2], random_state=0)
    other.fit(Cohort({"a": a, "b": b}), y)
    np.testing.assert_allclose(other.predict_proba(Cohort({"a": a, "b": b})), p)
    # Such a row alone has the class shares of all labelled rows.
    only = Cohort({"a": a[:1] + np.nan, "b": b[:1] + np.nan, "c": c[:1]})
    np.testing.assert_allclose(model.predict_proba(only), [[1 / 3, 2 / 3]])
