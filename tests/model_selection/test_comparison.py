"""What a comparison is asked, on scores and predictions written by hand."""

import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from score_interval import interval_on_grid

from skmultimodal.model_selection import (
    Comparison,
    corrected_t_interval,
    corrected_t_test,
    holm_adjust,
)
from skmultimodal.model_selection._folds import Fold

MODELS = ["zero", "one", "two"]
METRICS = ["roc_auc", "neg_log_loss"]
PATTERNS = ["gene", "image+gene"]
LABELS = ["x", "y", "z", "<w>"]
# Two repeats in two folds each, of five tested rows.
TESTED = [(0, 0, [4, 1]), (0, 1, [0, 2, 3]), (1, 0, [3, 2]), (1, 1, [1, 0, 4])]
RATIO = 0.7


def make_comparison(models=MODELS, metrics=METRICS, seed=0, **options):
    """Scores at random; of ``two`` there are no probabilities."""
    rng = np.random.default_rng(seed)
    folds = [
        Fold(repeat, number, np.setdiff1d(np.arange(5), test), np.array(test))
        for repeat, number, test in TESTED
    ]
    scores = [
        (model, fold.repeat, fold.fold, metric, rng.random() - (metric != "roc_auc"))
        for model in models
        for fold in folds
        for metric in metrics
    ]
    rows = [
        (
            *(model, fold.repeat, fold.fold, row, f"P{row}"),
            *(PATTERNS[row % 2], LABELS[row % 4], LABELS[0]),
        )
        for model in models
        for fold in folds
        for row in fold.test
    ]
    proba = rng.dirichlet(np.ones(4), len(rows))
    names = ["model", "repeat", "fold", "row", "id", "pattern", "y_true", "y_pred"]
    predictions = pd.DataFrame(rows, columns=names)
    proba[predictions["model"] == "two"] = np.nan
    options = {
        "folds": folds,
        "classes": np.array(LABELS),
        "positive": "z",
        "test_to_train": RATIO,
        "confidence_level": 0.9,
    } | options
    columns = ["model", "repeat", "fold", "metric", "score"]
    scores = pd.DataFrame(scores, columns=columns)
    return Comparison(scores, predictions, proba, **options)


@pytest.fixture(scope="module")
def comparison():
    return make_comparison()


def values_of(comparison, model, metric):
    table = comparison.scores()
    return table[(table["model"] == model) & (table["metric"] == metric)][
        "score"
    ].to_numpy()


def test_models_and_metrics_are_in_order(comparison):
    assert comparison.models == MODELS
    assert comparison.metrics == METRICS
    assert comparison.scores()["model"].unique().tolist() == MODELS
    chosen = comparison.scores(models=["two", "zero"], metrics=["neg_log_loss"])
    assert chosen["model"].tolist() == ["two"] * 4 + ["zero"] * 4
    assert chosen["metric"].eq("neg_log_loss").all()
    assert (
        chosen["score"].tolist()[4:]
        == values_of(comparison, "zero", "neg_log_loss").tolist()
    )


def test_summary_is_of_the_folds(comparison):
    table = comparison.summary(models=["two", "one"], metrics=METRICS[::-1])
    pairs = [(m, n) for m in ("two", "one") for n in METRICS[::-1]]
    assert table[["model", "metric"]].apply(tuple, axis=1).tolist() == pairs
    for row in table.itertuples():
        values = values_of(comparison, row.model, row.metric)
        assert row.mean == pytest.approx(values.mean())
        assert row.std == pytest.approx(values.std(ddof=1))
        assert row.n_folds == 4
        error = np.sqrt((1 / 4 + RATIO) * values.var(ddof=1))
        quantile = stats.t.ppf(0.95, 3)
        if row.metric == "roc_auc":
            wanted = interval_on_grid(row.mean, error, quantile)
        else:  # below 0: on the logarithm
            factor = np.exp(quantile * error / -row.mean)
            wanted = [row.mean * factor, row.mean / factor]
        assert [row.low, row.high] == pytest.approx(wanted, abs=1e-5)


def test_differences_of_all_pairs(comparison):
    table = comparison.differences()
    pairs = [["zero", "one"], ["zero", "two"], ["one", "two"]]
    assert table[["model_a", "model_b"]].to_numpy().tolist() == pairs * 2
    assert table["metric"].tolist() == np.repeat(METRICS, 3).tolist()
    for metric, part in table.groupby("metric"):
        np.testing.assert_allclose(part["p_holm"], holm_adjust(part["p"]))
        for row in part.itertuples():
            difference = values_of(comparison, row.model_a, metric) - values_of(
                comparison, row.model_b, metric
            )
            test = corrected_t_test(difference, RATIO)
            assert row.difference == pytest.approx(test.mean)
            assert (row.t, row.p) == pytest.approx((test.statistic, test.pvalue))
            interval = corrected_t_interval(difference, RATIO, confidence_level=0.9)
            if metric == "roc_auc":  # two areas are no more than 1 apart
                interval = tuple(np.clip(interval, -1, 1))
            assert (row.low, row.high) == pytest.approx(interval)


def test_a_reference_is_subtracted(comparison):
    every = comparison.differences(metrics=["roc_auc"])
    every = every.set_index(["model_a", "model_b"])
    table = comparison.differences(metrics=["roc_auc"], reference="one")
    assert table["model_a"].tolist() == ["zero", "two"]
    assert table["model_b"].tolist() == ["one", "one"]
    first, last = every.loc[("zero", "one")], every.loc[("one", "two")]
    assert table.loc[0, "difference"] == first["difference"]
    # Turned round, the test statistic as well; p values stay.
    for name in ("difference", "t"):
        assert table.loc[1, name] == -last[name]
    assert (table.loc[1, "low"], table.loc[1, "high"]) == (-last["high"], -last["low"])
    assert (table.loc[1, "p"], table.loc[1, "p_holm"]) == (last["p"], last["p_holm"])


def test_chosen_pairs_are_still_adjusted_for_all(comparison):
    every = comparison.differences().set_index(["metric", "model_a", "model_b"])
    chosen = comparison.differences(models=["two", "zero"], metrics=["neg_log_loss"])
    assert chosen[["model_a", "model_b"]].to_numpy().tolist() == [["two", "zero"]]
    row = every.loc[("neg_log_loss", "zero", "two")]
    assert chosen.loc[0, "p_holm"] == row["p_holm"]
    assert chosen.loc[0, "difference"] == -row["difference"]
    # The reference need not be among the chosen.
    other = comparison.differences(models=["two"], reference="zero")
    assert other["model_a"].tolist() == ["two", "two"]


def test_no_pair_has_no_differences(comparison):
    for empty in (
        make_comparison(models=["zero"]).differences(),
        comparison.differences(models=["one"]),
        comparison.differences(models=["one"], reference="one"),
    ):
        assert empty.empty
        assert empty.columns.tolist()[-1] == "p_holm"


def test_predictions_are_long(comparison):
    table = comparison.predictions(models=["one", "two"])
    assert table["model"].tolist() == ["one"] * 10 + ["two"] * 10
    names = ["proba_x", "proba_y", "proba_z", "proba_<w>"]
    assert table.columns.tolist()[-4:] == names
    assert table["row"].tolist()[:10] == [4, 1, 0, 2, 3, 3, 2, 1, 0, 4]
    part = table[table["model"] == "one"]
    np.testing.assert_allclose(part[names].sum(axis=1), 1)
    np.testing.assert_array_equal(part[names], comparison.proba("one"))
    assert table.loc[table["model"] == "two", names].isna().all(axis=None)
    assert len(comparison.predictions()) == 30


def test_labels_with_gaps_are_named_as_whole_numbers():
    classes = np.array([0.0, 1.0, 2.0, 5.0])
    found = make_comparison(classes=classes, positive=1.0)
    assert found.predictions().columns.tolist()[-1] == "proba_5"
    assert found.proba("one", 5.0).name == 5.0
    assert "positive class 1\n" in repr(found)


def test_proba_is_by_row_and_patient(comparison):
    proba = comparison.proba("zero")
    assert proba.columns.tolist() == LABELS
    assert proba.index.names == ["repeat", "fold", "row", "id"]
    table = comparison.predictions(models=["zero"])
    for name in proba.index.names:
        assert proba.index.get_level_values(name).tolist() == table[name].tolist()
    one = comparison.proba("zero", "z")
    assert one.equals(proba["z"])
    # Row 4 is tested first in one repeat and last in the other.
    mean = (one.iloc[0] + one.iloc[-1]) / 2
    assert one.groupby("id").mean()["P4"] == pytest.approx(mean)


def test_models_without_probabilities(comparison):
    assert [comparison.has_proba(name) for name in MODELS] == [True, True, False]
    with pytest.raises(ValueError, match="model 'two' has no probabilities: it has no"):
        comparison.proba("two")


def test_the_positive_class_may_be_named(comparison):
    assert comparison.find_positive() == "z"
    assert comparison.find_positive("X") == "x"
    with pytest.raises(ValueError, match="positive='v' is no class of the comparison"):
        comparison.find_positive("v")
    numbers = make_comparison(classes=np.array([0, 1, 2, 5]), positive=2)
    assert numbers.find_positive("5") == 5


@pytest.mark.parametrize("method", ["scores", "summary", "differences"])
def test_unknown_names_are_refused(comparison, method):
    ask = getattr(comparison, method)
    with pytest.raises(ValueError, match="model 'three' is not in the comparison"):
        ask(models=["one", "three"])
    message = "metric 'f1' is not in the comparison, which has roc_auc, neg_log_loss"
    with pytest.raises(ValueError, match=message):
        ask(metrics=["f1"])
    with pytest.raises(TypeError, match="models must be a list of names, got 'one'"):
        ask(models="one")
    with pytest.raises(ValueError, match="metrics is empty"):
        ask(metrics=[])


def test_unknown_names_of_one_model_are_refused(comparison):
    message = "model 'three' is not in the comparison, which has zero, one, two"
    for ask in (comparison.proba, comparison.has_proba):
        with pytest.raises(ValueError, match=message):
            ask("three")
    with pytest.raises(ValueError, match="reference 'three' is not in the comparison"):
        comparison.differences(reference="three")
    message = "label 'v' is no class of the comparison: they are x, y, z, <w>"
    with pytest.raises(ValueError, match=message):
        comparison.proba("one", "v")


def test_text_is_a_table_of_means(comparison):
    lines = repr(comparison).splitlines()
    title = "Comparison of 3 models on 4 folds (2 repeats), positive class z"
    assert lines[:2] == [title, "Mean of the folds [90 % interval]"]
    assert lines[2].split() == METRICS
    row = comparison.summary(models=["one"], metrics=["neg_log_loss"]).loc[0]
    cell = f"{row['mean']:.3f} [{row['low']:.2f}, {row['high']:.2f}]"
    assert lines[4].startswith("one ")
    assert lines[4].endswith(cell)
    assert comparison.table().loc["one", "neg_log_loss"] == cell


def test_wide_tables_are_wrapped():
    metrics = [f"metric_of_some_length_{n}" for n in range(6)]
    lines = repr(make_comparison(metrics=metrics)).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("one ") for line in lines) > 1


def test_one_fold_has_means_alone():
    found = make_comparison(models=["zero", "one"])
    scores = found.scores()
    first = scores[(scores["repeat"] == 0) & (scores["fold"] == 0)].copy()
    first.loc[first["metric"] == "roc_auc", "score"] = [np.nan, 0.25]
    predictions = found.predictions().query("repeat == 0 and fold == 0")
    single = Comparison(
        first,
        predictions.iloc[:, :8],
        predictions.iloc[:, 8:].to_numpy(),
        folds=found.folds[:1],
        classes=found.classes,
        positive="z",
        test_to_train=RATIO,
    )
    assert repr(single).startswith("Comparison of 2 models on 1 fold, positive class z")
    assert single.table()["roc_auc"].tolist() == ["undefined", "0.250"]
    assert single.differences()[["low", "high", "p"]].isna().all(axis=None)


def test_html_is_escaped():
    found = make_comparison(models=["a<b", "c&d"], positive="<w>")
    page = found._repr_html_()
    assert "a&lt;b" in page
    assert "c&amp;d" in page
    assert "positive class &lt;w&gt;" in page
    assert "a<b" not in page
    for before, after in pairwise(found.table().loc["a<b"]):
        assert page.index(before) < page.index(after)


def test_metrics_of_some_models_only():
    """A scorer may return other metrics for other models."""
    found = make_comparison(models=["zero", "one"])
    scores = found.scores()
    scores = scores[(scores["model"] == "zero") | (scores["metric"] == "roc_auc")]
    predictions = found.predictions()
    part = Comparison(
        scores,
        predictions.iloc[:, :8],
        predictions.iloc[:, 8:].to_numpy(),
        folds=found.folds,
        classes=found.classes,
        positive="z",
        test_to_train=RATIO,
    )
    assert len(part.summary()) == 3
    assert part.table().loc["one", "neg_log_loss"] == "undefined"
    assert part.differences()["difference"].isna().tolist() == [False, True]


def test_pickle(comparison):
    other = pickle.loads(pickle.dumps(comparison))
    pd.testing.assert_frame_equal(other.summary(), comparison.summary())
    pd.testing.assert_frame_equal(other.predictions(), comparison.predictions())
    assert repr(other) == repr(comparison)
