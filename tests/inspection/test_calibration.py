"""Reliability by pattern, and scikit-learn's calibration around a twin tower."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from fusion_tools import make_case, odds_tower
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.inspection._calibration import PatternCalibrationDisplay
from skmultimodal.model_selection import (
    PatternStratifiedKFold,
    compare_classifiers,
    wilson_interval,
)

COUNTS = {"image": 33, "gene": 80, "image+gene": 50}


def make_model(X):
    towers = [(name, odds_tower()) for name in X.modalities]
    return TwinTowerClassifier(towers, random_state=0)


@pytest.fixture(scope="module")
def case():
    X, y = make_case(COUNTS, n_classes=3)
    new, _ = make_case(COUNTS, n_classes=3, seed=7)
    return make_model(X).fit(X, np.array(["a", "bb", "c"])[y]), new, y


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.mark.parametrize("strategy", ["quantile", "uniform"])
def test_curves_are_those_of_each_pattern(case, strategy):
    model, X, y = case
    labels = np.array(["a", "bb", "c"])[y]
    display = PatternCalibrationDisplay.from_estimator(
        model, X, labels, positive="bb", n_bins=4, strategy=strategy
    )
    p = model.predict_proba(X)[:, 1]
    # 15 rows fill a bin: two bins of 33 rows, three of 50, and no more than four.
    for pattern, n_bins in {"image": 2, "gene": 4, "image+gene": 3}.items():
        rows = X.patterns == pattern
        hits = (labels[rows] == "bb").astype(int)
        wanted = calibration_curve(hits, p[rows], n_bins=n_bins, strategy=strategy)
        part = display.curves[display.curves["pattern"] == pattern]
        np.testing.assert_allclose(part["prob_true"], wanted[0])
        np.testing.assert_allclose(part["prob_pred"], wanted[1])
        assert part["n_rows"].sum() == rows.sum()
        n_hits = part["n_rows"] * part["prob_true"]
        assert n_hits.sum() == pytest.approx(hits.sum())
        np.testing.assert_allclose(n_hits, n_hits.round(), atol=1e-9)
        # Means of bins weighted by their rows are the mean of all.
        assert np.average(part["prob_pred"], weights=part["n_rows"]) == pytest.approx(
            p[rows].mean()
        )
        row = part.iloc[0]
        interval = wilson_interval(
            round(row["n_rows"] * row["prob_true"]), row["n_rows"]
        )
        assert (row["low"], row["high"]) == pytest.approx(interval)
        told = display.summary.loc[pattern]
        assert told["n_bins"] == len(part)
        assert told["brier"] == pytest.approx(brier_score_loss(hits, p[rows]))
    assert display.positive == "bb"


def test_picture(case):
    model, X, y = case
    figure, ax = plt.subplots()
    labels = np.array(["a", "bb", "c"])[y]
    display = PatternCalibrationDisplay.from_estimator(model, X, labels, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[0] == "perfect"
    brier = display.summary.loc["gene", "brier"]
    assert texts[2] == f"gene: 80 rows, Brier score {brier:.3f}"
    assert len(texts) == 4
    line = ax.containers[2].lines[0]
    part = display.curves[display.curves["pattern"] == "image+gene"]
    np.testing.assert_allclose(np.array(line.get_ydata(), float), part["prob_true"])
    assert "class c" in ax.get_xlabel()


def test_few_rows_warn_and_give_one_point():
    y_prob = np.linspace(0.1, 0.9, 40)
    y_true = (y_prob > 0.4).astype(float)
    patterns = np.repeat(["gene", "image"], [31, 9])
    with pytest.warns(UserWarning, match=r"pattern 'image' has 9 rows, .* need 30"):
        display = PatternCalibrationDisplay.from_predictions(y_true, y_prob, patterns)
    assert display.summary["n_bins"].to_dict() == {"gene": 2, "image": 1}
    # All nine came true.
    last = display.curves.iloc[-1]
    assert (last["low"], last["high"]) == pytest.approx(wilson_interval(9, 9))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PatternCalibrationDisplay.from_predictions(
            y_true, y_prob, patterns, min_bin_rows=4
        )


def test_tied_predictions_share_a_bin():
    y_prob = np.repeat([0.25, 0.75], [40, 20])
    y_true = np.arange(60) % 2
    display = PatternCalibrationDisplay.from_predictions(
        y_true, y_prob, np.full(60, "gene")
    )
    assert display.curves["n_rows"].tolist() == [40, 20]
    assert display.curves["prob_pred"].tolist() == [0.25, 0.75]


def test_refusals(case):
    model, X, y = case
    labels = np.array(["a", "bb", "c"], dtype=object)[y]
    labels[17] = None
    draw = PatternCalibrationDisplay.from_estimator
    with pytest.raises(ValueError, match="label of row 17 of y is missing: leave out"):
        draw(model, X, labels)
    draw = PatternCalibrationDisplay.from_predictions
    patterns = np.full(4, "gene")
    good = [0.1, 0.2, 0.3, 0.4]
    with pytest.raises(ValueError, match=r"shapes \(4,\) and \(3,\)"):
        draw([0, 1, 0, 1], good, patterns[:3])
    with pytest.raises(ValueError, match=r"y_prob of row 2 is 1\.3, which is no"):
        draw([0, 1, 0, 1], [0.1, 0.2, 1.3, 0.4], patterns)
    with pytest.raises(ValueError, match="y_true has 3 labels for 4 rows"):
        draw([0, 1, 0], good, patterns)
    with pytest.raises(ValueError, match="y_true has 1 classes: y_prob is the"):
        draw([0, 0, 0, 0], good, patterns)
    with pytest.raises(ValueError, match="positive=2 is no class of y_true"):
        draw([0, 1, 0, 1], good, patterns, positive=2)
    y = pd.Series([0, 1, 0, 1], index=list("abcd"))
    with pytest.raises(ValueError, match=r"y_prob has the patients 'd', .* y_true 'a'"):
        draw(y, pd.Series(good, index=list("dcba")), patterns)
    with pytest.raises(ValueError, match="strategy one of"):
        draw([0, 1, 0, 1], good, patterns, strategy="kmeans")


def test_out_of_fold_predictions_of_a_comparison():
    X, y = make_case(COUNTS)
    models = {"tower": make_model(X), "C = 1e-4": make_model(X)}
    models["C = 1e-4"].set_params(final_estimator=LogisticRegression(C=1e-4))
    cv = PatternStratifiedKFold(3, random_state=0)
    splits = [*cv.split(X, y), *PatternStratifiedKFold(3).split(X, y)]
    comparison = compare_classifiers(models, X, y, cv=splits, scoring="accuracy")
    draw = PatternCalibrationDisplay.from_comparison
    display = draw(comparison, X, model="tower", repeat=1)
    assert display.summary["n_rows"].to_dict() == COUNTS
    table = comparison.predictions()
    table = table[(table["model"] == "tower") & (table["repeat"] == 1)]
    table = table[X.patterns[table["row"]] == "image"]
    brier = brier_score_loss(table["y_true"], table["proba_1"])
    assert display.summary.loc["image", "brier"] == pytest.approx(brier)
    # Of class 0, bins and hits turn around.
    other = draw(comparison, X, model="tower", repeat=1, positive=0)
    assert other.summary.loc["image", "brier"] == pytest.approx(brier)
    assert other.positive == 0
    with pytest.raises(ValueError, match="model 'towers' is not in the comparison"):
        draw(comparison, X, model="towers")
    with pytest.raises(ValueError, match="repeat 2 is not in the comparison"):
        draw(comparison, X, model="tower", repeat=2)
    with pytest.raises(ValueError, match="tested row 162, and X has 20 rows"):
        draw(comparison, X[:20], model="tower")


def make_uncertain(seed):
    """Rows of a weak signal, of which a model can be too sure."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(390) % 2)
    image, gene = rng.normal(size=(390, 40)), rng.normal(size=(390, 50))
    image[:, 0] += y
    gene[:, 0] += y
    image[::3], gene[1::3] = np.nan, np.nan
    return Cohort({"image": image, "gene": gene}), y


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_calibration_of_a_fitted_twin_tower(method):
    X, y = make_uncertain(0)
    towers = [(name, odds_tower(C=100)) for name in X.modalities]
    head = LogisticRegression(C=100)
    model = TwinTowerClassifier(towers, head, tower_cv=None, random_state=0)
    model.fit(X[:150], y[:150])
    calibrated = CalibratedClassifierCV(FrozenEstimator(model), method=method)
    calibrated.fit(X[150:270], y[150:270])
    new, labels = X[270:], y[270:]
    scores = {}
    for name, fitted in {"plain": model, "calibrated": calibrated}.items():
        display = PatternCalibrationDisplay.from_estimator(fitted, new, labels)
        assert set(display.summary.index) == {"image", "gene", "image+gene"}
        scores[name] = display.summary["brier"].mean()
    assert scores["calibrated"] < scores["plain"] - 0.02


def test_calibration_by_folds():
    X, y = make_case(COUNTS)
    model = CalibratedClassifierCV(make_model(X), cv=PatternStratifiedKFold(3))
    model.fit(X, y)
    new, labels = make_case(COUNTS, seed=3)
    display = PatternCalibrationDisplay.from_estimator(model, new, labels)
    assert display.summary["n_rows"].to_dict() == COUNTS
    assert display.summary["brier"].max() < 0.2
