"""What holds for any pattern of modalities."""

import numpy as np
import pytest
from fusion_tools import WIDTHS, axes_tower, odds_tower, small_head
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.exceptions import MissingModalityWarning

# Some of the cohorts that are drawn have fewer rows than calibration needs.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*only .* labelled rows can be held out"
)

PATTERNS = [("image",), ("gene",), ("image", "gene")]


@st.composite
def tasks(draw):
    """A cohort of random patterns that can be fitted, its labels and an order."""
    n_classes = draw(st.integers(2, 3))
    # Every pattern has two rows of every class; others are drawn.
    fixed = [(p, c) for p in PATTERNS for c in range(n_classes) for _ in range(2)]
    some = st.tuples(st.sampled_from(PATTERNS), st.integers(0, n_classes - 1))
    rows = fixed + draw(st.lists(some, max_size=15))
    rows = draw(st.permutations(rows))
    seed = draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    blocks = {name: rng.normal(size=(len(rows), WIDTHS[name])) for name in PATTERNS[2]}
    for row, (pattern, _) in enumerate(rows):
        for name in set(PATTERNS[2]) - set(pattern):
            blocks[name][row] = np.nan
    y = np.array(["a", "bb", "c"])[[label for _, label in rows]]
    return blocks, y, rng.permutation(len(rows))


def model(network=False, **params):
    towers = [("image", odds_tower()), ("gene", axes_tower())]
    head = small_head(random_state=0) if network else LogisticRegression()
    return TwinTowerClassifier(towers, head, **params)


@settings(max_examples=25)
@given(
    task=tasks(),
    missing=st.sampled_from(["tower", "impute"]),
    output=st.sampled_from(["features", "log_odds"]),
)
def test_modality_that_nobody_has_changes_nothing(task, missing, output):
    blocks, y, _ = task
    params = {"missing": missing, "tower_output": output}
    plain = model(**params).fit(blocks, y)
    wider = {**blocks, "stain": np.full((len(y), 6), np.nan)}
    other = model(**params).fit(Cohort(wider), y)
    tower = ("stain", odds_tower())
    third = model(**params)
    third.towers = [*third.towers, tower]
    with pytest.warns(MissingModalityWarning, match="tower 'stain' is left out"):
        third.fit(Cohort(wider), y)
    wanted = plain.predict_proba(blocks)
    np.testing.assert_array_equal(other.predict_proba(wider), wanted)
    np.testing.assert_array_equal(third.predict_proba(wider), wanted)
    np.testing.assert_array_equal(third.transform(wider), plain.transform(blocks))
    routes = plain.predict_route(blocks)
    np.testing.assert_array_equal(third.predict_route(wider), routes)


@settings(max_examples=25)
@given(
    task=tasks(), missing=st.sampled_from(["tower", "impute"]), part=st.integers(1, 12)
)
def test_neighbours_do_not_change_an_answer(task, missing, part):
    blocks, y, order = task
    X = Cohort(blocks)
    fitted = model(network=True, missing=missing).fit(X, y)
    p = fitted.predict_proba(X)
    for rows in (order, order[:part]):
        found = fitted.predict_proba(X[rows])
        np.testing.assert_allclose(found, p[rows], atol=1e-5)
        np.testing.assert_array_equal(
            fitted.predict_route(X[rows]), fitted.predict_route(X)[rows]
        )


@settings(max_examples=25)
@given(
    task=tasks(),
    missing=st.sampled_from(["tower", "impute"]),
    rows=st.sampled_from(["unpaired", "all"]),
    output=st.sampled_from(["features", "log_odds"]),
)
def test_answers_are_probabilities(task, missing, rows, output):
    blocks, y, _ = task
    fitted = model(missing=missing, tower_rows=rows, tower_output=output).fit(blocks, y)
    p = fitted.predict_proba(blocks)
    assert p.shape == (len(y), len(np.unique(y)))
    assert np.all((p >= 0) & (p <= 1))
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(
        fitted.predict(blocks), fitted.classes_[p.argmax(axis=1)]
    )


@settings(max_examples=15)
@given(task=tasks())
def test_order_of_training_rows_changes_little(task):
    """No tower or head here depends on the order of its rows."""
    blocks, y, order = task
    X = Cohort(blocks)
    p = model().fit(X, y).predict_proba(X)
    again = model().fit(X[order], y[order]).predict_proba(X)
    np.testing.assert_allclose(again, p, atol=1e-3)
