"""Draws, measures and theory of the benchmark of prediction sets."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy.coverage import (
    N_CALIBRATION,
    N_TEST,
    N_TRAIN,
    PATTERNS,
    expected_coverage,
    measure,
    run,
    split,
    summarise,
)
from skmultimodal.datasets import make_glioma_cohort


def test_no_row_has_two_uses():
    sizes = [N_TRAIN[p] + N_CALIBRATION[p] + N_TEST[p] for p in PATTERNS]
    X, _ = make_glioma_cohort(
        *sizes, n_genes=20, image_size=16, random_state=0, return_X_y=True
    )
    parts = split(X, seed=3)
    assert sorted(np.concatenate(parts)) == list(range(len(X)))
    for rows, counts in zip(parts, (N_TRAIN, N_CALIBRATION, N_TEST), strict=True):
        assert X[rows].summary().to_dict() == counts


def test_measures():
    sets = np.array([[1, 0], [1, 1], [0, 1], [0, 0]], dtype=bool)
    patterns = np.array(["image", "image", "gene", "image+gene"])
    rows = measure(sets, np.array([0, 1, 0, 1]), patterns, "by pattern", 0.9)
    found = {row["pattern"]: (row["coverage"], row["size"], row["one"]) for row in rows}
    assert found == {
        "image": (1, 1.5, 0.5),
        "gene": (0, 1, 1),
        "image+gene": (0, 0, 0),
        "all": (0.5, 1, 0.5),
    }


@pytest.mark.parametrize(
    ("stated", "n_rows", "mean"), [(0.9, 9, 0.9), (0.9, 60, 55 / 61), (0.8, 8, 8 / 9)]
)
def test_expected_coverage(stated, n_rows, mean):
    assert expected_coverage(stated, n_rows) == pytest.approx(mean)


def test_summary_of_two_cohorts():
    table = run(0)
    assert len(table) == 2 * 2 * 4
    assert table["coverage"].between(0.5, 1).all()
    other = table.assign(cohort=1, coverage=table["coverage"] - 0.1)
    both = summarise(pd.concat([table, other]))
    first = table.set_index(["stated", "sets", "pattern"])["coverage"]
    np.testing.assert_allclose(both["coverage"], first - 0.05)
    np.testing.assert_allclose(both["spread"], 0.1 / np.sqrt(2))
    np.testing.assert_allclose(both["error"], 0.05)
    # Nothing is known of a pattern in marginal sets.
    assert both["expected"].isna().sum() == 2 * 3
