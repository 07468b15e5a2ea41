"""What the benchmark of alignment changes, and what it counts."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from benchmarks.accuracy.alignment import (
    changes_of_genes,
    changes_of_images,
    most_informative,
    other_columns,
    predict,
    report,
    with_predicted_columns,
)
from skmultimodal import Cohort, TwinTowerClassifier


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(12, 100))).add_prefix("g")


def test_columns_of_another_hospital(table):
    rng = np.random.default_rng(0)
    changed = other_columns(table, (0.02, 0.05, 0.1), rng, first=["g7"])
    kept = [c for c in changed if c in table]
    assert len(kept) == 93
    assert "g7" not in kept
    assert kept != sorted(kept, key=list(table).index)
    pd.testing.assert_frame_equal(changed[kept], table[kept])
    assert sum(c.endswith("_alias") for c in changed) == 2
    assert sum(c.startswith("added_") for c in changed) == 10
    assert not changed.isna().any(axis=None)


def test_informative_columns_come_first(table):
    y = np.arange(12) % 2
    X = Cohort({"rna": table.assign(g3=table["g3"] + 100 * y)})
    assert most_informative(X, y)["rna"][0] == "g3"


def test_absent_columns_are_predicted(table):
    X = Cohort({"rna": table.assign(g3=2 * table["g4"] + 1)})
    changed = Cohort({"rna": X.table("rna").drop(columns="g3")[["g5", "g4", "g2"]]})
    filled = with_predicted_columns(X, changed).table("rna")
    assert list(filled) == list(table)
    assert np.corrcoef(filled["g3"], X.table("rna")["g3"])[0, 1] > 0.9


def test_changes_of_genes(table):
    y = np.arange(12) % 2
    X = Cohort({"rna": table, "mirna": table.abs()})
    towers = [(name, LogisticRegression()) for name in X.modalities]
    model = TwinTowerClassifier(towers).fit(X, y)
    clean, said = predict(model, X)
    assert said == ""
    rows = []
    for case, changed in changes_of_genes(X, y, X, seed=0):
        p, said = predict(model, changed)
        if case == "shuffled":
            np.testing.assert_allclose(p, clean)
        moved = [np.nan] if p is None else np.abs(p - clean)
        about = {"cohort": "x", "label": "y", "draw": 0, "case": case, "said": said}
        rows.append(pd.DataFrame(about | {"refused": p is None, "change": moved}))
    text = report(pd.concat(rows))
    assert "lacks 12 of the 100 features of fit" in text
    # All in which more than a twentieth is absent.
    assert text.count("| refused |") == 4


def test_changes_of_images():
    images = np.ones((2, 3, 10, 12), np.float32)
    X = Cohort({"image": images})
    shapes = [
        changed.block_shape("image")[2:]
        for _, changed in changes_of_images(None, None, X, 0)
    ]
    assert shapes == [
        (20, 24),
        (15, 18),
        (20, 24),
        (15, 18),
        (20, 24),
        (5, 6),
        (10, 18),
        (10, 12),
    ]
