import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_score
from sklearn.svm import LinearSVC

from skmultimodal import Cohort
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    audit_shortcuts,
    compare_classifiers,
)
from skmultimodal.model_selection._audit_model import (
    FoldScores,
    between,
    permuted_within,
)
from skmultimodal.model_selection._audit_ranks import OfClasses
from skmultimodal.model_selection._folds import Fold

CV = PairedStratifiedKFold(3, 2, random_state=0)

# What such tests are made of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:column .* of the metadata has one value for each class"
)


def auc_of(audit):
    return audit.set_index("source")["roc_auc"]


def test_presence_that_tells_the_label(make):
    X, y = make(n_image=12, n_gene=12, n_paired=24)
    y = np.repeat([1.0, 0.0, 1.0, 0.0], 12)
    audit = audit_shortcuts(X, y, cv=CV, random_state=0)
    # Of 24 rows of each class 12 tell, and 12 paired ones do not: of 576 pairs of
    # positive and negative, 144 are ties and 432 are in order. Folds differ a little.
    row = audit.iloc[0]
    assert row["roc_auc"] == pytest.approx((432 + 144 / 2) / 576, abs=0.02)
    assert row["source"] == "modalities present"
    assert (row["kind"], row["tested"]) == ("presence", "all labelled")
    assert row["n_folds"] == 6
    assert len(audit) == 1


def test_a_site_that_is_the_label(cohort):
    X, y = cohort
    rng = np.random.default_rng(0)
    site = np.array(["A", "B"])[y.astype(int)]
    table = pd.DataFrame({"site": site, "lab": "one", "noise": rng.normal(size=70)})
    auc = auc_of(audit_shortcuts(X, y, table, cv=CV, random_state=0))
    assert auc["site"] == 1.0
    assert auc["lab"] == 0.5
    assert abs(auc["noise"] - 0.5) < 0.25
    assert auc["all columns"] == pytest.approx(1.0, abs=0.05)
    assert auc["modalities present"] < 0.75


def test_columns_of_any_type(cohort):
    X, y = cohort
    truth = y.astype(int)
    days = pd.to_datetime("2020-01-01") + pd.to_timedelta(100 * truth, unit="D")
    missing_is_telling = np.where(truth == 1, np.nan, 3.0)
    table = pd.DataFrame(
        {
            "flag": truth == 1,
            "day": days,
            "code": pd.Categorical(truth + 7),
            "count": pd.array(np.where(truth == 1, 5, 4), dtype="Int64"),
            "absent": missing_is_telling,
            "words": np.where(truth == 1, "x", None),
            "empty": np.nan,
            "huge": np.where(truth == 1, np.inf, 1.0),
            3: np.arange(70) % 7,
        }
    )
    table.loc[0, "count"] = pd.NA
    table.loc[0, "day"] = pd.NaT
    audit = audit_shortcuts(X, y, table, cv=CV, random_state=0)
    auc = auc_of(audit)
    for name in ("flag", "day", "code", "count", "absent", "words", "huge"):
        assert auc[name] == 1.0, name
    assert auc["empty"] == 0.5
    assert "3" in auc
    assert audit["kind"].tolist() == ["presence"] + ["metadata"] * 10
    assert audit["tested"].tolist() == ["all labelled"] + ["cv"] * 10
    assert (audit["low"] <= audit["roc_auc"]).all()
    assert (audit["roc_auc"] <= audit["high"]).all()


def test_metadata_of_the_cohort_is_aligned_by_id(cohort):
    X, y = cohort
    site = pd.DataFrame({"site": np.array(["A", "B"])[y.astype(int)]}, index=X.index)
    shuffled = site.sample(frac=1, random_state=0)
    blocks = {name: (X.index[X.has(name)], X.block(name)) for name in ("gene", "image")}
    own = Cohort(blocks, index=X.index, metadata=shuffled)
    for auc in (
        auc_of(audit_shortcuts(own, y, cv=CV, random_state=0)),
        auc_of(audit_shortcuts(X, y, shuffled, cv=CV, random_state=0)),
    ):
        assert auc["site"] == 1.0
        assert "all columns" not in auc


def test_rows_that_repeat(cohort):
    X, y = cohort
    table = pd.DataFrame({"site": y.astype(str)}, index=X.index)
    blocks = {n: (X.index[X.has(n)], X.block(n)) for n in X.modalities}
    rows = np.random.default_rng(0).choice(70, size=90)
    again = Cohort(blocks, index=X.index, metadata=table)[rows]
    assert auc_of(audit_shortcuts(again, y[rows], cv=CV, random_state=0))["site"] == 1.0


def test_next_to_the_model(cohort, model):
    X, y = cohort
    audit = audit_shortcuts(X, y, cv=CV, estimator=model, random_state=0, n_jobs=2)
    expected = cross_val_score(model, X, y, cv=CV, scoring="roc_auc").mean()
    row = audit.iloc[-1]
    assert (row["source"], row["kind"]) == ("estimator", "model")
    assert row["roc_auc"] == pytest.approx(expected)


def test_models_without_probabilities_and_unlabelled_rows(cohort):
    X, y = cohort
    gene = X[X.paired].block("gene")
    labels = y[X.paired].copy()
    svm = audit_shortcuts(gene, labels, cv=CV, estimator=LinearSVC(), random_state=0)
    expected = cross_val_score(LinearSVC(), gene, labels, cv=CV, scoring="roc_auc")
    assert svm.iloc[-1]["roc_auc"] == pytest.approx(expected.mean())
    y = y.copy()
    y[::9] = np.nan
    table = pd.DataFrame({"label": np.nan_to_num(y, nan=0.0)})
    assert auc_of(audit_shortcuts(X, y, table, cv=CV, random_state=0))["label"] == 1.0


def test_three_classes_and_groups(make):
    X, y = make(n_paired=60, classes=3)
    sites = np.arange(len(y)) % 5
    table = pd.DataFrame({"site": sites.astype(str), "code": y.astype(int).astype(str)})
    audit = audit_shortcuts(
        X,
        y,
        table,
        cv=PairedStratifiedKFold(5, random_state=0),
        estimator=DummyClassifier(strategy="stratified", random_state=0),
        groups=sites,
        random_state=0,
    )
    auc = auc_of(audit)
    assert auc["code"] == 1.0
    # A hospital that is left out was never seen in training.
    assert auc["site"] == 0.5
    assert abs(auc["estimator"] - 0.5) < 0.2


def test_calendar_time_as_text(cohort):
    """As a spreadsheet has it: each day occurs once, and tells the label."""
    X, y = cohort
    order = np.argsort(np.argsort(y + np.random.default_rng(0).random(len(y))))
    days = pd.to_datetime("2015-01-01") + pd.to_timedelta(9 * order, unit="D")
    table = pd.DataFrame(
        {
            "text": days.strftime("%d.%m.%Y"),
            "day": days,
            "age": [f"{40 + n / 10:.1f}".replace(".", ",") for n in order],
            "site": np.where(order % 2, "Leeds", "York"),
        },
        index=X.index,
    )
    audit = audit_shortcuts(X, y, table, cv=CV, random_state=0).set_index("source")
    assert (audit.loc[["text", "day", "age"], "roc_auc"] == 1).all()
    assert audit["read_as"].to_dict() == {
        "modalities present": "category",
        "text": "date",
        "day": "date",
        "age": "number",
        "site": "category",
        "all columns": "mixed",
    }


def test_columns_that_are_no_covariates(cohort):
    X, y = cohort
    ages = [f"{n}.5" for n in range(66)] + ["unknown"] * 3 + ["?"]
    table = pd.DataFrame(
        {"note": [f"patient {n} came" for n in range(70)], "age": ages}, index=X.index
    )
    with pytest.warns(UserWarning, match="metadata") as caught:
        audit = audit_shortcuts(X, y, table, cv=CV, random_state=0)
    texts = [str(w.message) for w in caught]
    assert len(texts) == 2
    assert (
        "1 columns of the metadata are left out of the audit, such as 'note'"
        in (texts[0])
    )
    assert "2 of 'age', read as a number, such as 'unknown', '?'" in texts[1]
    assert audit["source"].tolist() == ["modalities present", "age"]


@pytest.mark.filterwarnings("default:column .* of the metadata has one value")
def test_the_label_among_the_covariates(cohort):
    X, y = cohort
    words = np.array(["dead", "alive"])[y.astype(int)]
    table = pd.DataFrame({"age": np.arange(70.0), "status": words}, index=X.index)
    with pytest.warns(UserWarning, match="'status' of the metadata has one value for"):
        audit_shortcuts(X, y, table, cv=CV, random_state=0)
    table.iloc[7, 1] = "unknown"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        audit_shortcuts(X, y, table, cv=CV, random_state=0)


def at_sites(n_unpaired, n_paired, seed=0):
    """Cohort without signal, its labels, and a site with the label of its patients.

    The first rows have one modality.
    """
    rng = np.random.default_rng(seed)
    n_rows = n_unpaired + n_paired
    y = rng.permutation(np.arange(n_rows) % 2)
    image = rng.normal(size=(n_rows, 1, 3, 5))
    gene = rng.normal(size=(n_rows, 7))
    image[: n_unpaired // 3], gene[n_unpaired // 3 : n_unpaired] = np.nan, np.nan
    return Cohort({"image": image, "gene": gene}), y, np.array(["Leeds", "York"])[y]


def test_a_site_that_is_related_the_other_way_among_paired_rows():
    X, y, site = at_sites(n_unpaired=90, n_paired=48)
    site[:90] = np.array(["York", "Leeds"])[y[:90]]
    table = pd.DataFrame({"site": site, "age": np.arange(138) % 11})
    audit = audit_shortcuts(X, y, table, cv=CV, random_state=0).set_index("source")
    assert audit.loc["site", "roc_auc"] == 1
    assert audit.loc["site", "trained_on"] == "paired"
    only_paired = np.flatnonzero(X.paired)
    one = audit_shortcuts(
        X[only_paired], y[only_paired], table.iloc[only_paired], cv=CV, random_state=0
    )
    assert one["trained_on"].tolist() == ["all"] * 4


def test_presence_under_permuted_labels():
    """By patterns too, the folds would give training and test rows the same shares."""
    X, y, _ = at_sites(n_unpaired=90, n_paired=30)
    rng = np.random.default_rng(3)
    means, lows = [], []
    for _ in range(40):
        found = audit_shortcuts(
            X, rng.permutation(y), cv=CV, random_state=rng.integers(99)
        )
        means.append(found.loc[0, "roc_auc"])
        lows.append(found.loc[0, "low"])
    # Standard error of the mean: about .008.
    assert np.mean(means) < 0.5 + 3 * 0.008
    assert np.mean(np.array(lows) > 0.5) <= 0.1


def test_columns_that_are_known_later():
    X, y, site = at_sites(n_unpaired=20, n_paired=36)
    table = pd.DataFrame({"site": site, "age": np.arange(56.0) % 9, "os_time": y * 9.0})
    audit = audit_shortcuts(
        X, y, table, cv=CV, baseline=["site", "age"], random_state=0
    ).set_index("source")
    assert audit["kind"].to_dict() == {
        "modalities present": "presence",
        "site": "metadata",
        "age": "metadata",
        "os_time": "later",
        "all columns": "metadata",
    }
    # A hospital is known before, whether it is named as a baseline or not.
    options = {"cv": CV, "baseline": ["age"], "site": "site", "random_state": 0}
    kinds = audit_shortcuts(X, y, table, **options).set_index("source")["kind"]
    assert (kinds["site"], kinds["os_time"]) == ("metadata", "later")
    with pytest.raises(
        ValueError, match=r"baseline: no column 'sex'; the metadata have"
    ):
        audit_shortcuts(X, y, table, cv=CV, baseline=["sex"])
    with pytest.raises(
        ValueError, match=r"site: no column 'hospital'; .* have no columns"
    ):
        audit_shortcuts(X, y, cv=CV, site="hospital")


class Follows(ClassifierMixin, BaseEstimator):
    """Classifier whose log-odds are a column of the gene block."""

    def __init__(self, column=0):
        self.column = column

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        p = expit(X.block("gene")[:, self.column])
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def test_a_model_that_recognises_the_site():
    rng = np.random.default_rng(0)
    X, y, _ = at_sites(n_unpaired=0, n_paired=120)
    site = np.where(rng.random(120) < 0.8, y, 1 - y)
    gene = X.block("gene").copy()
    gene[:, 0] = 2 * site + rng.normal(size=120) / 10
    gene[:, 1] = 2 * y + rng.normal(size=120)
    X = Cohort({"image": X.block("image"), "gene": gene})
    table = pd.DataFrame({"site": np.array(["Leeds", "York"])[site]})
    options = {"cv": CV, "site": "site", "random_state": 0}
    of_site = audit_shortcuts(X, y, table, estimator=Follows(0), **options)
    of_site = of_site.set_index("source")
    assert of_site["kind"].tolist() == [
        *["presence", "metadata", "model", "beside", "within", "between", "permuted"],
        *["encoding", "encoding"],
    ]
    # What recognises the site alone is as good once labels are permuted within it.
    permuted = of_site.loc["labels permuted within site"]
    assert permuted["difference"] == pytest.approx(0, abs=0.06)
    assert of_site.loc["estimator between site", "roc_auc"] > 0.8
    assert of_site.loc["site", "difference"] == pytest.approx(0, abs=0.06)
    assert of_site.loc["site", "difference_low"] < 0
    within = of_site.loc["estimator within site"]
    assert within["low"] < 0.5 < within["high"]
    beside = of_site.loc["estimator beside site"]
    assert beside["difference"] == pytest.approx(0, abs=0.06)
    assert of_site.loc["site from gene", "roc_auc"] > 0.97
    assert of_site.loc["site from image", "roc_auc"] == pytest.approx(0.5, abs=0.2)

    of_label = audit_shortcuts(X, y, table, estimator=Follows(1), **options)
    of_label = of_label.set_index("source")
    assert of_label.loc["estimator within site", "low"] > 0.6
    assert of_label.loc["estimator beside site", "difference_low"] > 0
    # The oracle: each repeat and fold, pair by pair.
    areas = []
    for _, test in CV.split(X, y):
        order = [
            (gene[i, 1] > gene[j, 1])
            for i in test
            for j in test
            if site[i] == site[j] and y[i] > y[j]
        ]
        areas.append(np.mean(order))
    assert of_label.loc["estimator within site", "roc_auc"] == pytest.approx(
        np.mean(areas)
    )
    assert of_label.loc["labels permuted within site", "difference_low"] > 0


def test_the_score_between_sites_and_with_permuted_labels():
    """Pair by pair, and by permuting."""
    rng = np.random.default_rng(0)
    n = 41
    site = rng.integers(0, 3, size=n)
    site[:2] = -1
    y = (rng.random(n) < np.array([0.2, 0.5, 0.8])[site]).astype(int)
    score = rng.normal(size=n) + site + 0.5 * y
    fold = Fold(0, 0, np.arange(0), np.arange(n))
    model = [FoldScores(fold, np.column_stack([-score, score]), is_proba=False)]
    known = site >= 0

    def pairs(labels, kind):
        return [
            score[i] > score[j]
            for i in np.flatnonzero(known)
            for j in np.flatnonzero(known)
            if labels[i] > labels[j] and kind(site[i], site[j])
        ]

    other = np.mean(pairs(y, lambda a, b: a != b))
    (found,) = between(model, y, OfClasses(np.array([0, 1])), site)
    assert found == pytest.approx(other)
    areas = []
    for _ in range(400):
        permuted = y.copy()
        for s in range(3):
            permuted[site == s] = rng.permutation(y[site == s])
        areas.append(np.mean(pairs(permuted, lambda a, b: True)))
    (found,) = permuted_within(model, y, OfClasses(np.array([0, 1])), site)
    assert found == pytest.approx(np.mean(areas), abs=0.01)


def test_outcomes_are_no_explanations():
    X, y, site = at_sites(n_unpaired=10, n_paired=40)
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"site": site, "os_time": 100 * y + rng.normal(size=len(y))})
    options = {"cv": CV, "random_state": 0}
    audit = audit_shortcuts(X, y, table, outcomes=["os_time"], **options)
    assert audit.set_index("source").loc["os_time", "kind"] == "later"
    assert "all columns" not in set(audit["source"])
    with pytest.raises(
        ValueError, match="column 'os_time' is in outcomes, and is given"
    ):
        audit_shortcuts(
            X, y, table, outcomes=["os_time"], baseline=["os_time"], **options
        )
    with pytest.raises(ValueError, match="outcomes"):
        audit_shortcuts(X, y, table, outcomes=["none"], **options)


def test_a_scanner_that_images_show():
    X, y, site = at_sites(n_unpaired=30, n_paired=30)
    site[::7], site[0] = "Hull", None
    bright = (
        X.block("image") + 3 * (site[X.has("image")] == "Hull")[:, None, None, None]
    )
    ids = X.index
    blocks = {
        "image": (ids[X.has("image")], bright),
        "gene": (ids[X.has("gene")], X.block("gene")),
    }
    X = Cohort(blocks, index=ids)
    table = pd.DataFrame({"site": site}, index=ids)
    audit = audit_shortcuts(X, y, table, cv=CV, site="site", random_state=0)
    audit = audit.set_index("source")
    assert audit.loc["site from image", "roc_auc"] > 0.75
    assert audit.loc["site from image", "n_folds"] == 5
    assert "estimator within site" not in audit.index


def test_of_a_comparison(cohort, model):
    X, y = cohort
    table = pd.DataFrame({"site": np.arange(70) % 3, "age": np.arange(70) % 13})
    both = {"other": DummyClassifier(), "pairs": model}
    comparison = compare_classifiers(both, X, y, cv=CV, scoring="roc_auc")
    options = {"site": "site", "baseline": ["age"], "random_state": 0}
    found = audit_shortcuts(X, y, table, comparison=comparison, **options)
    fitted = audit_shortcuts(X, y, table, cv=CV, estimator=model, **options)
    pd.testing.assert_frame_equal(found, fitted)
    with pytest.raises(ValueError, match="needs cv, or a comparison"):
        audit_shortcuts(X, y)
    with pytest.raises(ValueError, match="model 'none' is none of other, pairs"):
        audit_shortcuts(X, y, comparison=comparison, model="none")
    with pytest.raises(ValueError, match="estimator or comparison, not both"):
        audit_shortcuts(X, y, comparison=comparison, estimator=model)
