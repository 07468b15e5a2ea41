"""Curves of an estimator whose score is a known function of its training rows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PatternStratifiedKFold,
    compare_classifiers,
    recruitment_curve,
)
from skmultimodal.utils._labels import missing_labels

CV = PairedStratifiedKFold(3, 2, random_state=0)
PAIRS, GENE, IMAGE = "image+gene", "gene", "image"


class Known(ClassifierMixin, BaseEstimator):
    """Scores by the numbers of rows of each kind; keeps what trains, for all clones."""

    seen = []

    def fit(self, X, y):
        known = ~missing_labels(y)
        self.n_ = pd.Series(X.patterns[known]).value_counts()
        self.classes_ = np.unique(y[known])
        self.train_ = X
        self.y_ = y
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))

    def score(self, X, y):
        ids = dict(zip(self.train_.index, self.y_, strict=True))
        self.seen.append((ids, set(X.index)))
        hard = len(X.index[0]) / 50  # differs between folds, not between sizes
        return known_score(self.n_) - hard


def known_score(n):
    return 0.9 - 3 / n[PAIRS] - 0.4 * n[GENE] ** -0.5


@pytest.fixture
def known():
    Known.seen.clear()
    return Known()


@pytest.fixture
def fitted(make, known):
    X, y = make(n_image=16, n_gene=120, n_paired=90)
    return recruitment_curve(known, X, y, cv=CV, scoring=_score, random_state=0)


def _score(model, X, y):
    return model.score(X, y)


def test_known_gains_are_found(fitted):
    assert fitted.n_now == {PAIRS: 90, GENE: 120, IMAGE: 16}
    gains = fitted.gains([10, 50])
    now = {PAIRS: 90, GENE: 120, IMAGE: 16}
    for _, row in gains.iterrows():
        if (row["kind"], row["n_added"]) == (IMAGE, 50):
            assert np.isnan(row[["gain", "low", "high", "per_patient"]].tolist()).all()
            continue
        more = now | {row["kind"]: now[row["kind"]] + row["n_added"]}
        gain = known_score(more) - known_score(now)
        assert row["gain"] == pytest.approx(gain, abs=1e-9)
        assert row["per_patient"] == pytest.approx(gain / row["n_added"], abs=1e-9)
    # 3 / 90 - 3 / 100 is less than 0.4 / sqrt(120) - 0.4 / sqrt(130)? The table sorts.
    for _, part in gains.groupby("n_added"):
        gain = part["gain"].dropna()
        assert gain.is_monotonic_decreasing
        assert part["gain"].isna().tolist() == sorted(part["gain"].isna())


def test_training_sets_are_nested_and_only_one_kind_is_reduced(make, known):
    X, y = make(n_image=17, n_gene=29, n_paired=40)
    y = y.copy()
    y[[2, 20, 33, 60]] = np.nan
    recruitment_curve(known, X, y, cv=CV, scoring=_score, random_state=0)
    n_folds, labelled = 6, set(X.index[~np.isnan(y)])
    kind_of = dict(zip(X.index, X.patterns, strict=True))
    arms = np.array(Known.seen, dtype=object).reshape(-1, n_folds, 2)
    assert len(arms) == 1 + 3 * 3
    for fold in range(n_folds):
        full, tested = set(arms[0, fold, 0]), arms[0, fold, 1]
        assert not full & tested
        assert set(X.index[np.isnan(y)]) <= full | tested
        for number, kind in enumerate((PAIRS, GENE, IMAGE)):
            own = {p for p in full & labelled if kind_of[p] == kind}
            smaller = set()
            for place, size in enumerate((0.25, 0.5, 0.75)):
                train, test = arms[1 + 3 * number + place, fold]
                kept = own & set(train)
                assert test == tested
                assert full - own == set(train) - kept
                assert len(kept) == round(size * len(own))
                assert smaller < kept < own
                assert {train[p] for p in kept} == {0.0, 1.0}
                smaller = kept


def test_groups_are_reduced_whole(make, known):
    X, y = make(n_image=24, n_gene=40, n_paired=60)
    sites = np.arange(len(y)) // 2 % 31
    cv = PairedStratifiedKFold(3, random_state=0)
    recruitment_curve(
        known, X, y, cv=cv, scoring=_score, groups=sites, kinds=[GENE], random_state=0
    )
    site_of = dict(zip(X.index, sites, strict=True))
    gene = {p for p, kind in zip(X.index, X.patterns, strict=True) if kind == GENE}
    arms = np.array(Known.seen, dtype=object).reshape(4, 3, 2)
    for fold in range(3):
        full = gene & set(arms[0, fold, 0])
        assert not {site_of[p] for p in arms[0, fold, 1]} & {site_of[p] for p in full}
        for arm in arms[1:, fold, 0]:
            kept = gene & set(arm)
            assert kept < full
            out = {site_of[p] for p in full - kept}
            assert not out & {site_of[p] for p in kept}


def test_all_rows_are_the_comparison(cohort, model):
    X, y = cohort
    curve = recruitment_curve(
        model, X, y, cv=CV, kinds=[GENE, PAIRS], sizes=[0.5], random_state=0
    )
    metrics = ["neg_log_loss", "roc_auc"]
    assert curve.metrics == metrics
    expected = compare_classifiers({"m": model}, X, y, cv=CV, scoring=metrics)
    summary = curve.summary()
    columns = ["mean", "std", "n_folds"]
    for kind, n_rows in ((GENE, 21), (PAIRS, 40 * 2 / 3)):
        full = summary[(summary["kind"] == kind) & (summary["n_rows"] > 14)]
        full = full[full["n_rows"] == full["n_rows"].max()]
        assert full["n_rows"].tolist() == pytest.approx([n_rows] * 2)
        found = full[columns].to_numpy(float)
        np.testing.assert_allclose(found, expected.summary()[columns].to_numpy(float))
    assert summary["metric"].tolist() == [m for m in metrics for _ in range(4)]
    # The model is fitted on paired rows only: gene-only rows change nothing.
    gene = curve.gains(10)[lambda t: t["kind"] == GENE]
    assert gene[["gain", "low", "high"]].to_numpy().tolist() == [[0, 0, 0]] * 2
    remarks = " ".join(curve.remarks(10))
    assert "The interval of roc_auc for gene only has no width" in remarks


def test_remarks_and_repr(fitted, make, model):
    remarks = fitted.remarks([50])
    assert remarks[0] == (
        "score: 50 more with image+gene: +0.012 [0.012, 0.012]; "
        "50 more with gene only: +0.006 [0.006, 0.006]."
    )
    beyond = "50 more with image only is not extrapolated: there are 16, and at most 16"
    assert any(remark.startswith(beyond) for remark in remarks)
    assert not any("overlap" in remark for remark in remarks)
    text = repr(fitted)
    assert "(now 90 image+gene, 120 gene only, 16 image only)" in text
    X, y = make(n_gene=40)
    curve = recruitment_curve(
        model, X, y, cv=CV, kinds=[PAIRS, GENE], scoring="roc_auc", random_state=0
    )
    assert (
        "roc_auc, by 10 or 30 more: the intervals of image+gene and gene only overlap; "
        "the data do not show which is worth more."
    ) in curve.remarks([30, 10])


def test_no_gain_beyond_the_range_of_the_metric(make):
    X, y = make(n_paired=90, effect=3.0)
    curve = recruitment_curve(
        LogisticPairs(), X, y, cv=CV, kinds=[PAIRS], scoring="roc_auc", random_state=0
    )
    score = curve.summary()["mean"].iloc[-1]
    assert score > 0.9
    assert curve.gains(90)["high"].max() <= 1 - score + 1e-12


class LogisticPairs(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        rows = X.paired
        self.model_ = LogisticRegression().fit(X[rows].block("gene"), y[rows])
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(X.block("gene"))


def test_one_split_has_no_interval(cohort, model):
    X, y = cohort
    splits = [next(CV.split(X, y))]
    curve = recruitment_curve(
        model, X, y, cv=splits, kinds=[PAIRS], scoring="roc_auc", random_state=0
    )
    assert curve.gains()[["gain", "low", "high"]].isna().all(axis=None)
    assert any("on 1 folds" in remark for remark in curve.remarks())


def test_patterns_with_few_rows_are_left_out_with_a_warning(make, model):
    X, y = make(n_image=3)
    sentence = (
        r"kind 'image' trains with 3 labelled rows in fold 0 of repeat 0, too few"
    )
    with pytest.warns(UserWarning, match=sentence):
        curve = recruitment_curve(model, X, y, cv=CV, random_state=0)
    assert curve.kinds == [PAIRS, GENE]
    assert any("'image' trains with 3" in remark for remark in curve.remarks())
    with pytest.raises(ValueError, match=sentence):
        recruitment_curve(model, X, y, cv=CV, kinds=["image"])


def test_twin_tower_with_three_modalities(make):
    rng = np.random.default_rng(0)
    y = rng.permutation(np.arange(110) % 2)
    blocks = {
        n: rng.normal(size=(110, p)) + y[:, None]
        for n, p in zip("abc", (3, 4, 5), strict=True)
    }
    for name, rows in zip(
        "abc", (slice(60, 90), slice(90, 110), slice(0, 20)), strict=True
    ):
        blocks[name][rows] = np.nan
    X = Cohort(blocks)
    towers = [(name, LogisticRegression()) for name in "abc"]
    twin = TwinTowerClassifier(towers, random_state=0)
    curve = recruitment_curve(
        twin, X, y, cv=PatternStratifiedKFold(2, random_state=0), random_state=0
    )
    assert curve.kinds == ["a+b+c", "a+b", "a+c", "b+c"]
    assert curve.n_now == {"a+b+c": 40, "a+b": 20, "a+c": 20, "b+c": 30}
    assert curve.gains(10)["gain"].notna().all()


def test_three_classes_and_random_state(make, model):
    X, y = make(classes=3, n_gene=45)
    options = {"cv": CV, "kinds": [PAIRS]}
    one = recruitment_curve(model, X, y, **options, random_state=0)
    assert one.metrics == ["neg_log_loss", "roc_auc_ovr"]
    two = recruitment_curve(model, X, y, **options, random_state=0, n_jobs=2)
    other = recruitment_curve(model, X, y, **options, random_state=1)
    assert one.scores.equals(two.scores)
    assert not one.scores.equals(other.scores)


def test_wrong_parameters(cohort, model, fitted):
    X, y = cohort
    for wrong in ([0, 0.5], [0.5, 2], [True], [np.nan], ["half"]):
        with pytest.raises(ValueError, match="sizes must be above 0 and up to 1, got"):
            recruitment_curve(model, X, y, cv=CV, sizes=wrong)
    with pytest.raises(ValueError, match="sizes must have a share below 1"):
        recruitment_curve(model, X, y, cv=CV, sizes=1.0)
    with pytest.raises(ValueError, match=r"kind 'gene\+image' is no pattern of X"):
        recruitment_curve(model, X, y, cv=CV, kinds=["gene+image"])
    with pytest.raises(TypeError, match="kinds must be a list"):
        recruitment_curve(model, X, y, cv=CV, kinds="gene")
    with pytest.raises(ValueError, match="kinds is empty"):
        recruitment_curve(model, X, y, cv=CV, kinds=[])
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="n_added must be integers above 0"):
            fitted.gains(wrong)
    with pytest.raises(ValueError, match="n_added is empty"):
        fitted.gains([])
    with pytest.raises(ValueError, match="kind 'x' is not in"):
        fitted.change("score", "x", 5, 9)


def test_a_failure_names_the_kind(cohort):
    X, y = cohort
    with pytest.raises(RuntimeError, match=r"'7 rows of image\+gene, 0.25 of them'"):
        recruitment_curve(FailsOnFew(), X, y, cv=CV, kinds=[PAIRS], scoring="roc_auc")


class FailsOnFew(LogisticPairs):
    def fit(self, X, y):
        if X.paired.sum() < 10:
            raise ValueError("few")
        return super().fit(X, y)
