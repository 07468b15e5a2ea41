"""Sentences on calibration and prediction sets."""

from types import SimpleNamespace

import numpy as np
import pytest
from comparison_tools import compare, make_rows
from report_sentences import FIGURE, Case, read, unread
from sklearn.linear_model import LogisticRegression

from skmultimodal.model_selection import corrected_t_interval
from skmultimodal.report._compared import ComparedModel, Score
from skmultimodal.report._sections.certainty import (
    Certainty,
    Held,
    Reliability,
    _around,
    _gains_of_folds,
)

PAIRED = Reliability("image+gene", 40, 0.52, Score(0.45, 0.3, 0.6), 0.2, 0.2475)
ALL = Reliability(None, 47, 0.55, Score(0.4, 0.28, 0.53), 0.21, 0.24)


CASES = {
    "no probabilities": Case(
        Certainty(has_probabilities=False),
        [
            "ours gives no probabilities: it does not show how sure it is.",
            "Calibration: not given. The model has no predict_proba.",
        ],
    ),
    "better": Case(
        Certainty(
            has_probabilities=True,
            rows=[PAIRED, ALL],
            gain=Score(0.03, 0.01, 0.05),
            slope=Score(0.9, 0.6, 1.2),
            intercept=Score(-0.1, -0.4, 0.2),
            ratio=Score(0.73, 0.51, 0.96),
            figure=FIGURE,
            min_bin_rows=10,
            set_sizes=[0, 40, 1001],
            covered=0.914,
            stated=0.9,
            n_calibration=[("gene", 30), ("image+gene", 41)],
            held=[
                Held("gene", None, 12, Score(0.75, 0.47, 0.91)),
                Held("gene", "responder", 5, Score(0.6, 0.23, 0.88)),
            ],
        ),
        [
            "Its probabilities are better than always predicting the share of the "
            "class: their Brier score is 0.210, that of the share 0.240 (lower is "
            "better), a gain of +0.030 [0.010, 0.050]. In cross-validation, the mean "
            "probability of class responder is 0.55, and its share is 0.40: on the "
            "whole they are too high. They are not shown to be too extreme or too "
            "cautious: their calibration slope is 0.90 [0.60, 1.20] (1 is right).",
            "Do probabilities of class responder come true?",
            "Calibration intercept −0.10 [−0.40, 0.20] Observed to expected 0.73 [0.51",
            "in groups of at least 10 patients;",
            "image+gene 40 0.52 0.45 [0.30, 0.60] 0.200 0.247",
            "all tested 47 0.55 0.40 [0.28, 0.53] 0.210 0.240",
            "Prediction sets of 1,041 patients, stated to hold the true class of 90% "
            "of new patients; 91% of the labelled ones hold it. Patients that "
            "calibrate: gene 30 and image+gene 41.",
            "gene all 12 0.75 [0.47, 0.91] gene responder 5 0.60 [0.23, 0.88]",
            "The set holds Patients 0 classes 0 1 class 40 2 classes 1,001",
        ],
        absent=["not given"],
    ),
    "worse": Case(
        Certainty(
            has_probabilities=True,
            rows=[ALL],
            gain=Score(-0.03, -0.05, -0.01),
            slope=Score(0.4, 0.2, 0.6),
            ratio=Score(1.4, 1.1, 1.7),
            figure=FIGURE,
        ),
        [
            "its share is 0.40: on the whole they are too low.",
            "Its probabilities are worse than always predicting the share",
            "They are too extreme: their calibration slope is 0.40 [0.20, 0.60].",
        ],
    ),
    "of nothing": Case(
        Certainty(
            has_probabilities=True,
            rows=[ALL],
            slope=Score(-0.4, -1.1, 0.3),
            figure=FIGURE,
        ),
        ["are not shown to go with the class at all: their calibration slope is −0.40"],
        absent=["too extreme"],
    ),
    "against the class": Case(
        Certainty(
            has_probabilities=True,
            rows=[ALL],
            slope=Score(-1.8, -3.4, -0.3),
            figure=FIGURE,
        ),
        [
            "They run against the class: their calibration slope is −1.80 [−3.40, "
            "−0.30], below 0."
        ],
        absent=["not shown to go with"],
    ),
    "too cautious": Case(
        Certainty(
            has_probabilities=True,
            rows=[ALL],
            slope=Score(2, 1.5, 2.5),
            ratio=Score(1.1, 0.8, 1.5),
            figure=FIGURE,
        ),
        [
            "its share is 0.40, no more apart than chance allows.",
            "They are too cautious: their calibration slope is 2.00 [1.50, 2.50].",
        ],
    ),
    "no better": Case(
        Certainty(
            has_probabilities=True,
            rows=[PAIRED],
            gain=Score(0.03, -0.01, 0.07),
            is_histogram=True,
            n_trained=1,
            figure=FIGURE,
            untested=["image", "gene"],
            set_sizes=[0, 1],
        ),
        [
            "It is open whether its probabilities are better than always predicting "
            "the share of the class: their Brier score is",
            "extreme or too cautious is not estimable from 40 patients.",
            "What is predicted, by class; out of fold, the mean",
            "The model was fitted on 1 of these patients: how often",
            "Calibration slope – Calibration intercept –",
            "Calibration of patients with image or gene: not given. None of them was",
            "Prediction sets of 1 patient. The set",
        ],
        absent=["all tested"],
    ),
    "no sets": Case(
        Certainty(has_probabilities=True, rows=[PAIRED], figure=FIGURE),
        ["Prediction sets: not given. Pass prediction_sets"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("certainty", CASES[case])


def test_every_branch_is_read():
    assert unread("certainty", CASES.values()) == {}


def test_the_interval_of_the_gain_is_corrected_for_folds():
    comparison = compare({"ours": LogisticRegression()}, scoring=["roc_auc"])
    tested = ComparedModel(comparison, "ours")
    y = make_rows()[1]
    study = SimpleNamespace(tested=tested, codes=y, positive=1)
    values = _gains_of_folds(study, 0.5)
    table = comparison.predictions()
    first = table[(table["repeat"] == 0) & (table["fold"] == 0)]
    by_hand = 0.25 - np.mean((first["proba_1"] - first["y_true"]) ** 2)
    assert values[0] == pytest.approx(by_hand)
    low, high = _around(0.1, values, study)
    ends = corrected_t_interval(values, comparison.test_to_train)
    assert high - low == pytest.approx(ends[1] - ends[0])
    assert (low + high) / 2 == pytest.approx(0.1)
