import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    corrected_t_interval,
    corrected_t_test,
    unpaired_gain,
)

CV = PairedStratifiedKFold(4, 3, random_state=0)


def test_gain_is_the_difference_of_the_arms(cohort):
    X, y = cohort
    model = UnimodalClassifier("gene", LogisticRegression())
    result = unpaired_gain(model, X, y, cv=CV, scoring=["roc_auc", "accuracy"])
    pairs = np.flatnonzero(X.paired)
    means = result.summary().pivot(index="metric", columns="model", values="mean")
    differences = result.differences().set_index("metric")
    for metric in ("roc_auc", "accuracy"):
        row = differences.loc[metric]
        assert (row["model_a"], row["model_b"]) == ("with unpaired", "without unpaired")
        splits = list(CV.split(X, y))
        fewer = [(np.intersect1d(train, pairs), test) for train, test in splits]
        more = cross_val_score(model, X, y, cv=splits, scoring=metric)
        less = cross_val_score(model, X, y, cv=fewer, scoring=metric)
        test = corrected_t_test(more - less, 1 / 3)
        assert means.loc[metric, "with unpaired"] == pytest.approx(more.mean())
        assert means.loc[metric, "without unpaired"] == pytest.approx(less.mean())
        assert row["difference"] == pytest.approx(test.mean)
        assert (row["t"], row["p"]) == pytest.approx((test.statistic, test.pvalue))
        interval = corrected_t_interval(more - less, 1 / 3)
        assert (row["low"], row["high"]) == pytest.approx(interval)


@pytest.mark.parametrize("tower_rows", ["auto", "unpaired"])
@pytest.mark.parametrize("nested", [False, True])
def test_towers_take_all_rows_where_only_paired_ones_are_left(
    cohort, model, nested, tower_rows
):
    X, y = cohort
    estimator = model.set_params(tower_rows=tower_rows)
    if nested:
        estimator = make_pipeline(estimator)

    def trained_on(fitted, X, y):
        fitted = fitted[-1] if nested else fitted
        return {"rows": fitted.n_rows_, "all": fitted.tower_rows == "all"}

    result = unpaired_gain(estimator, X, y, cv=CV, scoring=trained_on)
    means = result.summary().pivot(index="metric", columns="model", values="mean")
    assert means.loc["rows"].to_dict() == {"with unpaired": 60, "without unpaired": 30}
    assert means.loc["all"].to_dict() == {"with unpaired": 0, "without unpaired": 1}
    assert model.tower_rows == tower_rows


def test_seeds_are_averaged_and_what_the_interval_is_given_is_printed(cohort):
    X, y = cohort
    forest = RandomForestClassifier(3, random_state=0)
    model = UnimodalClassifier("gene", forest)
    options = {"cv": CV, "scoring": "roc_auc"}
    result = unpaired_gain(model, X, y, n_seeds=2, **options)
    seeds = result.seeds()
    assert sorted(seeds["seed"]) == [0, 0, 1, 1]
    means = seeds.groupby("model")["score"].mean()
    for row in result.summary().itertuples():
        assert row.mean == pytest.approx(means[row.model])
    n_unpaired = int((~X.paired).sum())
    given = f"given {n_unpaired} unpaired rows that train, and 2 random seeds of"
    assert given in repr(result)
    once = unpaired_gain(model, X, y, **options)
    assert f"given {n_unpaired} unpaired rows that train, and 1 random seed" in str(
        once
    )
    with pytest.raises(ValueError, match=r"^n_seeds must be an integer of at least 1"):
        unpaired_gain(model, X, y, n_seeds=0, **options)


def test_no_unpaired_row(cohort, model):
    X, y = cohort
    with pytest.raises(ValueError, match="no unpaired row trains"):
        unpaired_gain(model, X[X.paired], y[X.paired], cv=CV)


def test_twin_tower(make):
    X, y = make(n_image=20, n_gene=30, n_paired=24)
    blocks = {
        name: (X.index[X.has(name)], X.block(name).reshape(X.has(name).sum(), -1))
        for name in X.modalities
    }
    towers = [(name, PCA(2, random_state=0)) for name in blocks]
    twin = TwinTowerClassifier(towers, LogisticRegression(), random_state=0)
    cv = PairedStratifiedKFold(3, random_state=0)
    X = Cohort(blocks, index=X.index)
    result = unpaired_gain(twin, X, y, cv=cv, scoring="roc_auc")
    assert result.summary()["mean"].gt(0.5).all()
    # Both arms are tested on the same rows.
    rows = result.predictions().pivot(index="row", columns="model", values="y_true")
    assert sorted(rows.index) == sorted(np.flatnonzero(X.paired))
    assert rows["with unpaired"].equals(
        rows["without unpaired"].rename("with unpaired")
    )
    assert twin.tower_rows == "auto"
