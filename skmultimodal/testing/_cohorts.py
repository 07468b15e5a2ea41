"""Checks of classifiers of a whole cohort."""

import pickle
import warnings
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone

from skmultimodal.cohort import Cohort
from skmultimodal.testing._data import (
    LABELS,
    N_COLUMNS,
    N_VALUES,
    TOLERANCE,
    expect,
    expect_model,
    fitted_clone,
    make_cohort,
)


def check_every_pattern_is_predicted(estimator: Any) -> None:
    """Every patient with any modality gets probabilities that sum to 1."""
    expect_model(clone(estimator))


def check_unlabelled_rows_are_accepted(estimator: Any) -> None:
    """Rows whose label is missing are no error."""
    X, codes = make_cohort()
    y = codes.astype(float)
    y[[1, 20, 40]] = np.nan
    fitted = clone(estimator).fit(X, y)
    expect(list(fitted.classes_) == [0.0, 1.0], "NaN became a class")


def check_absent_modality_changes_nothing(estimator: Any) -> None:
    """A modality that no patient has changes no prediction."""
    X, codes = make_cohort()
    wider = {
        name: np.full((len(X), N_VALUES if name == "image" else N_COLUMNS), np.nan)
        for name in X.modalities
    }
    for name in X.modalities:
        wider[name][X.has(name)] = X.block(name)
    wider["stain"] = np.full((len(X), 4), np.nan)
    other = Cohort(wider, index=X.index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        p = fitted_clone(estimator, X, codes).predict_proba(X)
        found = fitted_clone(estimator, other, codes).predict_proba(other)
    expect(
        np.allclose(found, p, atol=TOLERANCE), "an absent modality changes predictions"
    )


def check_patient_without_modalities_is_named(estimator: Any) -> None:
    """A patient with no modality at all is a ValueError that names the patient."""
    X, codes = make_cohort()
    fitted = fitted_clone(estimator, X, codes)
    empty = X.hide("image", [0])
    if not hasattr(fitted, "predict_route"):
        return  # predicted by the class frequencies
    try:
        fitted.predict_proba(empty)
    except ValueError as error:
        expect("p00" in str(error), f"the error does not name the patient: {error}")
        return
    raise AssertionError("a patient with no modality is predicted")


def check_classes_are_labels_of_patients(estimator: Any) -> None:
    """The labels, of any type, are ``classes_`` and what ``predict`` returns."""
    X, codes = make_cohort()
    for kind, labels in LABELS.items():
        fitted = fitted_clone(estimator, X, labels[codes])
        expect(
            list(fitted.classes_) == sorted(labels.tolist()),
            f"classes_ are {list(fitted.classes_)} for labels that are {kind}",
        )
        predicted = set(fitted.predict(X).tolist())
        expect(
            predicted <= set(labels.tolist()), f"predict returns other labels ({kind})"
        )


def check_cohort_is_left_alone(estimator: Any) -> None:
    """Neither ``fit`` nor prediction modifies the blocks."""
    X, codes = make_cohort()
    before = joblib.hash({name: X.block(name) for name in X.modalities})
    fitted_clone(estimator, X, codes).predict_proba(X)
    after = joblib.hash({name: X.block(name) for name in X.modalities})
    expect(before == after, "a block was modified")


def check_frames_and_dicts_are_cohorts(estimator: Any) -> None:
    """A dict of aligned arrays is predicted as a Cohort is."""
    X, codes = make_cohort()
    table = X.to_frame()
    blocks = {
        name: table[[c for c in table if str(c).startswith(name)]].to_numpy()
        for name in X.modalities
    }
    p = fitted_clone(estimator, X, codes).predict_proba(X)
    found = fitted_clone(estimator, blocks, pd.Series(codes)).predict_proba(blocks)
    expect(
        np.allclose(found, p, atol=TOLERANCE),
        "a dict is predicted otherwise than a Cohort",
    )


def check_copies_of_models_predict_the_same(estimator: Any) -> None:
    """A pickled copy predicts the same bits."""
    X, codes = make_cohort()
    fitted = fitted_clone(estimator, X, codes)
    copied = pickle.loads(pickle.dumps(fitted))
    same = np.array_equal(copied.predict_proba(X), fitted.predict_proba(X))
    expect(same, "a copy predicts otherwise")


COHORT_CHECKS = [
    check_every_pattern_is_predicted,
    check_classes_are_labels_of_patients,
    check_unlabelled_rows_are_accepted,
    check_absent_modality_changes_nothing,
    check_patient_without_modalities_is_named,
    check_cohort_is_left_alone,
    check_frames_and_dicts_are_cohorts,
    check_copies_of_models_predict_the_same,
]
