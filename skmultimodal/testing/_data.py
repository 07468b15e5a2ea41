"""What the checks are made on, and how they say no."""

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


def expect(kept, promise):
    """Raise an AssertionError unless a promise is kept, with Python's -O as well."""
    if not kept:
        raise AssertionError(promise)


def make_rows(seed=0, n_rows=N_ROWS):
    """A table that follows the classes, and their numbers."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n_rows) % 2
    rows = rng.normal(size=(n_rows, N_COLUMNS)) + 2 * codes[:, None]
    return rows, codes


def make_cohort(seed=0):
    """Patients of three patterns, and the numbers of their classes."""
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


def outputs(estimator, X):
    """What an estimator says of rows, by method."""
    names = ("transform", "predict_proba", "predict")
    return {
        n: np.asarray(getattr(estimator, n)(X)) for n in names if _has(estimator, n)
    }


def _has(estimator, name):
    return hasattr(estimator, name)


def expect_same(found, wanted, what, atol=TOLERANCE):
    for name, value in wanted.items():
        other = found[name]
        if value.dtype.kind in "fc":
            same = value.shape == other.shape and np.allclose(
                value, other, atol=atol, rtol=atol, equal_nan=True
            )
        else:
            same = np.array_equal(value, other)
        expect(same, f"{name} {what}")


def fitted_clone(estimator, X, y):
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=0)
    returned = estimator.fit(X, y)
    expect(returned is estimator, "fit must return self")
    return estimator


def expect_model(model):
    """A twin tower of the part answers for every pattern."""
    X, codes = make_cohort()
    fitted = model.fit(X, codes)
    p = fitted.predict_proba(X)
    expect(p.shape == (len(X), 2), f"probabilities have shape {p.shape}")
    expect(np.isfinite(p).all(), "probabilities are NaN for some pattern")
    expect(np.allclose(p.sum(axis=1), 1), "probabilities of a row do not sum to 1")
    order = np.random.default_rng(0).permutation(len(X))
    expect(
        np.allclose(fitted.predict_proba(X[order]), p[order], atol=TOLERANCE),
        "what it says of a patient depends on the patients beside",
    )
