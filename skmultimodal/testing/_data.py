"""Data of the checks, and their assertions."""

from typing import Any

import numpy as np
from sklearn.base import clone

from skmultimodal.cohort import Cohort

Shape = tuple[int, ...]
N_ROWS, N_COLUMNS = 42, 7
# Of a row of the modality "image" in cohorts of tables.
N_VALUES = 5
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


def make_rows(shape: Shape = (N_COLUMNS,), seed: Any = 0) -> tuple[Any, Any]:
    """Rows of two classes that differ in the mean, and the class numbers."""
    codes = np.arange(N_ROWS) % 2
    return _draw(np.random.default_rng(seed), codes, shape, 2), codes


def make_cohort(shape: Shape = (N_VALUES,), seed: Any = 0) -> tuple[Any, Any]:
    """A cohort with three patterns of modalities, and the class numbers."""
    rng = np.random.default_rng(seed)
    n_image, n_gene, n_paired = 15, 17, 20
    n = n_image + n_gene + n_paired
    codes = np.arange(n) % 2
    image = _draw(rng, codes, shape, 1)
    gene = rng.normal(size=(n, N_COLUMNS)) + codes[:, None]
    image[n_image : n_image + n_gene] = np.nan
    gene[:n_image] = np.nan
    ids = [f"p{number:02d}" for number in range(n)]
    return Cohort({"image": image, "gene": gene}, index=ids), codes


def _draw(rng: Any, codes: Any, shape: Shape, apart: float) -> Any:
    """Noise, to which the second class has something added; left, where images are."""
    rows = rng.normal(size=(len(codes), *shape))
    left = rows[..., : shape[-1] // 2] if len(shape) > 1 else rows
    left += apart * codes.reshape(-1, *[1] * len(shape))
    return rows


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
    """A clone fitted with seed 0, in whichever step of it draws at random."""
    estimator = clone(estimator)
    params = estimator.get_params(deep=True)
    seeds = [n for n in params if n.split("__")[-1] == "random_state"]
    unset = {n: 0 for n in seeds if n == "random_state" or params[n] is None}
    estimator.set_params(**unset)
    returned = estimator.fit(X, y)
    expect(returned is estimator, "fit must return self")
    return estimator


def expect_model(model: Any, shape: Shape = (N_VALUES,)) -> None:
    """Fit a model of cohorts, and check that it predicts every pattern."""
    X, codes = make_cohort(shape)
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
