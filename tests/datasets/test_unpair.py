"""Hiding modalities of paired patients."""

import numpy as np
import pandas as pd
import pytest
from fusion_tools import ONE, THREE, TWO, make_case, make_tables
from hypothesis import given, settings
from hypothesis import strategies as st

from skmultimodal import Cohort
from skmultimodal.datasets import unpair


@pytest.mark.parametrize("n_paired", [2, 5, 9, 16, 17, 18])
@pytest.mark.parametrize("keep", ["image", "gene"])
def test_counts_and_what_is_hidden(n_paired, keep):
    X, y = make_case()
    hidden, labels = unpair(X, y, n_paired, keep=keep, random_state=0)
    other = {"image": "gene", "gene": "image"}[keep]
    wanted = {**TWO, "image+gene": n_paired, keep: TWO[keep] + 18 - n_paired}
    assert hidden.summary().to_dict() == wanted
    np.testing.assert_array_equal(labels, y)
    assert hidden.index.tolist() == X.index.tolist()
    np.testing.assert_array_equal(hidden.has(keep), X.has(keep))
    # Only paired rows lose anything.
    changed = X.has(other) & ~hidden.has(other)
    assert changed.sum() == 18 - n_paired
    assert X.paired[changed].all()
    counts = np.bincount(y[hidden.paired], minlength=2)
    assert abs(counts[0] - counts[1]) <= 1


@settings(max_examples=60)
@given(
    counts=st.lists(st.integers(2, 15), min_size=2, max_size=3),
    data=st.data(),
    seed=st.integers(0, 5),
)
def test_stratified_within_one(counts, data, seed):
    y = np.repeat(np.arange(len(counts)), counts)
    n_rows = len(y)
    X = Cohort({"image": np.ones((n_rows, 5)), "gene": np.ones((n_rows, 7))})
    n_paired = data.draw(st.integers(1, n_rows))
    hidden, _ = unpair(X, y, n_paired, random_state=seed)
    assert hidden.paired.sum() == n_paired
    found = np.bincount(y[hidden.paired], minlength=len(counts))
    exact = n_paired * np.array(counts) / n_rows
    assert np.all(np.abs(found - exact) <= 1)


@pytest.mark.parametrize(
    ("counts", "kept"),
    [
        (TWO, "image"),
        ({"image": 13, "gene": 11, "image+gene": 18}, "gene"),
        ({"gene": 9, "image+gene": 18}, "image"),
    ],
)
def test_the_scarcer_modality_is_kept(counts, kept):
    X, y = make_case(counts)
    hidden, _ = unpair(X, y, 6, random_state=0)
    np.testing.assert_array_equal(hidden.has(kept), X.has(kept))
    assert hidden.summary()[kept] == counts.get(kept, 0) + 12


def test_three_modalities():
    X, y = make_case(THREE)
    hidden, _ = unpair(X, y, 7, keep="gene", random_state=0)
    summary = hidden.summary()
    assert summary["image+gene+stain"] == 7
    assert summary["gene"] == THREE["gene"] + 12
    for pattern in set(THREE) - {"image+gene+stain", "gene"}:
        assert summary[pattern] == THREE[pattern]


def test_the_paper_is_imitated():
    """50 pairs of 597 patients, the others with what they have."""
    X, y = make_case({"image+gene": 145, "gene": 452})
    hidden, _ = unpair(X, y, 50, random_state=0)
    assert hidden.summary().to_dict() == {"image": 95, "gene": 452, "image+gene": 50}


def test_nothing_is_copied_and_nothing_is_changed():
    blocks, y = make_tables(TWO)
    X = Cohort(blocks)
    before = {name: block.copy() for name, block in blocks.items()}
    hidden, _ = unpair(X, y, 6, keep="gene", random_state=0)
    assert np.shares_memory(hidden.block("gene"), blocks["gene"])
    rows = hidden[11]
    assert np.shares_memory(rows.block("gene"), blocks["gene"])
    image = hidden[X.patterns == "image"]
    assert np.shares_memory(image.block("image"), blocks["image"])
    assert X.summary().to_dict() == TWO
    for name, block in before.items():
        np.testing.assert_array_equal(blocks[name], block)
    labels_before = make_tables(TWO)[1]
    np.testing.assert_array_equal(y, labels_before)


def test_metadata_and_names_stay():
    X, y = make_case()
    frame = pd.DataFrame({"age": np.arange(42)}, index=X.index)
    genes = pd.DataFrame(X.block("gene"), X.index[X.has("gene")], list("abcdefg"))
    image = (X.index[X.has("image")], X.block("image"))
    X = Cohort({"image": image, "gene": genes}, index=X.index, metadata=frame)
    hidden, _ = unpair(X, y, 6, keep="gene", random_state=0)
    assert hidden.metadata["age"].tolist() == list(range(42))
    assert hidden.feature_names("gene") == list("abcdefg")


@pytest.mark.parametrize("labels", ["NaN", "None"])
def test_unlabelled_pairs_never_stay(labels):
    X, y = make_case()
    pairs = np.flatnonzero(X.paired)
    if labels == "NaN":
        y = y.astype(float)
        y[pairs[:6]] = np.nan
    else:
        y = np.array(["ill", "well"], dtype=object)[y]
        y[pairs[:6]] = None
    hidden, found = unpair(X, y, 12, keep="image", random_state=0)
    assert not hidden.paired[pairs[:6]].any()
    assert hidden.paired[pairs[6:]].all()
    assert found.dtype == y.dtype
    some, _ = unpair(X, y, 4, keep="image", random_state=0)
    assert some.paired.sum() == 4
    assert not some.paired[pairs[:6]].any()


def test_seeds():
    X, y = make_case()

    def stays(seed):
        return unpair(X, y, 6, random_state=seed)[0].paired.tolist()

    assert stays(0) == stays(0)
    assert len({tuple(stays(seed)) for seed in range(6)}) > 1
    state = np.random.RandomState(0)
    assert stays(state) != stays(state)


def test_slices_and_dicts():
    blocks, y = make_tables(TWO)
    hidden, _ = unpair(blocks, y, 6, random_state=0)
    assert isinstance(hidden, Cohort)
    rows = np.arange(42)[::-1]
    part, labels = unpair(Cohort(blocks)[rows], y[rows], 6, random_state=0)
    assert part.paired.sum() == 6
    assert labels.tolist() == y[rows].tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_paired": 19}, "n_paired=19, but 18 rows are paired and labelled"),
        ({"n_paired": 0}, "n_paired=0"),
        ({"n_paired": -3}, "n_paired=-3"),
        ({"n_paired": 2.5}, r"n_paired.*2\.5"),
        ({"n_paired": 6, "keep": "stain"}, r"keep='stain'.*image.*gene"),
    ],
    ids=["too many", "zero", "negative", "fraction", "keep"],
)
def test_bad_parameters_are_named(options, message):
    X, y = make_case()
    with pytest.raises((ValueError, TypeError), match=message):
        unpair(X, y, **options)


def test_bad_labels_are_named():
    X, y = make_case()
    with pytest.raises(ValueError, match="41 labels for 42 rows"):
        unpair(X, y[1:], 6)
    with pytest.raises(ValueError, match="0 rows are paired and labelled"):
        unpair(X, np.full(42, np.nan), 6)


def test_one_modality_cannot_be_unpaired():
    """Its rows would have nothing to lose, and the counts would be a lie."""
    X, y = make_case(ONE)
    with pytest.raises(ValueError, match="modalit"):
        unpair(X, y, 6)


def test_class_with_one_pair():
    X, y = make_case()
    y[X.paired] = 0
    y[24] = 1
    hidden, _ = unpair(X, y, 9, random_state=0)
    assert hidden.paired.sum() == 9
