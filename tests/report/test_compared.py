"""What a comparison found for one model, against its own tables."""

import warnings

import numpy as np
import pytest
from fusion_tools import make_case, odds_tower
from sklearn.dummy import DummyClassifier
from sklearn.svm import LinearSVC

from skmultimodal import UnimodalClassifier
from skmultimodal.model_selection import PairedStratifiedKFold, compare_classifiers
from skmultimodal.report._compared import ComparedModel

METRICS = ["accuracy", "roc_auc"]


@pytest.fixture(scope="module")
def comparison():
    X, y = make_case()
    labels = np.array(["no", "yes"])[y]
    models = {
        "majority": UnimodalClassifier("gene", DummyClassifier()),
        "image": UnimodalClassifier("image", odds_tower()),
        "gene": UnimodalClassifier("gene", odds_tower()),
    }
    cv = PairedStratifiedKFold(3, n_repeats=2, random_state=0)
    return compare_classifiers(models, X, labels, cv=cv, scoring=METRICS)


def test_the_area_leads(comparison):
    tested = ComparedModel(comparison, "image")
    assert tested.models == ["majority", "image", "gene"]
    assert tested.metrics == ["roc_auc", "accuracy"]
    assert tested.guessing == 0.5
    table = comparison.summary().set_index(["model", "metric"])
    for model in tested.models:
        wanted = table.loc[(model, "accuracy"), ["mean", "low", "high"]].tolist()
        assert tested.score(model, "accuracy") == pytest.approx(wanted, nan_ok=True)
    assert tested.own == tested.score("image", "roc_auc")
    assert tested.score("image", "f1") is None
    best = max(tested.others, key=lambda name: table.loc[(name, "roc_auc"), "mean"])
    assert tested.best_other == best
    assert "image" not in tested.others


def test_differences_are_others_less_the_model(comparison):
    table = comparison.differences().query("metric == 'roc_auc'")
    tested = ComparedModel(comparison, "image")
    assert list(tested.differences) == ["majority", "gene"]
    for row in table.itertuples():
        if row.model_a == "image":
            found, sign = tested.differences[row.model_b], -1
        elif row.model_b == "image":
            found, sign = tested.differences[row.model_a], 1
        else:
            continue
        ends = sorted([sign * row.low, sign * row.high])
        assert found.mean == pytest.approx(sign * row.difference)
        assert [found.low, found.high] == pytest.approx(ends)
        assert (found.p, found.p_holm) == (row.p, row.p_holm)
    assert tested.n_tests == 3


def test_predictions_are_those_of_the_model(comparison):
    tested = ComparedModel(comparison, "gene")
    table = comparison.predictions().query("model == 'gene'")
    np.testing.assert_array_equal(tested.predictions[1], table["proba_yes"])
    means = table.groupby("row")["proba_no"].mean()
    np.testing.assert_allclose(tested.probabilities[0], means)
    assert tested.rows.tolist() == means.index.tolist()
    assert (tested.n_repeats, tested.n_folds, tested.level) == (2, 3, 0.95)
    assert tested.has_probabilities


def test_models_without_probabilities():
    X, y = make_case()
    models = {
        "margin": UnimodalClassifier("gene", LinearSVC()),
        "image": UnimodalClassifier("image", odds_tower()),
    }
    cv = PairedStratifiedKFold(3, random_state=0)
    comparison = compare_classifiers(models, X, y, cv=cv, scoring=["accuracy"])
    tested = ComparedModel(comparison, "margin")
    assert not tested.has_probabilities
    assert tested.models_with_probabilities == ["image"]
    assert len(tested.rows) == X.paired.sum()
    assert (tested.metric, tested.guessing) == ("accuracy", None)


def test_a_precision_of_nobody_is_none():
    X, y = make_case()
    nobody = UnimodalClassifier(
        "gene", DummyClassifier(strategy="constant", constant=0)
    )
    models = {"nobody": nobody, "gene": UnimodalClassifier("gene", odds_tower())}
    cv = PairedStratifiedKFold(3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compare_classifiers(models, X, y, cv=cv, scoring=["precision", "f1"])
    tested = ComparedModel(found, "gene")
    assert tested.score("nobody", "precision") is None
    assert tested.score("nobody", "f1").mean == 0
    assert tested.score("gene", "precision").mean > 0
