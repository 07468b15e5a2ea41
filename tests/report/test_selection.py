"""Sentences on weights, and the scores that they give."""

from types import SimpleNamespace

import numpy as np
import pytest
from comparison_tools import compare
from report_sentences import Case, read, unread
from sklearn.linear_model import LogisticRegression
from sklearn.utils import Bunch

from skmultimodal.report._compared import ComparedModel, Score
from skmultimodal.report._sections.selection import Selection, Weighted, selection


def weights(**changes):
    given = {
        "covariates": ["age", "sex"],
        "censored": None,
        "n_tested": 50,
        "n_effective": 31.42,
        "largest_share": 0.0812,
        "rare_share": 0.0,
    }
    return Bunch(**given | changes)


ROWS = [
    Weighted("ours", Score(0.76, 0.5, 0.9), Score(0.7, 0.42, 0.88)),
    Weighted("gene", Score(0.74, 0.5, 0.9), Score(0.72, 0.44, 0.89)),
]
GIVEN = {"metric": "roc_auc", "n": 473, "rows": ROWS}
CASES = {
    "none": Case(
        Selection(),
        [
            "patients who were not tested was not examined.",
            "Weights by the probability of being tested: not given. Pass weights",
        ],
        absent=["heaviest"],
    ),
    "another metric": Case(
        Selection(weights(), "own", False, 473),
        ["The own takes no weights: it was not examined whether it would be the same"],
        absent=["not given", "sensitivity"],
    ),
    "weighted": Case(
        Selection(weights(), **GIVEN),
        [
            "Weighted so that the tested stand for all 473 patients, as far as can be, "
            "in age and sex, ours has a mean ROC AUC of 0.70 [0.42, 0.88], unweighted "
            "0.76 [0.50, 0.90]. The weights of the 50 tested patients vary as much as "
            "31.4 of equal weight do, and the heaviest has 8% of all.",
            "Model As tested Weighted ours 0.76 [0.50, 0.90] 0.70 [0.42, 0.88] gene",
            "A label that is unknown because follow-up ended counts as one more reason",
        ],
        absent=["not given", "censored (", "next to nothing"],
    ),
    "censored": Case(
        Selection(weights(censored="ended", rare_share=0.27), **GIVEN),
        [
            "27% of all patients are hardly like any tested one (a value of these "
            "columns that none of them has, or less than a tenth of the mean "
            "probability of being tested): of them the scores show next to nothing",
            "on age and sex, and of not being censored (ended). It is right if",
        ],
        absent=["one more reason"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("selection", CASES[case])


def test_every_branch_is_read():
    assert unread("selection", CASES.values()) == {}


def test_numbers_are_those_of_the_reweighted_comparison():
    comparison = compare(scoring=["roc_auc"])
    tested = ComparedModel(comparison, "strong")
    study = SimpleNamespace(tested=tested, cohort=range(61))
    given = weights(weights=np.random.default_rng(0).random(61))
    found = selection(study, given)
    assert [row.model for row in found.rows] == ["strong", tested.best_other]
    table = comparison.reweighted(given.weights).summary(models=["strong"])
    assert found.rows[0].weighted == tuple(table.loc[0, ["mean", "low", "high"]])
    assert found.rows[0].plain == tested.own
    assert selection(study, None) == Selection()


def test_a_metric_of_ones_own_takes_no_weights():
    models = {"ours": LogisticRegression()}
    comparison = compare(models, scoring={"own": lambda m, X, y: 0.5})
    study = SimpleNamespace(tested=ComparedModel(comparison, "ours"), cohort=range(61))
    assert not selection(study, weights()).can_be_weighted
