"""Scores and differences of compared models, drawn."""

import copy

import numpy as np
import pytest
from comparison_tools import MODELS, compare, texts
from matplotlib import pyplot as plt
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from skmultimodal.inspection._comparison import MetricIntervalsDisplay
from skmultimodal.inspection._differences import DifferencesDisplay
from skmultimodal.inspection._roc_bands import RocBandsDisplay


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def comparison():
    return compare()


# Metrics


def test_bars_are_the_means_with_their_intervals(comparison):
    display = MetricIntervalsDisplay.from_comparison(
        comparison, metrics=["roc_auc", "accuracy"], models=["weak", "nobody", "strong"]
    )
    table = comparison.summary().set_index(["model", "metric"])
    assert texts(display) == ["weak", "nobody", "strong"]
    bars = [c for c in display.ax_.containers if hasattr(c, "patches")]
    heights = [[bar.get_height() for bar in group] for group in bars]
    for name, group in zip(display.models, heights, strict=True):
        assert group == [table.loc[(name, m), "mean"] for m in display.metrics]
    assert len({bar[0].get_hatch() for bar in bars}) == 3
    ends = [
        segment[:, 1]
        for lines in display.ax_.collections
        for segment in lines.get_segments()
    ]
    row = table.loc[("strong", "roc_auc")]
    assert any(np.allclose(end, [row["low"], row["high"]]) for end in ends)
    ticks = [tick.get_text() for tick in display.ax_.get_xticklabels()]
    assert ticks == ["ROC AUC", "Accuracy"]
    assert display.ax_.get_ylim() == (0, 1.02)


def test_points_have_a_panel_per_metric(comparison):
    display = MetricIntervalsDisplay.from_comparison(comparison, kind="point")
    titles = [panel.get_title() for panel in display.ax_]
    assert titles == ["Accuracy", "ROC AUC", "Negative Brier score"]
    rows = [tick.get_text() for tick in display.ax_[0].get_yticklabels()]
    assert rows == list(MODELS)
    low, high = display.ax_[0].get_ylim()
    assert low > high  # the first model is on top
    table = comparison.summary().set_index(["metric", "model"])
    dots = [line.get_xdata()[0] for line in display.ax_[2].lines if line.get_marker()]
    assert set(table.loc["neg_brier_score", "mean"]) <= set(dots)
    # A score below 0 has a scale of its own.
    assert display.ax_[2].get_xlim()[1] < 0.1
    assert display.ax_[0].get_xlim()[0] > 0


@pytest.mark.parametrize("n_metrics", [1, 3, 5])
def test_any_number_of_panels(n_metrics):
    mean = np.linspace(0.2, 0.8, 2 * n_metrics).reshape(2, n_metrics)
    display = MetricIntervalsDisplay(
        models=["a", "b"],
        metrics=[f"metric_{n}" for n in range(n_metrics)],
        mean=mean,
        low=mean - 0.1,
        high=mean + 0.1,
    )
    display.plot(kind="point")
    assert len(display.ax_) == len(display.figure_.axes) == n_metrics
    _, axes = plt.subplots(1, n_metrics, squeeze=False)
    display.plot(axes, kind="point")
    assert list(display.ax_) == list(axes.ravel())
    assert display.ax_[0].get_title() == "metric 0"


@pytest.mark.parametrize("kind", ["bar", "point"])
def test_undefined_scores_are_marked(kind):
    display = MetricIntervalsDisplay(
        models=["a", "b"],
        metrics=["roc_auc"],
        mean=[[np.nan], [0.7]],
        low=[[np.nan], [np.nan]],
        high=[[np.nan], [np.nan]],
    )
    display.plot(kind=kind)
    marks = [text.get_text() for ax in display.figure_.axes for text in ax.texts]
    assert marks == ["undefined"]
    display.figure_.draw_without_rendering()


def test_an_interval_below_0_is_not_cut():
    display = MetricIntervalsDisplay(
        models=["a"],
        metrics=["matthews_corrcoef"],
        mean=[[0.2]],
        low=[[-0.3]],
        high=[[0.6]],
    )
    assert display.plot().ax_.get_ylim()[0] < -0.3


def test_the_level_is_on_the_axis():
    known = compare(scoring=["roc_auc"], confidence_level=0.9)
    bars = MetricIntervalsDisplay.from_comparison(known, metrics=["roc_auc"])
    assert bars.ax_.get_ylabel() == "Mean of the folds, 90 % interval"
    rows = DifferencesDisplay.from_comparison(known, metric="roc_auc")
    assert "Difference in ROC AUC, 90 % interval" in rows.ax_.get_xlabel()


# Differences


def test_differences_are_those_to_the_reference(comparison):
    display = DifferencesDisplay.from_comparison(
        comparison, metric="roc_auc", reference="strong"
    )
    assert display.labels == ["nobody", "weak", "tiny"]
    table = comparison.differences()
    table = table[table["metric"] == "roc_auc"].set_index(["model_a", "model_b"])
    first, last = table.loc["nobody", "strong"], table.loc["strong", "tiny"]
    assert display.difference[0] == first["difference"] < 0
    # Turned round: the reference is subtracted, whichever came first.
    assert display.difference[2] == -last["difference"]
    assert (display.low[2], display.high[2]) == (-last["high"], -last["low"])
    np.testing.assert_array_less(display.low, display.high)
    assert "worse than strong | better →" in display.ax_.get_xlabel()
    (right,) = display.ax_.child_axes
    shown = [tick.get_text() for tick in right.get_yticklabels()]
    assert shown[2] == f"{last['p_holm']:.3f}"
    assert right.get_ylabel() == "p (Holm,\n6 tests)"


def test_the_reference_may_have_been_named_beforehand(comparison):
    named = copy.copy(comparison)
    named.reference = "weak"
    display = DifferencesDisplay.from_comparison(named, metric="roc_auc")
    assert display.reference == "weak"
    assert display.labels == [m for m in comparison.models if m != "weak"]
    assert display.n_tests == len(comparison.models) - 1
    # The p values of other pairs were not announced, and are none.
    other = DifferencesDisplay.from_comparison(
        named, metric="roc_auc", reference="strong"
    )
    assert np.isfinite(other.p).sum() == 1


def test_the_reference_need_not_be_chosen(comparison):
    display = DifferencesDisplay.from_comparison(
        comparison, metric="accuracy", reference="weak", models=["tiny", "strong"]
    )
    assert display.labels == ["tiny", "strong"]
    assert display.difference[1] > 0


def test_pairs_are_all_or_those_of_the_chosen(comparison):
    draw = DifferencesDisplay.from_comparison
    display = draw(comparison, metric="roc_auc")
    assert len(display.labels) == 6
    assert display.labels[0] == "nobody − strong"
    chosen = draw(comparison, metric="roc_auc", models=["strong", "nobody"])
    assert chosen.labels == ["strong − nobody"]
    assert chosen.difference[0] == -display.difference[0] > 0
    assert "first is better →" in chosen.ax_.get_xlabel()


def test_p_values_are_short():
    nothing = [np.nan] * 4
    display = DifferencesDisplay(
        labels=list("abcd"),
        difference=[0.1, 0.2, 0.0, 0.3],
        low=nothing,
        high=nothing,
        p=[0.0499, 1e-9, 1, np.nan],
        metric="f1",
        reference="e",
    ).plot()
    (right,) = display.ax_.child_axes
    shown = [tick.get_text() for tick in right.get_yticklabels()]
    assert shown == ["0.050", "< 0.001", "1.000", "–"]
    assert right.get_ylabel() == "p (Holm,\n3 tests)"


def test_intervals_of_no_length_are_drawn(comparison):
    twins = compare({"one": DummyClassifier(), "other": DummyClassifier()})
    display = DifferencesDisplay.from_comparison(twins, metric="accuracy")
    assert display.difference[0] == 0
    display = MetricIntervalsDisplay(
        models=["a"],
        metrics=["f1"],
        mean=[[0.1 + 0.2]],
        low=[[0.3 + 1e-15]],
        high=[[0.3]],
    )
    display.plot(kind="point").figure_.draw_without_rendering()


# What is refused

DISPLAYS = [
    (RocBandsDisplay, {}),
    (MetricIntervalsDisplay, {}),
    (DifferencesDisplay, {"metric": "roc_auc"}),
]


@pytest.mark.parametrize(("display", "options"), DISPLAYS)
def test_wrong_names_are_refused(comparison, display, options):
    draw = display.from_comparison
    with pytest.raises(ValueError, match="model 'strange' is not in the comparison"):
        draw(comparison, models=["weak", "strange"], **options)
    with pytest.raises(ValueError, match="models is empty"):
        draw(comparison, models=[], **options)
    with pytest.raises(TypeError, match="models must be a list of names, got 'weak'"):
        draw(comparison, models="weak", **options)
    with pytest.raises(
        TypeError, match=r"comparison must be a Comparison, .* got DataFrame"
    ):
        draw(comparison.scores(), **options)


def test_what_cannot_be_compared_is_refused(comparison):
    draw = DifferencesDisplay.from_comparison
    with pytest.raises(ValueError, match="metric 'f2' is not in the comparison"):
        draw(comparison, metric="f2")
    with pytest.raises(ValueError, match="reference 'strange' is not in"):
        draw(comparison, metric="roc_auc", reference="strange")
    for models, reference in ((["weak"], None), (["weak"], "weak")):
        with pytest.raises(ValueError, match="no two models to compare"):
            draw(comparison, metric="roc_auc", models=models, reference=reference)
    with pytest.raises(ValueError, match="no two models to compare: models are only"):
        draw(compare({"only": LogisticRegression()}), metric="roc_auc")
    with pytest.raises(ValueError, match="kind must be 'bar' or 'point', got 'pie'"):
        MetricIntervalsDisplay.from_comparison(comparison, kind="pie")
