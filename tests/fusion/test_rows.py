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
    make_case,
    row_numbers,
    rows_where,
)
from sklearn.frozen import FrozenEstimator

from skmultimodal import TwinTowerClassifier


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
