"""Labels and groups are joined to rows by patient id, or refused."""

import numpy as np
import pandas as pd
import pytest

from skmultimodal import Cohort
from skmultimodal.utils._alignment import (
    align_metadata,
    join_by_id,
    refuse_other_ids,
)
from skmultimodal.utils._ids import is_plain

IDS = ["P03", "P01", "P02", "P00"]


def rows(ids):
    return Cohort({"gene": (ids, np.ones((len(ids), 3)))})


def joined(values, ids, name="y"):
    """Values by the id of their row."""
    found = join_by_id(values, rows(ids), name=name)
    return dict(zip(ids, np.asarray(found).tolist(), strict=True))


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2]])
def test_by_id(order):
    y = pd.Series(["d", "b", "c", "a"], index=IDS).iloc[order]
    assert joined(y, IDS) == {"P03": "d", "P01": "b", "P02": "c", "P00": "a"}


def test_of_a_table_and_of_repeated_rows():
    X = pd.DataFrame(np.eye(3), index=["b", "a", "b"])
    y = pd.DataFrame({"y": [1, 2]}, index=["a", "b"])
    assert join_by_id(y, X)["y"].tolist() == [2, 1, 2]
    same = pd.Series([1, 2, 3], index=["b", "a", "b"])
    assert join_by_id(same, X).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "values", [[1, 2, 3, 4], np.arange(4), (1, 2, 3, 4), None, "ab", 7]
)
def test_what_has_no_index_is_left_alone(values):
    assert join_by_id(values, rows(IDS)) is values


def test_rows_without_ids():
    y = pd.Series([1, 2], index=["a", "b"])
    for X in (np.ones((2, 3)), [[1.0], [2.0]]):
        assert join_by_id(y, X) is y


@pytest.mark.parametrize("index", [pd.RangeIndex(4), pd.Index([0, 1, 2, 3])])
def test_row_numbers_are_an_order(index):
    """They are no ids of the patients, so there is nothing else to go by."""
    y = pd.Series([5, 6, 7, 8], index=index)
    assert joined(y, IDS) == dict(zip(IDS, [5, 6, 7, 8], strict=True))


def test_row_numbers_of_which_some_are_ids():
    """Either labels by row, or those of other patients, as many as there are rows."""
    y = pd.Series([5, 6, 7, 8])
    message = "index of y, 0 to 3, has the ids of 3 of the 4 rows .*, such as 9: y is"
    with pytest.warns(UserWarning, match=message):
        assert joined(y, [3, 0, 1, 9]) == {3: 5, 0: 6, 1: 7, 9: 8}
    table = pd.DataFrame({"age": [5, 6, 7, 8]})
    with pytest.warns(UserWarning, match="index of metadata, 0 to 3, has the ids of 3"):
        found = align_metadata(table, pd.Index([3, 0, 1, 9]))
    assert found["age"].to_dict() == {3: 5, 0: 6, 1: 7, 9: 8}


def test_row_numbers_that_are_ids():
    y = pd.Series([50, 51, 52, 53])
    with pytest.warns(UserWarning, match="also ids of X, in another order"):
        assert joined(y, [3, 0, 2, 1]) == {3: 53, 0: 50, 2: 52, 1: 51}
    # Whoever shuffles both has no doubt.
    assert joined(y.loc[[3, 1, 0, 2]], [3, 0, 2, 1]) == {3: 53, 0: 50, 2: 52, 1: 51}


@pytest.mark.parametrize("own", [[7, 8, 9], ["7", "8", "9"], [7.0, 8.0, 9.0]])
def test_a_number_is_its_text(own):
    y = pd.Series(["a", "b", "c"], index=own)
    for ids in ([9, 7, 8], ["9", "7", "8"]):
        assert list(joined(y, ids).values()) == ["c", "a", "b"]


def test_labels_of_other_patients():
    y = pd.Series(range(7), index=[*IDS, "Q1", "Q2", "Q3"])
    with pytest.warns(UserWarning, match="5 of its 7 ids .* 'P02', 'P00', 'Q1'"):
        assert joined(y, ["P01", "P03"]) == {"P01": 1, "P03": 0}


@pytest.mark.parametrize(
    ("own", "ids", "message"),
    [
        (["Q1", "Q2"], ["P1", "P2"], "none of the 2 ids .* 'Q1', 'Q2'.* 'P1', 'P2'"),
        (
            ["p1 ", "p2"],
            ["P1", "P2"],
            "2 would meet but for case, blanks or Unicode form",
        ),
        ([1, 2], ["001", "002"], "2 would meet but for leading zeros or separators"),
        (["P1", "P4"], ["P1", "P2", "P3"], "no entry for 2 of the 3 .* 'P2', 'P3'"),
        (["P1", "P1"], ["P1"], "index of y has a duplicated patient id: 'P1'"),
        (["P1", "P2"], [0, 1], "make X a Cohort with index="),
    ],
)
def test_refusals(own, ids, message):
    y = pd.Series(np.arange(len(own)), index=own)
    with pytest.raises(ValueError, match=message):
        joined(y, ids)
    with pytest.raises(ValueError, match="groups"):
        joined(y, ids, name="groups")


def test_the_remedy_for_patients_without_label():
    y = pd.Series([1.0, 0.0], index=["P1", "P4"])
    X = rows(["P1", "P2", "P4"])
    with pytest.raises(ValueError, match=r"y.reindex\(X.index\)"):
        join_by_id(y, X)
    found = join_by_id(y.reindex(X.index), X)
    np.testing.assert_array_equal(found, [1, np.nan, 0])


@pytest.mark.parametrize(
    ("index", "plain"),
    [
        (pd.RangeIndex(3), True),
        (pd.Index([0, 1, 2]), True),
        (pd.Index([1, 2, 3]), False),
        (pd.Index([0, 2, 1]), False),
        (pd.Index(["0", "1", "2"]), False),
        (pd.Index([0.0, 1.0, 2.0]), False),
        (pd.MultiIndex.from_tuples([(0, 1), (0, 2)]), False),
    ],
)
def test_what_row_numbers_are(index, plain):
    assert is_plain(index) is plain


def test_metadata():
    index = pd.Index(["a", "b", "c"])
    by_id = pd.DataFrame({"age": [3, 1, 2]}, index=["c", "a", "b"])
    assert align_metadata(by_id, index)["age"].to_dict() == {"a": 1, "b": 2, "c": 3}
    with pytest.warns(UserWarning, match="no row for 1 of the 3 patients, .* 'b'"):
        found = align_metadata(by_id[:2], index)
    assert found.index.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(found["age"], [1, np.nan, 3])
    with pytest.raises(TypeError, match="must be a DataFrame, got dict"):
        align_metadata({"age": [1, 2, 3]}, index)
    message = r"its index has 'A', 'B', .*2 would meet but for case\)\. Index it by"
    with pytest.raises(ValueError, match=message):
        align_metadata(by_id[1:].set_axis(["A", "B"]), index)
    with pytest.raises(ValueError, match="metadata has a duplicated patient id: 'a'"):
        align_metadata(by_id[1:].set_axis(["a", "a"]), index)


def test_metadata_of_ids_alike():
    index = pd.Index(["P1", "P2"])
    table = pd.DataFrame({"age": [1, 2, 3]}, index=["p1", "P2", "P1"])
    with pytest.warns(
        UserWarning, match="1 row of no patient .* 'p1', .* 'P1' in case"
    ):
        found = align_metadata(table, index)
    assert found["age"].to_dict() == {"P1": 3, "P2": 2}
    message = (
        r"no row for 1 of the 2 patients, such as 'P1' \(1 would meet but for case"
    )
    with pytest.warns(UserWarning, match=message):
        align_metadata(table[:2], index)


def test_metadata_by_row_number():
    index = pd.Index(["a", "b", "c"])
    table = pd.DataFrame({"age": [1, 2, 3], "who": list("cab")})
    by_row = align_metadata(table, index)
    assert by_row["age"].to_dict() == {"a": 1, "b": 2, "c": 3}
    with pytest.raises(ValueError, match=r"metadata.set_index\('who'\)"):
        align_metadata(table, index, by_position=False)
    with pytest.raises(ValueError, match="index it by patient id"):
        align_metadata(table[["age"]], index, by_position=False)
    numbers = pd.Index([2, 0, 1])
    with pytest.warns(UserWarning, match="also ids of X, in another order"):
        by_id = align_metadata(table, numbers, by_position=False)
    assert by_id["age"].to_dict() == {0: 1, 1: 2, 2: 3}


@pytest.mark.parametrize("index", [None, ["d", "c", "b", "a"]])
def test_metadata_of_joined_blocks(index):
    """Rows of a join are in an order that only `index` states."""
    blocks = {
        "image": (list("cd"), np.ones((2, 2))),
        "gene": (list("abc"), np.ones((3, 3))),
    }
    table = pd.DataFrame({"age": [50, 51, 52, 53]})
    if index is None:
        with pytest.raises(ValueError, match="metadata has row numbers"):
            Cohort(blocks, metadata=table)
        return
    X = Cohort(blocks, index=index, metadata=table)
    assert X.metadata["age"].to_dict() == {"d": 50, "c": 51, "b": 52, "a": 53}


def test_columns_taken_row_by_row():
    y = pd.Series([1, 0, 1, 1], index=IDS)
    numbers = pd.Series([0.2, 0.4, 0.6, 0.8])
    refuse_other_ids(y_true=y, y_prob=numbers, folds=[0, 0, 1, 1])
    refuse_other_ids(folds=numbers, y_true=y, y_prob=numbers.set_axis(IDS))
    message = "y_prob has the patients 'P00', 'P01', .* y_true 'P03', 'P01', "
    with pytest.raises(ValueError, match=message):
        refuse_other_ids(y_true=y, folds=numbers, y_prob=y.sort_index())
    with pytest.raises(ValueError, match=r"y_prob has .* give both the same patients"):
        refuse_other_ids(y_true=y, y_prob=y[:3])
