import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from fusion_tools import make_case, odds_tower
from sklearn.utils import Bunch

from skmultimodal import UnimodalClassifier
from skmultimodal.inspection._learning_curve import PairedLearningCurveDisplay
from skmultimodal.model_selection import PairedStratifiedKFold, paired_learning_curve

MODEL = UnimodalClassifier("gene", odds_tower())
CV = PairedStratifiedKFold(3, n_repeats=2, random_state=0)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def make_curve(scores, metric="roc_auc", n_pairs=(5, 9, 20)):
    scores = np.array(scores, dtype=float)
    summary = pd.DataFrame(
        {
            "metric": metric,
            "n_pairs": n_pairs,
            "mean": scores,
            "low": scores - 0.1,
            "high": scores + 0.05,
            "std": 0.1,
            "n_folds": 6,
        }
    )
    return Bunch(summary=summary, confidence_level=0.9)


def band_edges(display):
    """Lower and upper edge of the band at each number of pairs."""
    (path,) = display.band_.get_paths()
    points = pd.DataFrame(path.vertices, columns=["n", "score"]).groupby("n")["score"]
    return points.min().tolist(), points.max().tolist()


def test_from_estimator_draws_what_the_function_returns():
    X, y = make_case()
    options = {"cv": CV, "n_pairs": [3, 6, 12], "scoring": "roc_auc", "random_state": 0}
    curve = paired_learning_curve(MODEL, X, y, **options)
    display = PairedLearningCurveDisplay.from_estimator(MODEL, X, y, **options)
    pd.testing.assert_frame_equal(display.summary, curve.summary)
    assert display.line_.get_xdata().tolist() == [3, 6, 12]
    assert display.line_.get_ydata().tolist() == curve.summary["mean"].tolist()
    low, high = band_edges(display)
    assert low == pytest.approx(curve.summary["low"].tolist())
    assert high == pytest.approx(curve.summary["high"].tolist())
    ax = display.ax_
    assert ax.get_xlabel() == "Paired patients in training"
    assert ax.get_ylabel() == "ROC AUC"
    assert ax.get_title(loc="left") == "Mean of 6 folds, 95% interval"
    assert ax.get_xticks().tolist() == [3, 6, 12]


def test_one_fold_has_no_band():
    X, y = make_case()
    split = [next(CV.split(X, y))]
    display = PairedLearningCurveDisplay.from_estimator(
        MODEL, X, y, cv=split, n_pairs=[4, 8]
    )
    assert display.band_ is None
    assert display.ax_.get_title(loc="left") == "One fold"
    assert display.ax_.get_ylabel() == "Score"


def test_several_metrics():
    curve = make_curve([0.6, 0.7, 0.8])
    other = make_curve([-0.3, -0.2, -0.1], "neg_brier_score")
    curve.summary = pd.concat([curve.summary, other.summary], ignore_index=True)
    with pytest.raises(ValueError, match=r"one of \['roc_auc', 'neg_brier_score'\]"):
        PairedLearningCurveDisplay.from_curve(curve)
    with pytest.raises(ValueError, match="got 'accuracy'"):
        PairedLearningCurveDisplay.from_curve(curve, metric="accuracy")
    display = PairedLearningCurveDisplay.from_curve(curve, metric="neg_brier_score")
    assert display.line_.get_ydata().tolist() == [-0.3, -0.2, -0.1]
    assert display.ax_.get_ylabel() == "Negative Brier score"
    assert display.ax_.get_ylim()[1] < 0


def test_two_models_on_the_same_axes():
    first = PairedLearningCurveDisplay.from_curve(make_curve([0.6, 0.7, 0.8]), name="a")
    second = PairedLearningCurveDisplay.from_curve(
        make_curve([0.5, 0.5, 0.5], n_pairs=(5, 12, 20)), name="b", ax=first.ax_
    )
    assert second.ax_ is first.ax_
    for look in ("get_color", "get_linestyle", "get_marker"):
        assert getattr(first.line_, look)() != getattr(second.line_, look)()
    legend = [text.get_text() for text in first.ax_.get_legend().get_texts()]
    assert legend == ["a", "b"]
    assert first.ax_.get_xticks().tolist() == [5, 9, 12, 20]


def test_ticks_do_not_touch():
    curve = make_curve([0.6, 0.7, 0.7, 0.8], n_pairs=[3, 4, 5, 99])
    display = PairedLearningCurveDisplay.from_curve(curve)
    assert display.ax_.get_xticks().tolist() == [5, 99]


def test_a_perfect_score_is_not_magnified():
    curve = make_curve([1.0, 1.0, 0.99])
    curve.summary = curve.summary.assign(low=[1, 1, 0.98], high=1.0)
    low, high = PairedLearningCurveDisplay.from_curve(curve).ax_.get_ylim()
    assert low <= 0.85
    assert 1 < high < 1.05
