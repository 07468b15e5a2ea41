"""Data of the checks, and their assertions."""

from typing import Any

import numpy as np
from sklearn.base import clone

from skmultimodal.cohort import Cohort

N_ROWS, N_COLUMNS = 42, 7
TOLERANCE = 1e-5
LABELS = {
    "text": np.array(["no", "yes"], dtype=object),
    "numbers": np.array([3, 7]),
    "booleans": np.array([False, True]),
}


def expect(condition: Any, message: str) -> None:
    """Raise an AssertionError unless a condition holds, with Python's -O as well."""
    if not condition:
        raise AssertionError(message)


def make_rows(seed: Any = 0, n_rows: Any = N_ROWS) -> tuple[Any, Any]:
    """A table of two classes that differ in the mean, and the class numbers."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n_rows) % 2
    rows = rng.normal(size=(n_rows, N_COLUMNS)) + 2 * codes[:, None]
    return rows, codes


def make_cohort(seed: Any = 0) -> tuple[Any, Any]:
    """A cohort with three patterns of modalities, and the class numbers."""
    rng = np.random.default_rng(seed)
    n_image, n_gene, n_paired = 15, 17, 20
    n = n_image + n_gene + n_paired
    codes = np.arange(n) % 2
    image = rng.normal(size=(n, 5)) + codes[:, None]
    gene = rng.normal(size=(n, N_COLUMNS)) + codes[:, None]
    image[n_image : n_image + n_gene] = np.nan
    gene[:n_image] = np.nan
    ids = [f"p{number:02d}" for number in range(n)]
    return Cohort({"image": image, "gene": gene}, index=ids), codes


def outputs(estimator: Any, X: Any) -> dict[str, Any]:
    """Outputs of an estimator, by method."""
    names = ("transform", "predict_proba", "predict")
    return {
        n: np.asarray(getattr(estimator, n)(X)) for n in names if _has(estimator, n)
    }


def _has(estimator: Any, name: str) -> bool:
    return hasattr(estimator, name)


def expect_same(found: Any, expected: Any, message: str, atol: Any = TOLERANCE) -> None:
    for name, value in expected.items():
        other = found[name]
        if value.dtype.kind in "fc":
            same = value.shape == other.shape and np.allclose(
                value, other, atol=atol, rtol=atol, equal_nan=True
            )
        else:
            same = np.array_equal(value, other)
        expect(same, f"{name} {message}")


def fitted_clone(estimator: Any, X: Any, y: Any) -> Any:
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=0)
    returned = estimator.fit(X, y)
    expect(returned is estimator, "fit must return self")
    return estimator


def expect_model(model: Any) -> None:
    """Fit a model of cohorts, and check that it predicts every pattern."""
    X, codes = make_cohort()
    fitted = model.fit(X, codes)
    p = fitted.predict_proba(X)
    expect(p.shape == (len(X), 2), f"probabilities have shape {p.shape}")
    expect(np.isfinite(p).all(), "probabilities are NaN for some pattern")
    expect(np.allclose(p.sum(axis=1), 1), "probabilities of a row do not sum to 1")
    order = np.random.default_rng(0).permutation(len(X))
    expect(
        np.allclose(fitted.predict_proba(X[order]), p[order], atol=TOLERANCE),
        "the prediction of a patient depends on the other patients",
    )
