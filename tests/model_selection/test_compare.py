import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import stats
from score_interval import area_variance, interval_on_grid
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    cohen_kappa_score,
    log_loss,
    make_scorer,
    roc_auc_score,
)
from sklearn.model_selection import (
    GridSearchCV,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
    PatternStratifiedKFold,
    compare_classifiers,
    corrected_t_interval,
    corrected_t_test,
    holm_adjust,
)
from skmultimodal.utils._seed import derive_seed

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
    scores = result.scores().set_index(["model", "metric"]).sort_index(kind="stable")
    for metric in ("accuracy", "roc_auc"):
        part = scores.loc[("C=0.1", metric)]
        np.testing.assert_allclose(part["score"], expected[f"test_{metric}"])
        assert part["repeat"].tolist() == np.repeat([0, 1, 2], 4).tolist()
        assert part["fold"].tolist() == [0, 1, 2, 3] * 3
    # 40 paired rows in 4 folds, whatever the unpaired ones that train too.
    assert result.test_to_train == pytest.approx(1 / 3)
    summary = result.summary().set_index(["model", "metric"])
    assert summary["n_folds"].eq(12).all()
    values = scores.loc[("C=0.1", "accuracy"), "score"]
    mean, error = values.mean(), np.sqrt((1 / 12 + 1 / 3) * values.var())
    found = summary.loc[("C=0.1", "accuracy"), ["mean", "low", "high"]].tolist()
    wanted = interval_on_grid(
        mean, error, stats.t.ppf(0.975, 11), lambda share: share * (1 - share) / 40
    )
    assert found == pytest.approx([mean, *wanted], abs=1e-5)


def test_a_reference_that_is_named_beforehand(cohort, model):
    X, y = cohort
    options = {"cv": CV, "scoring": ["accuracy", "roc_auc"]}
    named = {"reference": "C=0.1", "primary": "roc_auc"}
    result = compare_classifiers(models(model), X, y, **options, **named)
    assert (result.reference, result.primary) == ("C=0.1", "roc_auc")
    table = result.differences(metrics=["roc_auc"])
    pairs = table[["model_a", "model_b"]].to_numpy().tolist()
    assert pairs == [["C=0.001", "C=0.1"], ["C=100.0", "C=0.1"]]
    np.testing.assert_allclose(table["p_holm"], holm_adjust(table["p"]))
    # The comparison of the others was not among those announced.
    other = result.differences(metrics=["roc_auc"], reference="C=100.0")
    assert other.set_index("model_a")["p_holm"].isna().to_dict() == {
        "C=0.001": True,
        "C=0.1": False,
    }
    plain = compare_classifiers(models(model), X, y, **options)
    every = plain.differences(metrics=["roc_auc"], reference="C=0.1")
    assert (every["p_holm"] >= table["p_holm"]).all()
    with pytest.raises(ValueError, match="reference 'C=9' is not in the comparison"):
        compare_classifiers(models(model), X, y, **options, reference="C=9")
    with pytest.raises(ValueError, match="primary 'f1' is not in the comparison"):
        compare_classifiers(models(model), X, y, **options, primary="f1")


def test_several_seeds(cohort):
    """Scores and probabilities are the means of fits with seeds of their own."""
    X, y = cohort
    forest = RandomForestClassifier(5, random_state=3)
    models = {"forest": UnimodalClassifier("gene", forest), "none": PairedNone()}
    options = {"cv": CV, "scoring": ["roc_auc", "accuracy"]}
    found = compare_classifiers(models, X, y, **options, n_seeds=3)
    seeds = found.seeds()
    of_each = seeds.groupby(["model", "metric"])["seed"].apply(list)
    assert of_each.tolist() == [[0, 1, 2]] * 4
    by_hand, proba = [], []
    for number in range(3):
        seed = derive_seed(3, number) if number else 3
        one = UnimodalClassifier("gene", clone(forest).set_params(random_state=seed))
        single = compare_classifiers({"forest": one}, X, y, **options)
        by_hand.append(single.scores()["score"].to_numpy())
        proba.append(single.proba("forest").to_numpy())
    table = found.scores(models=["forest"])
    np.testing.assert_allclose(table["score"], np.mean(by_hand, axis=0))
    np.testing.assert_allclose(found.proba("forest"), np.mean(proba, axis=0))
    areas = seeds[(seeds["model"] == "forest") & (seeds["metric"] == "roc_auc")]
    expected = [part[table["metric"] == "roc_auc"].mean() for part in by_hand]
    assert areas["score"].tolist() == pytest.approx(expected)
    assert len(set(areas["score"])) == 3
    with pytest.raises(ValueError, match="n_seeds must be an integer of at least 1"):
        compare_classifiers(models, X, y, **options, n_seeds=0)


class PairedNone(DummyClassifier):
    """Without probabilities, and without a seed."""

    predict_proba = property()

    def decision_function(self, X):
        return np.zeros(len(X))


def test_ranges_are_those_of_the_metric(cohort, model):
    """And not of the scores, which may lie between 0 and 1 by chance."""
    X, y = cohort
    scoring = {
        "kappa of mine": make_scorer(cohen_kappa_score, weights="linear"),
        "mine": lambda fitted, X, y: fitted.predict_proba(X)[:, 1].max(),
        "area": "roc_auc",
        "loss": make_scorer(brier_score_loss, greater_is_better=False),
    }
    result = compare_classifiers(models(model), X, y, cv=CV, scoring=scoring)
    assert result.known_as == {
        "kappa of mine": "cohen_kappa weights",
        "mine": "mine",
        "area": "roc_auc",
        "loss": "neg_brier_score",
    }
    summary = result.summary(models=["C=100.0"]).set_index("metric")
    scores = result.scores(models=["C=100.0"]).set_index("metric")["score"]
    ratio = result.test_to_train
    for metric, bounds in {"kappa of mine": (-1, 1), "mine": False}.items():
        wanted = corrected_t_interval(scores[metric], ratio, bounded=bounds)
        found = summary.loc[metric, ["low", "high"]].tolist()
        assert found == pytest.approx(wanted)
    plain = compare_classifiers(models(model), X, y, cv=CV, scoring="roc_auc")
    wanted = plain.summary(models=["C=100.0"])[["low", "high"]].iloc[0].tolist()
    values = scores["area"].to_numpy()
    error = np.sqrt((1 / 12 + 1 / 3) * values.var(ddof=1))
    counts = np.bincount(y[X.paired].astype(int))
    on_grid = interval_on_grid(
        values.mean(), error, stats.t.ppf(0.975, 11), area_variance(*counts)
    )
    assert wanted == pytest.approx(on_grid, abs=1e-5)
    assert summary.loc["area", ["low", "high"]].tolist() == pytest.approx(wanted)


def test_differences_are_corrected_tests_with_holm(cohort, model):
    X, y = cohort
    result = compare_classifiers(models(model), X, y, cv=CV, scoring="roc_auc")
    scores = result.scores().pivot(
        index=["repeat", "fold"], columns="model", values="score"
    )
    table = result.differences()
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
    table = result.predictions()
    assert len(table) == 3 * X.paired.sum()
    assert (X.index[table["row"]] == table["id"]).all()
    np.testing.assert_array_equal(y[table["row"]], table["y_true"])
    np.testing.assert_allclose(table["proba_0"] + table["proba_1"], 1)
    per_fold = [
        roc_auc_score(part["y_true"], part["proba_1"])
        for _, part in table.groupby(["repeat", "fold"])
    ]
    np.testing.assert_allclose(per_fold, result.scores()["score"])
    assert result.differences().empty
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
    assert len(result.predictions()) == X.paired.sum() - 3
    assert result.predictions()["proba_yes"].between(0, 1).all()
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
    table = result.predictions().set_index("model")
    assert table.loc["svm", ["proba_0", "proba_1"]].isna().all(axis=None)
    assert table.loc["majority", ["proba_0", "proba_1"]].notna().all(axis=None)
    assert result.summary()["n_folds"].tolist() == [8, 8]
    assert result.scores()["repeat"].max() == 1


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
        assert result.scores()["metric"].unique().tolist() == names


def test_unbounded_metrics_keep_a_symmetric_interval(cohort, model):
    X, y = cohort
    scoring = {"shifted": lambda m, X, y: 3 * m.score(X, y) - 1}
    result = compare_classifiers({"m": model}, X, y, cv=CV, scoring=scoring)
    row = result.summary().iloc[0]
    assert row["high"] - row["mean"] == pytest.approx(row["mean"] - row["low"])


def test_one_hold_out_has_no_interval(cohort, model):
    X, y = cohort
    cv = PairedStratifiedShuffleSplit(random_state=0)
    result = compare_classifiers({"m": model, "n": model}, X, y, cv=cv)
    assert result.summary()[["low", "high", "std"]].isna().all(axis=None)
    assert result.summary()["mean"].notna().all()
    untested = result.differences()[["low", "high", "t", "p", "p_holm"]]
    assert untested.isna().all(axis=None)
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
        expected = result.scores() if expected is None else expected
        pd.testing.assert_frame_equal(result.scores(), expected)


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


class _Grouped(_OnGenes):
    """Writes down the groups of each fit, in the file `log`."""

    def __init__(self, log=None):
        super().__init__()
        self.log = log

    def fit(self, X, y, groups=None):
        rows = [] if groups is None else np.asarray(groups).tolist()
        with Path(self.log).open("a") as file:
            file.write(json.dumps(rows) + "\n")
        return super().fit(X, y)


def _fits(log):
    return [json.loads(line) for line in Path(log).read_text().splitlines()]


def _site_case(make):
    X, y = make(n_image=0, n_gene=0)
    return X, y, np.arange(40) % 8 * 10


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("kind", ["array", "series", "list"])
def test_groups_reach_those_who_ask(make, tmp_path, n_jobs, kind):
    X, y, groups = _site_case(make)
    given = {"array": groups, "list": groups.tolist()}.get(
        kind, pd.Series(groups, index=[f"p{i}" for i in range(40)])
    )
    asks, asks_not, never = (str(tmp_path / name) for name in ("a", "b", "c"))
    cv = PairedStratifiedKFold(4, random_state=0)
    with sklearn.config_context(enable_metadata_routing=True):
        models = {
            "asks": _Grouped(asks).set_fit_request(groups=True),
            "asks not": _Grouped(asks_not).set_fit_request(groups=False),
            "never said": _Grouped(never),
            "cannot": _OnGenes(),
        }
        result = compare_classifiers(models, X, y, cv=cv, groups=given, n_jobs=n_jobs)
    wanted = [groups[fold.train].tolist() for fold in result.folds]
    assert len(wanted) == 4
    assert sorted(_fits(asks)) == sorted(wanted)
    assert _fits(asks_not) == _fits(never) == [[]] * 4
    # All models are the same but for what they write down.
    assert result.summary()["mean"].nunique() == 1
    # The splitter was given them as well: no group is on both sides.
    for fold in result.folds:
        assert not set(groups[fold.train]) & set(groups[fold.test])


def test_groups_for_fits_alone(make, tmp_path):
    """Splits made beforehand know no groups; the fits do."""
    X, y, groups = _site_case(make)
    cv = list(PairedStratifiedKFold(4, random_state=0).split(X, y))
    with sklearn.config_context(enable_metadata_routing=True):
        model = _Grouped(str(tmp_path / "a")).set_fit_request(groups=True)
        compare_classifiers({"m": model}, X, y, cv=cv, groups=groups)
    assert _fits(tmp_path / "a") == [groups[train].tolist() for train, _ in cv]


def test_request_of_a_model_is_kept_without_routing(make, tmp_path):
    """A request set earlier holds, though routing is off by now."""
    X, y, groups = _site_case(make)
    with sklearn.config_context(enable_metadata_routing=True):
        model = _Grouped(str(tmp_path / "a")).set_fit_request(groups=True)
    compare_classifiers({"m": model}, X, y, cv=2, groups=groups)
    assert [len(fit) for fit in _fits(tmp_path / "a")] == [20, 20]


def test_no_groups_no_routing(make, tmp_path):
    X, y, _ = _site_case(make)
    with sklearn.config_context(enable_metadata_routing=True):
        model = _Grouped(str(tmp_path / "a")).set_fit_request(groups=True)
        compare_classifiers({"m": model}, X, y, cv=2)
    assert _fits(tmp_path / "a") == [[], []]


def test_groups_reach_a_model_inside_a_search(make, tmp_path):
    X, y, groups = _site_case(make)
    with sklearn.config_context(enable_metadata_routing=True):
        model = _Grouped(str(tmp_path / "a")).set_fit_request(groups=True)
        search = GridSearchCV(model, {"log": [model.log]}, cv=PairedStratifiedKFold(2))
        result = compare_classifiers({"m": search}, X, y, cv=2, groups=groups)
    fits = _fits(tmp_path / "a")
    assert len(fits) == 2 * 3
    for fold, refit in zip(result.folds, (fits[2], fits[5]), strict=True):
        assert refit == groups[fold.train].tolist()


def test_groups_reach_the_towers_of_a_model(make):
    X, y = make(n_image=24, n_gene=24, n_paired=40)
    X = Cohort(_flat(X))
    groups = np.arange(88) % 11
    with sklearn.config_context(enable_metadata_routing=True):
        model = TwinTowerClassifier(
            [(name, GaussianNB()) for name in X.modalities], tower_cv=3
        )
        scores = [
            compare_classifiers(
                {"m": m}, X, y, cv=2, groups=groups, scoring="neg_log_loss"
            )
            for m in (clone(model), clone(model).set_fit_request(groups=True))
        ]
    values = [result.scores()["score"].to_numpy() for result in scores]
    assert not np.allclose(*values)
    fold = scores[1].folds[0]
    fitted = clone(model).fit(X[fold.train], y[fold.train], groups=groups[fold.train])
    p = fitted.predict_proba(X[fold.test])
    found = -log_loss(y[fold.test], p)
    assert values[1][0] == pytest.approx(found)


def _flat(X):
    """Two-dimensional blocks of a cohort, NaN where a modality is absent."""
    blocks = {}
    for name in X.modalities:
        rows = X.block(name).reshape(X.has(name).sum(), -1)
        blocks[name] = np.full((len(X), rows.shape[1]), np.nan)
        blocks[name][X.has(name)] = rows
    return blocks


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
    assert result.summary()["n_folds"].tolist() == [2, 2]
    assert np.isfinite(result.differences()["p"]).all()


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


def test_models_without_metadata_routing_are_compared():
    X, y = make_classification(60, random_state=0)
    models = {"boosted": AdaBoostClassifier(n_estimators=3)}
    for groups in (None, np.arange(60) % 6):
        found = compare_classifiers(models, X, y, cv=3, groups=groups)
        assert found.summary()["n_folds"].tolist() == [3]
