"""Ids that differ in writing: refused where they are one number, else warned of."""

import warnings

import numpy as np
import pandas as pd
import pytest

from skmultimodal import Cohort
from skmultimodal.utils._ids import id_texts, take_ids


def test_texts_of_ids():
    found = id_texts(pd.Index([1, 2.0, "2.0", "01", 2.5], dtype=object))
    assert found.tolist() == ["1", "2", "2.0", "01", "2.5"]


def join(**ids):
    return Cohort({name: (of, np.ones((len(of), 2))) for name, of in ids.items()})


@pytest.mark.parametrize(
    ("gene", "image", "message"),
    [
        (["7", 7, 8], [9], "modality 'gene' has the patient ids '7' and 7, one id in"),
        (["7", "7.0"], ["8"], "'gene' has patient id '7' and '7.0', one id in two"),
        ([7, 8], ["8", "9"], "'gene' has patient id 8 and 'image' '8', one id in two"),
        (["7"], ["7.0", "9"], "'gene' has patient id '7' and 'image' '7.0', one id in"),
        (["7", "8"], ["7", "7.0"], "'gene' has patient id '7' and 'image' '7.0', one"),
    ],
)
def test_one_number_in_two_forms(gene, image, message):
    with pytest.raises(ValueError, match=message):
        join(gene=gene, image=image)


def test_two_forms_in_the_index_of_aligned_rows():
    with pytest.raises(ValueError, match="index has the patient ids 7 and '7', one id"):
        Cohort({"gene": np.ones((3, 2))}, index=["P1", 7, "7"])


@pytest.mark.parametrize(
    ("gene", "image", "message"),
    [
        (["P1", "P2"], ["p2"], "1 pair .* modalities 'gene' and 'image' .* case only"),
        (["P1", "p1"], ["P2"], "1 pair of patient ids of modality 'gene' .* case only"),
        # The other modality has one of the two.
        (["P1", "P2"], ["P1", "P1 "], "modalities 'gene' and 'image' .* blanks only"),
        (["007", "8"], ["7", "08"], "2 pairs .* leading zeros or separators only"),
    ],
)
def test_ids_alike(gene, image, message):
    with pytest.warns(UserWarning, match=message) as caught:
        X = join(gene=gene, image=image)
    assert len(caught) == 1
    assert X.index.tolist() == list(dict.fromkeys([*gene, *image]))


def test_ids_of_one_writing_are_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(join(gene=["P1", "P10", "P2"], image=["P10", "P3", "P1"])) == 4
        assert len(join(gene=[1, 2, 3], image=[2.0, 4.0])) == 4


def table(n_rows, ids=None):
    return pd.DataFrame(np.ones((n_rows, 2)), index=ids, columns=["a", "b"])


@pytest.mark.parametrize(
    ("gene", "image", "message"),
    [
        (
            table(7),
            table(4),
            r"'gene' has row numbers .* 'image' not as many .* \(4 an",
        ),
        (table(4), table(7), "'image' has row numbers .* 'gene' not as many"),
        (
            table(7),
            table(2, ids=["P1", "P2"]),
            r"such an index \(its ids are 'P1', 'P2",
        ),
        (table(3, ids=[5, 6, 7]), table(7), "'gene' not such an index .* 5, 6, 7"),
    ],
)
def test_row_numbers_of_different_tables(gene, image, message):
    with pytest.raises(ValueError, match=f"{message}.*set_index"):
        Cohort({"gene": gene, "image": image})


def test_row_numbers_of_one_table():
    one = Cohort({"gene": table(7), "image": table(7).iloc[[1, 4, 5]]})
    assert one.patterns.tolist() == [
        *["gene", "gene+image", "gene", "gene"],
        *["gene+image", "gene+image", "gene"],
    ]
    assert len(Cohort({"gene": table(5), "image": table(5) * 2})) == 5


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([3], range(3, 4)),
        ([0, 1, 2], range(3)),
        ([4, 2, 0], range(4, -2, -2)),
        ([], range(0)),
        ([1, 1], [1, 1]),
        ([0, 2, 3], [0, 2, 3]),
    ],
)
def test_row_numbers_stay_a_range(rows, wanted):
    """In pandas 2, which makes them an Index of integers, as well."""
    taken = take_ids(pd.RangeIndex(6, name="row"), np.array(rows, dtype=int))
    assert isinstance(taken, pd.RangeIndex) == isinstance(wanted, range)
    assert taken.tolist() == list(wanted)
    assert taken.name == "row"
    named = take_ids(pd.Index(list("abcdef")), np.array(rows, dtype=int))
    assert named.tolist() == ["abcdef"[row] for row in rows]
