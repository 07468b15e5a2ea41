"""Metrics of labels of any type are those of 0 and 1, where 1 is the positive class."""

import functools
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import (
    fbeta_score,
    get_scorer,
    get_scorer_names,
    make_scorer,
    recall_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    audit_shortcuts,
    compare_classifiers,
    paired_learning_curve,
    paired_permutation_test,
    unpaired_gain,
)

# Of the two classes: name of the negative one, of the positive one, the type.
NAMES = {
    "str, last": ("Non-responder", "Responder", None),
    "str, first": ("b", "a", None),
    "object": ("none", "Responder", object),
    "numpy str": ("no", "yes", "<U7"),
    "category": ("wild type", "mutant", "category"),
    "pandas string": ("low", "high", "string"),
    "bool": (False, True, None),
    "bool, first": (True, False, None),
    "object of bool": (False, True, object),
    "boolean": (False, True, "boolean"),
    "float": (0.0, 1.0, None),
    "int, first": (7, 3, None),
}


def make_rows(n_rows=67, n_classes=2):
    rng = np.random.default_rng(0)
    y = rng.integers(n_classes, size=n_rows)
    X = rng.normal(size=(n_rows, 5))
    X[:, 0] += y
    return X, y


def labels(y, kind):
    negative, positive, dtype = NAMES[kind]
    values = [positive if hit else negative for hit in y]
    if dtype in ("category", "string", "boolean"):
        return pd.Series(values, dtype=dtype)
    return np.array(values, dtype=dtype)


def oracle(model, X, y, folds, name):
    """Scores of `y` by scikit-learn alone, or why there are none."""
    found = []
    for train, test in folds:
        fitted = model().fit(X[train], y[train])
        try:
            found.append(get_scorer(name)(fitted, X[test], y[test]))
        except ValueError as error:
            return str(error)
    return found


@functools.cache
def scores_of_0_and_1(model):
    X, y = make_rows()
    folds = list(PairedStratifiedKFold(2, random_state=0).split(X, y))
    found = {n: oracle(model, X, y, folds, n) for n in get_scorer_names()}
    return folds, {n: v for n, v in found.items() if not isinstance(v, str)}


@pytest.mark.parametrize(
    ("model", "kind"),
    [*((LinearDiscriminantAnalysis, k) for k in NAMES), (GaussianNB, "str, first")],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_metric_is_that_of_0_and_1(model, kind):
    X, y = make_rows()
    folds, expected = scores_of_0_and_1(model)
    assert len(expected) >= 50
    result = compare_classifiers(
        {"m": model()},
        X,
        labels(y, kind),
        cv=folds,
        scoring=list(expected),
        positive=NAMES[kind][1],
    )
    assert result.positive == NAMES[kind][1]
    scores = result.scores().groupby("metric", sort=False)["score"].apply(list)
    for name, values in expected.items():
        np.testing.assert_allclose(scores[name], values, rtol=1e-9, err_msg=name)


def test_what_cannot_be_computed_for_0_and_1_is_refused():
    X, y = make_rows()
    scoring = ["accuracy", "f1_samples"]
    with pytest.raises(ValueError, match="'f1_samples' cannot be computed for 2"):
        compare_classifiers(
            {"m": Unfit()}, X, labels(y, "object"), cv=3, scoring=scoring
        )


class Unfit(ClassifierMixin, BaseEstimator):
    """Fails a test in which it is fitted."""

    def fit(self, X, y):
        raise AssertionError("fitted")


@pytest.mark.parametrize(
    ("scoring", "message"),
    [
        (
            "f1",
            r"scoring 'f1' cannot be computed for 3 classes \(0, 1, 2\): choose one of "
            "f1_macro, f1_micro, f1_weighted",
        ),
        ("roc_auc", "choose one of roc_auc_ovo, roc_auc_ovo_weighted, roc_auc_ovr"),
        ({"mine": "precision"}, "scoring 'mine' .* choose one of precision_macro"),
        ({"mine": make_scorer(recall_score)}, "'mine' cannot .* average='binary'"),
        (["accuracy", "nonsense"], "'nonsense' is not a valid scoring value"),
        (["accuracy", "accuracy"], "names a metric twice"),
        ([make_scorer(recall_score)], "a list of metrics must hold their names"),
        ([], "scoring is empty"),
        (7, "must be names of metrics, scorers or callables, got 7"),
        (recall_score, "looks like it is a metric"),
    ],
)
def test_a_bad_metric_is_refused_before_any_fit(scoring, message):
    X, y = make_rows(n_classes=3)
    with pytest.raises(ValueError, match=message):
        compare_classifiers({"m": Unfit()}, X, y, cv=3, scoring=scoring)


def test_an_unknown_positive_class_is_refused_before_any_fit():
    X, y = make_rows()
    message = "positive='none' is no class of y: they are a, b"
    with pytest.raises(ValueError, match=message):
        compare_classifiers(
            {"m": Unfit()}, X, labels(y, "str, first"), cv=3, positive="none"
        )


def test_three_classes_are_as_in_scikit_learn():
    X, y = make_rows(n_classes=3)
    names = np.array(["c", "a", "b"])[y]
    folds = list(PairedStratifiedKFold(3, random_state=0).split(X, y))
    scoring = ["f1_macro", "neg_log_loss", "roc_auc_ovr", "neg_brier_score"]
    result = compare_classifiers(
        {"m": GaussianNB()}, X, names, cv=folds, scoring=scoring, positive="a"
    )
    assert result.positive == "a"
    scores = result.scores().groupby("metric")["score"].apply(list)
    for name in scoring:
        expected = oracle(GaussianNB, X, names, folds, name)
        np.testing.assert_allclose(scores[name], expected, err_msg=name)


def recall_of(fitted, X, y, name):
    predicted = fitted.predict(X)
    return np.mean(predicted[y == name] == name)


def cost(y_true, y_pred, price=1.0, pos_label="nobody"):
    """A metric of one's own: it knows classes by name."""
    assert pos_label in y_true
    return price * np.mean((y_true == pos_label) & (y_pred != pos_label))


def plain(y_true, y_pred):
    assert set(y_true) <= {"a", "b"}
    return np.mean(y_true == y_pred)


def test_scorers_of_ones_own():
    """Without a class of their own they are about the positive one."""
    X, y = make_rows()
    names = labels(y, "str, first")
    scoring = {
        "f2": make_scorer(fbeta_score, beta=2),
        "f2 macro": make_scorer(fbeta_score, beta=2, average="macro"),
        "recall of b": make_scorer(recall_score, pos_label="b"),
        "mean of b": make_scorer(
            recall_score, labels=["b"], average="macro", pos_label=None
        ),
        "cost": make_scorer(cost, greater_is_better=False, price=3.0),
        "cost of b": make_scorer(cost, pos_label="b"),
        "plain": make_scorer(plain),
        "callable": lambda fitted, X, y: fitted.class_prior_ @ (fitted.classes_ == "a"),
        "accuracy": "accuracy",
        "brier": "neg_brier_score",
        "auc": "roc_auc",
    }
    folds = list(PairedStratifiedKFold(3, random_state=0).split(X, y))
    result = compare_classifiers(
        {"m": GaussianNB()}, X, names, cv=folds, scoring=scoring, positive="a"
    )
    scores = result.scores().pivot(index="fold", columns="metric", values="score")
    for number, (train, test) in enumerate(folds):
        fitted = GaussianNB().fit(X[train], y[train])
        predicted, true = fitted.predict(X[test]), y[test]
        f2 = [fbeta_score(true, predicted, beta=2, pos_label=k) for k in (1, 0)]
        specificity = recall_score(true, predicted, pos_label=0)
        expected = {
            "f2": f2[0],
            "f2 macro": np.mean(f2),
            "recall of b": specificity,
            "mean of b": specificity,
            "cost": -3 * np.mean((true == 1) & (predicted == 0)),
            "cost of b": np.mean((true == 0) & (predicted == 1)),
            "plain": np.mean(true == predicted),
            "callable": y[train].mean(),
            "accuracy": np.mean(true == predicted),
            "brier": -np.mean((true - fitted.predict_proba(X[test])[:, 1]) ** 2),
            "auc": get_scorer("roc_auc")(fitted, X[test], true),
        }
        found = scores.loc[number, list(expected)].to_dict()
        assert found == pytest.approx(expected)


class Counting(GaussianNB):
    """Counts the rows that it predicts."""

    calls = []

    def predict(self, X):
        self.calls.append("predict")
        return self.classes_[super().predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        self.calls.append("predict_proba")
        return super().predict_proba(X)


def test_a_model_predicts_once_per_fold():
    X, y = make_rows()
    Counting.calls.clear()
    scoring = {name: name for name in ("f1", "recall", "roc_auc", "neg_brier_score")}
    scoring["recall of b"] = make_scorer(recall_score, pos_label="b")
    compare_classifiers(
        {"m": Counting()}, X, labels(y, "str, first"), cv=3, scoring=scoring
    )
    assert sorted(Counting.calls) == ["predict"] * 3 + ["predict_proba"] * 3


def test_a_model_without_probabilities():
    X, y = make_rows()
    folds = list(PairedStratifiedKFold(3, random_state=0).split(X, y))
    names = ["roc_auc", "average_precision", "f1"]
    found = [
        compare_classifiers({"m": LinearSVC()}, X, t, cv=folds, scoring=names)
        for t in (y, labels(y, "object"))
    ]
    np.testing.assert_allclose(*(r.scores()["score"] for r in found), rtol=1e-3)
    with pytest.raises(RuntimeError, match=r"'m' failed on fold 0 .*predict_proba"):
        compare_classifiers({"m": LinearSVC()}, X, y, cv=3, scoring="neg_brier_score")


class OneClass(GaussianNB):
    """Has not seen the positive class in training."""

    def fit(self, X, y):
        return super().fit(X[y == "b"], y[y == "b"])


def test_a_class_that_no_training_row_has_is_improbable():
    X, y = make_rows()
    result = compare_classifiers(
        {"m": OneClass()},
        X,
        labels(y, "str, first"),
        cv=3,
        scoring=["neg_brier_score", "recall"],
        positive="a",
    )
    summary = result.summary().set_index("metric")["mean"]
    assert summary["recall"] == 0
    assert summary["neg_brier_score"] == pytest.approx(-y.mean(), abs=0.02)


@pytest.mark.parametrize("positive", ["a", "b"])
def test_every_function_of_the_room_is_about_the_positive_class(make, model, positive):
    X, y = make(n_image=12, n_gene=12)
    names = np.where(y == 0, "a", "b").astype(object)
    names[5], y[5] = None, np.nan
    cv = list(PairedStratifiedKFold(3, random_state=0).split(X, y))
    words = {"scoring": "recall", "positive": positive, "cv": cv}
    numbers = {"scoring": make_scorer(recall_score, pos_label="ab".index(positive))}
    cases = [(names, words), (y, {**numbers, "cv": cv})]
    gains = [unpaired_gain(model, X, t, **options) for t, options in cases]
    draw = {"n_pairs": [9, 20], "random_state": 0}
    curves = [paired_learning_curve(model, X, t, **o, **draw) for t, o in cases]
    draw = {"n_permutations": 9, "random_state": 0}
    tests = [paired_permutation_test(model, X, t, **o, **draw) for t, o in cases]
    assert gains[0].positive == curves[0].positive == tests[0].positive == positive
    np.testing.assert_allclose(*(r.scores()["score"] for r in gains))
    np.testing.assert_allclose(*(r.scores["score"] for r in curves))
    assert tests[0].score == pytest.approx(tests[1].score)
    np.testing.assert_allclose(*(r.permutation_scores for r in tests))


@pytest.mark.parametrize("kind", NAMES)
def test_the_audit_takes_labels_of_any_type(make, kind):
    X, y = make()
    table = pd.DataFrame({"site": np.where(np.arange(70) % 5 == y, "x", "y")})
    cv = list(PairedStratifiedKFold(3, random_state=0).split(X, y))
    given = labels(y, kind)
    _, codes = np.unique(np.asarray(given), return_inverse=True)
    audits = [
        audit_shortcuts(X, t, table, cv=cv, random_state=0).set_index("source")
        for t in (given, codes, y)
    ]
    areas = [audit["roc_auc"] for audit in audits]
    np.testing.assert_allclose(areas[0], areas[1], rtol=1e-6)
    # The folds over all rows depend on the order of the classes, those given do not.
    assert areas[0]["site"] == pytest.approx(areas[2]["site"])


@pytest.mark.parametrize("kind", [k for k in NAMES if k != "numpy str"])
def test_labels_of_any_type_may_be_missing(make, model, kind):
    X, y = make()
    t = pd.Series(labels(y, kind)).astype(object)
    t[[1, 30, 66]] = [None, np.nan, None]
    if NAMES[kind][2] in ("category", "string", "boolean"):
        t = t.astype(NAMES[kind][2])
    numbers = np.where(np.isin(np.arange(70), [1, 30, 66]), np.nan, y)
    cv = list(PairedStratifiedKFold(3, random_state=0).split(X, numbers))
    shared = {"cv": cv, "scoring": ["precision", "roc_auc"]}
    found = [
        compare_classifiers({"m": model}, X, numbers, **shared),
        compare_classifiers({"m": model}, X, t, positive=NAMES[kind][1], **shared),
    ]
    np.testing.assert_allclose(*(r.scores()["score"] for r in found), rtol=1e-3)


def test_warnings_of_the_rehearsal_are_nobodys():
    X, y = make_rows()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare_classifiers(
            {"m": GaussianNB()}, X, y, cv=3, scoring=["positive_likelihood_ratio"]
        )
