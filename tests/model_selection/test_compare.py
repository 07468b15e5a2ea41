import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer, roc_auc_score
from sklearn.model_selection import (
    RepeatedStratifiedKFold,
    ShuffleSplit,
    cross_validate,
)
from sklearn.svm import LinearSVC

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
    PatternStratifiedKFold,
    compare_classifiers,
    corrected_t_test,
    holm_adjust,
)

CV = PairedStratifiedKFold(4, 3, random_state=0)


def models(model):
    """Different penalties, so that no two models agree on every fold."""
    return {f"C={C}": clone(model).set_params(C=C) for C in (0.001, 0.1, 100.0)}


def test_numbers_follow_from_the_folds(cohort, model):
    X, y = cohort
    result = compare_classifiers(
        models(model), X, y, cv=CV, scoring=["accuracy", "roc_auc"], n_jobs=2
    )
    expected = cross_validate(
        models(model)["C=0.1"], X, y, cv=CV, scoring=["accuracy", "roc_auc"]
    )
    scores = result.scores.set_index(["model", "metric"])
    for metric in ("accuracy", "roc_auc"):
        part = scores.loc[("C=0.1", metric)]
        np.testing.assert_allclose(part["score"], expected[f"test_{metric}"])
        assert part["repeat"].tolist() == np.repeat([0, 1, 2], 4).tolist()
        assert part["fold"].tolist() == [0, 1, 2, 3] * 3
    # 40 paired rows in 4 folds, whatever the unpaired ones that train too.
    assert result.test_to_train == pytest.approx(1 / 3)
    summary = result.summary.set_index(["model", "metric"])
    assert summary["n_folds"].eq(12).all()
    values = scores.loc[("C=0.1", "accuracy"), "score"]
    mean, error = values.mean(), np.sqrt((1 / 12 + 1 / 3) * values.var())
    half = stats.t.ppf(0.975, 11) * error / (mean * (1 - mean))
    found = summary.loc[("C=0.1", "accuracy"), ["mean", "low", "high"]].tolist()
    odds = mean / (1 - mean) * np.exp([-half, half])
    assert found == pytest.approx([mean, *(odds / (1 + odds))])


def test_differences_are_corrected_tests_with_holm(cohort, model):
    X, y = cohort
    result = compare_classifiers(models(model), X, y, cv=CV, scoring="roc_auc")
    scores = result.scores.pivot(
        index=["repeat", "fold"], columns="model", values="score"
    )
    table = result.differences
    assert table["metric"].eq("roc_auc").all()
    pairs = table[["model_a", "model_b"]].to_numpy().tolist()
    assert pairs == [["C=0.001", "C=0.1"], ["C=0.001", "C=100.0"], ["C=0.1", "C=100.0"]]
    for row in table.itertuples():
        test = corrected_t_test(scores[row.model_a] - scores[row.model_b], 1 / 3)
        assert row.difference == pytest.approx(test.mean)
        assert (row.t, row.p) == pytest.approx((test.statistic, test.pvalue))
        assert row.low < row.difference < row.high
        assert (row.low > 0 or row.high < 0) == (row.p < 0.05)
    np.testing.assert_allclose(table["p_holm"], holm_adjust(table["p"]))


def test_predictions_give_the_scores_back(cohort, model):
    X, y = cohort
    result = compare_classifiers({"m": model}, X, y, cv=CV, scoring="roc_auc")
    table = result.predictions
    assert len(table) == 3 * X.paired.sum()
    assert (X.index[table["row"]] == table["id"]).all()
    np.testing.assert_array_equal(y[table["row"]], table["y_true"])
    np.testing.assert_allclose(table["proba_0.0"] + table["proba_1.0"], 1)
    per_fold = [
        roc_auc_score(part["y_true"], part["proba_1.0"])
        for _, part in table.groupby(["repeat", "fold"])
    ]
    np.testing.assert_allclose(per_fold, result.scores["score"])
    assert result.differences.empty
    for fold, (train, test) in zip(result.folds, CV.split(X, y), strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.test, test)


def test_unlabelled_rows_train_and_are_not_tested(cohort, model):
    X, y = cohort
    words = np.array(["no", "yes"], dtype=object)[y.astype(int)]
    words[-3:] = None
    partition = PatternStratifiedKFold(3, random_state=0)
    paired_tests = [test[X.paired[test]] for _, test in partition.split(X, words)]
    rows = np.arange(len(X))
    cv = [(np.setdiff1d(rows, test), test) for test in paired_tests]
    result = compare_classifiers(
        {"m": model}, X, words, cv=cv, scoring=["accuracy", "roc_auc"]
    )
    assert len(result.predictions) == X.paired.sum() - 3
    assert result.predictions["proba_yes"].between(0, 1).all()
    assert sum(len(fold.train) for fold in result.folds) == 3 * len(X) - 40


def test_models_without_probabilities(cohort):
    X, y = cohort
    X, y = X[X.paired].block("gene"), y[X.paired].astype(int)
    result = compare_classifiers(
        [("svm", LinearSVC()), ("majority", DummyClassifier())],
        X,
        y,
        cv=RepeatedStratifiedKFold(n_splits=4, n_repeats=2, random_state=0),
        scoring="roc_auc",
    )
    table = result.predictions.set_index("model")
    assert table.loc["svm", ["proba_0", "proba_1"]].isna().all(axis=None)
    assert table.loc["majority", ["proba_0", "proba_1"]].notna().all(axis=None)
    assert result.summary["n_folds"].tolist() == [8, 8]
    assert result.scores["repeat"].max() == 1


def test_scoring_in_all_its_forms(cohort, model):
    X, y = cohort
    cv = PairedStratifiedKFold(2, random_state=0)
    forms = [
        (None, ["score"]),
        ("accuracy", ["accuracy"]),
        (make_scorer(accuracy_score), ["score"]),
        ({"ACC": "accuracy", "AUC": "roc_auc"}, ["ACC", "AUC"]),
        (("f1", "recall"), ["f1", "recall"]),
        (lambda m, X, y: {"n": len(X)}, ["n"]),
    ]
    for scoring, names in forms:
        result = compare_classifiers({"m": model}, X, y, cv=cv, scoring=scoring)
        assert result.scores["metric"].unique().tolist() == names


def test_unbounded_metrics_keep_a_symmetric_interval(cohort, model):
    X, y = cohort
    result = compare_classifiers({"m": model}, X, y, cv=CV, scoring="neg_log_loss")
    row = result.summary.iloc[0]
    assert row["high"] - row["mean"] == pytest.approx(row["mean"] - row["low"])


def test_one_hold_out_has_no_interval(cohort, model):
    X, y = cohort
    cv = PairedStratifiedShuffleSplit(random_state=0)
    result = compare_classifiers({"m": model, "n": model}, X, y, cv=cv)
    assert result.summary[["low", "high", "std"]].isna().all(axis=None)
    assert result.summary["mean"].notna().all()
    assert result.differences[["low", "high", "t", "p", "p_holm"]].isna().all(axis=None)
    assert result.test_to_train == pytest.approx(16 / 24)


def test_random_hold_outs_are_repeats_of_their_own(make, model):
    X, y = make(n_image=0, n_gene=0)
    cv = ShuffleSplit(4, test_size=0.5, random_state=0)
    result = compare_classifiers({"m": model}, X, y, cv=cv)
    assert [(f.repeat, f.fold) for f in result.folds] == [(i, 0) for i in range(4)]


def test_an_int_is_paired_folds(cohort, model):
    X, y = cohort
    result = compare_classifiers({"m": model}, X, y, cv=4)
    assert sorted(len(fold.test) for fold in result.folds) == [10] * 4
    assert all(X.paired[fold.test].all() for fold in result.folds)


def test_rows_of_one_modality_count_all(make):
    X, y = make()
    folds = PatternStratifiedKFold(5, random_state=0)
    result = compare_classifiers(
        {"majority": DummyClassifier()}, X[~X.paired], y[~X.paired], cv=folds
    )
    assert result.test_to_train == pytest.approx(1 / 4)


def test_containers(cohort):
    X, y = cohort
    X, y = X[X.paired].block("gene"), pd.Series(y[X.paired])
    expected = None
    for data in (
        X,
        X.tolist(),
        pd.DataFrame(X, index=[f"p{i}" for i in range(len(X))]),
    ):
        model = LogisticRegression() if not isinstance(data, list) else _OnGenes()
        result = compare_classifiers({"m": model}, data, y, cv=CV)
        expected = result.scores if expected is None else expected
        pd.testing.assert_frame_equal(result.scores, expected)


class _OnGenes(LogisticRegression):
    """Reads a cohort, which is what a list becomes."""

    def fit(self, X, y):
        return super().fit(as_cohort(X).block("gene"), y)

    def predict(self, X):
        return super().predict(as_cohort(X).block("gene"))

    def predict_proba(self, X):
        return super().predict_proba(as_cohort(X).block("gene"))

    def score(self, X, y):
        return accuracy_score(y, self.predict(X))


class _Fails(LogisticRegression):
    def fit(self, X, y):
        raise ValueError("no convergence today")


def test_a_failure_names_model_and_fold(cohort, model):
    X, y = cohort
    models = {"good": model, "bad": _Fails()}
    message = "model 'bad' failed on fold 0 of repeat 0: no convergence today"
    with pytest.raises(RuntimeError, match=message):
        compare_classifiers(models, X, y, cv=CV)


@pytest.mark.filterwarnings("ignore:Only one class is present")
def test_an_undefined_metric_is_left_out_with_a_warning(make, model):
    X, y = make(n_image=0, n_gene=0)
    ones, zeros = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    rows = np.arange(len(y))
    tests = [np.r_[ones[:5], zeros[:5]], np.r_[ones[5:], zeros[5:9]], zeros[9:]]
    cv = [(np.setdiff1d(rows, test), test) for test in tests]
    with pytest.warns(UserWarning, match="roc_auc is undefined on 1 of 3 folds"):
        result = compare_classifiers(
            {"a": model, "b": DummyClassifier()}, X, y, cv=cv, scoring="roc_auc"
        )
    assert result.summary["n_folds"].tolist() == [2, 2]
    assert np.isfinite(result.differences["p"]).all()


def test_bad_input(cohort, model):
    X, y = cohort
    with pytest.raises(ValueError, match="estimators is empty"):
        compare_classifiers({}, X, y, cv=CV)
    with pytest.raises(ValueError, match="a name of its own"):
        compare_classifiers([("a", model), ("a", model)], X, y, cv=CV)
    with pytest.raises(ValueError, match="X has 70 rows, y has 3"):
        compare_classifiers({"a": model}, X, y[:3], cv=CV)
    with pytest.raises(ValueError, match="cv has no splits"):
        compare_classifiers({"a": model}, X, y, cv=[])
    y = np.where(np.arange(70) < 60, np.nan, y)
    with pytest.raises(ValueError, match="fold 0 of repeat 0 tests no labelled row"):
        compare_classifiers({"a": model}, X, y, cv=[([60, 61], [0, 1])])
