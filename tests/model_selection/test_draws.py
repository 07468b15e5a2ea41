"""Unpaired rows drawn anew: which ones, and what they add to an interval."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from score_interval import interval_on_grid
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from skmultimodal import UnimodalClassifier
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    compare_classifiers,
    corrected_t_interval,
    corrected_t_test,
    unpaired_gain,
)
from skmultimodal.model_selection._draws import (
    UnpairedDraws,
    added_variance,
    variance_of_draws,
)
from skmultimodal.model_selection._folds import make_folds

CV = PairedStratifiedKFold(4, 3, random_state=0)
GENE = UnimodalClassifier("gene", LogisticRegression())


class UnpairedFirst(ClassifierMixin, BaseEstimator):
    """Fitted on the unpaired rows that have genes, or on all where there are none."""

    def fit(self, X, y):
        rows = ~X.paired & X.has("gene")
        rows = rows if rows.any() else X.has("gene")
        self.model_ = LogisticRegression().fit(X[rows].block("gene"), y[rows])
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X.block("gene"))

    def predict_proba(self, X):
        return self.model_.predict_proba(X.block("gene"))


def arms_of(X, y, n_draws, groups=None):
    folds = make_folds(CV, X, y, groups)
    draws = UnpairedDraws(n_draws, folds, X, y, groups)
    return folds, draws, draws.arms([("m", GENE, folds)], 1)


def test_a_draw_is_half_of_the_unpaired_rows_of_each_kind(make):
    X, y = make(n_image=8, n_gene=20, n_paired=24)
    y[:28] = np.arange(28) % 2
    y[-2:] = np.nan
    folds, draws, arms = arms_of(X, y, 5)
    assert [arm[0][2][0].repeat for arm in arms] == [0, 1, 2, 0, 1]
    kept = []
    for ((_, _, of_draw),), (repeat, _, share) in zip(arms, draws.drawn, strict=True):
        assert share == 1 / 2
        base = [fold for fold in folds if fold.repeat == repeat]
        for fold, every in zip(of_draw, base, strict=True):
            np.testing.assert_array_equal(fold.test, every.test)
            paired = X.paired[fold.train]
            np.testing.assert_array_equal(
                fold.train[paired], every.train[X.paired[every.train]]
            )
            rows = fold.train[~paired]
            assert len(np.unique(fold.train)) == len(fold.train)
            for name, n in (("image", 4), ("gene", 10)):
                labels = y[rows][X.has(name)[rows]]
                assert len(labels) == n
                assert np.bincount(labels.astype(int)).tolist() == [n // 2, n // 2]
        # A draw is the same in all folds of its repeat.
        assert {tuple(f.train[~X.paired[f.train]]) for f in of_draw} == {tuple(rows)}
        kept.append(tuple(rows))
    assert len(set(kept)) == 5


def test_groups_are_drawn_whole(make):
    X, y = make(n_image=8, n_gene=20, n_paired=24)
    groups = np.where(X.paired, np.arange(len(y)), np.arange(len(y)) // 2 + 100)
    _, draws, arms = arms_of(X, y, 4, groups)
    for ((_, _, of_draw),), (*_, share) in zip(arms, draws.drawn, strict=True):
        rows = of_draw[0].train[~X.paired[of_draw[0].train]]
        assert len(rows) == pytest.approx(28 * share)
        assert (np.unique(groups[rows], return_counts=True)[1] == 2).all()


def test_what_draws_add_is_the_variance_between_less_that_within():
    rng = np.random.default_rng(0)
    n_draws, ratio = 4000, 1 / 2
    of_draw = rng.normal(size=(n_draws, 1)) * 0.3
    # The corrected variance of three folds' mean is (1/3 + 1/2) of theirs.
    shared = rng.normal(size=(n_draws, 1)) * 0.2 * np.sqrt(ratio)
    of_fold = rng.normal(size=(n_draws, 3)) * 0.2
    moved = list(of_draw + shared + of_fold)
    wide, narrow = np.array([0.1, 0.5, 0.9]), np.array([0.4, 0.5, 0.6])
    variance, df = variance_of_draws(moved, wide, ratio)
    assert variance == pytest.approx(0.09, rel=0.1)
    between = np.var([values.mean() for values in moved], ddof=1)
    assert df == pytest.approx((n_draws - 1) * (variance / between) ** 2)
    assert variance_of_draws(list(of_fold), wide, ratio) == (0, 0)
    # No more is taken off than the folds vary.
    less, _ = variance_of_draws(moved, narrow, ratio)
    assert less == pytest.approx(between - (1 / 3 + ratio) * 0.01)
    alone, df = variance_of_draws([np.array([0.1]), np.array([0.4])], wide, ratio)
    assert (alone, df) == pytest.approx((0.045, 1))
    assert variance_of_draws([np.zeros(3)] * 2, wide, ratio) == (0, 0)


def table(scores, **columns):
    rows = [(r, f, s) for (r, f), s in scores.items()]
    frame = pd.DataFrame(rows, columns=["repeat", "fold", "score"])
    return frame.assign(model="m", metric="a", **columns)


def test_added_variance_is_of_the_same_folds_and_of_the_share():
    scores = table({(0, 0): 0.5, (0, 1): 0.7, (1, 0): 0.6, (1, 1): 0.8})
    first = table({(0, 0): 0.6, (0, 1): 0.8}, draw=0, share=2 / 3)
    # Undefined on a fold of its own, or of all rows.
    second = table({(1, 0): 0.9, (1, 1): np.nan}, draw=1, share=2 / 3)
    draws = pd.concat([first, second])
    moved = [np.array([0.1, 0.1]) * np.sqrt(2), np.array([0.3]) * np.sqrt(2)]
    wanted = variance_of_draws(moved, np.array([0.5, 0.7, 0.6, 0.8]), 1.0)
    # The folds of the first draw agree: nothing is taken off.
    assert wanted == pytest.approx((0.04, 1))
    assert added_variance(scores, draws, 1.0, "a", "m") == pytest.approx(wanted)
    assert added_variance(scores, draws[draws["draw"] == 0], 1.0, "a", "m") is None
    assert added_variance(scores, None, 1.0, "a", "m") is None


def test_intervals_have_it_and_say_so(make):
    X, y = make(n_image=4, n_gene=12, n_paired=40)
    options = {"cv": CV, "scoring": ["roc_auc", "neg_log_loss"]}
    plain = unpaired_gain(UnpairedFirst(), X, y, **options)
    result = unpaired_gain(UnpairedFirst(), X, y, n_draws=6, **options)
    n_unpaired = int((~X.paired).sum())
    assert (
        "Intervals hold for other unpaired rows and random seeds as well, by 6 draws "
        f"from {n_unpaired} unpaired rows" in repr(result)
    )
    assert plain.draws().empty
    assert list(plain.draws()) == list(result.draws())
    pd.testing.assert_frame_equal(plain.scores(), result.scores())
    draws = result.draws()
    assert draws.groupby(["model", "metric", "draw"]).size().tolist() == [4] * 24
    # Without unpaired rows no draw moves anything.
    base = result.scores().set_index(["model", "metric", "repeat", "fold"])["score"]
    own = draws.set_index(["model", "metric", "repeat", "fold"])["score"]
    moved = (own - base).dropna()["without unpaired"]
    assert moved.abs().max() == 0
    a, b = plain.summary(), result.summary()
    np.testing.assert_array_equal(a["mean"], b["mean"])
    alone = a["model"] == "without unpaired"
    pd.testing.assert_frame_equal(a[alone], b[alone])
    values = result.scores(models=["with unpaired"], metrics=["neg_log_loss"])["score"]
    added = added_variance(
        result.scores(), draws, result.test_to_train, "neg_log_loss", "with unpaired"
    )
    assert added[0] > 0
    wanted = corrected_t_interval(
        values, result.test_to_train, bounded=(-np.inf, 0), added=added
    )
    row = b[(b["metric"] == "neg_log_loss") & ~alone].iloc[0]
    assert (row["low"], row["high"]) == pytest.approx(wanted)
    gain, given = (c.differences(metrics=["neg_log_loss"]) for c in (result, plain))
    assert gain.loc[0, "difference"] == given.loc[0, "difference"]
    assert gain.loc[0, "low"] < given.loc[0, "low"]
    assert gain.loc[0, "p"] > given.loc[0, "p"]
    weighted = result.reweighted(np.ones(len(y)))
    assert "Intervals are given" in repr(weighted)
    assert weighted.draws().empty


def test_draws_have_seeds_of_their_own(cohort):
    X, y = cohort
    forest = UnimodalClassifier("gene", RandomForestClassifier(3, random_state=1))
    folds = make_folds(CV, X, y)
    arms = UnpairedDraws(3, folds, X, y).arms([("m", forest, folds)], 2)
    seeds = {arm[0][1].estimator.random_state for arm in arms}
    assert len(seeds) == 3
    options = {"cv": CV, "scoring": "roc_auc", "n_seeds": 2, "n_draws": 3}
    result = compare_classifiers({"m": forest, "d": DummyClassifier()}, X, y, **options)
    assert result.seeds()["seed"].nunique() == 2
    low, high = result.summary(models=["d"])[["low", "high"]].iloc[0]
    assert (low, high) == (0.5, 0.5)
    again = compare_classifiers({"m": forest, "d": DummyClassifier()}, X, y, **options)
    pd.testing.assert_frame_equal(result.draws(), again.draws())


def test_degrees_of_freedom_are_those_of_a_sum():
    scores, ratio = np.array([0.5, 0.6, 0.8, 0.9]), 1 / 3
    own = (1 / 4 + ratio) * scores.var(ddof=1)
    found = corrected_t_test(scores, ratio, popmean=0.5, added=(0.02, 9))
    df = (own + 0.02) ** 2 / (own**2 / 3 + 0.02**2 / 9)
    error = np.sqrt(own + 0.02)
    assert (found.df, found.standard_error) == pytest.approx((df, error))
    assert found.pvalue == pytest.approx(2 * stats.t.sf(0.2 / error, df))
    low, high = corrected_t_interval(scores, ratio, bounded=True, added=(0.02, 9))
    wanted = interval_on_grid(0.7, error, stats.t.ppf(0.975, df))
    assert (low, high) == pytest.approx(wanted, abs=1e-5)
    nothing = corrected_t_test(scores, ratio, added=(0.0, 9))
    assert nothing == corrected_t_test(scores, ratio)
    # A constant on the folds that other rows move.
    assert corrected_t_test([0.5, 0.5], 1.0, added=(0.04, 9)).df == pytest.approx(9)


@pytest.mark.parametrize("n_draws", [1, -2, 2.5])
def test_numbers_of_draws(cohort, n_draws):
    X, y = cohort
    with pytest.raises(ValueError, match=r"^n_draws must be 0, or an integer of at le"):
        unpaired_gain(GENE, X, y, cv=CV, n_draws=n_draws)


def test_nothing_to_draw_from(cohort, model):
    X, y = cohort
    match = r"^n_draws=4: fewer than two unpaired rows train"
    rows = X.paired
    with pytest.raises(ValueError, match=match):
        compare_classifiers({"m": model}, X[rows], y[rows], cv=CV, n_draws=4)
    groups = np.where(rows, np.arange(len(y)), 1000)
    with pytest.raises(ValueError, match=match):
        compare_classifiers({"m": model}, X, y, cv=CV, n_draws=4, groups=groups)
