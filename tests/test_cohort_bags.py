"""Cohorts of which a modality is bags."""

import numpy as np
import pandas as pd
import pytest
from bag_tools import patient_ids, write_bags
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline
from tower_tools import bag_tower, gene_tower, make_bags, make_genes

from skmultimodal import (
    BagTowerClassifier,
    Cohort,
    TwinTowerClassifier,
)
from skmultimodal.exceptions import NotExplainableError
from skmultimodal.fusion._params import list_towers
from skmultimodal.inspection import gene_attributions, modality_contributions
from skmultimodal.io import read_bags
from skmultimodal.model_selection import PatternStratifiedKFold
from skmultimodal.persistence import load_model, save_model

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*training did nothing"),
    pytest.mark.filterwarnings(
        "ignore::skmultimodal.exceptions.MissingModalityWarning"
    ),
]

N = 36
IDS = patient_ids(N)
Y = pd.Series(np.arange(N) % 2, index=IDS)
BAGS = make_bags(Y)
GENES = pd.DataFrame(make_genes(Y), index=IDS).iloc[10:]
LAST_BAG = 28  # of patients, the last ones have genes only


def make_cohort(bags=BAGS):
    return Cohort({"slides": (IDS[:LAST_BAG], bags[:LAST_BAG]), "gene": GENES})


@pytest.fixture
def lazy(tmp_path):
    write_bags(tmp_path, BAGS[:LAST_BAG])
    return Cohort({"slides": read_bags(tmp_path), "gene": GENES})


def small_model():
    towers = [("slides", bag_tower()), ("gene", gene_tower())]
    return TwinTowerClassifier(towers, tower_cv=2, random_state=0)


def test_rows_are_joined_by_id_and_printed(lazy):
    for X in (make_cohort(), lazy):
        assert repr(X) == "Cohort(36 rows: 10 slides, 8 gene, 18 slides+gene)"
        assert X.block_shape("slides") == (LAST_BAG,)
        for bag, other in zip(X.block("slides")[:], BAGS, strict=False):
            np.testing.assert_array_equal(bag, other)


def test_slices_read_nothing(lazy, monkeypatch):
    block = lazy.block("slides").block
    monkeypatch.setattr(type(block), "_read", None)
    some = lazy[np.arange(0, N, 3)]
    assert len(some.compact().block("slides")) == 10
    assert lazy.hide("slides", [0]).summary()["slides"] == 9


@pytest.mark.parametrize("form", ["list", "object", "frame"])
def test_none_is_missing(form):
    cells = [None, *BAGS[1:5]]
    if form == "object":
        cells = np.array([None] * 5, dtype=object)
        cells[1:] = BAGS[1:5]
    if form == "frame":
        cells = np.array([None] * 5, dtype=object)
        cells[1:] = BAGS[1:5]
        table = pd.DataFrame({"slides": cells, "a": 1.0})
        X = Cohort.from_frame(table, {"slides": "slides", "gene": ["a"]})
    else:
        X = Cohort({"slides": cells, "gene": np.ones((5, 3))})
    assert X.has("slides").tolist() == [False, True, True, True, True]
    again = Cohort.from_frame(X.to_frame(), {"slides": "slides"})
    for bag, other in zip(again.block("slides"), BAGS[1:5], strict=True):
        np.testing.assert_array_equal(bag, other)


def test_concat(lazy):
    # Two bags of three vectors are one array.
    two = [np.ones((3, 5)), np.ones((3, 5))]
    other = Cohort({"slides": (["Q1", "Q2"], two)})
    for X in (make_cohort(), lazy):
        both = Cohort.concat([other, X])
        assert len(both) == N + 2
        bags = both.block("slides")[:]
        assert bags.shape == (LAST_BAG + 2,)
        np.testing.assert_array_equal(bags[2], BAGS[0])
    narrow = Cohort({"slides": (["Q1"], np.ones((1, 4, 3)))})
    with pytest.raises(
        ValueError, match=r"vectors of 5 features in one.* 3 in another"
    ):
        Cohort.concat([make_cohort(), narrow])


def test_bags_of_different_width_are_refused():
    with pytest.raises(ValueError, match=r"'slides' .*row 2 has vectors of 4 features"):
        Cohort({"slides": [BAGS[0], BAGS[1], np.ones((3, 4)), BAGS[3]]})


def test_ids_that_do_not_meet_are_named(tmp_path):
    write_bags(tmp_path, BAGS)
    genes = GENES.rename(index=str.lower)
    with pytest.warns(UserWarning, match="'P10'"):
        Cohort({"slides": read_bags(tmp_path), "gene": genes})


def test_twin_tower_of_bags(lazy, tmp_path):
    X = make_cohort()
    model = small_model().fit(lazy, Y)
    p = model.predict_proba(lazy)
    np.testing.assert_allclose(small_model().fit(X, Y).predict_proba(X), p)
    np.testing.assert_allclose(model.predict_proba(X), p)
    save_model(model, tmp_path / "model.skops")
    np.testing.assert_array_equal(
        load_model(tmp_path / "model.skops").predict_proba(X), p
    )
    contributions = modality_contributions(model, X[12:16])
    assert np.isfinite(contributions.contributions).all().all()
    assert len(gene_attributions(model, X[12:15]).attributions) == 3
    with pytest.raises((NotExplainableError, ValueError), match=r"vectors|gradients"):
        gene_attributions(model, X[:3], modality="slides")


def test_cross_validation(lazy):
    scores = cross_val_score(small_model(), lazy, Y, cv=PatternStratifiedKFold(2))
    assert scores.shape == (2,)


def test_a_modality_of_bags_has_a_default_tower(lazy):
    named = {name: type(tower) for name, tower, _ in list_towers(None, lazy)}
    assert named["slides"] is BagTowerClassifier
    assert named["gene"] is Pipeline  # of few columns
    # By what the rows are, whatever the modality is called.
    renamed = Cohort({"image": BAGS})
    named = {name: type(tower) for name, tower, _ in list_towers(None, renamed)}
    assert named["image"] is BagTowerClassifier


@pytest.mark.parametrize(
    ("bag", "message"),
    [(np.full((2, 5), np.nan), "contains NaN"), (np.ones((0, 5)), "is empty")],
)
def test_bad_bag_names_its_patient(bag, message):
    bags = BAGS.copy()
    bags[3] = bag
    model = small_model()
    with pytest.raises(
        ValueError, match=f"patient 'P03' in modality 'slides' {message}"
    ):
        model.fit(make_cohort(bags), Y)
    model.fit(make_cohort(), Y)
    with pytest.raises(
        ValueError, match=f"patient 'P03' in modality 'slides' {message}"
    ):
        model.predict_proba(make_cohort(bags)[:5])


def test_mudata_holds_no_bags():
    pytest.importorskip("mudata")
    with pytest.raises(ValueError, match="'slides' holds bags"):
        make_cohort().to_mudata()
