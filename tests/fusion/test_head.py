"""The fusion head as a classifier of its own."""

import pickle

import numpy as np
import pandas as pd
import pytest
from fusion_tools import small_head

from skmultimodal import FusionHeadClassifier

SPANS = {"image": slice(0, 4), "gene": slice(4, 11)}


@pytest.fixture
def task(rng):
    """Two columns carry the class of 60 rows, among 11."""
    X = rng.normal(size=(60, 11)).astype(np.float32)
    return X, np.where(X[:, 2] + X[:, 7] > 0, "ill", "well")


def n_parameters(head):
    return sum(value.size for value in head.weights_.values())


@pytest.mark.parametrize("fusion", ["concat", "moe"])
def test_it_learns(task, fusion):
    X, y = task
    head = FusionHeadClassifier(fusion, hidden_units=(8, 5), random_state=0, lr=0.01)
    head.fit(X, y, modalities=SPANS)
    assert head.score(X, y) > 0.9
    p = head.predict_proba(X)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(head.predict(X), head.classes_[p.argmax(axis=1)])
    assert head.classes_.tolist() == ["ill", "well"]
    assert head.modalities_ == SPANS
    losses = head.history_[:, "train_loss"]
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize(
    ("n_features", "params", "count"),
    [
        (48, {}, 13554),
        (32, {"hidden_units": (64, 16)}, 3186),
        # Four experts, a router without bias and one output layer.
        (
            7,
            {"fusion": "moe", "hidden_units": (5,)},
            4 * 40 + 4 * 7 + 5 * 2 + 2,
        ),
    ],
    ids=["paper", "gene head", "moe"],
)
def test_size_of_the_networks(rng, n_features, params, count):
    X, y = rng.normal(size=(8, n_features)), np.arange(8) % 2
    head = FusionHeadClassifier(max_epochs=1, random_state=0, **params).fit(X, y)
    assert n_parameters(head) == count


def test_default_number_of_steps(task):
    X, y = task
    head = FusionHeadClassifier(batch_size=16, random_state=0).fit(X, y)
    assert len(head.history_) == 30  # 4 batches an epoch, 120 steps


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("kind", ["str", "int", "float", "bool"])
def test_any_classes(rng, n_classes, kind):
    codes = np.arange(24) % n_classes
    y = {
        "str": np.array(["b", "long name", "a", "c"])[codes],
        "int": np.array([7, -2, 0, 30])[codes],
        "float": np.array([0.0, 1.0, 2.0, 5.0])[codes],
        "bool": codes > 0,
    }[kind]
    head = small_head(random_state=0).fit(rng.normal(size=(24, 5)), y)
    assert head.classes_.tolist() == sorted(set(y.tolist()))
    p = head.predict_proba(rng.normal(size=(7, 5)))
    assert p.shape == (7, len(head.classes_))
    assert head.predict(rng.normal(size=(7, 5))).dtype == head.classes_.dtype


def test_same_seed_same_bits(task):
    X, y = task
    p = small_head(random_state=0).fit(X, y).predict_proba(X)
    again = small_head(random_state=0).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), p)
    copy = pickle.loads(pickle.dumps(again))
    np.testing.assert_array_equal(copy.predict_proba(X), p)
    other = small_head(random_state=1).fit(X, y)
    assert not np.array_equal(other.predict_proba(X), p)


def test_rows_do_not_depend_on_their_neighbours(task):
    X, y = task
    head = small_head(random_state=0, fusion="moe").fit(X, y)
    p = head.predict_proba(X)
    single = np.vstack([head.predict_proba(row[None]) for row in X])
    np.testing.assert_allclose(single, p, atol=1e-5)


def test_class_weight_moves_the_answers(task):
    X, _ = task
    y = (np.arange(60) < 6).astype(int)
    params = {"random_state": 0, "max_epochs": 3}
    plain = small_head(**params).fit(X, y).predict_proba(X)[:, 1].mean()
    balanced = small_head(class_weight="balanced", **params).fit(X, y)
    heavy = small_head(class_weight={0: 0.01, 1: 10.0}, **params).fit(X, y)
    middle = balanced.predict_proba(X)[:, 1].mean()
    assert plain < middle < heavy.predict_proba(X)[:, 1].mean()


def test_names_of_a_frame(task):
    X, y = task
    table = pd.DataFrame(X, columns=[f"f{i}" for i in range(11)])
    head = small_head(random_state=0).fit(table, y)
    assert head.feature_names_in_.tolist() == list(table.columns)
    np.testing.assert_array_equal(
        head.predict_proba(table),
        small_head(random_state=0).fit(X, y).predict_proba(X),
    )


@pytest.mark.parametrize(
    ("modalities", "column", "times"),
    [
        ({"image": slice(0, 4)}, 4, 0),
        ({"image": slice(0, 5), "gene": slice(4, 11)}, 4, 2),
        ({"image": slice(1, 11)}, 0, 0),
        ({}, 0, 0),
    ],
    ids=["gap", "overlap", "start", "none"],
)
def test_spans_must_cover_the_columns_once(task, modalities, column, times):
    message = f"column {column} is named {times} times"
    with pytest.raises(ValueError, match=message):
        small_head().fit(*task, modalities=modalities)


def test_spans_are_optional(task):
    X, y = task
    alone = small_head(random_state=0).fit(X, y)
    assert alone.modalities_ is None
    spanned = small_head(random_state=0).fit(X, y, modalities=SPANS)
    np.testing.assert_array_equal(alone.predict_proba(X), spanned.predict_proba(X))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"fusion": "sum"}, "'fusion' parameter"),
        ({"dropout": 1.0}, "'dropout' parameter"),
        ({"fusion": "moe", "top_k": 5}, "top_k=5 is more than n_experts=4"),
        ({"n_experts": 0}, "'n_experts' parameter"),
        ({"hidden_units": 64}, "'hidden_units' parameter"),
        ({"lr": 0}, "'lr' parameter"),
        ({"class_weight": "heavy"}, "'class_weight' parameter"),
        ({"device": "gpu"}, "device='gpu'"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(task, params, message):
    with pytest.raises(ValueError, match=message):
        small_head(**params).fit(*task)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bad_values(task, value):
    X, y = task
    head = small_head(random_state=0).fit(X, y)
    X = X.copy()
    X[3, 2] = value
    for call in (lambda: small_head().fit(X, y), lambda: head.predict(X)):
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            call()


def test_one_class(task):
    with pytest.raises(ValueError, match=r"one class only.*'ill'"):
        small_head().fit(task[0], np.full(60, "ill"))


def test_unlabelled_rows_are_refused(task):
    X, _ = task
    with pytest.raises(ValueError, match="NaN"):
        small_head().fit(X, np.r_[np.nan, np.arange(59) % 2])


def test_experts_are_sparse(task):
    """Two of four experts answer for a row; with one of them it is another answer."""
    X, y = task
    head = small_head(fusion="moe", random_state=0).fit(X, y)
    first = small_head(fusion="moe", top_k=1, random_state=0).fit(X, y)
    assert not np.array_equal(head.predict_proba(X), first.predict_proba(X))
