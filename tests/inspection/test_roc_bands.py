"""ROC curves of compared models, drawn."""

import numpy as np
import pandas as pd
import pytest
from comparison_tools import MODELS, compare, legend_title, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import auc, roc_auc_score
from sklearn.svm import LinearSVC
from sklearn.utils import Bunch

from skmultimodal.inspection._roc_bands import RocBandsDisplay


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def comparison():
    return compare()


def make_predictions(folds, name="model"):
    """Predictions of ``{fold: (y_true, score)}``, and an empty summary."""
    tables = [
        pd.DataFrame(
            {
                "model": name,
                "repeat": 0,
                "fold": fold,
                "y_true": y_true,
                "proba_1": np.asarray(score, dtype=float),
            }
        )
        for fold, (y_true, score) in folds.items()
    ]
    summary = pd.DataFrame({"model": [], "metric": [], "mean": []})
    return Bunch(
        predictions=pd.concat(tables),
        classes=np.array([0, 1]),
        positive=1,
        summary=summary,
    )


def test_the_mean_curve_is_that_of_the_folds():
    # One fold is ranked perfectly, one is half right, by steps of a half.
    folds = {0: ([0, 0, 1, 1], [1, 2, 3, 4]), 1: ([0, 1, 0, 1], [1, 2, 3, 4])}
    display = RocBandsDisplay.from_comparison(make_predictions(folds))
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
    comparison = make_predictions(folds)
    figure, ax = plt.subplots()
    display = RocBandsDisplay.from_comparison(comparison, ax=ax)
    plt.close(figure)
    mean = np.mean([roc_auc_score(y, s) for y, s in folds.values()])
    drawn = auc(display.fpr, display.lines_["model"].get_ydata())
    assert drawn == pytest.approx(mean, abs=6e-4)
    assert display.auc["model"][0] == pytest.approx(drawn)


def test_each_model_has_a_curve_and_its_interval(comparison):
    display = RocBandsDisplay.from_comparison(comparison)
    row = comparison.summary.set_index(["model", "metric"]).loc["strong", "roc_auc"]
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


def test_the_level_is_told_where_it_is_known(comparison):
    unknown = Bunch(**{k: v for k, v in comparison.items() if k != "confidence_level"})
    known = Bunch(**unknown, confidence_level=0.9)
    draw = RocBandsDisplay.from_comparison
    assert legend_title(draw(known)).startswith("Mean AUC [90 % interval]")
    assert legend_title(draw(unknown)).startswith("Mean AUC [interval]")


def test_bands_and_models_are_chosen(comparison):
    display = RocBandsDisplay.from_comparison(
        comparison, models=["weak", "strong"], bands=["weak"]
    )
    assert list(display.lines_) == ["weak", "strong"]
    assert list(display.bands_) == ["weak"]
    assert not display.plot(bands=False).bands_
    assert legend_title(display).startswith("Mean AUC [")
    assert "band" not in legend_title(display)
    with pytest.raises(ValueError, match="models: 'strange' is not in the comparison"):
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
    with pytest.warns(UserWarning, match="1 of 3 folds, such as fold 1 of repeat 0"):
        display = RocBandsDisplay.from_comparison(make_predictions(folds))
    assert len(display.tpr["model"]) == 2
    with pytest.raises(ValueError, match="test rows of every fold are of one class"):
        RocBandsDisplay.from_comparison(make_predictions({0: ([1, 1], [1, 2])}))


def test_one_fold_has_no_band():
    display = RocBandsDisplay.from_comparison(
        make_predictions({0: ([0, 1, 0], [1, 2, 3])})
    )
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
    rows = comparison.predictions
    areas = [
        roc_auc_score(part["y_true"] == 1, part["proba_1"])
        for _, part in rows.groupby(["repeat", "fold"])
    ]
    assert display.auc["strong"][0] == pytest.approx(np.mean(areas), abs=6e-4)


def test_the_other_of_two_classes_is_positive(comparison):
    display = RocBandsDisplay.from_comparison(comparison, positive=0)
    assert "positive: 0" in display.ax_.get_ylabel()
    mean = display.lines_["strong"].get_ydata()
    area = auc(display.fpr, mean)
    assert area == pytest.approx(display.auc["strong"][0], abs=6e-4)


def test_models_without_probabilities_are_named():
    comparison = compare(
        {"strong": LogisticRegression(), "margins": LinearSVC()}, scoring=["roc_auc"]
    )
    with pytest.warns(UserWarning, match="left out: margins"):
        display = RocBandsDisplay.from_comparison(comparison)
    assert list(display.lines_) == ["strong"]
    with pytest.raises(ValueError, match="model 'margins' has no probabilities"):
        RocBandsDisplay.from_comparison(comparison, models=["strong", "margins"])
