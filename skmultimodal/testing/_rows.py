"""Checks of whatever takes rows: towers and heads."""

import inspect
import pickle

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
    expect,
    expect_model,
    expect_same,
    fitted_clone,
    make_rows,
    outputs,
)


def check_answers(estimator):
    """It has something to say, of the right shape, finite, of every row."""
    X, codes = make_rows()
    fitted = fitted_clone(estimator, X, codes)
    said = outputs(fitted, X)
    expect(said, "it has neither transform nor predict_proba nor predict")
    for name, value in said.items():
        expect(len(value) == len(X), f"{name} gives {len(value)} rows for {len(X)}")
        if value.dtype.kind == "f":
            expect(np.isfinite(value).all(), f"{name} gives NaN or infinity")
    if "predict_proba" in said:
        p = said["predict_proba"]
        expect(p.shape == (len(X), 2), f"predict_proba has shape {p.shape}")
        expect(np.all(p >= 0), "probabilities are negative")
        expect(np.allclose(p.sum(axis=1), 1), "probabilities of a row do not sum to 1")


def check_labels_come_back(estimator):
    """Labels of any type are the classes that it knows and predicts."""
    X, codes = make_rows()
    for kind, labels in LABELS.items():
        fitted = fitted_clone(estimator, X, labels[codes])
        if hasattr(fitted, "classes_"):
            expect(
                list(fitted.classes_) == sorted(labels.tolist()),
                f"classes_ are {list(fitted.classes_)} for labels that are {kind}",
            )
        if hasattr(fitted, "predict") and is_classifier(estimator):
            known = set(fitted.predict(X).tolist()) <= set(labels.tolist())
            expect(known, f"predict gives other labels than those of fit ({kind})")


def check_row_is_independent_of_its_neighbours(estimator):
    """What it says of a row does not depend on the rows beside it or their order."""
    X, codes = make_rows()
    fitted = fitted_clone(estimator, X, codes)
    other, _ = make_rows(seed=1)
    whole = outputs(fitted, other)
    order = np.random.default_rng(0).permutation(len(other))
    moved = {name: value[order] for name, value in whole.items()}
    expect_same(outputs(fitted, other[order]), moved, "depends on the order of rows")
    some = {name: value[:1] for name, value in whole.items()}
    expect_same(outputs(fitted, other[:1]), some, "depends on the rows beside a row")


def check_answering_teaches_nothing(estimator):
    """Frozen, it stays what it is, whatever it is shown."""
    X, codes = make_rows()
    fitted = fitted_clone(estimator, X, codes)
    other, _ = make_rows(seed=1)
    before = outputs(fitted, other)
    frozen = FrozenEstimator(fitted)
    frozen.fit(other * 5, 1 - codes)
    for rows in (other * 5 + 3, other[:3], other):
        outputs(fitted, rows)
    expect_same(
        outputs(fitted, other), before, "changed by what was shown after fit", atol=0
    )


def check_same_seed_same_bits(estimator):
    """Two fits with one seed are the same to the last bit."""
    X, codes = make_rows()
    first, second = (outputs(fitted_clone(estimator, X, codes), X) for _ in range(2))
    expect_same(second, first, "differs between two fits with one seed", atol=0)


def check_refit_forgets(estimator):
    """A second fit leaves nothing of the first."""
    X, codes = make_rows()
    other, _ = make_rows(seed=1)
    wanted = outputs(fitted_clone(estimator, X, codes), X)
    refitted = fitted_clone(estimator, other, 1 - codes).fit(X, codes)
    expect_same(outputs(refitted, X), wanted, "depends on an earlier fit")


def check_input_is_left_alone(estimator):
    """Neither fit nor prediction writes to the data."""
    X, codes = make_rows()
    kept = X.copy(), codes.copy()
    fitted = fitted_clone(estimator, X, codes)
    outputs(fitted, X)
    expect(np.array_equal(X, kept[0]), "X was written to")
    expect(np.array_equal(codes, kept[1]), "y was written to")


def check_parameters_are_left_alone(estimator):
    """fit changes no parameter."""
    X, codes = make_rows()
    fresh = clone(estimator)
    before = joblib.hash(clone(fresh).get_params())
    fresh.fit(X, codes)
    after = joblib.hash(clone(fresh).get_params())
    expect(before == after, "fit changed a parameter")


def check_bad_values_are_refused(estimator):
    """NaN and infinity are a ValueError, unless the tags allow NaN."""
    X, codes = make_rows()
    values = [np.inf] if get_tags(estimator).input_tags.allow_nan else [np.nan, np.inf]
    fitted = fitted_clone(estimator, X, codes)
    for value in values:
        bad = X.copy()
        bad[5, 2] = value
        for what, call in {
            "fit": lambda b=bad: clone(estimator).fit(b, codes),
            "prediction": lambda b=bad: outputs(fitted, b),
        }.items():
            try:
                call()
            except ValueError:
                continue
            raise AssertionError(f"{value} in X is accepted by {what}")


def check_copies_say_the_same(estimator):
    """pickle and joblib give the same bits back."""
    X, codes = make_rows()
    fitted = fitted_clone(estimator, X, codes)
    copied = pickle.loads(pickle.dumps(fitted))
    expect_same(outputs(copied, X), outputs(fitted, X), "differs in a copy", atol=0)


def check_works_as_a_tower(estimator):
    """A TwinTowerClassifier of it and another tower answers for every patient."""
    towers = [("image", clone(estimator)), ("gene", PCA(2))]
    for output in ("features", "log_odds"):
        expect_model(TwinTowerClassifier(towers, tower_output=output, tower_cv=2))


def check_works_as_a_head(estimator):
    """A TwinTowerClassifier with it answers for every patient, imputed ones too."""
    towers = [("image", PCA(2)), ("gene", PCA(3))]
    for missing in ("tower", "impute"):
        expect_model(TwinTowerClassifier(towers, clone(estimator), missing=missing))


def check_takes_column_spans(estimator):
    """If its fit takes ``modalities``, spans of columns change no shape."""
    if "modalities" not in inspect.signature(estimator.fit).parameters:
        return
    X, codes = make_rows()
    spans = {"image": slice(0, 3), "gene": slice(3, N_COLUMNS)}
    p = clone(estimator).fit(X, codes, modalities=spans).predict_proba(X)
    expect(p.shape == (len(X), 2), f"predict_proba has shape {p.shape}")


# What is told apart best comes first: one that learns when shown depends on order too.
ROW_CHECKS = [
    check_answers,
    check_labels_come_back,
    check_parameters_are_left_alone,
    check_input_is_left_alone,
    check_answering_teaches_nothing,
    check_row_is_independent_of_its_neighbours,
    check_same_seed_same_bits,
    check_refit_forgets,
    check_bad_values_are_refused,
    check_copies_say_the_same,
]
TOWER_CHECKS = [*ROW_CHECKS, check_works_as_a_tower]
HEAD_CHECKS = [*ROW_CHECKS, check_works_as_a_head, check_takes_column_spans]
