"""Whatever takes labels, groups or covariates takes them by patient id."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.baselines import LateFusionClassifier, MetadataClassifier
from skmultimodal.datasets import unpair
from skmultimodal.inspection import modality_contributions, prediction_sets
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
    PatternStratifiedKFold,
    audit_shortcuts,
    compare_classifiers,
    paired_learning_curve,
    paired_permutation_test,
    unpaired_gain,
)

N = 120
CV = PairedStratifiedKFold(3, random_state=0)
GENE = UnimodalClassifier("gene", LogisticRegression())


@pytest.fixture(scope="module")
def case():
    """A keyed cohort, whose rows are in no order of ids, and its labels as a Series."""
    rng = np.random.default_rng(0)
    ids = np.array([f"P{i:03d}" for i in range(N)])
    t = rng.integers(0, 2, N)
    y = pd.Series(t, index=ids)
    gene = pd.DataFrame(rng.normal(size=(N, 4)) + t[:, None], index=ids)
    image = pd.DataFrame(rng.normal(size=(N, 3)), index=ids)
    order = rng.permutation(N)
    gene, image = gene.iloc[order[:100]], image.iloc[order[30:]]
    site = np.where(rng.random(N) < 0.8, t, 1 - t)
    age = pd.DataFrame({"site": np.array(["x", "y"])[site]}, index=ids)
    X = Cohort({"gene": gene, "image": image}, metadata=age)
    return X, y.loc[X.index]


def shuffled(values):
    return values.sample(frac=1, random_state=1)


def of_scores(table):
    return table.select_dtypes("number").to_numpy()


def twin():
    towers = [(name, LogisticRegression()) for name in ("gene", "image")]
    return TwinTowerClassifier(towers, random_state=0)


def fit(model):
    return lambda X, y, known: model.fit(X, y).predict_proba(X)


def score(model):
    return lambda X, y, known: model.fit(X, known).score(X, y)


def contributions(X, y, known):
    return modality_contributions(twin().fit(X, known), X, y).summary.to_numpy()


def sets(X, y, known):
    model = twin().fit(X, known)
    model.fit_ids_ = None  # as loaded from a file: the rows that trained are not known
    options = {"X_calibration": X, "y_calibration": y, "coverage": 0.6}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* rows are of patients of the calibration")
        return prediction_sets(model, X, **options).p_values.to_numpy()


# What takes X and y, and numbers that follow from them.
FUNCTIONS = {
    "twin fit": fit(twin()),
    "twin score": score(twin()),
    "unimodal fit": fit(GENE),
    "unimodal score": score(GENE),
    "late fit": fit(LateFusionClassifier([("gene", GENE)])),
    "late score": score(LateFusionClassifier([("gene", GENE)])),
    "metadata fit": fit(MetadataClassifier()),
    "compare": lambda X, y, known: of_scores(
        compare_classifiers({"m": GENE}, X, y, cv=CV, scoring="roc_auc").summary()
    ),
    "audit": lambda X, y, known: of_scores(
        audit_shortcuts(X, y, cv=CV, random_state=0)
    ),
    "permutation": lambda X, y, known: (
        paired_permutation_test(
            GENE, X, y, cv=CV, n_permutations=3, random_state=0
        ).permutation_scores
    ),
    "learning curve": lambda X, y, known: of_scores(
        paired_learning_curve(GENE, X, y, cv=CV, n_pairs=[9], random_state=0).summary
    ),
    "gain": lambda X, y, known: of_scores(unpaired_gain(GENE, X, y, cv=CV).summary()),
    "unpair": lambda X, y, known: unpair(X, y, 9, random_state=0)[0].paired,
    "labels of unpair": lambda X, y, known: unpair(X, y, 9, random_state=0)[1],
    "paired folds": lambda X, y, known: np.concatenate(
        [test for _, test in CV.split(X, y)]
    ),
    "hold-outs": lambda X, y, known: np.concatenate(
        [t for _, t in PairedStratifiedShuffleSplit(4, random_state=0).split(X, y)]
    ),
    "all folds": lambda X, y, known: np.concatenate(
        [t for _, t in PatternStratifiedKFold(4, random_state=0).split(X, y)]
    ),
    "contributions": contributions,
    "prediction sets": sets,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_labels(case, name):
    X, y = case
    known = y.to_numpy()
    wanted = FUNCTIONS[name](X, y.to_numpy(), known)
    np.testing.assert_allclose(FUNCTIONS[name](X, shuffled(y), known), wanted)
    other = y.set_axis([f"Q{i}" for i in range(N)])
    with pytest.raises(ValueError, match="none of the 120 ids in the index of y"):
        FUNCTIONS[name](X, other, known)
    with pytest.raises(ValueError, match="no entry for 1 of the 120 rows"):
        FUNCTIONS[name](X, shuffled(y).drop(y.index[0]), known)


@pytest.mark.parametrize("name", ["compare", "twin fit", "unpair"])
def test_labels_of_more_patients(case, name):
    X, y = case
    rows = X.index[::2]
    some, known = X[np.arange(0, N, 2)], y[rows].to_numpy()
    wanted = FUNCTIONS[name](some, known, known)
    with pytest.warns(UserWarning, match="60 of its 120 ids are of no patient of X"):
        found = FUNCTIONS[name](some, shuffled(y), known)
    np.testing.assert_allclose(found, wanted)


def test_groups(case):
    """Patients of one hospital are tested together, in whatever order they are."""
    X, y = case
    groups = pd.Series(np.arange(N) % 7, index=X.index)
    options = {"cv": CV, "scoring": "roc_auc"}
    arms = {"m": GENE}
    folds = [
        compare_classifiers(arms, X, y, groups=given, **options).folds
        for given in (groups.to_numpy(), shuffled(groups))
    ]
    for left, right in zip(*folds, strict=True):
        np.testing.assert_array_equal(left.test, right.test)
        of_test = set(groups.to_numpy()[left.test])
        assert not of_test & set(groups.to_numpy()[left.train])
    for given in (groups.to_numpy(), shuffled(groups)):
        found = list(CV.split(X, y, given))
        assert [t.tolist() for _, t in found] == [f.test.tolist() for f in folds[0]]
    other = groups.set_axis([f"Q{i}" for i in range(N)])
    with pytest.raises(ValueError, match="none of the 120 ids in the index of groups"):
        compare_classifiers(arms, X, y, groups=other, **options)
    with pytest.raises(ValueError, match="none of the 120 ids in the index of groups"):
        twin().fit(X, y, groups=other)


def test_groups_of_a_permutation(case):
    X, y = case
    groups = pd.Series(np.arange(N) % 2, index=X.index)
    options = {"cv": CV, "n_permutations": 3, "random_state": 0}
    found = [
        paired_permutation_test(
            GENE, X, y, groups=given, cv_groups=of_cv, **options
        ).permutation_scores
        for given, of_cv in [
            (groups.to_numpy(), np.arange(N) % 5),
            (shuffled(groups), shuffled(pd.Series(np.arange(N) % 5, index=X.index))),
        ]
    ]
    np.testing.assert_array_equal(*found)


def test_sample_weight(case):
    X, y = case
    model = twin().fit(X, y)
    weight = pd.Series(np.arange(N) ** 2.0, index=X.index)
    right = (model.predict(X) == y.to_numpy()).astype(float)
    wanted = np.average(right, weights=weight)
    assert model.score(X, y, shuffled(weight)) == pytest.approx(wanted)
    assert wanted != pytest.approx(right.mean())


def test_a_search_slices_by_place_and_is_refused(case):
    """scikit-learn takes the i-th label with the i-th row, whatever its index."""
    X, y = case
    with pytest.raises(ValueError, match="no entry for"):
        cross_val_score(GENE, X, shuffled(y), error_score="raise")
    assert len(cross_val_score(GENE, X, y, error_score="raise")) == 5
