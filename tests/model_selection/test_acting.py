"""Shares at a threshold and net benefit, counted by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator

from skmultimodal.model_selection import Comparison, wilson_interval
from skmultimodal.model_selection._folds import Fold

# Six patients, three of class "yes"; two repeats, whose means are in P.
Y = np.array(["yes", "no", "yes", "no", "yes", "no"])
REPEATS = np.array(
    [[0.9, 0.2, 0.3, 0.6, 0.5, 0.1], [0.9, 0.0, 0.3, 0.6, 0.9, 0.3]],
)
P = np.array([0.9, 0.1, 0.3, 0.6, 0.7, 0.2])
NOBODY = np.full_like(REPEATS, 0.25)


def comparison_of(level=0.9, estimators=None, **models):
    """Models with these probabilities of "yes": (n_repeats, n_rows)."""
    rng = np.random.default_rng(0)
    tables, values, scores = [], [], []
    for model, repeats in models.items():
        for repeat, p in enumerate(repeats):
            rows = rng.permutation(len(Y))
            tables.append(
                pd.DataFrame(
                    {
                        "model": model,
                        "repeat": repeat,
                        "fold": 0,
                        "row": rows,
                        "id": [f"p{r}" for r in rows],
                        "pattern": "gene",
                        "y_true": Y[rows],
                        "y_pred": "no",
                    }
                )
            )
            values.append(np.column_stack([1 - p[rows], p[rows]]))
            scores.append((model, repeat, 0, "roc_auc", 0.5))
    names = ["model", "repeat", "fold", "metric", "score"]
    return Comparison(
        pd.DataFrame(scores, columns=names),
        pd.concat(tables, ignore_index=True),
        np.concatenate(values),
        folds=[Fold(repeat, 0, np.arange(6), np.arange(6)) for repeat in (0, 1)],
        classes=np.array(["no", "yes"]),
        positive="yes",
        test_to_train=0.5,
        confidence_level=level,
        estimators=estimators,
    )


@pytest.fixture(scope="module")
def comparison():
    return comparison_of(
        ours=REPEATS, nobody=NOBODY, silent=np.full_like(REPEATS, np.nan)
    )


def test_shares_of_patients_at_a_threshold(comparison):
    table = comparison.at_threshold(0.6, models=["ours"]).set_index("metric")
    counts = table[["n_right", "n_patients"]].T.to_dict("list")
    # 0.9, 0.6 and 0.7 are called "yes"; a probability at the threshold is.
    assert counts == {
        "accuracy": [4, 6],
        "sensitivity": [2, 3],
        "specificity": [2, 3],
        "precision": [2, 3],
        "negative_predictive_value": [2, 3],
    }
    assert table["score"].tolist() == pytest.approx([4 / 6, *[2 / 3] * 4])
    # Folds of which a test row is for two training rows: as of 4 patients, not 6.
    quantile = stats.norm.ppf(0.95)
    middle = (4 / 6 + quantile**2 / 8) / (1 + quantile**2 / 4)
    half = np.sqrt(4 / 6 * 2 / 6 / 4 + quantile**2 / 64) * quantile
    half /= 1 + quantile**2 / 4
    ends = table.loc["accuracy", ["low", "high"]].tolist()
    assert ends == pytest.approx([middle - half, middle + half])


def comparison_of_folds(n_repeats, estimators=None):
    """Two folds per repeat, of 12 patients; predictions at random."""
    rng = np.random.default_rng(9)
    y = np.array(["no", "yes"])[np.arange(12) % 2]
    tables, values, folds = [], [], []
    for repeat in range(n_repeats):
        for number, test in enumerate(np.split(rng.permutation(12), 2)):
            table = {"model": "m", "repeat": repeat, "fold": number, "row": test}
            table |= {"id": test.astype(str), "pattern": "a", "y_true": y[test]}
            tables.append(pd.DataFrame(table | {"y_pred": "no"}))
            # All probabilities of a fold move together.
            p = np.clip(0.5 + 0.3 * rng.normal() + 0.1 * rng.normal(size=6), 0, 1)
            values.append(np.column_stack([1 - p, p]))
            folds.append(Fold(repeat, number, np.setdiff1d(range(12), test), test))
    scores = [("m", f.repeat, f.fold, "roc_auc", 0.5) for f in folds]
    names = ["model", "repeat", "fold", "metric", "score"]
    comparison = Comparison(
        pd.DataFrame(scores, columns=names),
        pd.concat(tables, ignore_index=True),
        np.concatenate(values),
        folds=folds,
        classes=np.array(["no", "yes"]),
        positive="yes",
        test_to_train=1.0,
        estimators=estimators,
    )
    return comparison, y, folds, [p[:, 1] for p in values]


def test_intervals_are_no_narrower_than_folds_differ():
    comparison, y, folds, each = comparison_of_folds(6)
    found = comparison.at_threshold(0.5).set_index("metric")
    mean = np.zeros(12)
    for fold, p in zip(folds, each, strict=True):
        mean[fold.test] += p / 6
    right = [
        ((p >= 0.5) & (y[f.test] == "yes")) for f, p in zip(folds, each, strict=True)
    ]
    n_called = np.array([np.sum(p >= 0.5) for p in each])
    n_right = np.array([hits.sum() for hits in right])
    precision = np.mean(y[mean >= 0.5] == "yes")
    # A ratio of two means, linearised around the share.
    values = precision + (n_right - precision * n_called) / n_called.mean()
    half = stats.t.ppf(0.975, 11) * np.sqrt((1 / 12 + 1) * values.var(ddof=1))
    quantile = stats.norm.ppf(0.975)
    n = np.sum(mean >= 0.5) / 2  # twice fewer, as each trains on half
    grid = np.linspace(0, 1, 200_001)
    far = half**2 * grid * (1 - grid) / (precision * (1 - precision))
    far = np.maximum(far, quantile**2 * grid * (1 - grid) / n)
    near = grid[(precision - grid) ** 2 <= far]
    ends = found.loc["precision", ["low", "high"]].tolist()
    assert ends == pytest.approx([near.min(), near.max()], abs=1e-4)

    row = comparison.net_benefit([0.5]).iloc[0]
    benefit = [
        np.mean(np.where(y[f.test] == "yes", 1, -1) * (p >= 0.5))
        for f, p in zip(folds, each, strict=True)
    ]
    half = stats.t.ppf(0.975, 11) * np.sqrt((1 / 12 + 1) * np.var(benefit, ddof=1))
    own = np.where(mean >= 0.5, np.where(y == "yes", 1, -1), 0)
    over_patients = stats.t.ppf(0.975, 11) * np.sqrt(2 / 12 * own.var(ddof=1))
    assert half > over_patients
    assert (row["high"] - row["low"]) / 2 == pytest.approx(half)
    # Few folds, or a model that they do not change, tell nothing.
    few, *_ = comparison_of_folds(4)
    fixed = FrozenEstimator(DummyClassifier().fit(P[:, None], Y))
    one, *_ = comparison_of_folds(6, {"m": fixed})
    for other, ratio in ((few, 1), (one, 0)):
        accuracy = other.at_threshold(0.5).iloc[0]
        n = 12 / (1 + ratio)
        ends = wilson_interval(round(accuracy["score"] * 12), 12) if not ratio else None
        middle = (accuracy["score"] + quantile**2 / 2 / n) / (1 + quantile**2 / n)
        low, high = accuracy[["low", "high"]]
        assert (low + high) / 2 == pytest.approx(middle)
        assert ends is None or (low, high) == pytest.approx(ends)


def test_a_fixed_model_has_wilsons_interval():
    fixed = FrozenEstimator(DummyClassifier().fit(P[:, None], Y))
    result = comparison_of(estimators={"ours": fixed}, ours=REPEATS)
    table = result.at_threshold(0.6).set_index("metric")
    ends = wilson_interval(4, 6, confidence_level=0.9)
    assert table.loc["accuracy", ["low", "high"]].tolist() == pytest.approx(ends)


def test_a_share_of_nobody_is_undefined(comparison):
    table = comparison.at_threshold(models=["nobody"]).set_index("metric")
    assert table.loc["precision", ["score", "low", "high"]].isna().all()
    assert table.loc["precision", "n_patients"] == 0
    assert table.loc["sensitivity", "score"] == 0
    assert table.loc["sensitivity", "high"] > 0.4


def test_the_other_class_may_be_asked_about(comparison):
    table = comparison.at_threshold(0.75, models=["ours"], positive="no")
    # P of "no" is .75 or more for two patients, both "no".
    assert table.set_index("metric").loc["sensitivity", "n_right"] == 2


def test_models_without_probabilities_are_left_out(comparison):
    table = comparison.at_threshold()
    assert table["model"].unique().tolist() == ["ours", "nobody"]


def test_net_benefit_by_hand(comparison):
    table = comparison.net_benefit([0.2, 0.6], models=["ours"])
    # From .2 on, five are treated, three of them "yes"; from .6 on, three, two of them.
    by_hand = [(3 - 2 * 0.25) / 6, (2 - 1 * 1.5) / 6]
    assert table["net_benefit"].tolist() == pytest.approx(by_hand)
    everyone = [(3 - 3 * 0.25) / 6, (3 - 3 * 1.5) / 6]
    assert table["treat_all"].tolist() == pytest.approx(everyone)
    # At .2 treating all is better than none, at .6 none.
    gains = [by_hand[0] - everyone[0], by_hand[1]]
    assert table["gain"].tolist() == pytest.approx(gains)


def test_the_interval_of_the_net_benefit_is_over_patients(comparison):
    row = comparison.net_benefit([0.6], models=["ours"]).iloc[0]
    values = np.array([1, 0, 0, -1.5, 1, 0])
    half = stats.t.ppf(0.95, 5) * values.std(ddof=1) / np.sqrt(6 / 1.5)
    ends = [values.mean() - half, values.mean() + half]
    assert row[["low", "high"]].tolist() == pytest.approx(ends)
    assert row[["gain_low", "gain_high"]].tolist() == pytest.approx(ends)


@pytest.mark.parametrize("threshold", [0, 1, -0.1, 1.5, "0.5", None])
def test_a_threshold_is_a_probability(comparison, threshold):
    with pytest.raises(ValueError, match=r"^threshold must be a probability between"):
        comparison.at_threshold(threshold)
    with pytest.raises(ValueError, match=r"^each threshold must be a probability"):
        comparison.net_benefit([0.5, threshold])


def test_thresholds_are_named(comparison):
    with pytest.raises(ValueError, match=r"^thresholds must be a list of some"):
        comparison.net_benefit([])


def test_thresholds_are_in_order_and_each_once(comparison):
    table = comparison.net_benefit([0.5, 0.1, 0.5], models=["ours"])
    assert table["threshold"].tolist() == [0.1, 0.5]
