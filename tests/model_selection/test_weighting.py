"""Weights by the probability of being tested, and weighted scores."""

import numpy as np
import pandas as pd
import pytest
from comparison_tools import compare, make_rows
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.svm import LinearSVC

from skmultimodal import Cohort
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    compare_classifiers,
    corrected_t_interval,
    selection_weights,
)

N = 400


def make_cohort(n=N, seed=0, **columns):
    """Patients of two sites; at site b one in five has images, at a four."""
    rng = np.random.default_rng(seed)
    site = np.where(np.arange(n) % 2, "a", "b")
    image, gene = rng.normal(size=(n, 3)), rng.normal(size=(n, 5))
    at_random = np.arange(n) // 2 % 5
    image[at_random >= np.where(site == "a", 4, 1)] = np.nan
    metadata = pd.DataFrame({"site": site, **columns})
    X = Cohort({"gene": gene, "image": image}, metadata=metadata)
    return X, (np.arange(n) // 10) % 2


def test_the_tested_stand_for_all():
    X, y = make_cohort()
    result = selection_weights(X, y, ["site"])
    tested = result.weights > 0
    assert tested.tolist() == X.paired.tolist()
    assert result.n_tested == 200
    assert result.weights[tested].mean() == pytest.approx(1)
    at_b = (X.metadata["site"] == "b").to_numpy()
    # Half of all patients are of site b, and a fifth of those tested.
    assert at_b[tested].mean() == pytest.approx(0.2)
    share = result.weights[at_b].sum() / result.weights.sum()
    assert share == pytest.approx(0.5, abs=0.02)
    assert result.probability[at_b].mean() == pytest.approx(0.2, abs=0.01)
    weights = result.weights[tested]
    by_hand = weights.sum() ** 2 / (weights**2).sum()
    assert result.n_effective == pytest.approx(by_hand)
    assert 120 < by_hand < 135
    assert result.largest_share == pytest.approx(weights.max() / weights.sum())
    assert result.rare_share == 0


def test_patients_of_whom_hardly_any_is_tested_are_counted():
    rare = np.arange(N) % 5 == 3
    X, y = make_cohort(grade=np.where(rare, "g4", "g2"))
    tested = ~rare & (np.arange(N) % 3 == 0)
    result = selection_weights(X, y, ["grade"], tested=tested)
    assert result.rare_share == pytest.approx(0.2)
    assert result.n_tested == tested.sum()
    # Not in the range of those tested, or so few that the penalty hides it.
    X, y = make_cohort(age=np.where(np.arange(N) < 4, 99.0, 50 + np.arange(N) % 7))
    tested = (np.arange(N) >= 4) & (np.arange(N) % 3 == 0)
    assert selection_weights(X, y, ["age"], tested=tested).rare_share == 0.01


def test_censoring_is_a_selection_of_its_own():
    ill = np.arange(N) % 3 == 0
    ended = ill & (np.arange(N) % 4 < 2)  # half of those who are ill
    X, y = make_cohort(ill=ill.astype(float), ended=ended)
    y = np.where(ended, np.nan, y)
    result = selection_weights(X, y, ["site", "ill"], censored="ended")
    tested = result.weights > 0
    assert tested.tolist() == (X.paired & ~ended).tolist()
    share = result.weights[ill].sum() / result.weights.sum()
    assert ill[tested].mean() < 0.25
    assert share == pytest.approx(ill.mean(), abs=0.04)


def test_where_everybody_is_tested_weights_are_one():
    X, y = make_cohort()
    result = selection_weights(X, y, ["site"], tested=np.ones(N, dtype=bool))
    assert result.weights.tolist() == [1.0] * N
    assert result.n_effective == N


def test_text_is_left_out_with_a_warning():
    X, y = make_cohort(note=[f"n{i}" for i in range(N)])
    with pytest.warns(UserWarning, match=r"^covariates: 'note' left out of"):
        result = selection_weights(X, y, ["site", "note"])
    expected = selection_weights(X, y, ["site"])
    assert result.weights.tolist() == expected.weights.tolist()


def test_what_cannot_be_weighed_is_refused():
    X, y = make_cohort(note=[f"n{i}" for i in range(N)], one=np.ones(N), two=2.0)
    with pytest.raises(ValueError, match=r"^covariates: no column 'age'; the metadata"):
        selection_weights(X, y, ["age"])
    with pytest.raises(ValueError, match=r"^covariates is empty"):
        selection_weights(X, y, [])
    with pytest.raises(ValueError, match=r"^covariates: 'note' is different"):
        selection_weights(X, y, ["note"])
    with pytest.raises(ValueError, match=r"^censored: column 'two' must hold true"):
        selection_weights(X, y, ["site"], censored="two")
    with pytest.raises(ValueError, match=r"^censored: patient .* and has a label"):
        selection_weights(X, y, ["site"], censored="one")
    with pytest.raises(ValueError, match=r"^no row is tested"):
        selection_weights(X, y, ["site"], tested=np.zeros(N, dtype=bool))


def test_weights_of_one_change_no_score():
    comparison = compare(confidence_level=0.9)
    same = comparison.reweighted(np.ones(61))
    pd.testing.assert_frame_equal(same.scores(), comparison.scores())
    pd.testing.assert_frame_equal(same.summary(), comparison.summary())
    pd.testing.assert_frame_equal(same.differences(), comparison.differences())
    pd.testing.assert_frame_equal(same.predictions(), comparison.predictions())


def test_scores_are_those_of_scikit_learn_with_weights():
    comparison = compare({"ours": LogisticRegression()}, scoring={"AUC": "roc_auc"})
    weights = np.random.default_rng(0).random(61)
    weighted = comparison.reweighted(weights)
    table = comparison.predictions()
    scores = []
    for _, part in table.groupby(["repeat", "fold"]):
        given = weights[part["row"].to_numpy()]
        score = roc_auc_score(part["y_true"], part["proba_1"], sample_weight=given)
        scores.append(score)
    assert weighted.scores()["score"].tolist() == pytest.approx(scores)
    row = weighted.summary().iloc[0]
    plain = corrected_t_interval(scores, comparison.test_to_train, bounded=True)
    # No narrower than the effective number of patients allows.
    assert row["low"] <= plain[0]
    assert row["mean"] == pytest.approx(np.mean(scores))


def test_weights_on_words_of_two_classes():
    X, y = make_rows()
    words = np.where(y == 1, "yes", "no")
    cv = PairedStratifiedKFold(3, random_state=0)
    models = {"ours": LogisticRegression()}
    options = {"cv": cv, "scoring": ["f1", "neg_brier_score"], "positive": "no"}
    comparison = compare_classifiers(models, X, words, **options)
    same = comparison.reweighted(np.full(61, 3.0))
    pd.testing.assert_frame_equal(same.scores(), comparison.scores())


def test_what_cannot_be_scored_is_undefined_or_refused():
    comparison = compare({"silent": LinearSVC()}, scoring=["accuracy", "roc_auc"])
    weights = np.ones(61)
    weights[comparison.folds[0].test] = 0
    table = comparison.reweighted(weights).scores().set_index("metric")
    # Only decision values gave the areas, and these are not recorded.
    assert table.loc["roc_auc", "score"].isna().all()
    assert table.loc["accuracy", "score"].isna().sum() == 1
    with pytest.raises(ValueError, match=r"^sample_weight has shape \(4,\), and row"):
        comparison.reweighted(np.ones(4))
    with pytest.raises(ValueError, match=r"^sample_weight of row \d+ is -1.0"):
        comparison.reweighted(-np.ones(61))
    own = compare({"ours": LogisticRegression()}, scoring={"own": lambda m, X, y: 0.5})
    with pytest.raises(ValueError, match=r"^metric 'own' is none of scikit-learn's"):
        own.reweighted(np.ones(61))
