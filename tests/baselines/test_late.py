"""Late fusion against numpy."""

import numpy as np
import pytest
from fusion_tools import THREE, make_case, make_pictures, odds_tower, picture_model
from scipy.special import softmax
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score

from skmultimodal import UnimodalClassifier
from skmultimodal.baselines import LateFusionClassifier
from skmultimodal.model_selection import PairedStratifiedKFold, PatternStratifiedKFold


def late(*names, **params):
    models = [(name, UnimodalClassifier(name, odds_tower())) for name in names]
    return LateFusionClassifier(models, **params)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("names", [("image", "gene"), ("image", "gene", "stain")])
@pytest.mark.parametrize("pool", ["probability", "log_odds"])
def test_mean_of_what_each_says(names, pool, n_classes):
    X, y = make_case({k: 2 * v for k, v in THREE.items()}, n_classes=n_classes)
    labels = np.array(["b", "aa", "c"])[y]
    model = late(*names, pool=pool).fit(X, labels)
    each = [
        UnimodalClassifier(name, odds_tower()).fit(X, labels).predict_proba(X)
        for name in names
    ]
    if pool == "probability":
        wanted = np.mean(each, axis=0)
    else:
        wanted = softmax(np.mean(np.log(each), axis=0), axis=1)
    p = model.predict_proba(X)
    np.testing.assert_allclose(p, wanted, rtol=1e-9)
    assert model.classes_.tolist() == sorted(set(labels))
    np.testing.assert_array_equal(model.predict(X), model.classes_[p.argmax(axis=1)])


def test_twin_towers_and_others_can_be_pooled():
    X, y = make_pictures()
    twin = picture_model()
    model = LateFusionClassifier(
        [("twin", twin), ("gene", UnimodalClassifier("gene", odds_tower()))]
    ).fit(X, y)
    wanted = (
        picture_model().fit(X, y).predict_proba(X)
        + UnimodalClassifier("gene", odds_tower()).fit(X, y).predict_proba(X)
    ) / 2
    np.testing.assert_allclose(model.predict_proba(X), wanted)
    assert not hasattr(twin, "classes_")


def test_unlabelled_rows_are_passed_on():
    X, y = make_case()
    labels = np.array(["no", "responder"], dtype=object)[y]
    labels[[0, 14, 30]] = None
    model = late("image", "gene").fit(X, labels)
    kept = [row for row in range(42) if labels[row] is not None]
    wanted = late("image", "gene").fit(X[kept], labels[kept].astype(str))
    np.testing.assert_allclose(model.predict_proba(X), wanted.predict_proba(X))
    assert model.classes_.tolist() == ["no", "responder"]


def test_classifier_that_knows_fewer_classes():
    """Its probability of a class that it never saw is 0."""

    class Few(DummyClassifier):
        def fit(self, X, y):
            return super().fit(np.zeros((2, 1)), ["a", "c"])

        def predict_proba(self, X):
            return super().predict_proba(np.zeros((len(X), 1)))

    X, y = make_case(n_classes=3)
    labels = np.array(["a", "b", "c"])[y]
    gene = UnimodalClassifier("gene", odds_tower())
    model = LateFusionClassifier([("few", Few()), ("gene", gene)]).fit(X, labels)
    p = gene.fit(X, labels).predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X), (p + [0.5, 0, 0.5]) / 2)


def test_parameters_clone_and_search():
    X, y = make_case()
    model = late("image", "gene")
    key = "gene__estimator__logisticregression__C"
    assert model.get_params()[key] == 1.0
    search = GridSearchCV(
        model,
        {key: [1e-6, 1.0], "pool": ["probability", "log_odds"]},
        cv=PairedStratifiedKFold(3, random_state=0),
    ).fit(X, y)
    assert set(search.best_params_) == {key, "pool"}
    assert model.get_params()[key] == 1.0
    copy = clone(model).set_params(**{key: 5.0})
    assert model.get_params()[key] == 1.0
    assert copy.get_params()[key] == 5.0
    copy.set_params(gene=UnimodalClassifier("image", odds_tower()))
    assert copy.estimators[1][1].modality == "image"


def test_cross_validation():
    X, y = make_case()
    cv = PatternStratifiedKFold(3, random_state=0)
    scores = cross_val_score(late("image", "gene"), X, y, cv=cv, scoring="roc_auc")
    assert scores.shape == (3,)
    assert scores.mean() > 0.6


@pytest.mark.parametrize(
    ("estimators", "message"),
    [
        ([("gene", odds_tower())] * 2, "not unique"),
        ([("a__b", odds_tower())], "must not contain __"),
        ([("pool", odds_tower())], "conflict"),
        ([], "estimators"),
        ("gene", "'estimators' parameter"),
    ],
    ids=["twice", "underscores", "clash", "none", "no list"],
)
def test_bad_estimators_are_refused(estimators, message):
    X, y = make_case()
    with pytest.raises(ValueError, match=message):
        LateFusionClassifier(estimators).fit(X, y)
