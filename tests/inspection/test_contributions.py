"""Contributions of modalities: Shapley values of answers that were really given."""

from itertools import permutations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from fusion_tools import THREE, TWO, make_case, make_tables, odds_tower, plain_towers
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.baselines import LateFusionClassifier
from skmultimodal.inspection._contributions import modality_contributions
from skmultimodal.inspection._contributions_display import ModalityContributionsDisplay
from skmultimodal.model_selection import PairedStratifiedKFold

NAMES = ("image", "gene", "stain")


class TableGame(ClassifierMixin, BaseEstimator):
    """Says of each row what a table says of the row and the modalities it has.

    `table` has a row per patient, whose id is its number, and a column per set of
    modalities: modality i counts 2^i.
    """

    def __init__(self, table, prior=0.5):
        self.table = table
        self.prior = prior

    classes_ = np.array([0, 1])

    def fit(self, X, y=None):
        return self

    @property
    def class_prior_(self):
        return np.array([1 - self.prior, self.prior])

    def predict_proba(self, X):
        has = sum(X.has(name) * 2**i for i, name in enumerate(X.modalities))
        p = self.table[X.index.to_numpy(), has]
        return np.column_stack([1 - p, p])


class Counting(ClassifierMixin, BaseEstimator):
    """Passes rows on, and keeps their patterns."""

    def __init__(self, model):
        self.model = model
        self.classes_ = model.classes_
        self.class_counts_ = model.class_counts_
        self.asked = []

    def predict_proba(self, X):
        self.asked.append(X.patterns)
        return self.model.predict_proba(X)


@st.composite
def games(draw):
    """A table game and a cohort of rows with some of three modalities."""
    n_rows = draw(st.integers(1, 7))
    has = draw(
        st.lists(st.integers(1, 7), min_size=n_rows, max_size=n_rows), label="has"
    )
    share = st.floats(0.0, 1.0)
    table = np.array(
        draw(st.lists(st.lists(share, min_size=8, max_size=8), min_size=7, max_size=7))
    )
    blocks = {}
    for i, name in enumerate(NAMES):
        blocks[name] = np.ones((n_rows, i + 2))
        blocks[name][[not bits >> i & 1 for bits in has]] = np.nan
    prior = draw(st.floats(0.05, 0.95))
    return table, prior, Cohort(blocks)


@settings(max_examples=60)
@given(game=games(), scale=st.sampled_from(["probability", "log_odds"]))
def test_contributions_add_up(game, scale):
    table, prior, X = game
    result = modality_contributions(TableGame(table, prior), X, scale=scale)
    total = result.contributions.sum(axis=1)
    np.testing.assert_allclose(total, result.prediction - result.prior, atol=1e-9)
    np.testing.assert_array_equal(result.contributions.notna(), X.available)
    said = TableGame(table, prior).predict_proba(X)[:, 1]
    if scale == "log_odds":
        said, prior = logit(np.clip(said, 1e-6, 1 - 1e-6)), logit(prior)
    np.testing.assert_allclose(result.prediction, said)
    assert result.prior == pytest.approx(prior)


@settings(max_examples=60)
@given(game=games(), dummy=st.integers(0, 2))
def test_modality_that_changes_no_answer_contributes_nothing(game, dummy):
    table, prior, X = game
    without = np.arange(8) & ~(1 << dummy)
    table = table.copy()
    table[:, 0] = prior
    result = modality_contributions(TableGame(table[:, without], prior), X)
    found = result.contributions[NAMES[dummy]].dropna()
    np.testing.assert_allclose(found, 0, atol=1e-12)


@settings(max_examples=60)
@given(game=games(), pair=st.sampled_from([(0, 1), (0, 2), (1, 2)]))
def test_modalities_that_do_the_same_contribute_the_same(game, pair):
    table, prior, X = game
    a, b = (1 << i for i in pair)
    sets = np.arange(8)
    # Whichever of the pair a row has, the table says the same.
    only_b = (sets & b > 0) & (sets & a == 0)
    alike = np.where(only_b, (sets & ~b) | a, sets)
    result = modality_contributions(TableGame(table[:, alike], prior), X)
    both = result.contributions[[NAMES[i] for i in pair]].dropna()
    np.testing.assert_allclose(both.iloc[:, 0], both.iloc[:, 1], atol=1e-12)


def by_orders(model, X, row, column, prior):
    """Mean gain of each modality over all orders in which they come."""
    names = [name for name in X.modalities if X[[row]].has(name)[0]]
    shares = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    for order in orders:
        before = prior
        for i, name in enumerate(order):
            kept = X[[row]][:, list(order[: i + 1])]
            after = model.predict_proba(kept)[0, column]
            shares[name] += (after - before) / len(orders)
            before = after
    return shares


@pytest.mark.parametrize("missing", ["tower", "impute"])
def test_values_are_means_over_orders(missing):
    X, y = make_case(THREE, n_classes=3)
    labels = np.array(["a", "bb", "c"])[y]
    towers = plain_towers(X.modalities)
    model = TwinTowerClassifier(
        towers, LogisticRegression(), missing=missing, random_state=0
    ).fit(X, labels)
    result = modality_contributions(model, X, positive="bb")
    paired = labels[X.paired]
    assert result.prior == pytest.approx(np.mean(paired == "bb"))
    assert result.positive == "bb"
    for row in (0, 13, 20, 30, 37, 42, 50):
        found = result.contributions.iloc[row].dropna().to_dict()
        wanted = by_orders(model, X, row, 1, result.prior)
        assert found == pytest.approx(wanted, abs=1e-6)


@pytest.fixture(scope="module")
def case():
    X, y = make_case(TWO)
    towers = [(name, odds_tower()) for name in X.modalities]
    return TwinTowerClassifier(towers, random_state=0).fit(X, y), X, y


def make_models(fitted, X, y):
    cv = PairedStratifiedKFold(3)
    return {
        "twin tower": fitted,
        "calibrated": CalibratedClassifierCV(FrozenEstimator(fitted)).fit(X, y),
        "late fusion": LateFusionClassifier(
            [(name, UnimodalClassifier(name, odds_tower())) for name in X.modalities]
        ).fit(X, y),
        "search": GridSearchCV(fitted, {"gene__logisticregression__C": [0.1, 1]}, cv=cv)
        .fit(X, y),
        "pipeline": make_pipeline(FunctionTransformer(), fitted),
        "frozen": FrozenEstimator(fitted),
    }  # fmt: skip


@pytest.mark.parametrize("scale", ["probability", "log_odds"])
def test_every_classifier_of_cohorts(case, scale):
    for name, model in make_models(*case).items():
        _, X, y = case
        result = modality_contributions(model, X, y, scale=scale)
        total = result.contributions.sum(axis=1)
        gap = total - (result.prediction - result.prior)
        assert np.abs(gap).max() < 1e-6, name
        said = model.predict_proba(X)[:, 1]
        wanted = said if scale == "probability" else logit(said)
        np.testing.assert_allclose(result.prediction, wanted, atol=1e-5, err_msg=name)


def test_one_pass_over_all_rows_per_set_of_modalities():
    counts = {pattern: 12 * n for pattern, n in THREE.items()}
    X, y = make_case(counts)
    fit_rows = np.arange(0, len(y), 3)
    towers = [(name, odds_tower()) for name in X.modalities]
    model = TwinTowerClassifier(towers, random_state=0).fit(X[fit_rows], y[fit_rows])
    counting = Counting(model)
    modality_contributions(counting, X[:600])
    assert len(X[:600]) == 600
    assert len(counting.asked) == 2**3 - 1
    has = X[:600].available
    for patterns in counting.asked:
        kept = patterns[0].split("+")
        assert set(patterns) == {patterns[0]}
        assert len(patterns) == has[kept].all(axis=1).sum()


def test_prior_is_that_of_the_rows_of_the_final_estimator():
    X, y = make_case({"image": 11, "gene": 13, "image+gene": 18})
    y[np.flatnonzero(X.paired)[:6]] = 0
    towers = [(name, odds_tower()) for name in X.modalities]
    model = TwinTowerClassifier(towers, random_state=0).fit(X, y)
    wanted = y[X.paired].mean()
    assert wanted != y.mean()
    # y says how the rows explained are, and not those that trained.
    result = modality_contributions(model, X[:9], np.ones(9))
    assert result.prior == pytest.approx(wanted)


def test_prior_without_rows_to_fuse():
    X, y = make_case({"image": 11, "gene": 13})
    towers = [(name, odds_tower()) for name in X.modalities]
    with pytest.warns(UserWarning, match="no labelled row has two"):
        model = TwinTowerClassifier(towers, random_state=0).fit(X, y)
    given = np.repeat([0, 1, np.nan], [5, 15, 4])
    assert modality_contributions(model, X, given).prior == pytest.approx(15 / 20)
    with pytest.raises(ValueError, match="does not record how frequent"):
        modality_contributions(model, X)


def test_prior_of_a_model_that_records_none(case):
    _, X, y = case
    model = make_models(*case)["late fusion"]
    with pytest.raises(
        ValueError, match=r"LateFusionClassifier does not record.*pass y"
    ):
        modality_contributions(model, X)
    labels = y.astype(float)
    labels[:30] = np.nan
    result = modality_contributions(model, X, labels)
    assert result.prior == pytest.approx(y[30:].mean())


def test_other_modality_of_a_unimodal_classifier_contributes_nothing(case):
    _, X, y = case
    model = UnimodalClassifier("gene", odds_tower()).fit(X, y)
    result = modality_contributions(model, X)
    np.testing.assert_array_equal(result.contributions["image"].dropna(), 0)
    assert result.contributions["gene"].abs().max() > 0.2


def test_summary(case):
    model, X, y = case
    labels = y.astype(float)
    labels[:4] = np.nan
    result = modality_contributions(model, X, labels)
    assert result.summary.index.tolist() == [
        ("image", "image"),
        ("gene", "gene"),
        ("image+gene", "image"),
        ("image+gene", "gene"),
    ]
    row = result.summary.loc[("image", "image")]
    values = result.contributions["image"].to_numpy()[:11]
    assert row["n_rows"] == 11
    assert row["mean"] == pytest.approx(values.mean())
    assert row["mean_absolute"] == pytest.approx(np.abs(values).mean())
    assert row["mean_1"] == pytest.approx(values[4:][y[4:11] == 1].mean())
    assert "mean_1" not in modality_contributions(model, X).summary
    assert result.patterns.tolist() == X.patterns.tolist()


def test_dict_rows_that_repeat_and_a_modality_that_nobody_has(case):
    model, X, _ = case
    blocks, _ = make_tables(TWO)
    wanted = modality_contributions(model, X).contributions.to_numpy()
    found = modality_contributions(model, blocks).contributions
    np.testing.assert_allclose(found, wanted)
    twice = np.array([40, 3, 3, 12])
    found = modality_contributions(model, X[twice]).contributions
    assert found.index.tolist() == X.index[twice].tolist()
    np.testing.assert_allclose(found, wanted[twice], atol=1e-6)
    images = modality_contributions(model, X[:11]).contributions
    assert images["gene"].isna().all()


def test_columns_of_a_table():
    blocks, y = make_tables({"image+gene": 29})
    table = np.hstack([blocks["image"][:, 1:], blocks["gene"][:, 1:]])
    towers = [("left", odds_tower(), [0, 1, 2, 3]), ("right", odds_tower(), [4, 5])]
    model = TwinTowerClassifier(towers, tower_rows="all", random_state=0).fit(table, y)
    result = modality_contributions(model, table)
    assert list(result.contributions) == ["left", "right"]
    np.testing.assert_allclose(
        result.prediction, model.predict_proba(table)[:, 1], atol=1e-6
    )


def test_refusals(case):
    model, X, y = case
    strict = TwinTowerClassifier(plain_towers(), missing="error").fit(X, y)
    # A row that lacks a modality is refused in any case; here none does.
    with pytest.raises(ValueError, match="does not predict rows that have only image "):
        modality_contributions(strict, X[X.paired])
    with pytest.raises(ValueError, match="positive='no' is no class of the model"):
        modality_contributions(model, X, positive="no")
    with pytest.raises(ValueError, match="scale must be one of"):
        modality_contributions(model, X, scale="odds")
    with pytest.raises(ValueError, match="y has 3 labels for 42 rows"):
        modality_contributions(model, X, [0, 1, 1])
    with pytest.raises(ValueError, match="y has class 2, on which the model was not"):
        modality_contributions(model, X, y + 1)
    with pytest.raises(ValueError, match="row 'p05' of X has no modality"):
        modality_contributions(model, X.hide("image", [5]))
    with pytest.raises(ValueError, match="X has no row"):
        modality_contributions(model, X[:0])


def test_display_of_means(case):
    model, X, y = case
    display = ModalityContributionsDisplay.from_estimator(model, X, y)
    heights = sorted(bar.get_height() for bar in display.ax_.patches)
    assert heights == pytest.approx(sorted(display.summary["mean_absolute"]))
    ticks = [tick.get_text() for tick in display.ax_.get_xticklabels()]
    assert ticks == ["image\n11 rows", "gene\n13 rows", "image+gene\n18 rows"]
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["image", "gene"]
    plt.close(display.figure_)


def test_display_of_patients(case):
    model, X, _ = case
    result = modality_contributions(model, X, scale="log_odds")
    figure, ax = plt.subplots()
    display = ModalityContributionsDisplay.from_contributions(
        result, kind="patients", patients=["p40", "p03"], ax=ax
    )
    assert display.ax_ is ax
    assert display.figure_ is figure
    # Bars of a patient lead from the prior to the prediction.
    image, gene, alone = ax.patches
    shares = result.contributions.loc["p40"]
    assert image.get_x() == pytest.approx(result.prior)
    assert image.get_width() == pytest.approx(shares["image"])
    end = gene.get_x() + gene.get_width()
    assert end == pytest.approx(result.prediction["p40"])
    assert alone.get_width() == pytest.approx(result.contributions.loc["p03", "image"])
    assert "log-odds of class 1" in ax.get_xlabel()
    plt.close(figure)
    several = ModalityContributionsDisplay(**result).plot(kind="patients")
    assert len(several.ax_.get_yticklabels()) == 5
    plt.close(several.figure_)


def test_display_refusals(case):
    model, X, _ = case
    display = ModalityContributionsDisplay(**modality_contributions(model, X))
    with pytest.raises(ValueError, match="no patient 'p99'"):
        display.plot(kind="patients", patients=["p03", "p99"])
    with pytest.raises(ValueError, match="none is named"):
        display.plot(kind="patients", patients=[])
    with pytest.raises(ValueError, match="kind must be one of"):
        display.plot(kind="violin")
