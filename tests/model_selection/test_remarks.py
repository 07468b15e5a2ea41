"""Few patients, intervals without width and classes never predicted are named."""

import warnings

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from skmultimodal import Cohort, UnimodalClassifier
from skmultimodal.exceptions import FewPatientsWarning
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    compare_classifiers,
    unpaired_gain,
    wilson_interval,
)

CV = PairedStratifiedKFold(2, n_repeats=2, random_state=0)


def case(n_negative, n_positive, shift=0.0):
    """Pairs of two classes and as many rows with genes only."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 0, 1], [n_negative, n_positive] * 2)
    image, gene = rng.normal(size=(len(y), 3)), rng.normal(size=(len(y), 4))
    gene += shift * y[:, None]
    image[len(y) // 2 :] = np.nan
    return Cohort({"image": image, "gene": gene}), y


def compare(models, X, y, scoring=("roc_auc", "accuracy")):
    scoring = scoring if isinstance(scoring, dict) else list(scoring)
    return compare_classifiers(models, X, y, cv=CV, scoring=scoring)


def gene(estimator):
    return UnimodalClassifier("gene", estimator)


def test_classes_of_few_patients():
    X, y = case(18, 2, shift=1.0)
    with pytest.warns(
        FewPatientsWarning, match="Only 2 tested patients are of class 1"
    ):
        found = compare({"m": gene(LogisticRegression())}, X, y)
    few = found.remarks()[0]
    assert few.startswith("Only 2 tested patients are of class 1: no score means much")
    assert "One of them moves a sensitivity by 0.50, and neither calibration nor" in few
    assert "PatternStratifiedKFold tests patients with one modality as well" in few
    X, y = case(9, 8, shift=1.0)
    found = compare({"m": gene(LogisticRegression())}, X, y)
    message = "Only 8 tested patients are of class 1, and of 1 other classes fewer than"
    assert found.remarks()[0].startswith(message)


def test_nothing_to_remark_on():
    X, y = case(10, 10, shift=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compare({"m": gene(LogisticRegression())}, X, y)
    assert found.remarks() == []


def test_a_class_that_is_never_predicted():
    X, y = case(40, 12)
    timid = gene(LogisticRegression(C=1e-5))
    models = {"timid": timid, "bold": gene(LogisticRegression(class_weight="balanced"))}
    with pytest.warns(FewPatientsWarning, match="'timid' never predicts class 1") as w:
        found = compare(models, X, y)
    (never,) = found.remarks()
    assert never.startswith("'timid' never predicts class 1: its accuracy is that of n")
    assert never.endswith("(user guide, 'Rare outcomes and thresholds').")
    assert [str(warning.message) for warning in w] == [never]
    # Every fold has the same accuracy, and other patients would have another.
    table = found.summary(models=["timid"], metrics=["accuracy"]).iloc[0]
    assert table["std"] == 0
    assert table[["low", "high"]].tolist() == pytest.approx(wilson_interval(40, 52))
    assert found.remarks(models=["bold"]) == []
    with pytest.raises(ValueError, match="model 'other' is not in the comparison"):
        found.remarks(models=["other"])


def test_an_area_that_never_varies():
    """Of a constant it is 0.5 for any patients; of a model it is not."""
    X, y = case(12, 12)
    scoring = {"roc_auc": lambda model, X, y: 0.75, "accuracy": "accuracy"}
    models = {"m": gene(LogisticRegression())}
    found = compare(models, X, y, scoring=scoring).summary().set_index("metric")
    assert found.loc["roc_auc", "low"] < 0.7 < 0.8 < found.loc["roc_auc", "high"]
    models = {"constant": gene(DummyClassifier())}
    found = compare(models, X, y).summary().set_index("metric")
    assert found.loc["roc_auc", ["mean", "low", "high"]].tolist() == [0.5, 0.5, 0.5]
    assert found.loc["accuracy", "low"] < 0.4


def test_what_guesses_by_design_is_left_out():
    X, y = case(12, 10)
    for model in (DummyClassifier(), gene(DummyClassifier())):
        assert compare({"majority": model}, X, y).remarks() == []


def test_perfect_scores_have_an_interval():
    """24 patients that are all predicted correctly are no proof that others are."""
    X, y = case(12, 12, shift=60.0)
    found = compare({"m": gene(LogisticRegression())}, X, y)
    assert found.remarks() == []
    summary = found.summary().set_index("metric")
    assert (summary["mean"] == 1).all()
    assert (summary["high"] == 1).all()
    assert 0.8 < summary.loc["accuracy", "low"] < 0.9
    assert 0.8 < summary.loc["roc_auc", "low"] < 0.95


def test_a_metric_of_unknown_range_that_never_varies():
    X, y = case(12, 12, shift=60.0)
    scoring = {"own": lambda model, X, y: np.mean(model.predict(X) == y)}
    (remark,) = compare(
        {"m": gene(LogisticRegression())}, X, y, scoring=scoring
    ).remarks()
    assert remark == (
        "The interval of own of 'm', at 1, has no width: every fold has the same "
        "score, which is no certainty."
    )


def test_a_gain_is_remarked_on_too():
    X, y = case(18, 4, shift=1.0)
    with pytest.warns(
        FewPatientsWarning, match="Only 4 tested patients are of class 1"
    ):
        found = unpaired_gain(gene(LogisticRegression()), X, y, cv=CV)
    assert list(found.estimators) == found.models


@pytest.mark.parametrize(
    ("metric", "bounds"),
    [
        ("accuracy", (0, 1)),
        ("neg_brier_score", (-1, 0)),
        ("neg_log_loss", (-np.inf, 0)),
        ("matthews_corrcoef", (-1, 1)),
    ],
)
def test_intervals_stay_in_the_range_of_the_score(metric, bounds):
    X, y = case(6, 5, shift=1.5)
    models = {"m": gene(LogisticRegression()), "n": gene(DummyClassifier())}
    found = compare(models, X, y, scoring=[metric])
    summary = found.summary()
    assert (summary["low"] >= bounds[0]).all()
    assert (summary["high"] <= bounds[1]).all()
    assert (summary["low"] <= summary["mean"]).all()
    assert (summary["mean"] <= summary["high"]).all()
    differences = found.differences()
    assert (differences[["low", "high"]].abs() <= bounds[1] - bounds[0]).all(axis=None)


def test_a_difference_is_no_larger_than_two_scores_allow():
    """And excludes 0 where the test finds a difference."""
    X, y = case(4, 4, shift=30.0)

    class Wrong(LogisticRegression):
        def predict(self, X):
            return 1 - super().predict(X)

    models = {"right": gene(LogisticRegression()), "wrong": gene(Wrong())}
    cv = PairedStratifiedKFold(2, random_state=0)
    noisy = X.hide("gene", [0])
    found = compare_classifiers(models, noisy, y, cv=cv, scoring="accuracy")
    row = found.differences().iloc[0]
    assert -1 <= row["low"] <= row["difference"] <= row["high"] <= 1
