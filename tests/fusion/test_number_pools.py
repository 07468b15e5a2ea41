"""The pool of numbers: how far rows with several modalities move the mean."""

import numpy as np
import pytest

from skmultimodal import GaussianPoolRegressor

SPANS = {"a": slice(0, 1), "b": slice(1, 2)}
N_REST = 400


def fitted(n_several, shift, seed=0):
    """A pool of patients of whom those with both modalities depart by `shift`."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n_several + N_REST, 2)) * [1.0, 0.6]
    y = 50 + Z.sum(axis=1) + rng.normal(size=len(Z))
    y[:n_several] += shift
    Z[n_several::2, 0] = np.nan
    Z[n_several + 1 :: 2, 1] = np.nan
    pool = GaussianPoolRegressor().fit(Z, y, modalities=SPANS, log_odds=SPANS)
    return pool, y


def test_a_few_dozens_of_paired_rows_hardly_move_the_mean():
    moved = []
    for seed in range(15):
        pool, y = fitted(45, 0.0, seed)
        moved.append((pool.intercept_[0] - y.mean()) / y.std())
    # The mean of 45 numbers has a standard error of .15.
    assert np.std(moved) < 0.033
    assert abs(np.mean(moved)) < 0.02


@pytest.mark.parametrize("shift", [-1.5, 2.0])
def test_many_paired_rows_of_another_mean_move_it(shift):
    pool, y = fitted(350, shift)
    away = y[:350].mean() - y.mean()
    assert 0.6 < (pool.intercept_[0] - y.mean()) / away < 1.1
