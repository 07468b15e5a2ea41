"""ROC curves of compared models, drawn."""

import numpy as np
import pandas as pd
import pytest
from comparison_tools import MODELS, compare, legend_title, make_rows, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import auc, roc_auc_score
from sklearn.svm import LinearSVC

from skmultimodal.inspection._roc_bands import RocBandsDisplay
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    compare_classifiers,
    corrected_t_interval,
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def comparison():
    return compare()


def draw_folds(folds, **options):
    """Draw predictions of one model, ``{fold: (y_true, score)}``."""
    y_true = np.concatenate([y for y, _ in folds.values()])
    score = np.concatenate([score for _, score in folds.values()])
    names = np.repeat(list(folds), [len(y) for y, _ in folds.values()])
    options = {"positive": 1} | options
    return RocBandsDisplay.from_predictions(y_true, {"model": score}, names, **options)


def test_the_mean_curve_is_that_of_the_folds():
    # One fold is ranked perfectly, one is half right, by steps of a half.
    folds = {0: ([0, 0, 1, 1], [1, 2, 3, 4]), 1: ([0, 1, 0, 1], [1, 2, 3, 4])}
    display = draw_folds(folds)
    line = display.lines_["model"]
    rates = dict(zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert (line.get_xdata()[0], line.get_ydata()[0]) == (0, 0)
    assert rates[0.25] == rates[0.001] == pytest.approx((1 + 0.5) / 2)
    assert rates[0.5] == rates[1.0] == 1.0
    edges = display.bands_["model"].get_paths()[0].vertices
    at = np.isclose(edges[:, 0], 0.25)
    spread = np.std([1, 0.5], ddof=1)
    assert edges[at, 1].min() == pytest.approx(0.75 - spread)
    assert edges[:, 1].max() == 1.0


@settings(max_examples=30)
@given(
    st.lists(
        st.lists(st.integers(0, 4), min_size=5, max_size=9), min_size=2, max_size=4
    )
)
def test_the_area_under_the_mean_curve_is_the_mean_area(scores):
    folds = {n: (np.arange(len(s)) % 2, s) for n, s in enumerate(scores)}
    figure, ax = plt.subplots()
    display = draw_folds(folds, ax=ax)
    plt.close(figure)
    mean = np.mean([roc_auc_score(y, s) for y, s in folds.values()])
    drawn = auc(display.fpr, display.lines_["model"].get_ydata())
    assert drawn == pytest.approx(mean, abs=6e-4)
    assert display.auc["model"][0] == pytest.approx(mean)


def test_each_model_has_a_curve_and_its_interval(comparison):
    display = RocBandsDisplay.from_comparison(comparison)
    row = comparison.summary().set_index(["model", "metric"]).loc["strong", "roc_auc"]
    shown = f"strong: {row['mean']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
    assert texts(display)[1] == shown
    assert texts(display)[0] == "nobody: 0.50 [0.50, 0.50]"
    assert display.tpr["weak"].shape == (6, len(display.fpr))
    assert set(display.bands_) == set(MODELS)
    assert "band: ± 1 SD of 6 folds" in legend_title(display)
    x, y = display.lines_["nobody"].get_data()
    np.testing.assert_allclose(x, y, atol=1e-12)
    drawn = [(line.get_color(), line.get_linestyle()) for line in display.ax_.lines]
    assert len(set(drawn)) == 1 + len(MODELS)


def test_areas_of_the_legend_are_those_of_the_summary():
    X, y = make_rows()
    X[:, 0] += 9 * y  # every fold is perfect
    cv = PairedStratifiedKFold(3, random_state=0)
    models = {"perfect": LogisticRegression()}
    found = compare_classifiers(models, X, y, cv=cv, scoring="roc_auc")
    display = RocBandsDisplay.from_comparison(found)
    row = found.summary().iloc[0]
    assert display.auc["perfect"] == tuple(row[["mean", "low", "high"]])
    assert row["low"] < 1 == row["high"]


def test_the_level_is_in_the_legend():
    found = compare({"strong": LogisticRegression()}, confidence_level=0.9)
    display = RocBandsDisplay.from_comparison(found)
    assert legend_title(display).startswith("Mean AUC [90 % interval]")
    unknown = RocBandsDisplay(fpr=display.fpr, tpr=display.tpr, auc=display.auc)
    assert legend_title(unknown.plot()).startswith("Mean AUC [interval]")


def test_bands_and_models_are_chosen(comparison):
    display = RocBandsDisplay.from_comparison(
        comparison, models=["weak", "strong"], bands=["weak"]
    )
    assert list(display.lines_) == ["weak", "strong"]
    assert list(display.bands_) == ["weak"]
    assert not display.plot(bands=False).bands_
    assert legend_title(display).startswith("Mean AUC [")
    assert "band" not in legend_title(display)
    message = "bands: no curve is of model 'strange', but of weak, strong"
    with pytest.raises(ValueError, match=message):
        display.plot(bands=["strange"])


def test_axes_of_others_keep_their_figure(comparison):
    figure, axes = plt.subplots(1, 2)
    display = RocBandsDisplay.from_comparison(comparison, ax=axes[1])
    assert display.figure_ is figure
    assert not figure.legends
    assert len(texts(display)) == 4


def test_folds_of_one_class_are_left_out():
    folds = {
        0: ([0, 0, 1], [1, 2, 3]),
        1: ([1, 1], [1, 2]),
        2: ([0, 1, 0], [1, 2, 3]),
    }
    with pytest.warns(UserWarning, match="1 of 3 folds, such as fold 1, have no"):
        display = draw_folds(folds)
    assert len(display.tpr["model"]) == 2
    with pytest.raises(ValueError, match="test rows of every fold are of one class"):
        draw_folds({0: ([1, 1], [1, 2])})


def test_folds_of_a_comparison_are_named_with_their_repeat():
    X, y = make_rows(n_rows=23)
    tests = [np.array([0, 1, 2]), np.array([3, 5])]  # labels alternate
    cv = [(np.setdiff1d(np.arange(23), test), test) for test in tests]
    models = {"logistic": LogisticRegression()}
    comparison = compare_classifiers(models, X, y, cv=cv, scoring="accuracy")
    with pytest.warns(UserWarning, match="1 of 2 folds, such as fold 1 of repeat 0"):
        display = RocBandsDisplay.from_comparison(comparison)
    assert len(display.tpr["logistic"]) == 1


def test_one_fold_has_no_band():
    display = draw_folds({0: ([0, 1, 0], [1, 2, 3])}, test_to_train=1 / 2)
    assert not display.bands_
    assert legend_title(display) == "Mean AUC"
    assert texts(display) == ["model: 0.50"]


def test_of_many_classes_one_is_positive():
    comparison = compare(
        {"strong": LogisticRegression()}, n_classes=3, scoring=["roc_auc_ovr"]
    )
    message = "positive=7 is no class of the comparison: they are 0, 1, 2"
    with pytest.raises(ValueError, match=message):
        RocBandsDisplay.from_comparison(comparison, positive=7)
    display = RocBandsDisplay.from_comparison(comparison, positive=1)
    assert "positive: 1" in display.ax_.get_ylabel()
    rows = comparison.predictions()
    areas = [
        roc_auc_score(part["y_true"] == 1, part["proba_1"])
        for _, part in rows.groupby(["repeat", "fold"])
    ]
    interval = corrected_t_interval(areas, comparison.test_to_train, bounded=True)
    assert display.auc["strong"] == pytest.approx((np.mean(areas), *interval))


def test_the_other_of_two_classes_is_positive(comparison):
    display = RocBandsDisplay.from_comparison(comparison, positive=0)
    assert "positive: 0" in display.ax_.get_ylabel()
    area = auc(display.fpr, display.lines_["strong"].get_ydata())
    assert area == pytest.approx(display.auc["strong"][0], abs=6e-4)
    summary = comparison.summary(models=["strong"], metrics=["roc_auc"])
    wanted = summary.loc[0, ["mean", "low", "high"]].tolist()
    assert display.auc["strong"] == pytest.approx(wanted)


def test_models_without_probabilities_are_named():
    comparison = compare(
        {"strong": LogisticRegression(), "margins": LinearSVC()}, scoring=["roc_auc"]
    )
    with pytest.warns(UserWarning, match="left out: margins"):
        display = RocBandsDisplay.from_comparison(comparison)
    assert list(display.lines_) == ["strong"]
    with pytest.raises(ValueError, match="model 'margins' has no probabilities"):
        RocBandsDisplay.from_comparison(comparison, models=["strong", "margins"])


def test_predictions_are_of_labels_of_any_type():
    y = np.array(["no", "yes", "no", "yes", "yes", "no", "no"])
    score = {"a": np.arange(7), "b": [3, 1, 2, 5, 4, 0, 6]}
    folds = ["x", "x", "x", "y", "y", "y", "y"]
    draw = RocBandsDisplay.from_predictions
    display = draw(y, score, folds, test_to_train=0.5, confidence_level=0.8)
    assert display.positive == "yes"
    areas = [
        roc_auc_score([0, 1, 0], [3, 1, 2]),
        roc_auc_score([1, 1, 0, 0], [5, 4, 0, 6]),
    ]
    interval = corrected_t_interval(areas, 0.5, bounded=True, confidence_level=0.8)
    assert display.auc["b"] == pytest.approx((np.mean(areas), *interval))
    other = draw(y, score, folds, positive="no")
    assert other.auc["b"][0] == pytest.approx(1 - np.mean(areas))
    assert np.isnan(other.auc["b"][1:]).all()


def test_wrong_predictions_are_refused():
    draw = RocBandsDisplay.from_predictions
    y, folds = [0, 1, 0, 1, 1], [0, 0, 0, 1, 1]
    with pytest.raises(ValueError, match=r"y_score must be a dict .* got list"):
        draw(y, [0.1, 0.2, 0.3, 0.4, 0.5], folds)
    with pytest.raises(ValueError, match=r"'m' has shape \(4,\), and y_true \(5,\)"):
        draw(y, {"m": [0.1, 0.2, 0.3, 0.4]}, folds)
    with pytest.raises(ValueError, match=r"'folds' has shape \(3,\)"):
        draw(y, {"m": [0.1, 0.2, 0.3, 0.4, 0.5]}, folds[:3])
    keyed = {"m": pd.Series([0.1, 0.2, 0.3, 0.4, 0.5], index=list("abcde"))}
    with pytest.raises(ValueError, match=r"y_score\['m'\] has .* 'a', .* y_true 'e'"):
        draw(pd.Series(y, index=list("edcba")), keyed, folds)
    with pytest.raises(ValueError, match="positive=2 is no class of y_true"):
        draw(y, {"m": [0.1, 0.2, 0.3, 0.4, 0.5]}, folds, positive=2)
    with pytest.raises(ValueError, match="the label of row 1 is missing"):
        draw([0, None, 0, 1, 1], {"m": [0.1, 0.2, 0.3, 0.4, 0.5]}, folds)
