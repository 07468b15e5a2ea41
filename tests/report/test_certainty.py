"""Sentences on calibration and prediction sets."""

import pytest
from report_sentences import FIGURE, Case, read, unread

from skmultimodal.report._compared import Score
from skmultimodal.report._sections.certainty import Certainty, Reliability

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
            better=True,
            figure=FIGURE,
            min_bin_rows=10,
            set_sizes=[0, 40, 1001],
            covered=0.914,
        ),
        [
            "Its probabilities are better than always predicting the share of the "
            "class: their Brier score is 0.210, that of the share 0.240 (lower is "
            "better). In cross-validation, the mean probability of class responder is "
            "0.55, and its share is 0.40.",
            "in groups of at least 10 patients;",
            "image+gene 40 0.52 0.45 [0.30, 0.60] 0.200 0.247",
            "all tested 47 0.55 0.40 [0.28, 0.53] 0.210 0.240",
            "Prediction sets of 1,041 patients; 91% of the labelled ones hold the true "
            "class.",
            "The set holds Patients 0 classes 0 1 class 40 2 classes 1,001",
        ],
        absent=["not given"],
    ),
    "no better": Case(
        Certainty(
            has_probabilities=True,
            rows=[PAIRED],
            figure=FIGURE,
            untested=["image", "gene"],
            set_sizes=[0, 1],
        ),
        [
            "Its probabilities are no better than always predicting the share",
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
