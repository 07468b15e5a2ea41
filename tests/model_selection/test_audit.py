import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_score
from sklearn.svm import LinearSVC

from skmultimodal import Cohort
from skmultimodal.model_selection import PairedStratifiedKFold, audit_shortcuts

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
    # In each fold 4 + 4 rows alone tell, and 4 + 4 paired ones do not: of 64 pairs of
    # positive and negative, 16 are ties and 48 are in order.
    row = audit.iloc[0]
    assert row["roc_auc"] == pytest.approx((48 + 16 / 2) / 64)
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
