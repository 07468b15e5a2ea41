"""Checks of towers and heads, whose input are rows."""

import inspect
import pickle
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags

from skmultimodal.fusion import TwinTowerClassifier
from skmultimodal.testing._data import (
    LABELS,
    N_COLUMNS,
    Shape,
    expect,
    expect_model,
    expect_same,
    fitted_clone,
    make_rows,
    outputs,
)


def check_outputs(estimator: Any, shape: Shape) -> None:
    """Each output has one finite row per row of the input."""
    X, codes = make_rows(shape)
    fitted = fitted_clone(estimator, X, codes)
    found = outputs(fitted, X)
    expect(found, "it has neither transform nor predict_proba nor predict")
    for name, value in found.items():
        expect(len(value) == len(X), f"{name} returns {len(value)} rows for {len(X)}")
        if value.dtype.kind == "f":
            expect(np.isfinite(value).all(), f"{name} returns NaN or infinity")
    if "predict_proba" in found:
        p = found["predict_proba"]
        expect(p.shape == (len(X), 2), f"predict_proba has shape {p.shape}")
        expect(np.all(p >= 0), "probabilities are negative")
        expect(np.allclose(p.sum(axis=1), 1), "probabilities of a row do not sum to 1")


def check_classes_are_labels(estimator: Any, shape: Shape) -> None:
    """The labels, of any type, are ``classes_`` and what ``predict`` returns."""
    X, codes = make_rows(shape)
    for kind, labels in LABELS.items():
        fitted = fitted_clone(estimator, X, labels[codes])
        if hasattr(fitted, "classes_"):
            expect(
                list(fitted.classes_) == sorted(labels.tolist()),
                f"classes_ are {list(fitted.classes_)} for labels that are {kind}",
            )
        if hasattr(fitted, "predict") and is_classifier(estimator):
            predicted = set(fitted.predict(X).tolist())
            expect(
                predicted <= set(labels.tolist()),
                f"predict returns other labels than those of fit ({kind})",
            )


def check_rows_are_independent(estimator: Any, shape: Shape) -> None:
    """The output of a row does not depend on the other rows or their order."""
    X, codes = make_rows(shape)
    fitted = fitted_clone(estimator, X, codes)
    other, _ = make_rows(shape, seed=1)
    whole = outputs(fitted, other)
    order = np.random.default_rng(0).permutation(len(other))
    moved = {name: value[order] for name, value in whole.items()}
    expect_same(outputs(fitted, other[order]), moved, "depends on the order of rows")
    some = {name: value[:1] for name, value in whole.items()}
    expect_same(outputs(fitted, other[:1]), some, "of a row depends on the other rows")


def check_prediction_changes_nothing(estimator: Any, shape: Shape) -> None:
    """Neither prediction nor the ``fit`` of a FrozenEstimator changes the outputs."""
    X, codes = make_rows(shape)
    fitted = fitted_clone(estimator, X, codes)
    other, _ = make_rows(shape, seed=1)
    before = outputs(fitted, other)
    frozen = FrozenEstimator(fitted)
    frozen.fit(other * 5, 1 - codes)
    for rows in (other * 5 + 3, other[:3], other):
        outputs(fitted, rows)
    expect_same(outputs(fitted, other), before, "changes after fit", atol=0)


def check_same_seed_same_bits(estimator: Any, shape: Shape) -> None:
    """Two fits with one seed are the same to the last bit."""
    X, codes = make_rows(shape)
    first, second = (outputs(fitted_clone(estimator, X, codes), X) for _ in range(2))
    expect_same(second, first, "differs between two fits with one seed", atol=0)


def check_refit_forgets(estimator: Any, shape: Shape) -> None:
    """A second fit leaves nothing of the first."""
    X, codes = make_rows(shape)
    other, _ = make_rows(shape, seed=1)
    expected = outputs(fitted_clone(estimator, X, codes), X)
    refitted = fitted_clone(estimator, other, 1 - codes).fit(X, codes)
    expect_same(outputs(refitted, X), expected, "depends on an earlier fit")


def check_input_is_left_alone(estimator: Any, shape: Shape) -> None:
    """Neither ``fit`` nor prediction modifies the data."""
    X, codes = make_rows(shape)
    kept = X.copy(), codes.copy()
    fitted = fitted_clone(estimator, X, codes)
    outputs(fitted, X)
    expect(np.array_equal(X, kept[0]), "X was modified")
    expect(np.array_equal(codes, kept[1]), "y was modified")


def check_parameters_are_left_alone(estimator: Any, shape: Shape) -> None:
    """fit changes no parameter."""
    X, codes = make_rows(shape)
    fresh = clone(estimator)
    before = joblib.hash(clone(fresh).get_params())
    fresh.fit(X, codes)
    after = joblib.hash(clone(fresh).get_params())
    expect(before == after, "fit changed a parameter")


def check_bad_values_are_refused(estimator: Any, shape: Shape) -> None:
    """NaN and infinity are a ValueError, unless the tags allow NaN."""
    X, codes = make_rows(shape)
    values = [np.inf] if get_tags(estimator).input_tags.allow_nan else [np.nan, np.inf]
    fitted = fitted_clone(estimator, X, codes)
    for value in values:
        bad = X.copy()
        bad.reshape(len(bad), -1)[5, 2] = value
        for what, call in {
            "fit": lambda b=bad: clone(estimator).fit(b, codes),
            "prediction": lambda b=bad: outputs(fitted, b),
        }.items():
            try:
                call()
            except ValueError:
                continue
            raise AssertionError(f"{value} in X is accepted by {what}")


def check_copies_predict_the_same(estimator: Any, shape: Shape) -> None:
    """A pickled copy has the same outputs to the last bit."""
    X, codes = make_rows(shape)
    fitted = fitted_clone(estimator, X, codes)
    copied = pickle.loads(pickle.dumps(fitted))
    expect_same(outputs(copied, X), outputs(fitted, X), "differs in a copy", atol=0)


def check_works_as_a_tower(estimator: Any, shape: Shape) -> None:
    """A TwinTowerClassifier of it and another tower predicts every pattern."""
    towers = [("image", clone(estimator)), ("gene", PCA(2))]
    for output in ("features", "log_odds"):
        model = TwinTowerClassifier(towers, tower_output=output, tower_cv=2)
        expect_model(model, shape)


def check_works_as_a_head(estimator: Any, shape: Shape) -> None:
    """A TwinTowerClassifier with it predicts every pattern, imputed rows too."""
    towers = [("image", PCA(2)), ("gene", PCA(3))]
    for missing in ("tower", "impute"):
        expect_model(TwinTowerClassifier(towers, clone(estimator), missing=missing))


def check_takes_column_spans(estimator: Any, shape: Shape) -> None:
    """If its fit takes ``modalities``, spans of columns change no shape."""
    if "modalities" not in inspect.signature(estimator.fit).parameters:
        return
    X, codes = make_rows(shape)
    spans = {"image": slice(0, 3), "gene": slice(3, N_COLUMNS)}
    p = clone(estimator).fit(X, codes, modalities=spans).predict_proba(X)
    expect(p.shape == (len(X), 2), f"predict_proba has shape {p.shape}")


# In this order a failure has one cause: an estimator that learns while it predicts, for
# example, would also fail the check of the order of rows.
ROW_CHECKS = [
    check_outputs,
    check_classes_are_labels,
    check_parameters_are_left_alone,
    check_input_is_left_alone,
    check_prediction_changes_nothing,
    check_rows_are_independent,
    check_same_seed_same_bits,
    check_refit_forgets,
    check_bad_values_are_refused,
    check_copies_predict_the_same,
]
TOWER_CHECKS = [*ROW_CHECKS, check_works_as_a_tower]
HEAD_CHECKS = [*ROW_CHECKS, check_works_as_a_head, check_takes_column_spans]
