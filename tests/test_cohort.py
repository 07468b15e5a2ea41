"""Cohort against its contract, and against a plain dict of arrays."""

import pickle
import re
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from cohort_tools import (
    CohortLogistic,
    KeepModality,
    RecordingBlock,
    block_types,
    make_blocks,
    make_cohort,
    patient_ids,
    present,
    summarize,
)
from hypothesis import given
from hypothesis import strategies as st
from joblib import Parallel, delayed
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import resample
from skorch.helper import SliceDict

from skmultimodal import Cohort, UnimodalClassifier
from skmultimodal.cohort import as_cohort

FORMS = ["positional", "keyed", "frame", "lazy"]
IMAGE = np.arange(3 * 24, dtype=np.float32).reshape(3, 2, 3, 4)
GENE = np.arange(3 * 5, dtype=np.float64).reshape(3, 5)


def assert_same(X, model, ids):
    """`X` holds the rows of `model`, a dict of arrays with NaN for what is missing."""
    assert X.modalities == list(model)
    assert X.shape == (len(ids), len(model))
    assert len(X) == len(ids)
    assert X.index.tolist() == list(ids)
    assert X.metadata.index.tolist() == list(ids)
    assert X.metadata["age"].tolist() == [int(i[1:]) for i in ids]
    has = {name: present(rows) for name, rows in model.items()}
    words = ["+".join(n for n in model if has[n][row]) for row in range(len(ids))]
    assert X.patterns.tolist() == [word or "none" for word in words]
    for name, rows in model.items():
        np.testing.assert_array_equal(X.has(name), has[name])
        np.testing.assert_array_equal(X.available[name], has[name])
        np.testing.assert_array_equal(np.asarray(X.block(name)), rows[has[name]])


@pytest.fixture
def hand():
    """Five patients whose pattern can be read off: both, image, gene, both, none."""
    image = np.arange(5 * 24, dtype=np.float32).reshape(5, 2, 3, 4)
    gene = np.arange(5 * 6, dtype=np.float32).reshape(5, 6)
    image[[2, 4]], gene[[1, 4]] = np.nan, np.nan
    return Cohort({"image": image, "gene": gene}, index=list("abcde"))


# Building


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_cohort(blocks, form):
    assert_same(make_cohort(blocks, form), blocks, patient_ids(11))


@pytest.mark.parametrize(
    "rows",
    [
        np.where(np.array([0, 1, 0])[:, None] == 1, np.nan, GENE),
        [GENE[0], None, GENE[2]],
        pd.Series([GENE[0], None, GENE[2]]).to_numpy(),
        np.array([[1.0, 2.0], [None, None], [3.0, 4.0]], dtype=object),
        pd.DataFrame({"g": pd.array([1, None, 3], dtype="Int64")}),
        pd.DataFrame({"g": pd.array([1.5, None, 3], dtype="Float64")}),
    ],
    ids=["nan", "None in list", "object", "2-D object", "Int64", "Float64"],
)
def test_missing_rows_are_found(rows):
    X = Cohort({"gene": rows})
    assert X.has("gene").tolist() == [True, False, True]
    assert X.block("gene").shape[0] == 2


def test_partly_missing_row_is_present():
    gene = GENE.copy()
    gene[1, :4] = np.nan
    assert Cohort({"gene": gene}).paired.all()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float16", "float32", "float64"])
@pytest.mark.parametrize("form", ["array", "keyed", "cells", "cells with None"])
def test_native_dtype_is_kept(dtype, form):
    image = IMAGE.astype(dtype)
    rows = {
        "array": image,
        "keyed": (list("abc"), image),
        "cells": list(image),
        "cells with None": [*image, None],
    }[form]
    block = Cohort({"image": rows}).block("image")
    assert block.dtype == dtype
    np.testing.assert_array_equal(block, image)


def test_keyed_rows_join_in_order_of_first_appearance():
    X = Cohort(
        {
            "image": (["c", "a"], IMAGE[:2]),
            "gene": pd.DataFrame(GENE, index=["b", "a", "d"], columns=list("uvwxy")),
        }
    )
    assert X.index.tolist() == ["c", "a", "b", "d"]
    assert X.patterns.tolist() == ["image", "image+gene", "gene", "gene"]
    np.testing.assert_array_equal(X.block("gene"), GENE[[1, 0, 2]])
    assert X.feature_names("gene") == list("uvwxy")
    assert X.feature_names("image") is None


def test_index_chooses_rows_of_the_keyed_form():
    X = Cohort({"gene": (list("abc"), GENE)}, index=["c", "unknown", "a"])
    assert X.patterns.tolist() == ["gene", "none", "gene"]
    np.testing.assert_array_equal(X.block("gene"), GENE[[2, 0]])


def test_integer_ids_stay_integers():
    X = Cohort({"image": ([30, 10], IMAGE[:2]), "gene": ([10, 20, 40], GENE)})
    assert X.index.tolist() == [30, 10, 20, 40]
    assert X.index.dtype.kind == "i"


def test_keyed_modality_that_nobody_has():
    nobody = pd.DataFrame(np.empty((0, 4)))
    X = Cohort({"image": (list("abc"), IMAGE), "gene": nobody})
    assert X.patterns.tolist() == ["image"] * 3
    assert X.block("gene").shape == (0, 4)


def test_numbers_and_booleans_of_one_frame_are_numbers():
    df = pd.DataFrame({"age": [61.0, np.nan], "male": [True, False]})
    assert Cohort({"clinic": df}).block("clinic").dtype.kind == "f"


@pytest.mark.parametrize(
    ("blocks", "options", "message"),
    [
        ({"gene": (["a", "b", "a"], GENE)}, {}, r"'gene'.*duplicated.*'a'"),
        ({"gene": pd.DataFrame(GENE, index=[7, 7, 8])}, {}, r"'gene'.*duplicated.*7"),
        ({"gene": GENE}, {"index": ["a", "b", "b"]}, r"index.*duplicated.*'b'"),
        ({"gene": (["a", None, "b"], GENE)}, {}, r"'gene'.*missing patient id"),
        ({"image": IMAGE[:2], "gene": GENE}, {}, r"image has 2, gene has 3"),
        ({"image": IMAGE, "gene": (list("abc"), GENE)}, {}, r"'image'.*plain array"),
        ({"gene": (["a", "b"], GENE)}, {}, r"'gene' has 2 ids for 3 rows"),
        ({"gene": GENE}, {"index": ["a", "b"]}, r"index has 2 ids for 3 rows"),
        ({"gene": (list("abc"), GENE)}, {"index": list("xyz")}, r"no block.*'x'"),
        ({"gene": GENE[0]}, {}, r"'gene' is 1-D"),
        ({"gene": [GENE[0], GENE[1][:3], None]}, {}, r"'gene'.*one shape"),
        ({}, {}, r"at least one modality"),
        ([GENE], {}, r"must be a dict"),
        ({3: GENE}, {}, r"name must be a string.*got 3"),
    ],
)
def test_bad_blocks_are_refused_by_name(blocks, options, message):
    with pytest.raises(ValueError, match=message):
        Cohort(blocks, **options)


@pytest.mark.parametrize("kind", ["csr_array", "csc_matrix", "coo_array"])
def test_sparse_block_is_made_dense_when_it_is_read(kind):
    matrix = getattr(scipy.sparse, kind)(GENE)
    X = Cohort({"gene": (list("abc"), matrix)})
    assert X.block("gene").dtype == np.float32
    np.testing.assert_array_equal(X[[2, 0]].block("gene"), np.float32(GENE)[[2, 0]])
    positional = Cohort({"gene": matrix})
    np.testing.assert_array_equal(positional.block("gene"), np.float32(GENE))


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_metadata_is_matched_by_id(order):
    ages = pd.DataFrame({"age": [50, 60, 70]}, index=list("abc")).iloc[order]
    X = Cohort({"gene": GENE}, index=list("abc"), metadata=ages)
    assert X.metadata["age"].tolist() == [50, 60, 70]
    assert X[[2, 0, 2]].metadata["age"].tolist() == [70, 50, 70]


def test_metadata_by_position_and_with_gaps():
    ages = pd.DataFrame({"age": [50, 60, 70]})
    X = Cohort({"gene": GENE}, index=list("abc"), metadata=ages)
    assert X[1].metadata.to_dict("index") == {"b": {"age": 60}}
    one = ages[:1].set_axis(["b"], axis=0)
    with pytest.warns(UserWarning, match="metadata has no row for 2 of the 3 patients"):
        gaps = Cohort({"gene": GENE}, index=list("abc"), metadata=one)
    np.testing.assert_array_equal(gaps.metadata["age"], [np.nan, 50, np.nan])


@pytest.mark.parametrize(
    ("metadata", "error", "message"),
    [
        (pd.DataFrame({"q": [1, 2]}, index=["a", "a"]), ValueError, "metadata.*'a'"),
        (pd.DataFrame({"q": [1, 2]}, index=["x", "y"]), ValueError, "no row.*'a'"),
        (pd.Series([1, 2, 3]), TypeError, "DataFrame, got Series"),
    ],
)
def test_bad_metadata_is_refused(metadata, error, message):
    with pytest.raises(error, match=message):
        Cohort({"gene": GENE}, index=list("abc"), metadata=metadata)


def test_a_cohort_is_no_array(cohort):
    """Whatever tool asks for one gets the sentence that names the way out."""
    y = np.arange(len(cohort)) % 2
    model = UnimodalClassifier("gene", DummyClassifier()).fit(cohort, y)
    for ask in (
        lambda: np.asarray(cohort),
        lambda: StandardScaler().fit(cohort),
        lambda: permutation_importance(model, cohort, y),
        lambda: BaggingClassifier(model).fit(cohort, y),
    ):
        with pytest.raises(TypeError, match=r"X.block\(name\) .* scaler belongs in"):
            ask()


# Looking


def test_accessors(hand):
    assert hand.shape == (5, 2)
    assert hand.modalities == ["image", "gene"]
    assert hand.index.tolist() == list("abcde")
    assert hand.has("image").tolist() == [True, True, False, True, False]
    assert hand.paired.tolist() == [True, False, False, True, False]
    assert hand.patterns.tolist() == [
        "image+gene",
        "image",
        "gene",
        "image+gene",
        "none",
    ]
    assert hand.patterns.dtype.kind == "U"
    assert hand.metadata is None
    expected = pd.DataFrame(
        {"image": [1, 1, 0, 1, 0], "gene": [1, 0, 1, 1, 0]}, index=list("abcde")
    ).astype(bool)
    pd.testing.assert_frame_equal(hand.available, expected, check_index_type=False)
    counts = hand.summary()
    assert list(counts.items()) == [
        ("none", 1),
        ("image", 1),
        ("gene", 1),
        ("image+gene", 2),
    ]


def test_modalities_cannot_be_changed_from_outside(hand):
    hand.modalities.append("x")
    assert hand.modalities == ["image", "gene"]


def test_unknown_modality_is_named(hand):
    for look in (hand.has, hand.block, hand.feature_names, hand.without):
        with pytest.raises(KeyError, match=r"'stain'.*\['image', 'gene'\]"):
            look("stain")


def test_repr(hand):
    text = "Cohort(5 rows: 1 none, 1 image, 1 gene, 2 image+gene)"
    assert repr(hand) == text
    assert repr(hand[:0]) == "Cohort(0 rows: empty)"


def test_html_repr_shows_counts_and_escapes_names():
    X = Cohort({"image": IMAGE, "<b>": GENE})
    html = X._repr_html_()
    assert "(2, 3, 4)" in html
    assert "<td>3</td>" in html
    assert "<b>" not in html


@pytest.mark.parametrize("name", ["image+gene", "none"])
def test_names_that_would_make_patterns_ambiguous_are_refused(name):
    with pytest.raises(ValueError, match=re.escape(repr(name))):
        Cohort({name: GENE, "image": IMAGE, "gene": GENE})


# Slicing


@st.composite
def row_keys(draw, n_rows):
    """A key of any accepted kind for `n_rows` rows."""
    bound = st.none() | st.integers(-n_rows - 2, n_rows + 2)
    kinds = [
        st.builds(slice, bound, bound, st.sampled_from([None, 1, 2, -1, -3])),
        st.lists(st.booleans(), min_size=n_rows, max_size=n_rows).map(np.array),
        st.just(...),
    ]
    if n_rows:
        ints = st.integers(-n_rows, n_rows - 1)
        many = st.lists(ints, max_size=n_rows + 2)
        masks = st.lists(st.booleans(), min_size=n_rows, max_size=n_rows)
        kinds += [
            ints,
            ints.map(np.int32),
            many,
            many.map(lambda key: np.array(key, dtype=np.int64)),
            many.map(pd.Series),
            masks,
            masks.map(pd.Series),
        ]
    key = draw(st.one_of(kinds))
    empty = isinstance(key, np.ndarray | pd.Series) and len(key) == 0
    return slice(0, 0) if empty else key


def column_keys(names):
    some = st.lists(st.sampled_from(names), min_size=1, unique=True)
    return st.none() | st.just(...) | st.just(slice(None)) | some


def numpy_rows(key, n_rows):
    """The rows that numpy itself gives for a key."""
    return np.atleast_1d(np.arange(n_rows)[key])


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
def test_any_chain_of_keys_is_like_plain_arrays(form, data):
    model = make_blocks(data.draw(st.integers(1, 9)), data.draw(st.integers(0, 9)))
    ids = np.array(patient_ids(len(model["image"])))
    X = make_cohort(model, form)
    for _ in range(data.draw(st.integers(1, 4))):
        rows = data.draw(row_keys(len(ids)))
        columns = data.draw(column_keys(list(model)))
        X = X[rows] if columns is None else X[rows, columns]
        taken = numpy_rows(rows, len(ids))
        names = columns if isinstance(columns, list) else list(model)
        model = {name: model[name][taken] for name in names}
        ids = ids[taken]
    assert_same(X, model, ids)
    assert_same(X.compact(), model, ids)
    assert_same(pickle.loads(pickle.dumps(X)), model, ids)


def test_iteration_gives_cohorts_of_one_row(cohort):
    assert [row.index.tolist() for row in cohort] == [[i] for i in cohort.index]


def test_modalities_can_be_sliced(cohort):
    assert cohort[:, 1:].modalities == ["gene", "stain"]
    assert cohort[:, ["stain", "image"]].modalities == ["stain", "image"]
    assert cohort[:, "gene"].modalities == ["gene"]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (11, "row 11 is out of range for 11 rows"),
        ([0, -12], "row -12 is out of range"),
        (np.ones(10, dtype=bool), "mask has 10 entries for 11 rows"),
        ([0.5], "float64 values such as"),
        (["p01"], "values such as"),
        (np.zeros((2, 2), dtype=int), "1-D key, got 2-D"),
        ((slice(None), ["gene", "gene"]), "once"),
        ((slice(None), []), "each modality"),
        ((slice(None), ["genes"]), "'genes'"),
    ],
)
def test_bad_keys_are_refused(cohort, key, message):
    with pytest.raises((IndexError, KeyError), match=message):
        cohort[key]


def test_without(cohort, blocks):
    X = cohort.without("image")
    del blocks["image"]
    assert_same(X, blocks, patient_ids(11))
    np.testing.assert_array_equal(X.paired, present(blocks["gene"]) & X.has("stain"))


def test_slicing_copies_no_block():
    image = np.zeros((600, 5, 240, 240), dtype=np.uint8)
    X = Cohort({"image": image, "gene": np.zeros((600, 30))})
    mask = np.arange(600) % 3 > 0
    tracemalloc.start()
    views = [X[10:50], X[mask], X[[5, 3, 3]], X[:, ["image"]], X[mask][::-1][:7]]
    views.append(Cohort.concat([X[:9], X[300:]]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000
    assert np.shares_memory(views[0].block("image"), image)
    assert views[0].block("image").shape == (40, 5, 240, 240)
    one_row = np.shares_memory(views[4][0].block("image"), image)
    assert one_row


@pytest.mark.parametrize("layout", ["fortran", "transposed", "every other row"])
def test_building_copies_no_block(layout):
    gene = np.full((600, 40, 50), 1.0)
    gene[7] = np.nan
    if layout == "fortran":
        gene = np.asfortranarray(gene)
    elif layout == "transposed":
        gene = gene.transpose(0, 2, 1)
    else:
        gene = gene[1::2]
    tracemalloc.start()
    X = Cohort({"gene": gene})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert X.has("gene").sum() == len(gene) - 1
    assert peak < gene.nbytes / 10


# Stacking, compacting


def test_concat_of_views_shares_their_blocks(cohort, blocks):
    X = Cohort.concat([cohort[6:], cohort[:2]])
    taken = [6, 7, 8, 9, 10, 0, 1]
    assert_same(
        X, {n: b[taken] for n, b in blocks.items()}, np.array(patient_ids(11))[taken]
    )
    full = Cohort({"gene": GENE})
    shared = Cohort.concat([full[2:], full[:2]])[1:].block("gene")
    assert np.shares_memory(shared, GENE)


@pytest.mark.filterwarnings("ignore:metadata has no row for 3 of the 4 patients")
def test_concat_of_different_cohorts():
    first = Cohort(
        {"image": (list("ab"), IMAGE[:2]), "gene": pd.DataFrame(GENE, list("bcd"))},
        metadata=pd.DataFrame({"age": [50]}, index=["c"]),
    )
    second = Cohort({"gene": pd.DataFrame(GENE[:2] + 100, index=list("xy"))})
    X = Cohort.concat([first[1:], second])
    assert X.index.tolist() == ["b", "c", "d", "x", "y"]
    assert X.patterns.tolist() == ["image+gene", "gene", "gene", "gene", "gene"]
    np.testing.assert_array_equal(X.block("image"), IMAGE[1:2])
    np.testing.assert_array_equal(X.block("gene"), np.vstack([GENE, GENE[:2] + 100]))
    nan = np.nan
    np.testing.assert_array_equal(X.metadata["age"], [nan, 50, nan, nan, nan])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Cohort({"gene": pd.DataFrame(GENE, index=list("cde"))}), "duplicated.*'c'"),
        (Cohort({"gene": pd.DataFrame(GENE[:, :4], index=list("xyz"))}), "'gene'"),
        (
            Cohort({"gene": pd.DataFrame(GENE, list("xyz"), list("vwxyz"))}),
            "'gene' has different features",
        ),
    ],
)
def test_concat_refuses_what_does_not_fit(other, message):
    X = Cohort({"gene": pd.DataFrame(GENE, index=list("abc"))})
    with pytest.raises(ValueError, match=message):
        Cohort.concat([X, other])


def test_concat_of_nothing():
    with pytest.raises(ValueError, match="at least one cohort"):
        Cohort.concat([])


def test_other_values_of_a_modality(cohort, blocks):
    has = cohort.has("gene")
    rows = 2 * cohort.block("gene")
    other = cohort.with_block("gene", rows)
    np.testing.assert_array_equal(other.block("gene"), 2 * blocks["gene"][has])
    pd.testing.assert_frame_equal(other.available, cohort.available)
    pd.testing.assert_frame_equal(other.metadata, cohort.metadata)
    one = np.flatnonzero(cohort.has("image"))[:1]
    assert np.shares_memory(other[one].block("image"), cohort[one].block("image"))
    repeated = cohort[np.flatnonzero(has)[[2, 0, 2]]]
    rows = np.arange(15.0).reshape(3, 5)
    np.testing.assert_array_equal(repeated.with_block("gene", rows).block("gene"), rows)
    with pytest.raises(ValueError, match=r"'gene' has shape \(3, 5\), got \(3, 4\)"):
        repeated.with_block("gene", rows[:, :4])


def test_compact_drops_what_no_row_uses():
    X = Cohort({"image": np.ones((90, 2, 30, 40)), "gene": np.ones((90, 7))})
    small = X[[4, 8, 4]].without("gene").compact()
    assert not np.shares_memory(small.block("image"), X.block("image"))
    assert len(pickle.dumps(small)) < 3 * 2 * 30 * 40 * 8 + 5_000
    assert small.index.tolist() == [4, 8, 4]


# Tables


def test_frame_round_trip(cohort):
    frame = cohort.to_frame()
    assert frame.index.tolist() == cohort.index.tolist()
    columns = {
        "image": "image",
        "gene": [f"gene{i}" for i in range(5)],
        "stain": [f"stain{i}" for i in range(6)],
    }
    back = Cohort.from_frame(frame.assign(age=range(11)), columns)
    assert back.metadata.columns.tolist() == ["age"]
    assert back.patterns.tolist() == cohort.patterns.tolist()
    for name in cohort.modalities:
        np.testing.assert_array_equal(back.block(name), cohort.block(name))


def test_frame_of_repeated_rows(cohort):
    taken = [3, 3, 0]
    repeated = cohort[taken][:, ["gene"]].to_frame()
    expected = cohort[:, ["gene"]].to_frame().iloc[taken]
    pd.testing.assert_frame_equal(repeated, expected)


def test_from_frame_takes_single_columns():
    df = pd.DataFrame(
        {"age": [50.0, np.nan], "mri": [IMAGE[0], None]}, index=["a", "b"]
    )
    X = Cohort.from_frame(df, {"image": "mri", "clinic": "age"})
    assert X.patterns.tolist() == ["image+clinic", "none"]
    assert X.block("clinic").shape == (1, 1)
    assert X.metadata is None


@pytest.mark.parametrize(
    ("index", "columns", "message"),
    [
        (list("aba"), {"gene": [0, 1]}, "duplicated.*'a'"),
        (list("abc"), {"gene": [0, "tp53"]}, "'gene': no column 'tp53'"),
    ],
)
def test_from_frame_refuses(index, columns, message):
    with pytest.raises(ValueError, match=message):
        Cohort.from_frame(pd.DataFrame(GENE, index=index), columns)


def test_to_frame_refuses_a_column_of_two_modalities():
    df = pd.DataFrame(GENE[:, :1], columns=["age"])
    with pytest.raises(ValueError, match="column named 'age'"):
        Cohort({"a": df, "b": df}).to_frame()


# Lazy blocks


def test_lazy_block_is_read_only_when_indexed(blocks):
    image = RecordingBlock(np.nan_to_num(blocks["image"]))
    X = Cohort({"image": image, "gene": blocks["gene"]}, index=patient_ids(11))
    view = X[[9, 2, 2, 7]]
    for look in (repr, Cohort._repr_html_, Cohort.summary, Cohort.compact):
        look(view)
    Cohort.concat([X[4:], view])
    train_test_split(X, random_state=0)
    rows = view.block("image")
    assert image.reads == []
    assert rows.shape == (4, 2, 3, 4)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows[[2, 0, 1]], image._array[[2, 9, 2]])
    np.testing.assert_array_equal(rows[1:], image._array[[2, 2, 7]])
    np.testing.assert_array_equal(rows[-1], image._array[7])
    assert [key.tolist() for key in image.reads] == [[2, 9], [2, 7], [7]]


def test_lazy_keyed_block_counts_only_its_ids():
    image = RecordingBlock(IMAGE)
    X = Cohort({"image": (list("xyz"), image), "gene": (list("zab"), GENE)})
    assert X.paired.tolist() == [False, False, True, False, False]
    assert image.reads == []
    np.testing.assert_array_equal(np.asarray(X[X.paired].block("image")), IMAGE[2:])


def test_compact_leaves_lazy_rows_on_disk():
    image = RecordingBlock(IMAGE)
    X = Cohort({"image": image})[[2, 0, 2]].compact()
    assert image.reads == []
    np.testing.assert_array_equal(np.asarray(X.block("image")), IMAGE[[2, 0, 2]])
    assert image.longest_read == 2


def test_concat_leaves_lazy_rows_on_disk():
    first, second = RecordingBlock(IMAGE), RecordingBlock(IMAGE[:2] + 100)
    X = Cohort.concat(
        [
            Cohort({"image": (list("abc"), first)}),
            Cohort({"image": (list("xy"), second)}),
        ]
    )
    assert first.reads + second.reads == []
    rows = np.asarray(X[[4, 1]].block("image"))
    np.testing.assert_array_equal(rows, [IMAGE[1] + 100, IMAGE[1]])


def test_memmap_is_lazy(tmp_path):
    path = tmp_path / "image.npy"
    np.save(path, IMAGE.astype(np.int16))
    X = Cohort({"image": np.load(path, mmap_mode="r")})[[2, 0]]
    block = X.block("image")
    assert not isinstance(block, np.ndarray)
    assert block.dtype == np.int16
    np.testing.assert_array_equal(block[[1, 0]], IMAGE[[0, 2]])


# Any accepted X


@pytest.mark.parametrize(
    ("X", "patterns"),
    [
        ({"image": IMAGE, "gene": GENE}, ["image+gene"] * 3),
        (SliceDict(image=IMAGE, gene=GENE)[:2], ["image+gene"] * 2),
        (
            {"gene": (list("ab"), GENE[:2]), "image": (["b"], IMAGE[:1])},
            ["gene", "gene+image"],
        ),
        (pd.DataFrame(GENE), ["gene"] * 3),
        (pd.DataFrame(GENE, index=[0, 0, 1]), ["gene"] * 3),
        (GENE, ["gene"] * 3),
        (GENE.tolist(), ["gene"] * 3),
        (IMAGE, ["image"] * 3),
        (RecordingBlock(IMAGE), ["image"] * 3),
        (RecordingBlock(GENE), ["gene"] * 3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_as_cohort(X, patterns):
    assert as_cohort(X).patterns.tolist() == patterns


def test_as_cohort_passes_a_cohort_through(cohort):
    assert as_cohort(cohort) is cohort


@pytest.mark.parametrize("kind", [pd.DataFrame, np.asarray])
def test_as_cohort_with_columns(kind):
    X = as_cohort(kind(GENE), {"gene": [0, 3], "clinic": [4]})
    np.testing.assert_array_equal(X.block("gene"), GENE[:, [0, 3]])
    np.testing.assert_array_equal(X.block("clinic"), GENE[:, [4]])


@pytest.mark.parametrize("X", [GENE[0], IMAGE[0], np.zeros((2, 1, 3, 4, 5))])
def test_as_cohort_refuses_other_ranks(X):
    with pytest.raises(ValueError, match=f"got {X.ndim}-D"):
        as_cohort(X)


# scikit-learn's tools give what they give for the plain feature matrix


@pytest.fixture
def task():
    """A cohort of 60 rows with labels, and the matrix its classifier reads."""
    X = make_cohort(make_blocks(60, share=0.9))
    features = summarize(X)
    noise = np.random.default_rng(3).normal(size=60)
    y = np.where(features[:, :3].sum(axis=1) + noise / 4 > 0, "ill", "well")
    return X, y, features


CV = StratifiedKFold(3, shuffle=True, random_state=0)


def test_train_test_split(task):
    X, y, features = task
    both = train_test_split(X, features, y, stratify=y, random_state=0)
    assert [type(part) for part in both[:2]] == [Cohort, Cohort]
    np.testing.assert_array_equal(summarize(both[1]), both[3])


def test_resample(task):
    X, _, features = task
    rows, expected = resample(X, features, random_state=0)
    np.testing.assert_array_equal(summarize(rows), expected)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_cross_val_score(task, n_jobs):
    X, y, features = task
    scores = cross_val_score(CohortLogistic(), X, y, cv=CV, n_jobs=n_jobs)
    expected = cross_val_score(LogisticRegression(), features, y, cv=CV)
    np.testing.assert_array_equal(scores, expected)
    assert scores.mean() > 0.6


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_cross_validate(task, n_jobs):
    X, y, features = task
    options = {"cv": CV, "return_train_score": True, "scoring": ["roc_auc", "f1_macro"]}
    found = cross_validate(CohortLogistic(), X, y, n_jobs=n_jobs, **options)
    expected = cross_validate(LogisticRegression(), features, y, **options)
    for name in ("test_roc_auc", "test_f1_macro", "train_roc_auc"):
        np.testing.assert_allclose(found[name], expected[name])


def test_cross_val_predict(task):
    X, y, features = task
    options = {"cv": CV, "method": "predict_proba"}
    found = cross_val_predict(CohortLogistic(), X, y, **options)
    expected = cross_val_predict(LogisticRegression(), features, y, **options)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_grid_search(task, n_jobs):
    X, y, features = task
    options = {"param_grid": {"C": [1e-4, 1.0]}, "cv": CV, "n_jobs": n_jobs}
    found = GridSearchCV(CohortLogistic(), **options).fit(X, y)
    expected = GridSearchCV(LogisticRegression(), **options).fit(features, y)
    assert found.best_params_ == expected.best_params_
    np.testing.assert_array_equal(
        found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )
    np.testing.assert_array_equal(found.predict(X[:9]), expected.predict(features[:9]))


def test_learning_curve(task):
    X, y, features = task
    options = {"cv": CV, "train_sizes": [0.5, 1.0]}
    found = learning_curve(CohortLogistic(), X, y, **options)
    expected = learning_curve(LogisticRegression(), features, y, **options)
    for part, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(part, wanted)


def test_permutation_test_score(task):
    X, y, features = task
    options = {"cv": CV, "n_permutations": 5, "random_state": 0}
    found = permutation_test_score(CohortLogistic(), X, y, **options)
    expected = permutation_test_score(LogisticRegression(), features, y, **options)
    np.testing.assert_array_equal(found[1], expected[1])
    assert found[::2] == expected[::2]


@pytest.mark.parametrize("ensemble", [True, False])
def test_calibrated_classifier(task, ensemble):
    X, y, features = task
    found = CalibratedClassifierCV(CohortLogistic(), cv=CV, ensemble=ensemble)
    expected = CalibratedClassifierCV(LogisticRegression(), cv=CV, ensemble=ensemble)
    np.testing.assert_allclose(
        found.fit(X, y).predict_proba(X),
        expected.fit(features, y).predict_proba(features),
    )


def test_stacking_classifier(task):
    X, y, features = task

    def stack(weak, strong):
        return StackingClassifier([("weak", weak), ("strong", strong)], cv=CV)

    found = stack(CohortLogistic(C=0.01), CohortLogistic()).fit(X, y)
    expected = stack(LogisticRegression(C=0.01), LogisticRegression())
    np.testing.assert_allclose(
        found.predict_proba(X), expected.fit(features, y).predict_proba(features)
    )


def test_pipeline(task):
    X, y, _ = task
    model = make_pipeline(KeepModality("gene"), CohortLogistic())
    alone = X[:, ["gene"]]
    scores = cross_val_score(model, X, y, cv=CV)
    np.testing.assert_array_equal(
        scores, cross_val_score(LogisticRegression(), summarize(alone), y, cv=CV)
    )


def test_roc_curve_display(task):
    pytest.importorskip("matplotlib")
    from sklearn.metrics import RocCurveDisplay as display

    X, y, features = task
    found = display.from_estimator(CohortLogistic().fit(X, y), X, y)
    expected = display.from_estimator(
        LogisticRegression().fit(features, y), features, y
    )
    np.testing.assert_array_equal(found.tpr, expected.tpr)
    found.figure_.clear()


def test_workers_treat_shared_memory_as_arrays():
    """joblib hands large arrays over as memmaps, which are no lazy blocks here."""
    image = np.zeros((300, 2, 30, 40), dtype=np.float32)
    assert image.nbytes > 2**20
    cohorts = [Cohort({"image": image}), Cohort({"image": RecordingBlock(image)})]
    types = Parallel(n_jobs=2)(delayed(block_types)(X, "image") for X in cohorts)
    assert types == [["ndarray", "memmap"], ["RowView"]]


# Ids of modalities


@pytest.mark.parametrize("other", ["7", "7.0"])
def test_an_id_in_two_types_is_refused(other):
    rows = np.ones((2, 3))
    with pytest.raises(
        ValueError, match=f"'image' has patient id 7 and 'gene' '{other}"
    ):
        Cohort({"image": ([7, 8], rows), "gene": ([other, "9"], rows)})


def test_whole_floats_are_the_numbers_they_are():
    X = Cohort(
        {"image": ([7, 8], np.ones((2, 3))), "gene": ([8.0, 9.0], np.ones((2, 4)))}
    )
    assert X.patterns.tolist() == ["image", "image+gene", "gene"]


@pytest.mark.parametrize("other", ["p1", "P1 ", "P01", "P1\u200b"])
def test_ids_that_differ_in_writing_only_are_warned_of(other):
    rows = np.ones((2, 3))
    with pytest.warns(
        UserWarning, match="1 pair of patient ids of modalities 'image' and 'gene'"
    ):
        X = Cohort({"image": (["P1", "Q"], rows), "gene": ([other, "Q"], rows)})
    assert X.patterns.tolist() == ["image", "image+gene", "gene"]


def test_different_patients_are_no_near_misses():
    rows = np.ones((2, 3))
    X = Cohort({"image": (["P1", "P2"], rows), "gene": (["P3", "Q1"], rows)})
    assert len(X) == 4


def test_rows_of_no_patient_of_the_index_are_named_if_they_are_like_one():
    rows = np.ones((3, 2))
    blocks = {"image": (["P1", "p2", "X"], rows), "gene": (["P1", "P3", "Q"], rows)}
    with pytest.warns(
        UserWarning, match="'image' has 1 row of no patient .* 'p2', .* 'P2' in case"
    ):
        X = Cohort(blocks, index=["P1", "P2", "P3"])
    assert X.has("image").tolist() == [True, False, False]


def test_axes_of_images_stay_with_them():
    blocks = {"image": np.ones((4, 2, 6, 5)), "gene": np.ones((4, 3))}
    X = Cohort(blocks, index=list("abcd"), axes={"image": ("LP", 1)})
    expected = {"image": ("LP", (1.0, 1.0))}
    assert X.axes == expected
    for other in (
        X[[2, 0]],
        X.hide("image", [1]),
        X.compact(),
        X.with_block("image", np.zeros((4, 2, 6, 5))),
        Cohort.concat([X[:2], X[2:]]),
        Cohort.concat([X.compact(), _renamed(X, "LP")]),
    ):
        assert other.axes == expected
    assert X.without("image").axes == {}
    assert Cohort.concat([X, _renamed(X, "RP")]).axes == {}
    with pytest.raises(ValueError, match="axes of modality 'image' must be 2 letters"):
        Cohort(blocks, axes={"image": "SLP"})


def _renamed(X, letters):
    """The same images, of other patients."""
    blocks = {"image": X.block("image"), "gene": X.block("gene")}
    return Cohort(blocks, index=list("efgh"), axes={"image": (letters, 1)})
