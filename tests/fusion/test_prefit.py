"""Frozen towers, third modalities, and fitted models that are copied or saved."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from fusion_tools import (
    THREE,
    TWO,
    CountingTower,
    RecordingTransformer,
    axes_tower,
    count_fits,
    make_case,
    make_frames,
    make_pictures,
    make_tables,
    odds_tower,
    picture_model,
    plain_towers,
    small_head,
)
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.model_selection import PairedStratifiedKFold


def test_frozen_tower_is_not_fitted_again(tmp_path):
    X, y = make_case()
    log = str(tmp_path / "fits.txt")
    fitted = CountingTower(log).fit(X.block("image"), y[X.has("image")])
    axes = fitted.axes_.copy()
    towers = [("image", FrozenEstimator(fitted)), ("gene", odds_tower())]
    model = TwinTowerClassifier(towers, LogisticRegression(), random_state=0).fit(X, y)
    model.fit(X[::-1], y[::-1])
    assert len(count_fits(log)) == 1
    np.testing.assert_array_equal(fitted.axes_, axes)
    assert model.towers_["image"].estimator is fitted


def test_search_over_the_head_of_frozen_towers(tmp_path):
    X, y = make_case()
    log = str(tmp_path / "fits.txt")
    fitted = CountingTower(log).fit(X.block("image"), y[X.has("image")])
    towers = [("image", FrozenEstimator(fitted)), ("gene", odds_tower())]
    model = TwinTowerClassifier(towers, LogisticRegression())
    search = GridSearchCV(
        model, {"final_estimator__C": [0.1, 1]}, cv=PairedStratifiedKFold(3)
    )
    search.fit(X, y)
    assert len(count_fits(log)) == 1


def third_modality(model, X, y, **params):
    """Its towers frozen, and one for the stain that is trained beside them."""
    towers = [(name, FrozenEstimator(tower)) for name, tower in model.towers_.items()]
    towers.append(("stain", axes_tower(3)))
    return TwinTowerClassifier(towers, LogisticRegression(), **params).fit(X, y)


@pytest.mark.parametrize("counts", [THREE, {"image+gene+stain": 21, "stain": 9}])
def test_third_modality_leaves_networks_as_they_are(counts):
    small, y_small = make_pictures(TWO)
    model = picture_model().fit(small, y_small)
    X, y = make_pictures(counts, seed=1)
    wider = third_modality(model, X, y, random_state=1)
    assert list(wider.towers_) == ["image", "gene", "stain"]
    for name in ("image", "gene"):
        rows = small.block(name)
        before, after = model.towers_[name], wider.towers_[name]
        for method in ("transform", "predict_proba"):
            wanted = getattr(before, method)(rows)
            np.testing.assert_array_equal(getattr(after, method)(rows), wanted)
        alone = small[small.patterns == name]
        np.testing.assert_array_equal(
            wider.predict_proba(alone), model.predict_proba(alone)
        )
    assert wider.final_estimator_.n_features_in_ == 3 + 3 + 3
    routes = {"image", "gene", "image+gene"}
    assert set(wider.predict_route(small)) == routes


def test_weights_of_frozen_networks_are_not_touched():
    X, y = make_pictures(THREE)
    model = picture_model()
    with pytest.warns(UserWarning, match="'stain' has no tower"):
        model.fit(X[X.patterns != "stain"], y[X.patterns != "stain"])
    towers = model.towers_
    before = {name: copy.deepcopy(tower.weights_) for name, tower in towers.items()}
    third_modality(model, X, y)
    for name, weights in before.items():
        for key, value in weights.items():
            np.testing.assert_array_equal(towers[name].weights_[key], value)


def test_frozen_tower_finds_its_columns_by_name():
    """A tower fitted on a DataFrame knows the names of its columns."""
    X, frames, y = make_frames()
    tower = axes_tower().fit(frames["gene"])
    wanted = tower.transform(frames["gene"])
    shuffled = {**frames, "gene": frames["gene"][frames["gene"].columns[::-1]]}
    towers = [("image", odds_tower()), ("gene", FrozenEstimator(tower))]
    model = TwinTowerClassifier(towers, LogisticRegression())
    model.fit(Cohort(shuffled, index=X.index), y)
    scaled = model.scalers_["gene"].transform(wanted)
    found = model.transform(X[X.has("gene")])[:, 1:]
    np.testing.assert_allclose(found, scaled, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("known", [["b", "c"], ["a", "b", "c"]])
def test_frozen_tower_of_other_classes_is_refused(known):
    """A class is told by its label, never by its place."""
    X, y = make_case()
    rows = X.block("image")
    tower = odds_tower().fit(rows, np.resize(known, len(rows)))
    towers = [("image", FrozenEstimator(tower)), ("gene", odds_tower())]
    model = TwinTowerClassifier(towers, LogisticRegression())
    with pytest.raises(ValueError, match=r"tower 'image'.*'c'"):
        model.fit(X, np.array(["a", "b"])[y])


@pytest.mark.parametrize("known", [["a", "c"], ["b", "c"], ["b"]])
def test_frozen_tower_of_some_classes(known):
    X, y = make_case()
    rows = X.block("image")
    tower = DummyClassifier().fit(rows, np.resize(known, len(rows)))
    towers = [("image", FrozenEstimator(tower)), ("gene", axes_tower())]
    model = TwinTowerClassifier(towers, LogisticRegression())
    model.fit(X, np.array(["a", "b", "c"])[np.where(np.arange(42) % 5, y, 2)])
    p = model.predict_proba(X[:4])
    prior = dict(zip(tower.classes_, tower.class_prior_, strict=True))
    assert p[0].tolist() == [prior.get(label, 0.0) for label in "abc"]


# Copies


def save_and_load(model, path):
    joblib.dump(model, path / "model.joblib")
    return joblib.load(path / "model.joblib")


COPIES = {
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
    "deepcopy": lambda model, path: copy.deepcopy(model),
    "joblib": save_and_load,
}


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_copies_predict_the_same_bits(duplicate, tmp_path):
    X, y = make_pictures(TWO)
    model = picture_model().fit(X, y)
    again = duplicate(model, tmp_path)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    np.testing.assert_array_equal(again.predict_route(X), model.predict_route(X))
    assert again.predict(X).tolist() == model.predict(X).tolist()


def test_saved_model_holds_no_patient():
    X, y = make_pictures(TWO)
    size = len(pickle.dumps(picture_model().fit(X, y)))
    X, y = make_pictures({pattern: 20 * n for pattern, n in TWO.items()})
    more = len(pickle.dumps(picture_model().fit(X, y)))
    assert more < size + sum(X.block(name).nbytes for name in X.modalities) / 2


def test_copy_of_a_fitted_model_is_unfitted():
    X, y = make_case()
    model = TwinTowerClassifier(plain_towers(), LogisticRegression()).fit(X, y)
    assert not [key for key in vars(clone(model)) if key.endswith("_")]


def test_model_of_a_search_needs_no_cache_to_predict(tmp_path):
    X, y = make_case()
    model = TwinTowerClassifier(plain_towers(), memory=str(tmp_path / "cache"))
    model.set_params(final_estimator=LogisticRegression()).fit(X, y)
    wanted = model.predict_proba(X)
    again = pickle.loads(pickle.dumps(model)).set_params(memory=None)
    np.testing.assert_allclose(again.predict_proba(X), wanted, rtol=1e-9)


def test_small_head_travels_with_its_tower():
    blocks, y = make_tables(TWO)
    towers = [(name, RecordingTransformer()) for name in blocks]
    model = TwinTowerClassifier(towers, small_head(random_state=0)).fit(blocks, y)
    again = pickle.loads(pickle.dumps(model))
    rows = pd.DataFrame(blocks["gene"]).dropna().to_numpy()
    np.testing.assert_array_equal(
        again.predict_proba({"gene": rows}), model.predict_proba({"gene": rows})
    )
