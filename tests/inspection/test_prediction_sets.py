"""Prediction sets hold the true class as often as stated, whatever the pattern."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import sklearn
from fusion_tools import make_case, odds_tower
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.inspection._prediction_sets import prediction_sets
from skmultimodal.inspection._prediction_sets_display import PredictionSetsDisplay
from skmultimodal.model_selection import compare_classifiers, wilson_interval

COUNTS = {"image": 30, "gene": 36, "image+gene": 42}


@pytest.fixture(scope="module")
def case():
    """A model, calibration rows and new rows, of three classes."""
    X, y = make_case(COUNTS, n_classes=3, signal=0.7)
    towers = [(name, odds_tower()) for name in X.modalities]
    names = np.array(["a", "bb", "c"])
    model = TwinTowerClassifier(towers, random_state=0).fit(X, names[y])
    calibration, new = others(1), others(2)
    return model, calibration, new[::2], names[y]


def others(seed):
    """Other patients than those that train."""
    X, _ = make_case(COUNTS, n_classes=3, signal=0.7, seed=seed)
    ids = [f"{patient} of {seed}" for patient in X.index]
    blocks = {
        name: (np.array(ids)[X.has(name)], X.block(name)) for name in X.modalities
    }
    return Cohort(blocks, index=ids)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


class Said(ClassifierMixin, BaseEstimator):
    """Says what the first column of a modality says."""

    classes_ = np.array([0, 1])

    def fit(self, X, y=None):
        return self

    def predict_proba(self, X):
        p = np.zeros(len(X))
        for name in X.modalities:
            p[X.has(name)] = X.block(name)[:, 0]
        return np.column_stack([1 - p, p])


@pytest.mark.parametrize("label_conditional", [False, True])
def test_p_values(case, label_conditional):
    model, calibration, new, y = case
    result = prediction_sets(
        model,
        new,
        X_calibration=calibration,
        y_calibration=y,
        coverage=0.8,
        label_conditional=label_conditional,
    )
    codes = np.searchsorted(model.classes_, y)
    told = model.predict_proba(calibration)[np.arange(len(y)), codes]
    p = model.predict_proba(new)
    for row in range(len(new)):
        for code, label in enumerate(model.classes_):
            like = calibration.patterns == new.patterns[row]
            if label_conditional:
                like = like & (y == label)
            # Scores as computed, so that ties with itself stay ties.
            odd = 1 - told[like] >= 1 - p[row, code]
            wanted = (odd.sum() + 1) / (like.sum() + 1)
            assert result.p_values.iloc[row][label] == pytest.approx(wanted)
    np.testing.assert_array_equal(result.sets, result.p_values > 0.2 + 1e-9)
    assert result.sets.index.tolist() == new.index.tolist()
    assert result.sets.columns.tolist() == ["a", "bb", "c"]
    assert result.patterns.tolist() == new.patterns.tolist()
    assert result.n_calibration.index.tolist() == list(COUNTS)
    if label_conditional:
        assert result.n_calibration.loc["gene"].to_dict() == dict.fromkeys("ac", 12) | {
            "bb": 12
        }
    else:
        assert result.n_calibration.to_dict() == COUNTS


def test_row_depends_on_no_other_row_and_on_no_order(case):
    model, calibration, new, y = case
    options = {"X_calibration": calibration, "y_calibration": y, "coverage": 0.8}
    wanted = prediction_sets(model, new, **options)
    again = prediction_sets(model, new, **options)
    pd.testing.assert_frame_equal(again.p_values, wanted.p_values)
    order = np.random.default_rng(0).permutation(len(new))[:20]
    found = prediction_sets(model, new[order][:, ["gene", "image"]], **options)
    pd.testing.assert_frame_equal(found.p_values, wanted.p_values.iloc[order])
    turned = np.random.default_rng(1).permutation(len(y))
    options |= {"X_calibration": calibration[turned], "y_calibration": y[turned]}
    found = prediction_sets(model, new, **options)
    pd.testing.assert_frame_equal(found.p_values, wanted.p_values)


def draw_said(rng, counts):
    """Rows of whom the patterns' probabilities mean other things, and labels."""
    n_rows = sum(counts.values())
    y = rng.integers(0, 2, n_rows)
    noise = np.repeat([2.0, 0.4], list(counts.values()))
    p = 1 / (1 + np.exp(-(y - 0.5 + noise * rng.normal(size=n_rows))))
    image, gene = p[:, None].copy(), p[:, None].copy()
    image[counts["image"] :], gene[: counts["image"]] = np.nan, np.nan
    return Cohort({"image": image, "gene": gene}), y


def test_coverage_of_each_pattern_is_the_stated_one():
    rng = np.random.default_rng(0)
    counts = {"image": 23, "gene": 51}
    found = {}
    for _ in range(300):
        (known, labels), (new, y) = draw_said(rng, counts), draw_said(rng, counts)
        result = prediction_sets(
            Said(), new, X_calibration=known, y_calibration=labels, coverage=0.9
        )
        rows = np.arange(len(y))
        held = {
            0.9: result.sets.to_numpy()[rows, y],
            0.75: result.p_values.to_numpy()[rows, y] > 0.25 + 1e-9,
        }
        for name in counts:
            for coverage, holds in held.items():
                share = holds[new.patterns == name].mean()
                found.setdefault((name, coverage), []).append(share)
    for (name, coverage), shares in found.items():
        # Without ties the mean is known.
        n_scores = counts[name] + 1
        wanted = 1 - np.floor((1 - coverage) * n_scores + 1e-9) / n_scores
        error = np.std(shares) / np.sqrt(len(shares))
        assert error < 0.01
        assert abs(np.mean(shares) - wanted) < 3.5 * error


def make_said(p):
    return Cohort({"gene": np.asarray(p, dtype=float)[:, None]})


def test_fewest_rows_that_can_exclude_a_class():
    new = make_said([0.001, 0.5])
    known = make_said(np.linspace(0.55, 0.95, 9))
    options = {"X_calibration": known, "y_calibration": np.ones(9), "coverage": 0.9}
    result = prediction_sets(Said(), new, **options)
    assert result.p_values[1].tolist() == pytest.approx([0.1, 0.1])
    assert result.sets[1].tolist() == [False, False]
    options |= {"X_calibration": known[:8], "y_calibration": np.ones(8)}
    told = (
        r"pattern 'gene' has 8 calibration rows, and coverage=0.9 needs 9: .*"
        r"Add calibration rows.* or lower coverage to 0\.888\."
    )
    with pytest.raises(ValueError, match=told):
        prediction_sets(Said(), new, **options)
    prediction_sets(Said(), new, **options | {"coverage": 0.888})


@pytest.mark.parametrize(
    ("coverage", "needed"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)]
)
def test_number_of_rows_needed(coverage, needed):
    new = make_said([0.3])
    for n_rows in (needed, needed - 1):
        known = make_said(np.linspace(0.4, 0.6, max(n_rows, 1)))[:n_rows]
        if n_rows == 0:
            continue
        options = {
            "X_calibration": known,
            "y_calibration": np.ones(n_rows),
            "coverage": coverage,
        }
        if n_rows < needed:
            with pytest.raises(ValueError, match=f"needs {needed}:"):
                prediction_sets(Said(), new, **options)
        else:
            assert not prediction_sets(Said(), new, **options).sets[1].any()


def test_refusals(case):
    model, calibration, new, y = case
    gene = calibration.patterns != "image"
    with pytest.raises(ValueError, match="pattern 'image' has 0 calibration rows, and"):
        prediction_sets(
            model, new, X_calibration=calibration[gene], y_calibration=y[gene]
        )
    # No new row needs what is not there.
    alone = new[new.patterns == "gene"]
    options = {"X_calibration": calibration[gene], "y_calibration": y[gene]}
    assert len(prediction_sets(model, alone, **options).sets) == len(alone)
    some = (y != "bb") | (np.arange(len(y)) % 4 == 0)
    told = r"pattern 'image' has . calibration rows of class 'bb'"
    with pytest.raises(ValueError, match=told):
        prediction_sets(
            model,
            new,
            X_calibration=calibration[some],
            y_calibration=y[some],
            label_conditional=True,
        )
    unlabelled = y.astype(object)
    unlabelled[[4, 8]] = None
    with pytest.raises(
        ValueError, match=r"row 4 of y_calibration is missing: leave out the 2"
    ):
        prediction_sets(model, new, X_calibration=calibration, y_calibration=unlabelled)
    with pytest.raises(ValueError, match="y_calibration has class 'd', on which"):
        prediction_sets(
            model, new, X_calibration=calibration, y_calibration=np.full(len(y), "d")
        )
    for wrong in (0, 1, 1.5):
        with pytest.raises(ValueError, match="coverage must be between 0 and 1"):
            prediction_sets(
                model, new, X_calibration=calibration, y_calibration=y, coverage=wrong
            )


def test_display(case):
    model, calibration, new, y = case
    labels = y[::2].astype(object)
    labels[:3] = None
    figure, ax = plt.subplots()
    display = PredictionSetsDisplay.from_estimator(
        model,
        new,
        labels,
        X_calibration=calibration,
        y_calibration=y,
        coverage=0.8,
        ax=ax,
    )
    assert display.ax_ is ax
    assert display.figure_ is figure
    result = prediction_sets(
        model, new, X_calibration=calibration, y_calibration=y, coverage=0.8
    )
    image = (new.patterns == "image") & (labels != None)  # noqa: E711
    sets = result.sets.to_numpy()
    held = sets[image, np.searchsorted(model.classes_, labels[image].astype(str))]
    row = display.summary.loc["image"]
    assert (row["n_rows"], row["n_labelled"]) == (15, 12)
    assert row["coverage"] == pytest.approx(held.mean())
    assert (row["low"], row["high"]) == pytest.approx(wilson_interval(held.sum(), 12))
    sizes = sets[new.patterns == "image"].sum(axis=1)
    assert row["mean_size"] == pytest.approx(sizes.mean())
    shares = [np.mean(sizes == 1), np.mean(sizes > 1), np.mean(sizes == 0)]
    assert row[["one", "several", "empty"]].tolist() == pytest.approx(shares)
    widths = [bar.get_width() for bar in ax.patches]
    assert widths[::3] == pytest.approx(shares)
    ticks = [tick.get_text() for tick in ax.get_yticklabels()]
    assert ticks == ["image\n15 rows", "gene\n18 rows", "image+gene\n21 rows"]
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "coverage stated: 0.8" in texts


def test_display_without_labels(case):
    model, calibration, new, y = case
    result = prediction_sets(model, new[:9], X_calibration=calibration, y_calibration=y)
    display = PredictionSetsDisplay.from_sets(result)
    assert display.summary.index.tolist() == ["image"]
    assert "coverage" not in display.summary
    assert len(display.ax_.get_legend().get_texts()) == 3
    # Labels of some patterns only.
    result = prediction_sets(model, new, X_calibration=calibration, y_calibration=y)
    labels = np.where(new.patterns == "gene", y[::2].astype(object), None)
    display = PredictionSetsDisplay.from_sets(result, labels)
    assert np.isnan(display.summary.loc["image", "coverage"])
    assert display.summary.loc["gene", "n_labelled"] == 18


def test_rows_that_trained_or_calibrate(case):
    model, calibration, new, y = case
    train, _ = make_case(COUNTS, n_classes=3, signal=0.7)
    options = {"X_calibration": calibration, "y_calibration": y, "coverage": 0.8}
    message = (
        "108 of 108 calibration rows are of patients on which .* 'p00': sets would"
    )
    with pytest.raises(ValueError, match=message):
        prediction_sets(model, new, **options | {"X_calibration": train})
    with pytest.warns(UserWarning, match=r"54 of 54 rows are of patients on which the"):
        prediction_sets(model, train[::2], **options)
    with pytest.warns(
        UserWarning, match="108 of 108 rows are of patients of the calib"
    ):
        prediction_sets(model, calibration, **options)
    with pytest.raises(ValueError, match="needs X_calibration and y_calibration"):
        prediction_sets(model, new)


def test_numbers_that_may_be_rows():
    """Rows 40 to 99 of one array are not those of another."""
    (X, y), (other, _) = (make_numbered(seed) for seed in (0, 1))
    model = UnimodalClassifier("gene", LogisticRegression()).fit(X[40:], y[40:])
    options = {"X_calibration": X[:40], "y_calibration": y[:40]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prediction_sets(model, other, **options)
    options = {"X_calibration": X[20:], "y_calibration": y[20:]}
    with pytest.warns(
        UserWarning, match="60 of 80 calibration rows are of patients on"
    ):
        prediction_sets(model, other, **options)


def make_numbered(seed, n_rows=100):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_rows) % 2)
    return Cohort({"gene": rng.normal(size=(n_rows, 3)) + y[:, None]}), y


def test_sets_of_out_of_fold_predictions():
    """As p values made by hand, of each repeat, and as often right as stated."""
    X, y = make_numbered(3, 60)
    model = UnimodalClassifier("gene", LogisticRegression())
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    models = {"other": DummyClassifier(), "ours": model}
    comparison = compare_classifiers(models, X, y, cv=cv, scoring="roc_auc")
    new, _ = make_numbered(4, 9)
    fitted = sklearn.clone(model).fit(X, y)
    result = prediction_sets(fitted, new, comparison=comparison)
    p_new = fitted.predict_proba(new)
    by_hand = []
    splits = list(cv.split(X, y))
    for repeat in (splits[:3], splits[3:]):
        scores = np.empty(60)
        for train, test in repeat:
            one = sklearn.clone(model).fit(X[train], y[train])
            scores[test] = 1 - one.predict_proba(X[test])[np.arange(len(test)), y[test]]
        least = (scores[:, None, None] >= 1 - p_new).sum(axis=0)
        by_hand.append((least + 1) / 61)
    np.testing.assert_allclose(result.p_values, np.mean(by_hand, axis=0))
    assert result.n_calibration.to_dict() == {"gene": 60}
    with pytest.raises(ValueError, match="classes of comparison are not those of est"):
        prediction_sets(fitted.fit(X, y + 1), new, comparison=comparison)


def test_coverage_of_sets_of_out_of_fold_predictions():
    model = UnimodalClassifier("gene", LogisticRegression())
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    shares = []
    for seed in range(60):
        X, y = make_numbered(seed, 40)
        models = {"ours": model}
        comparison = compare_classifiers(models, X, y, cv=cv, scoring="roc_auc")
        new, labels = make_numbered(1000 + seed, 100)
        result = prediction_sets(
            sklearn.clone(model).fit(X, y), new, comparison=comparison
        )
        shares.append(result.sets.to_numpy()[np.arange(100), labels].mean())
    error = np.std(shares) / np.sqrt(len(shares))
    assert error < 0.01
    assert 0.9 - 3 * error < np.mean(shares) < 0.93 + 3 * error
