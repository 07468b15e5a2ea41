"""Sensitivity at a fixed specificity, counted by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from skmultimodal.exceptions import FewPatientsWarning
from skmultimodal.model_selection import (
    Comparison,
    PairedStratifiedKFold,
    compare_classifiers,
    wilson_interval,
)
from skmultimodal.model_selection._folds import Fold
from skmultimodal.model_selection._operating_points import _variance_of_choice

N_YES, N_NO, N_FOLDS = 13, 29, 3
Y = np.repeat(["yes", "no"], [N_YES, N_NO])
FOLD_OF = np.arange(len(Y)) % N_FOLDS


def comparison_of(p, *, n_repeats=1, estimators=None, y=Y):
    """A Comparison of models with these probabilities of "yes", by name."""
    rows = np.arange(len(y))
    table = pd.concat(
        [
            pd.DataFrame(
                {
                    "model": name,
                    "repeat": repeat,
                    "fold": FOLD_OF[: len(y)],
                    "row": rows,
                    "id": rows.astype(str),
                    "pattern": "gene",
                    "y_true": y,
                    "y_pred": "no",
                }
            )
            for name in p
            for repeat in range(n_repeats)
        ],
        ignore_index=True,
    )
    values = np.concatenate([q for q in p.values() for _ in range(n_repeats)])
    folds = [
        Fold(r, f, rows[FOLD_OF[: len(y)] != f], rows[FOLD_OF[: len(y)] == f])
        for r in range(n_repeats)
        for f in range(N_FOLDS)
    ]
    names = ["model", "repeat", "fold", "metric", "score"]
    return Comparison(
        pd.DataFrame([(m, 0, 0, "roc_auc", 0.5) for m in p], columns=names),
        table,
        np.column_stack([1 - values, values]),
        folds=folds,
        classes=np.array(["no", "yes"]),
        positive="yes",
        test_to_train=1 / 2,
        estimators=estimators,
    )


def draw_proba(seed=0, shift=1.2, decimals=None):
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-rng.normal(size=len(Y)) - shift * (Y == "yes")))
    return p if decimals is None else p.round(decimals)


@pytest.mark.parametrize("decimals", [None, 1])
@pytest.mark.parametrize("specificity", [0.5, 0.8, 0.9])
def test_the_share_beyond_most_others(specificity, decimals):
    p = draw_proba(decimals=decimals)
    row = comparison_of({"m": p}).sensitivity_at(specificity).iloc[0]
    place = math.ceil(specificity * N_NO)
    cut = sorted(p[Y == "no"])[place - 1]
    assert row["sensitivity"] == np.mean(p[Y == "yes"] > cut)
    assert (row["n_patients"], row["n_others"]) == (N_YES, N_NO)
    assert row["specificity"] == specificity
    found = comparison_of({"m": p}).at_threshold(row["threshold"])
    found = found.set_index("metric")["score"]
    assert found["sensitivity"] == row["sensitivity"]
    assert found["specificity"] >= specificity
    assert row["low"] < row["sensitivity"] < row["high"]


@pytest.mark.parametrize("sensitivity", [0.5, 0.8])
def test_the_reverse_is_that_of_the_other_class(sensitivity):
    p = draw_proba()
    found = comparison_of({"m": p}).specificity_at(sensitivity).iloc[0]
    wanted = comparison_of({"m": p})
    wanted = wanted.sensitivity_at(sensitivity, positive="no").iloc[0]
    for name, other in {
        "specificity": "sensitivity",
        "held_out_specificity": "held_out_sensitivity",
        "held_out_sensitivity": "held_out_specificity",
    }.items():
        assert found[name] == wanted[other]
    same = ["low", "high", "n_patients", "n_others"]
    assert found[same].tolist() == pytest.approx(wanted[same].tolist())
    at = comparison_of({"m": p}).at_threshold(found["threshold"])
    at = at.set_index("metric")["score"]
    assert at["specificity"] == found["specificity"]
    assert at["sensitivity"] >= sensitivity


def test_thresholds_of_the_other_folds():
    p = draw_proba(3)
    row = comparison_of({"m": p}, n_repeats=2).sensitivity_at(0.8).iloc[0]
    called = np.zeros(len(Y), dtype=bool)
    for fold in range(N_FOLDS):
        others = sorted(p[(Y == "no") & (fold != FOLD_OF)])
        cut = others[math.ceil(0.8 * len(others)) - 1]
        called[fold == FOLD_OF] = p[fold == FOLD_OF] > cut
    assert row["held_out_sensitivity"] == pytest.approx(called[Y == "yes"].mean())
    assert row["held_out_specificity"] == pytest.approx(1 - called[Y == "no"].mean())


def test_the_variance_of_the_choice_is_that_of_a_bootstrap():
    p, hits = draw_proba(5), Y == "yes"
    found = _variance_of_choice(p, hits, 0.8)
    rng = np.random.default_rng(0)
    drawn = np.sort(rng.choice(p[~hits], (20_000, N_NO)), axis=1)
    cuts = drawn[:, math.ceil(0.8 * N_NO) - 1]
    shares = np.mean(p[hits] > cuts[:, None], axis=1)
    assert found == pytest.approx(shares.var(), rel=0.04)


def test_with_many_others_the_interval_is_that_of_a_share():
    """The threshold is then known, and no fold changes a frozen model."""
    rng = np.random.default_rng(0)
    y = np.repeat(["yes", "no"], [13, 6000])
    p = np.r_[rng.uniform(0.3, 1.0, 13), rng.uniform(0, 0.5, 6000)]
    frozen = {"m": FrozenEstimator(LogisticRegression())}
    whole = np.resize(FOLD_OF, len(y))
    rows = np.arange(len(y))
    comparison = Comparison(
        pd.DataFrame({"model": ["m"], "metric": "roc_auc", "score": 0.5}),
        pd.DataFrame(
            {
                "model": "m",
                "repeat": 0,
                "fold": whole,
                "row": rows,
                "id": rows,
                "pattern": "gene",
                "y_true": y,
                "y_pred": "no",
            }
        ),
        np.column_stack([1 - p, p]),
        folds=[Fold(0, f, rows[whole != f], rows[whole == f]) for f in range(3)],
        classes=np.array(["no", "yes"]),
        positive="yes",
        test_to_train=0.5,
        estimators=frozen,
    )
    row = comparison.sensitivity_at(0.9).iloc[0]
    n_right = round(row["sensitivity"] * 13)
    assert 0 < n_right < 13
    wanted = wilson_interval(n_right, 13)
    assert (row["low"], row["high"]) == pytest.approx(wanted, abs=0.01)


def test_a_perfect_model_is_no_certainty():
    row = comparison_of({"m": (Y == "yes") * 0.9}).sensitivity_at(0.9).iloc[0]
    assert row["sensitivity"] == row["high"] == 1
    assert 0.6 < row["low"] < 0.8


def test_a_constant_finds_no_one():
    row = comparison_of({"m": np.full(len(Y), 0.3)}).sensitivity_at(0.9).iloc[0]
    assert row["sensitivity"] == row["low"] == 0
    assert 0.1 < row["high"] < 0.4


def test_too_few_others():
    p = draw_proba()
    comparison = comparison_of({"m": p})
    match = r"beyond all 13 tested patients of the class, .* Test 20 or more, or fix"
    with pytest.warns(FewPatientsWarning, match=match):
        table = comparison.specificity_at(0.95)
    assert table["specificity"][0] == np.mean(p[Y == "no"] < p[Y == "yes"].min())
    with pytest.warns(FewPatientsWarning, match=r"^a specificity of 0\.97 is that of"):
        comparison.sensitivity_at(0.97)


@pytest.mark.parametrize("value", [0, 1, 90, "0.9", np.nan])
def test_rates_are_shares(value):
    comparison = comparison_of({"m": draw_proba()})
    with pytest.raises(ValueError, match=r"^specificity must be a number between 0 a"):
        comparison.sensitivity_at(value)
    with pytest.raises(ValueError, match=r"^sensitivity must be a number between 0 a"):
        comparison.specificity_at(value)


def test_models_are_chosen_and_those_without_probabilities_left_out():
    p = {"b": draw_proba(1), "a": draw_proba(2), "none": np.full(len(Y), np.nan)}
    comparison = comparison_of(p)
    assert comparison.sensitivity_at()["model"].tolist() == ["b", "a"]
    assert comparison.sensitivity_at(models=["a"])["model"].tolist() == ["a"]
    empty = comparison.sensitivity_at(models=["none"])
    assert empty.empty
    assert "sensitivity" in empty
    with pytest.raises(ValueError, match="model 'c' is not in the comparison"):
        comparison.sensitivity_at(models=["c"])


def test_of_cross_validated_models():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = rng.normal(size=(90, 4)) + y[:, None]
    cv = PairedStratifiedKFold(3, n_repeats=4, random_state=0)
    model = {"m": LogisticRegression()}
    comparison = compare_classifiers(model, X, y, cv=cv)
    row = comparison.sensitivity_at(0.8, positive=2).iloc[0]
    assert (row["n_patients"], row["n_others"]) == (30, 60)
    assert row["low"] < row["sensitivity"] < row["high"]
    assert abs(row["held_out_specificity"] - 0.8) < 0.1
