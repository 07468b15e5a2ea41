import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from fusion_tools import make_case, odds_tower

from skmultimodal import UnimodalClassifier
from skmultimodal.inspection import RecruitmentCurveDisplay
from skmultimodal.model_selection import PairedStratifiedKFold, recruitment_curve
from skmultimodal.model_selection._recruitment_curve import RecruitmentCurve

CV = PairedStratifiedKFold(3, n_repeats=2, random_state=0)
N_ROWS = {"image+gene": (10, 20, 40), "gene": (25, 50, 99)}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def make_curve(metrics=("roc_auc",), n_folds=4):
    rng = np.random.default_rng(0)
    rows = [
        (kind, n, 0, fold, metric, 0.8 - 2 / n + 0.02 * rng.normal())
        for metric in metrics
        for kind, numbers in N_ROWS.items()
        for n in numbers
        for fold in range(n_folds)
    ]
    columns = ["kind", "n_rows", "repeat", "fold", "metric", "score"]
    return RecruitmentCurve(
        scores=pd.DataFrame(rows, columns=columns),
        n_now={"image+gene": 60, "gene": 99},
        left_out={},
        test_to_train=1 / 2,
        positive=1,
        confidence_level=0.9,
        known_as={},
    )


def test_a_line_per_kind_with_what_is_expected():
    curve = make_curve()
    display = RecruitmentCurveDisplay.from_curve(curve)
    summary = curve.summary()
    for kind, n_now in curve.n_now.items():
        own = summary[summary["kind"] == kind]
        line, dashed = display.lines_[kind], display.extrapolated_[kind]
        assert line.get_xdata().tolist() == list(N_ROWS[kind])
        assert line.get_ydata().tolist() == own["mean"].tolist()
        assert dashed.get_linestyle() == "--"
        assert dashed.get_color() == line.get_color()
        x, y = dashed.get_xdata(), dashed.get_ydata()
        assert (x[0], x[-1]) == (N_ROWS[kind][-1], 2 * n_now)
        mean, low, high = curve.change("roc_auc", kind, x[0], x[-1])
        last = own["mean"].iloc[-1]
        assert (y[0], y[-1]) == pytest.approx((last, last + mean))
        (path,) = display.bands_[kind].get_paths()
        at_end = path.vertices[np.isclose(path.vertices[:, 0], 2 * n_now), 1]
        ends = (at_end.min(), at_end.max())
        assert ends == pytest.approx((last + low, last + high))
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["image+gene", "gene only"]
    assert display.ax_.get_ylabel() == "ROC AUC"
    title = "Mean of 4 folds; dashed: expected, 90% interval"
    assert display.ax_.get_title(loc="left") == title


def test_one_fold_is_not_extrapolated():
    display = RecruitmentCurveDisplay.from_curve(make_curve(n_folds=1))
    assert list(display.lines_) == list(N_ROWS)
    assert not display.extrapolated_
    assert not display.bands_
    assert display.ax_.get_title(loc="left") == "One fold"


def test_several_metrics():
    curve = make_curve(["neg_log_loss", "roc_auc"])
    with pytest.raises(ValueError, match="metric must be one of"):
        RecruitmentCurveDisplay.from_curve(curve)
    display = RecruitmentCurveDisplay.from_curve(curve, metric="neg_log_loss")
    assert display.metric == "neg_log_loss"


def test_from_estimator_draws_what_the_function_returns():
    X, y = make_case()
    model = UnimodalClassifier("gene", odds_tower())
    options = {"cv": CV, "kinds": ["image+gene"], "sizes": [0.5], "random_state": 0}
    curve = recruitment_curve(model, X, y, scoring="roc_auc", **options)
    _, ax = plt.subplots()
    display = RecruitmentCurveDisplay.from_estimator(
        model, X, y, scoring="roc_auc", ax=ax, **options
    )
    assert display.ax_ is ax
    pd.testing.assert_frame_equal(display.curve.scores, curve.scores)
