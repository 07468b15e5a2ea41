"""Net benefit, drawn."""

import pytest
from comparison_tools import compare, texts
from matplotlib import pyplot as plt
from sklearn.svm import LinearSVC

from skmultimodal.inspection import DecisionCurveDisplay


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def comparison():
    return compare()


def test_curves_are_the_net_benefit(comparison):
    models = ["weak", "strong"]
    display = DecisionCurveDisplay.from_comparison(
        comparison, [0.5, 0.1, 0.3], models=models
    )
    table = comparison.net_benefit([0.1, 0.3, 0.5], models=models)
    for name in models:
        part = table[table["model"] == name]
        line = display.lines_[name]
        assert line.get_xdata().tolist() == [0.1, 0.3, 0.5]
        assert line.get_ydata().tolist() == part["net_benefit"].tolist()
    everyone = display.lines_["treat all"].get_ydata()
    assert everyone.tolist() == part["treat_all"].tolist()
    assert display.lines_["treat none"].get_ydata().tolist() == [0, 0, 0]
    assert texts(display) == ["treat all", "treat none", *models]
    ax = display.ax_
    assert ax.get_xlabel() == "Threshold of the probability of 1"
    assert ax.get_ylim()[1] >= max(map(max, (everyone, line.get_ydata())))


def test_curves_of_a_rare_outcome_fill_the_axes():
    """Of 1 % of the patients no benefit is above 0.01."""
    display = DecisionCurveDisplay(
        thresholds=[0.005, 0.01, 0.02],
        net_benefit={"m": [0.009, 0.007, 0.004]},
        treat_all=[0.005, 0.0, -0.01],
    ).plot()
    low, high = display.ax_.get_ylim()
    assert low < -0.0005
    assert 0.009 < high < 0.011
    assert high - low < 0.02


def test_on_given_axes_and_of_another_class(comparison):
    _, ax = plt.subplots()
    display = DecisionCurveDisplay.from_comparison(
        comparison, [0.2, 0.4], positive=0, ax=ax
    )
    assert display.ax_ is ax
    assert ax.get_xlabel() == "Threshold of the probability of 0"
    plain = DecisionCurveDisplay(
        thresholds=[0.1], net_benefit={"a": [0.2]}, treat_all=[0.3]
    ).plot()
    assert plain.ax_.get_xlabel() == "Threshold"


def test_what_cannot_be_drawn_is_refused(comparison):
    with pytest.raises(TypeError, match=r"^comparison must be a Comparison"):
        DecisionCurveDisplay.from_comparison(None, [0.1])
    with pytest.raises(ValueError, match=r"^each threshold must be a probability"):
        DecisionCurveDisplay.from_comparison(comparison, [0.1, 2])
    silent = compare({"silent": LinearSVC()}, scoring=["accuracy"])
    with pytest.raises(ValueError, match=r"^no model has probabilities"):
        DecisionCurveDisplay.from_comparison(silent, [0.1])
