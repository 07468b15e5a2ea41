"""What a fitted twin tower predicts by: its public attributes, and nothing beside."""

import warnings

import numpy as np
import pytest
from fusion_tools import (
    THREE,
    TWO,
    axes_tower,
    make_case,
    odds_tower,
    plain_towers,
)
from scipy.special import logit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skmultimodal import CrossFittedEnsembleClassifier, TwinTowerClassifier


def alone(X, name):
    """Rows that have this modality only."""
    others = [m for m in X.modalities if m != name]
    return X.has(name) & ~np.any([X.has(m) for m in others], axis=0)


@pytest.mark.parametrize("memory", [False, True])
def test_a_tower_in_the_place_of_another_predicts(memory, tmp_path):
    X, y = make_case(TWO)
    model = TwinTowerClassifier(plain_towers(), memory=tmp_path if memory else None)
    before = model.fit(X, y).predict_proba(X)
    rows = alone(X, "image")
    other = odds_tower(C=1e-3).fit(np.asarray(X[rows].block("image")), 1 - y[rows])
    model.towers_["image"] = other
    after = model.predict_proba(X)
    wanted = other.predict_proba(np.asarray(X[rows].block("image")))
    np.testing.assert_allclose(after[rows], wanted)
    untouched = alone(X, "gene")
    np.testing.assert_array_equal(after[untouched], before[untouched])
    assert not np.allclose(after[X.paired], before[X.paired])


def test_scalers_and_heads_are_what_is_used():
    X, y = make_case(TWO)
    towers = [("image", axes_tower()), ("gene", axes_tower())]
    model = TwinTowerClassifier(towers, tower_output="features").fit(X, y)
    assert set(model.tower_heads_) == {"image", "gene"}
    rows = alone(X, "gene")
    before = model.predict_proba(X)
    model.tower_heads_["gene"] = clone(model.tower_heads_["gene"]).fit(
        model.towers_["gene"].transform(np.asarray(X[rows].block("gene"))), 1 - y[rows]
    )
    assert not np.allclose(model.predict_proba(X)[rows], before[rows])
    model.scalers_["image"].mean_ += 1.0
    assert not np.allclose(model.predict_proba(X)[X.paired], before[X.paired])


def test_towers_with_classes_have_no_head():
    X, y = make_case(TWO)
    model = TwinTowerClassifier(
        plain_towers(), tower_output="features", missing="error"
    )
    paired = model.fit(X, y)
    assert model.tower_heads_ == {}
    assert paired.predict_proba(X[X.paired]).shape == (18, 2)


def test_log_odds_are_centred_and_features_standardised():
    X, y = make_case(TWO)
    model = TwinTowerClassifier(
        [("image", axes_tower()), ("gene", odds_tower())],
        LogisticRegression(),
        tower_output="both",
        tower_cv=None,
    ).fit(X, y)
    image, gene = model.scalers_["image"], model.scalers_["gene"]
    pairs = X[X.paired]
    features = model.towers_["image"].transform(np.asarray(pairs.block("image")))
    np.testing.assert_allclose(image.scale_, [*features.std(axis=0), 1.0])
    np.testing.assert_allclose(image.mean_[:2], features.mean(axis=0))
    p = model.towers_["gene"].predict_proba(np.asarray(pairs.block("gene")))
    np.testing.assert_allclose(gene.mean_, [logit(p[:, 1]).mean()])
    assert gene.scale_ is None


def test_an_ensemble_given_as_a_tower_is_read_by_its_features():
    """With all rows and features alone, predict once lacked their scaler."""
    X, y = make_case(TWO)
    ensemble = CrossFittedEnsembleClassifier(axes_tower(), cv=2, random_state=0)
    model = TwinTowerClassifier(
        [("image", ensemble), ("gene", axes_tower())],
        LogisticRegression(),
        tower_rows="all",
        random_state=0,
    ).fit(X, y)
    assert model.predict_proba(X).shape == (len(y), 2)
    assert model.transform(X).shape == (len(y), 4)


def test_warnings_point_at_the_line_that_called_fit():
    X, y = make_case(TWO)
    model = TwinTowerClassifier(plain_towers(["image", "gene", "stain"]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    found = [w for w in caught if "'stain' is left out" in str(w.message)]
    assert [w.filename for w in found] == [__file__]


def test_routes_name_the_towers_of_each_row():
    X, y = make_case(THREE)
    model = TwinTowerClassifier(plain_towers(X.modalities), random_state=0).fit(X, y)
    several = X.available.sum(axis=1).to_numpy() > 1
    wanted = np.where(several, "head", X.patterns)
    assert model.predict_route(X).tolist() == wanted.tolist()
