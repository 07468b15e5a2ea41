"""Scores and calibration of the tested rows, pattern by pattern."""

import numpy as np
import pandas as pd
import pytest
from fusion_tools import THREE, make_case, plain_towers
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.metrics import roc_auc_score
from sklearn.svm import LinearSVC

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.model_selection import (
    Comparison,
    PairedStratifiedKFold,
    compare_classifiers,
)

COLUMNS = [
    "model",
    "pattern",
    "n_patients",
    "n_positive",
    "roc_auc",
    "brier",
    "log_loss",
    "calibration_slope",
    "calibration_slope_low",
    "calibration_slope_high",
    "calibration_intercept",
    "calibration_intercept_low",
    "calibration_intercept_high",
]
LINE = ["calibration_slope", "calibration_intercept"]


def comparison_of(
    proba, y, patterns, *, classes=("no", "yes"), positive=None, test_to_train=0.5
):
    """A comparison with these probabilities, by model: (n_repeats, n_rows, n_classes).

    Each repeat tests the rows in an order of its own.
    """
    rng = np.random.default_rng(0)
    tables, values = [], []
    for model, repeats in proba.items():
        for repeat, p in enumerate(repeats):
            rows = rng.permutation(len(y))
            tables.append(
                pd.DataFrame(
                    {
                        "model": model,
                        "repeat": repeat,
                        "fold": 0,
                        "row": rows,
                        "id": [f"p{row}" for row in rows],
                        "pattern": np.asarray(patterns)[rows],
                        "y_true": np.asarray(y)[rows],
                        "y_pred": classes[0],
                    }
                )
            )
            values.append(p[rows])
    scores = [(model, 0, 0, "accuracy", 0.5) for model in proba]
    return Comparison(
        pd.DataFrame(scores, columns=["model", "repeat", "fold", "metric", "score"]),
        pd.concat(tables, ignore_index=True),
        np.concatenate(values),
        folds=[],
        classes=np.array(classes),
        positive=classes[-1] if positive is None else positive,
        test_to_train=test_to_train,
    )


def two(p):
    """Probabilities of two classes, of one repeat."""
    return np.column_stack([1 - p, p])[None]


def make_binary(n_rows, *, slope=1.0, intercept=0.0, seed=0):
    """Probabilities, and labels of which these are the calibration."""
    rng = np.random.default_rng(seed)
    p = expit(rng.normal(scale=1.5, size=n_rows))
    hits = rng.random(n_rows) < expit(slope * logit(p) + intercept)
    return p, hits.astype(int)


def recalibrate(p, hits):
    """Slope and intercept of greatest likelihood, by another optimiser."""

    def loss(parameters):
        odds = parameters[0] * logit(p) + parameters[1]
        return np.sum(np.logaddexp(0, odds) - hits * odds)

    return minimize(loss, [1.0, 0.0], method="Nelder-Mead", tol=1e-10).x


def test_two_classes_by_hand():
    patterns = np.repeat(["image+gene", "gene"], [41, 53])
    p, hits = make_binary(94, slope=0.6, intercept=0.4)
    noise = np.linspace(-0.04, 0.04, 94) * np.minimum(p, 1 - p)
    repeats = np.concatenate([two(p + noise), two(p - noise)])
    y = np.array(["no", "yes"])[hits]
    found = comparison_of({"a": repeats}, y, patterns).by_pattern()
    assert found.columns.tolist() == COLUMNS
    # Fewest modalities first, whatever comes first in the rows.
    assert found["pattern"].tolist() == ["gene", "image+gene"]
    assert found["model"].tolist() == ["a", "a"]
    for row in found.itertuples():
        here = patterns == row.pattern
        q, t = p[here], hits[here]
        assert (row.n_patients, row.n_positive) == (here.sum(), t.sum())
        above = np.sign(q[t == 1][:, None] - q[t == 0])
        assert row.roc_auc == pytest.approx((1 + above.mean()) / 2)
        assert row.brier == pytest.approx(np.mean((q - t) ** 2))
        likelihood = np.where(t == 1, q, 1 - q)
        assert row.log_loss == pytest.approx(-np.mean(np.log(likelihood)))
        wanted = recalibrate(q, t)
        calibration = (row.calibration_slope, row.calibration_intercept)
        assert calibration == pytest.approx(wanted, abs=1e-4)


def test_intervals_are_widened_for_other_training_patients():
    p, hits = make_binary(120)
    given = {"a": two(p)}, np.array(["no", "yes"])[hits], ["gene"] * 120
    plain, wide = (
        comparison_of(*given, test_to_train=ratio).by_pattern().iloc[0]
        for ratio in (0, 0.5)
    )
    for name in LINE:
        ends = plain[f"{name}_low"], plain[f"{name}_high"]
        middle, half = plain[name], (ends[1] - ends[0]) / 2 * np.sqrt(1.5)
        found = wide[[f"{name}_low", f"{name}_high"]].tolist()
        assert found == pytest.approx([middle - half, middle + half])


def test_intervals_of_slope_and_intercept():
    """They hold the true ones as often as stated."""
    inside = []
    for seed in range(300):
        p, hits = make_binary(120, slope=0.7, intercept=0.3, seed=seed)
        y = np.array(["no", "yes"])[hits]
        comparison = comparison_of({"a": two(p)}, y, ["gene"] * 120, test_to_train=0)
        found = comparison.by_pattern().iloc[0]
        inside.append(
            [
                found[f"calibration_{name}_low"]
                < true
                < found[f"calibration_{name}_high"]
                for name, true in (("slope", 0.7), ("intercept", 0.3))
            ]
        )
    # Standard error of a share: .013.
    assert np.mean(inside, axis=0) == pytest.approx([0.95, 0.95], abs=0.035)


def test_the_positive_class_is_that_of_the_comparison():
    p, hits = make_binary(80, intercept=0.7)
    y, patterns = np.array(["no", "yes"])[hits], ["gene"] * 80
    yes = comparison_of({"a": two(p)}, y, patterns).by_pattern().iloc[0]
    no = comparison_of({"a": two(p)}, y, patterns, positive="no").by_pattern().iloc[0]
    assert (yes["n_positive"], no["n_positive"]) == (hits.sum(), 80 - hits.sum())
    for name in ("roc_auc", "brier", "log_loss", "calibration_slope"):
        assert yes[name] == pytest.approx(no[name])
    intercepts = yes["calibration_intercept"], no["calibration_intercept"]
    assert intercepts[0] == pytest.approx(-intercepts[1])
    assert intercepts[0] == pytest.approx(recalibrate(p, hits)[1], abs=1e-4)


def test_more_classes():
    rng = np.random.default_rng(3)
    classes = np.array(["II", "III", "IV"])
    ratios = rng.normal(scale=1.2, size=(400, 3))
    drawn = softmax(0.5 * ratios, axis=1).cumsum(axis=1)
    codes = (rng.random(400)[:, None] > drawn).sum(axis=1)
    p = softmax(ratios, axis=1)
    found = comparison_of(
        {"a": p[None]}, classes[codes], ["gene"] * 400, classes=classes.tolist()
    ).by_pattern()
    row = found.iloc[0]
    assert row["n_positive"] == np.sum(codes == 2)
    wanted = roc_auc_score(codes, p, multi_class="ovr", average="macro")
    assert row["roc_auc"] == pytest.approx(wanted)
    target = np.eye(3)[codes]
    assert row["brier"] == pytest.approx(np.mean(np.sum((p - target) ** 2, axis=1)))
    logs = log_softmax(ratios, axis=1)[np.arange(400), codes]
    assert row["log_loss"] == pytest.approx(-logs.mean())

    wanted = slope_of_pairs(np.log(p), codes, [(0, 1), (0, 2), (1, 2)])
    assert row["calibration_slope"] == pytest.approx(wanted, abs=1e-4)
    # Log-ratios are twice what they should be.
    assert wanted == pytest.approx(0.5, abs=0.1)
    assert np.isnan(row["calibration_intercept"])


def slope_of_pairs(logs, codes, pairs):
    """Common slope of greatest likelihood, of rows of two classes at a time."""

    def loss(parameters):
        value = 0
        for (j, k), intercept in zip(pairs, parameters[1:], strict=True):
            odds = parameters[0] * (logs[:, k] - logs[:, j]) + intercept
            own = (codes == j) | (codes == k)
            value += np.sum(np.logaddexp(0, odds[own])) - np.sum(odds[codes == k])
        return value

    return minimize(loss, np.r_[1.0, np.zeros(len(pairs))], tol=1e-10).x[0]


def test_classes_that_a_pattern_hardly_has():
    """Neither of them enters the slope, and one has no area."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), 64)
    codes = np.r_[np.arange(60) % 2, [2] * 4]
    found = comparison_of(
        {"a": p[None]}, np.array([*"xyz"])[codes], ["gene"] * 64, classes=[*"xyzw"]
    ).by_pattern()
    row = found.iloc[0]
    areas = [roc_auc_score(codes == code, p[:, code]) for code in (0, 1, 2)]
    assert row["roc_auc"] == pytest.approx(np.mean(areas))
    assert row["n_positive"] == 0
    wanted = slope_of_pairs(np.log(p), codes, [(0, 1)])
    assert row["calibration_slope"] == pytest.approx(wanted, abs=1e-4)


def test_of_one_class_there_is_no_area():
    found = comparison_of(
        {"a": two(np.full(40, 0.75))}, ["yes"] * 40, ["gene"] * 40
    ).by_pattern()
    row = found.iloc[0]
    assert row[["roc_auc", *LINE]].isna().all()
    assert row["brier"] == pytest.approx(1 / 16)
    assert row["log_loss"] == pytest.approx(-np.log(0.75))


@pytest.mark.parametrize(
    ("n_rows", "n_hits", "known"),
    [(29, 12, False), (30, 12, True), (60, 4, False), (60, 5, True), (60, 56, False)],
)
def test_calibration_needs_rows_of_both_classes(n_rows, n_hits, known):
    p, _ = make_binary(n_rows)
    hits = np.zeros(n_rows, dtype=int)
    hits[np.random.default_rng(1).permutation(n_rows)[:n_hits]] = 1
    y = np.array(["no", "yes"])[hits]
    row = comparison_of({"a": two(p)}, y, ["gene"] * n_rows).by_pattern().iloc[0]
    assert row[LINE].notna().all() == known
    assert np.isfinite(row["roc_auc"])


@pytest.mark.parametrize("kind", ["apart", "touching", "reversed", "constant"])
def test_no_slope_is_greatest_where_classes_are_apart(kind):
    hits = np.repeat([0, 1], 20)
    p = {
        "apart": np.linspace(0.1, 0.9, 40),
        "touching": np.concatenate(
            [np.linspace(0.1, 0.5, 20), np.linspace(0.5, 0.9, 20)]
        ),
        "reversed": np.linspace(0.9, 0.1, 40),
        "constant": np.full(40, 0.3),
    }[kind]
    y = np.array(["no", "yes"])[hits]
    row = comparison_of({"a": two(p)}, y, ["gene"] * 40).by_pattern().iloc[0]
    assert row[LINE].isna().all()
    assert np.isfinite(row["log_loss"])


def test_certain_probabilities_have_a_calibration():
    """A forest's may be 0 and 1, and wrong."""
    p, hits = make_binary(90)
    p[:6], hits[:6] = [0, 1] * 3, [0, 1, 0, 1, 0, 0]
    y = np.array(["no", "yes"])[hits]
    row = comparison_of({"a": two(p)}, y, ["gene"] * 90).by_pattern().iloc[0]
    q = p.clip(np.finfo(float).eps, 1 - np.finfo(float).eps)
    wanted = recalibrate(q, hits)
    assert row[LINE].tolist() == pytest.approx(wanted, abs=1e-4)
    assert np.isfinite(row["log_loss"])


def test_nearly_constant_probabilities_have_a_steep_slope():
    _, hits = make_binary(90)
    p = 0.4 + 1e-5 * np.random.default_rng(1).normal(size=90)
    y = np.array(["no", "yes"])[hits]
    row = comparison_of({"a": two(p)}, y, ["gene"] * 90).by_pattern().iloc[0]
    z = (logit(p) - logit(p).mean()) / logit(p).std()

    def loss(parameters):
        odds = parameters[0] * z + parameters[1]
        return np.sum(np.logaddexp(0, odds) - hits * odds)

    found = minimize(loss, [0.0, 0.0], method="Nelder-Mead", tol=1e-10).x
    assert row["calibration_slope"] == pytest.approx(
        found[0] / logit(p).std(), rel=1e-3
    )


def test_models_are_chosen_and_those_without_probabilities_left_out():
    p, hits = make_binary(40)
    y = np.array(["no", "yes"])[hits]
    proba = {"a": two(p), "none": two(np.full(40, np.nan)), "b": two(1 - p)}
    comparison = comparison_of(proba, y, ["gene"] * 40)
    assert comparison.by_pattern()["model"].tolist() == ["a", "b"]
    assert comparison.by_pattern(models=["b", "a"])["model"].tolist() == ["b", "a"]
    empty = comparison.by_pattern(models=["none"])
    assert empty.empty
    assert empty.columns.tolist() == COLUMNS
    with pytest.raises(ValueError, match="model 'c' is not in the comparison"):
        comparison.by_pattern(models=["c"])


def test_probabilities_in_single_precision():
    p, hits = make_binary(200)
    rough = two(p.astype(np.float32))[0].astype(np.float32).astype(float)
    y = np.array(["no", "yes"])[hits]
    exact = comparison_of({"a": two(p)}, y, ["gene"] * 200).by_pattern()
    found = comparison_of({"a": rough[None]}, y, ["gene"] * 200).by_pattern()
    np.testing.assert_allclose(found[COLUMNS[4:]], exact[COLUMNS[4:]], rtol=1e-5)


def test_patterns_of_the_tested_rows():
    X, y = make_case(THREE)
    models = {
        "twin": TwinTowerClassifier(
            plain_towers(("image", "gene", "stain")), random_state=0
        ),
        "margin": UnimodalClassifier("gene", LinearSVC()),
    }
    X = X.hide("stain", X.patterns == "image+stain")  # each tested row has genes
    cv = PairedStratifiedKFold(3, 2, random_state=0, min_modalities=2)
    comparison = compare_classifiers(models, X, y, cv=cv, scoring=["accuracy"])
    table = comparison.predictions()
    np.testing.assert_array_equal(table["pattern"], X.patterns[table["row"]])
    assert table.columns.tolist()[4:6] == ["id", "pattern"]
    found = comparison.by_pattern()
    assert found["pattern"].tolist() == ["gene+stain", "image+gene", "image+gene+stain"]
    assert found["model"].unique().tolist() == ["twin"]
    counts = X.summary()
    assert found["n_patients"].tolist() == [counts[name] for name in found["pattern"]]
    mean = comparison.proba("twin", 1).groupby("row").mean()
    for row in found.itertuples():
        here = mean[X.patterns[mean.index] == row.pattern]
        assert row.brier == pytest.approx(np.mean((here - y[here.index]) ** 2))


def test_labels_that_are_numbers():
    X = Cohort({"gene": np.random.default_rng(0).normal(size=(61, 3))})
    y = (X.block("gene")[:, 0] > 0).astype(float)
    y[-1] = np.nan
    model = TwinTowerClassifier([("gene", plain_towers()[0][1])], random_state=0)
    found = compare_classifiers({"m": model}, X, y, cv=3).by_pattern()
    assert found[["pattern", "n_patients", "n_positive"]].to_numpy().tolist() == [
        ["gene", 60, int(np.nansum(y))]
    ]
