"""A fitted model on patients of another hospital."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.exceptions import AlignmentWarning, FewPatientsWarning
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    cohort_drift,
    compare_classifiers,
    evaluate_external,
)
from skmultimodal.model_selection._external_scores import (
    METRICS,
    external_scores,
    recalibrated_scores,
)

GENES = [f"G{i}" for i in range(20)]


def hospital(n, seed, *, name, share=0.5, shift=0.0, classes=("no", "yes")):
    """Patients with images (3 columns), genes (20) or both."""
    rng = np.random.default_rng(seed)
    k = len(classes)
    codes = (rng.random(n) < share).astype(int) if k == 2 else rng.integers(0, k, n)
    gene = rng.normal(shift, 1, size=(n, 20))
    gene[:, 2] += codes
    image = rng.normal(size=(n, 3))
    image[:, 0] += 0.7 * codes
    ids = [f"{name}{i}" for i in range(n)]
    gene, image = pd.DataFrame(gene, ids, GENES), pd.DataFrame(image, ids)
    X = Cohort({"image": image[n // 4 :], "gene": gene[: 3 * n // 4]}, index=ids)
    return X, np.array(classes, dtype=object)[codes]


@pytest.fixture(scope="module")
def model():
    X, y = hospital(160, 0, name="A")
    towers = [(n, LogisticRegression(C=0.1)) for n in ("image", "gene")]
    return TwinTowerClassifier(towers, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def elsewhere():
    return hospital(120, 1, name="B")


def test_scores_are_those_of_the_predictions(model, elsewhere):
    X, y = elsewhere
    found = evaluate_external(model, X, y)
    p, hits = model.predict_proba(X)[:, 1], y == "yes"
    patterns = {"all": np.ones(len(y), dtype=bool)}
    patterns |= {n: X.patterns == n for n in ("image", "gene", "image+gene")}
    assert found.patterns == list(patterns)
    for name, rows in patterns.items():
        wanted = {
            "roc_auc": roc_auc_score(hits[rows], p[rows]),
            "brier": brier_score_loss(hits[rows], p[rows]),
            "log_loss": log_loss(hits[rows], p[rows]),
            "observed_expected": hits[rows].mean() / p[rows].mean(),
        }
        for metric, value in wanted.items():
            score = found.score(metric, name)
            assert score["value"] == pytest.approx(value, abs=1e-9)
            assert score["low"] < value < score["high"]
    sizes = found.scores.drop_duplicates("pattern").set_index("pattern")
    assert sizes["n_patients"].tolist() == [120, 30, 30, 60]
    assert sizes["n_positive"]["all"] == hits.sum()
    assert found.predictions.index.tolist() == X.index.tolist()
    np.testing.assert_allclose(found.predictions["proba_yes"], p)
    assert (found.positive, found.model) == ("yes", "TwinTowerClassifier")


def test_calibration_is_that_of_a_logistic_regression():
    """Slope and intercept by maximising the likelihoods themselves."""
    rng = np.random.RandomState(0)
    odds = rng.normal(0, 1.5, size=300)
    codes = (rng.random_sample(300) < expit(0.4 + 0.6 * odds)).astype(int)
    p = np.column_stack([1 - expit(odds), expit(odds)])
    found = external_scores(codes, p, 1, level=0.95, n_resamples=50, rng=rng)["value"]

    def loss(a, b):
        return log_loss(codes, expit(b + a * odds))

    line = optimize.minimize(lambda x: loss(*x), [1.0, 0.0], method="Nelder-Mead")
    assert found["calibration_slope"] == pytest.approx(line.x[0], abs=1e-3)
    large = optimize.minimize_scalar(lambda b: loss(1.0, b), bounds=(-5, 5))
    assert found["calibration_intercept"] == pytest.approx(large.x, abs=1e-4)


def test_gain_is_over_the_class_share():
    rng = np.random.RandomState(1)
    codes = (rng.random_sample(4000) < 0.3).astype(int)
    p = np.tile([0.7, 0.3], (4000, 1))
    found = external_scores(codes, p, 1, level=0.95, n_resamples=2, rng=rng)
    # Nothing is gained by the share itself, on other patients.
    gains = found.loc[["brier_gain", "log_loss_gain"], "value"]
    np.testing.assert_allclose(gains, 0, atol=2e-3)
    assert np.isnan(found.loc["calibration_slope", "value"])


def test_intervals_by_themselves():
    """As of a mean: the studentised bootstrap of a symmetric mean is nearly t."""
    rng = np.random.RandomState(2)
    codes = np.arange(200) % 2
    p_hit = rng.uniform(0.2, 0.8, size=200)
    p = np.column_stack([1 - p_hit, p_hit])
    found = external_scores(codes, p, 1, level=0.9, n_resamples=4000, rng=rng)
    losses = (p_hit - codes) ** 2
    half = 1.65 * losses.std(ddof=1) / np.sqrt(200)
    row = found.loc["brier"]
    assert row["low"] == pytest.approx(losses.mean() - half, abs=0.1 * half)
    assert row["high"] == pytest.approx(losses.mean() + half, abs=0.1 * half)


def test_perfect_and_one_class():
    rng = np.random.RandomState(0)
    codes = np.array([0] * 8 + [1] * 5)
    p = np.eye(2)[codes] * 0.9 + 0.05
    found = external_scores(codes, p, 1, level=0.95, n_resamples=100, rng=rng)
    assert found.loc["roc_auc", "value"] == 1
    assert 0.5 < found.loc["roc_auc", "low"] < 1
    alone = external_scores(codes[:8], p[:8], 1, level=0.95, n_resamples=9, rng=rng)
    assert alone.loc["roc_auc"].isna().all()
    assert alone.loc["calibration_intercept"].isna().all()
    assert alone.loc["brier", "value"] == pytest.approx(0.05**2)


def test_three_classes():
    classes = ("a", "b", "c")
    X, y = hospital(150, 0, name="A", classes=classes)
    towers = [(n, LogisticRegression(C=0.1)) for n in ("image", "gene")]
    model = TwinTowerClassifier(towers, random_state=0).fit(X, y)
    X, y = hospital(90, 1, name="B", classes=classes)
    found = evaluate_external(model, X, y, n_resamples=60)
    p = model.predict_proba(X)
    area = roc_auc_score(y, p / p.sum(axis=1, keepdims=True), multi_class="ovr")
    score = found.score("roc_auc")
    assert score["value"] == pytest.approx(area)
    assert score["low"] < area < score["high"]
    hits = np.array(classes) == y[:, None]
    brier = ((p - hits) ** 2).sum(axis=1).mean()
    assert found.score("brier")["value"] == pytest.approx(brier)
    assert found.recalibration is None
    assert np.isnan(found.score("calibration_intercept")["value"])


def test_recalibration():
    """Of probabilities that are too extreme and too high, on other patients."""
    rng = np.random.RandomState(0)
    odds = rng.normal(0, 1, size=600)
    codes = (rng.random_sample(600) < expit(odds)).astype(int)
    p = expit(1 + 3 * odds)
    table = recalibrated_scores(codes, np.column_stack([1 - p, p]), 1, random_state=0)
    losses = table["log_loss"]
    assert losses["as predicted"] == pytest.approx(log_loss(codes, p))
    assert losses["slope"] < losses["in the large"] < losses["as predicted"]
    assert losses["slope"] == pytest.approx(log_loss(codes, expit(odds)), abs=0.01)
    assert table.loc["slope", "slope"] == pytest.approx(1 / 3, abs=0.06)
    assert table.loc["slope", "intercept"] == pytest.approx(-1 / 3, abs=0.2)
    few = recalibrated_scores(codes[:12], np.eye(2)[codes[:12]], 1, random_state=0)
    assert few.loc["slope"].isna().all()


def test_unlabelled_patients_are_counted(model, elsewhere):
    X, y = elsewhere
    y = y.copy()
    y[5:25] = None
    found = evaluate_external(model, X, y)
    assert (found.n_unlabelled, len(found.predictions)) == (20, 100)
    assert "Left out without a label: 20 patients." in found.remarks()


def test_labels_are_joined_by_patient(model, elsewhere):
    X, y = elsewhere
    shuffled = pd.Series(y, X.index).sample(frac=1, random_state=0)
    found = evaluate_external(model, X, shuffled).scores
    pd.testing.assert_frame_equal(found, evaluate_external(model, X, y).scores)


def test_what_was_changed_is_shown(model, elsewhere):
    X, y = elsewhere
    gene = X.table("gene").drop(columns="G7").assign(A=1.0, B=2.0)
    other = Cohort({"image": X.table("image"), "gene": gene}, index=X.index)
    with pytest.warns(AlignmentWarning):
        found = evaluate_external(model, other, y)
    assert found.alignment.loc["gene", "n_filled"] == 1
    text = (
        "Modality gene: 2 features left out, 1 of 20 features absent and filled with "
        "means of the training."
    )
    assert text in found.remarks()
    assert text in repr(found)


@pytest.mark.parametrize("wrapped", ["search", "calibrated"])
def test_wrapped_models(model, elsewhere, wrapped):
    X, y = elsewhere
    if wrapped == "search":
        A = hospital(160, 0, name="A")
        grid = {"gene__C": [0.1]}
        other = GridSearchCV(model, grid, cv=PairedStratifiedKFold(2)).fit(*A)
    else:
        other = CalibratedClassifierCV(FrozenEstimator(model), method="sigmoid")
        other.fit(*hospital(90, 5, name="C"))
    found = evaluate_external(other, X, y)
    assert 0.6 < found.score("roc_auc")["value"] < 1
    assert set(found.scores["metric"]) == set(METRICS)


def test_development_is_shown_beside(model, elsewhere):
    A = hospital(160, 0, name="A")
    comparison = compare_classifiers({"twin": model}, *A, cv=3, scoring=["roc_auc"])
    found = evaluate_external(model, *elsewhere, development=comparison).development
    mean = comparison.summary()["mean"].iloc[0]
    assert found.loc["roc_auc", "mean"] == pytest.approx(mean)
    given = {"roc_auc": (0.8, 0.7, 0.9), "brier": 0.2}
    found = evaluate_external(model, *elsewhere, development=given).development
    assert found.loc["roc_auc"].tolist() == [0.8, 0.7, 0.9]
    assert found.loc["brier", "mean"] == 0.2


def test_remarks_on_calibration(model):
    X, y = hospital(160, 7, name="B", share=0.15)
    found = evaluate_external(model, X, y)
    (text,) = [r for r in found.remarks() if "than predicted" in r]
    assert text.startswith("Fewer patients are of class yes than predicted: 0.")


def test_bad_input(model, elsewhere):
    X, y = elsewhere
    A, y_A = hospital(160, 0, name="A")
    with pytest.raises(ValueError, match="160 of 160 patients trained the model, such"):
        evaluate_external(model, A, y_A)
    both = Cohort.concat([A[:3], X[:50]])
    with pytest.raises(ValueError, match="3 of 53 patients trained the model"):
        evaluate_external(model, both, np.r_[y_A[:3], y[:50]])
    with pytest.raises(ValueError, match="y has class 'maybe', on which the model was"):
        evaluate_external(model, X, np.r_[["maybe"], y[1:]])
    with pytest.raises(ValueError, match="no patient has a label"):
        evaluate_external(model, X, [None] * len(y))
    with pytest.raises(ValueError, match="positive='x' is no class of the model"):
        evaluate_external(model, X, y, positive="x")

    class Hard(ClassifierMixin, BaseEstimator):
        pass

    with pytest.raises(ValueError, match="Hard has no predict_proba"):
        evaluate_external(Hard(), X, y)
    few = np.flatnonzero(y == "yes")[:4].tolist() + np.flatnonzero(y == "no").tolist()
    with pytest.warns(FewPatientsWarning, match=r"4 of \d+ .* are of class yes"):
        found = evaluate_external(model, X[few], y[few])
    with pytest.raises(ValueError, match="there is no score 'f1' of pattern 'all'"):
        found.score("f1")


def test_numbers_of_rows_are_no_ids(elsewhere):
    """Two tables that are numbered alike: a warning, as for prediction sets."""
    A, y_A = hospital(160, 0, name="A")
    numbered = {
        n: A.table(n).rename(index=lambda i: 1 + int(i[1:])) for n in A.modalities
    }
    index = np.arange(1, 161)
    A = Cohort(numbered, index=index)
    towers = [(n, LogisticRegression(C=0.1)) for n in A.modalities]
    model = TwinTowerClassifier(towers, random_state=0).fit(A, y_A)
    X, y = elsewhere
    tables = {
        n: X.table(n).rename(index=lambda i: 1 + int(i[1:])) for n in X.modalities
    }
    X = Cohort(tables, index=index[:120])
    with pytest.warns(
        UserWarning, match="120 of 120 .* only numbers of rows, give both"
    ):
        found = evaluate_external(model, X, y)
    assert len(found.predictions) == 120


def test_a_reference_that_cannot_be_compared_is_an_error(model, elsewhere):
    other = Cohort({"lab": np.ones((5, 2))})
    with pytest.raises(ValueError, match="nothing can be compared"):
        evaluate_external(model, *elsewhere, reference=other)


def test_same_seed_same_intervals(model, elsewhere):
    first, again, other = (
        evaluate_external(model, *elsewhere, random_state=seed).scores
        for seed in (3, 3, 4)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_repr(model, elsewhere):
    found = evaluate_external(model, *elsewhere)
    assert "TwinTowerClassifier on 120 patients who did not train it" in repr(found)
    assert "Observed over expected" in repr(found)
    assert "<table" in found._repr_html_()


# Drift


def test_drift_by_hand():
    rng = np.random.default_rng(0)
    fitted, new = rng.normal(size=(90, 7)), rng.normal(0.5, 2, size=(60, 7))
    drift = cohort_drift(Cohort({"gene": fitted}), Cohort({"gene": new})).loc["gene"]
    quartiles = np.quantile(fitted, [0.25, 0.5, 0.75], axis=0)
    iqr = quartiles[2] - quartiles[0]
    moved = np.abs(np.median(new, axis=0) - quartiles[1]) / (iqr / 1.349)
    assert drift["location"] == pytest.approx(np.median(moved), rel=1e-3)
    ends = np.quantile(fitted, [0.005, 0.995], axis=0)
    assert drift["outside"] == pytest.approx(((new < ends[0]) | (new > ends[1])).mean())
    assert drift["scale"] == pytest.approx(2, abs=0.4)
    assert drift[["n_rows", "n_reference", "n_features"]].tolist() == [60, 90, 7]


def test_equal_hospitals_are_not_told_apart():
    rng = np.random.default_rng(0)
    areas = []
    for _ in range(12):
        one, other = (Cohort({"gene": rng.normal(size=(70, 9))}) for _ in range(2))
        drift = cohort_drift(one, other).loc["gene"]
        areas.append(drift["low"] <= 0.5 <= drift["high"])
    assert np.mean(areas) > 0.7


def test_other_scanners_are_told_apart():
    rng = np.random.default_rng(0)
    one = Cohort({"image": rng.normal(5, 1, size=(40, 2, 9, 8))})
    other = Cohort({"image": rng.normal(6, 1, size=(30, 2, 9, 8))})
    drift = cohort_drift(one, other).loc["image"]
    assert drift["low"] > 0.9
    assert drift["n_features"] == 10


def test_drift_from_a_model(model, elsewhere):
    X, _ = elsewhere
    same = cohort_drift(model, X)
    moved = Cohort({"gene": X.table("gene") + 3})
    with_units = cohort_drift(model, moved)
    assert with_units.loc["gene", "location"] == pytest.approx(3, abs=0.7)
    assert same.loc["gene", "location"] < 0.5
    assert np.isnan(same.loc["gene", "roc_auc"])
    A, _ = hospital(160, 0, name="A")
    known = ["location", "scale", "outside"]
    pd.testing.assert_frame_equal(cohort_drift(A, X)[known], same[known])


def test_drift_bad_input(elsewhere):
    X, _ = elsewhere
    with pytest.raises(ValueError, match="keeps no ranges"):
        cohort_drift(LogisticRegression(), X)
    with pytest.raises(ValueError, match="nothing can be compared"):
        cohort_drift(Cohort({"lab": np.ones((5, 2))}), X)


def test_logit_of_the_large_intercept_is_exact():
    """With constant log-odds the intercept moves them to the share."""
    codes = np.array([1] * 30 + [0] * 70)
    p = np.tile([0.5, 0.5], (100, 1))
    rng = np.random.RandomState(0)
    found = external_scores(codes, p, 1, level=0.95, n_resamples=10, rng=rng)
    assert found.loc["calibration_intercept", "value"] == pytest.approx(logit(0.3))
