"""Predictions as a table, against the methods they are of."""

import numpy as np
import pytest
from fusion_tools import THREE, make_case, make_tables, odds_tower, plain_towers
from sklearn.exceptions import NotFittedError
from sklearn.svm import LinearSVC

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.report import prediction_table


class SetClassifier(UnimodalClassifier):
    """Leaves a class out where its probability is below a third."""

    def predict_set(self, X):
        return self.predict_proba(X) >= 1 / 3


def twin(X, y, names=("image", "gene")):
    return TwinTowerClassifier(plain_towers(names), random_state=0).fit(X, y)


def test_a_row_for_each_patient():
    X, y = make_case()
    labels = np.array(["no response", "Réponse"])[y]
    model = twin(X, labels)
    rows = np.random.default_rng(0).permutation(len(X))
    table = prediction_table(model, X[rows])
    assert table.index.name == "patient"
    assert table.index.tolist() == X.index[rows].tolist()
    assert table.columns.tolist() == [
        "modalities",
        "route",
        "predicted",
        "proba_Réponse",
        "proba_no response",
    ]
    assert table["modalities"].tolist() == X.patterns[rows].tolist()
    assert table["route"].tolist() == model.predict_route(X)[rows].tolist()
    assert table["predicted"].tolist() == model.predict(X)[rows].tolist()
    p = table[["proba_Réponse", "proba_no response"]].to_numpy()
    np.testing.assert_array_equal(p, model.predict_proba(X)[rows])


def test_three_classes_and_three_modalities():
    X, y = make_case({k: 2 * v for k, v in THREE.items()}, n_classes=3)
    model = twin(X, y, ("image", "gene", "stain"))
    table = prediction_table(model, X)
    proba = [f"proba_{i}" for i in range(3)]
    assert table.columns[-3:].tolist() == proba
    assert set(table["modalities"]) == set(THREE)
    best = table[proba].to_numpy().argmax(axis=1)
    assert table["predicted"].tolist() == [str(i) for i in best]


def test_classes_are_named_as_people_do():
    """Labels with gaps are floats."""
    X, y = make_case()
    y = y.astype(float)
    y[[3, 20]] = np.nan
    table = prediction_table(twin(X, y), X)
    assert table.columns[-2:].tolist() == ["proba_0", "proba_1"]
    assert set(table["predicted"]) == {"0", "1"}


def test_what_a_model_lacks_is_left_out():
    X, y = make_case({"gene": 29})
    columns = {
        LinearSVC(): ["modalities", "predicted"],
        odds_tower(): ["modalities", "predicted", "proba_0", "proba_1"],
    }
    for estimator, wanted in columns.items():
        model = UnimodalClassifier("gene", estimator).fit(X, y)
        table = prediction_table(model, X)
        assert [name for name in table.columns if name != "route"] == wanted


def test_prediction_sets_are_named():
    X, y = make_case({"gene": 61}, n_classes=3, signal=0.3)
    labels = np.array(["low", "high", "none"])[y]
    model = SetClassifier("gene", odds_tower()).fit(X, labels)
    table = prediction_table(model, X)
    p = table[["proba_high", "proba_low", "proba_none"]].to_numpy()
    wanted = [" or ".join(np.array(["high", "low", "none"])[row >= 1 / 3]) for row in p]
    assert table["prediction_set"].tolist() == wanted
    assert {len(text.split(" or ")) for text in wanted} >= {1, 2}


def test_what_a_cohort_can_be_made_of():
    blocks, y = make_tables({"image": 11, "gene": 13, "image+gene": 18})
    model = twin(blocks, y)
    table = prediction_table(model, blocks)
    assert table.index.tolist() == list(range(42))
    assert table["predicted"].tolist() == [str(c) for c in model.predict(blocks)]


def test_bad_input_is_named():
    X, y = make_case()
    with pytest.raises(NotFittedError):
        prediction_table(TwinTowerClassifier(plain_towers()), X)
    model = twin(X, y)
    with pytest.raises(ValueError, match="gene"):
        prediction_table(model, Cohort({"stain": np.ones((3, 6))}))
