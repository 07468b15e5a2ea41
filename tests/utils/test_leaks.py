"""The label is found among the columns, and chance is not taken for it."""

import numpy as np
import pandas as pd
import pytest
from cohort_tools import RecordingBlock
from scipy.sparse import csr_matrix

from skmultimodal import Cohort
from skmultimodal.utils import _rows
from skmultimodal.utils._leaks import can_be_found, find_label, follows_label


def cohort_of(rows, names=None):
    ids = [f"p{i}" for i in range(rows.shape[0])]
    if names is not None:
        rows = pd.DataFrame(rows, columns=names)
        return Cohort({"gene": rows.set_axis(ids)})
    return Cohort({"gene": (ids, rows)})


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("make", [float, lambda c: 5.5 - 2 * c, lambda c: (c - 1) ** 3])
def test_a_copy_in_any_coding(rng, n_classes, make):
    codes = rng.permutation(np.arange(90) % n_classes)
    rows = rng.normal(size=(90, 7))
    assert find_label(cohort_of(rows), "gene", codes) is None
    rows[:, 4] = np.vectorize(make)(codes)
    assert find_label(cohort_of(rows), "gene", codes) == "column 4"
    names = list("abcdefg")
    assert find_label(cohort_of(rows, names), "gene", codes) == "column 'e'"


def test_what_is_no_copy(rng):
    codes = np.arange(90) % 2
    rows = rng.normal(size=(90, 4))
    rows[:, 0] = 1.0  # constant
    rows[:, 1] = codes  # but for one patient
    rows[71, 1] = 1 - codes[71]
    rows[:, 2] = np.where(np.arange(90) == 3, np.nan, codes)
    rows[:, 3] = codes + rng.normal(scale=1e-6, size=90)
    assert find_label(cohort_of(rows), "gene", codes) is None


def test_a_lazy_table_is_searched_in_batches(rng, monkeypatch):
    """64 rows acquit most columns; only suspects are looked for in the others."""
    monkeypatch.setattr(_rows, "BATCH_BYTES", 20 * 4 * 7)  # rows of seven columns
    codes = np.arange(190) % 2
    rows = rng.normal(size=(190, 7))
    block = RecordingBlock(rows)
    assert find_label(cohort_of(block), "gene", codes) is None
    assert [len(read) for read in block.reads] == [95]
    rows[:, 5] = 2.5 - codes
    block = RecordingBlock(rows)
    block.feature_names = list("abcdefg")
    assert find_label(cohort_of(block), "gene", codes) == "column 'f'"
    assert [len(read) for read in block.reads] == [95, *[20] * 9, 10]
    assert find_label(cohort_of(csr_matrix(rows)), "gene", codes) == "column 5"
    rows[177, 5] = 7.0
    assert find_label(cohort_of(RecordingBlock(rows)), "gene", codes) is None


def test_images_are_not_searched():
    codes = np.arange(40) % 2
    images = np.ones((40, 1, 2, 3)) * codes[:, None, None, None]
    assert find_label(Cohort({"image": images}), "image", codes) is None


def test_the_label_in_words_is_found():
    codes = np.arange(40) % 2
    table = pd.DataFrame({"site": ["Leeds"] * 40, "grade": ["low", "high"] * 20})
    assert (
        find_label(Cohort({"clinical": table}), "clinical", codes) == "column 'grade'"
    )
    table.loc[7, "grade"] = "low"
    assert find_label(Cohort({"clinical": table}), "clinical", codes) is None


@pytest.mark.parametrize(
    ("counts", "n_columns", "found"),
    [
        ((3, 3), 1, False),  # 20 arrangements
        ((10, 10), 100, True),  # 184756
        ((10, 10), 20_000, False),
        ((60, 60), 20_000, True),
        ((58, 2), 1, True),  # 1770
        ((58, 2), 2, False),
        ((60, 0), 1, False),
    ],
)
def test_columns_of_chance(counts, n_columns, found):
    assert can_be_found(np.repeat([0, 1], counts), n_columns) is found


@pytest.mark.parametrize(
    ("values", "follows"),
    [
        (["no", "yes"], True),
        ([7, 3], True),
        ([None, "dead"], True),
        (["a", "a"], False),
    ],
)
def test_covariates(values, follows):
    codes = np.arange(50) % 2
    column = pd.Series([values[c] for c in codes], dtype=object)
    assert follows_label(column, codes) is follows
    column[9] = "another"
    assert not follows_label(column, codes)
