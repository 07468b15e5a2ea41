"""Sentences on thresholds and net benefit, and their numbers."""

import pytest
from comparison_tools import compare
from report_sentences import FIGURE, Case, read, unread

from skmultimodal.report._compared import (
    AtThreshold,
    ComparedModel,
    Score,
    Share,
)
from skmultimodal.report._sections.decisions import Decisions

NOTHING = Score(float("nan"), float("nan"), float("nan"))
SHARES = [
    Share("accuracy", Score(0.7, 0.56, 0.81), 35, 50),
    Share("sensitivity", Score(0.8, 0.6, 0.92), 20, 25),
    Share("specificity", Score(0.6, 0.41, 0.77), 15, 25),
    Share("precision", NOTHING, 0, 0),
    Share("negative_predictive_value", Score(0.75, 0.53, 0.89), 15, 20),
]
LOW = AtThreshold(0.1, SHARES, Score(0.3, 0.2, 0.4), 0.28, Score(0.02, -0.01, 0.05))
HIGH = AtThreshold(0.3, SHARES, Score(0.2, 0.1, 0.3), 0.1, Score(0.1, 0.02, 0.18))

CASES = {
    "no probabilities": Case(
        Decisions(has_probabilities=False),
        ["ours gives no probabilities from which one could act."],
        absent=["threshold"],
    ),
    "unnamed": Case(
        Decisions(has_probabilities=True, rows=[LOW._replace(threshold=0.5)]),
        [
            "No threshold was named. At 0.50, ours finds 20 of 25 patients of class "
            "responder (sensitivity 0.80 [0.60, 0.92]) and clears 15 of 25 others "
            "(specificity 0.60 [0.41, 0.77]).",
            "Threshold Accuracy Sensitivity Specificity Precision Negative predictive "
            "value 0.50 0.70 [0.56, 0.81] (35 of 50)",
            "– 0.75 [0.53, 0.89] (15 of 20)",
            "Thresholds from which one would act: not given. Pass thresholds",
        ],
        absent=["worth more", "Net benefit"],
    ),
    "one": Case(
        Decisions(has_probabilities=True, named=True, rows=[LOW]),
        [
            "At the threshold 0.10, ours finds",
            "To act on it is not shown to be worth more than treating everyone or no "
            "one.",
            "Threshold ours Treating everyone Gain 0.10 +0.300 [0.200, 0.400] +0.280 "
            "+0.020 [−0.010, 0.050]",
        ],
        absent=["not given", "Decision curves"],
    ),
    "one of use": Case(
        Decisions(has_probabilities=True, named=True, rows=[HIGH], shown=[0.3]),
        ["worth more than treating everyone or no one at the threshold 0.30."],
        absent=["their number", "Decision curves"],
    ),
    "several": Case(
        Decisions(
            has_probabilities=True,
            named=True,
            rows=[LOW, HIGH],
            shown=[0.3],
            models=["gene", "ours"],
            figure=FIGURE,
        ),
        [
            "At the lowest of 2 thresholds, 0.10, ours finds",
            "is shown to be worth more than treating everyone or no one at the "
            "threshold 0.30, which is not adjusted for their number.",
            "Decision curves of gene and ours, treating everyone and treating no one;",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("decisions", CASES[case])


def test_every_branch_is_read():
    assert unread("decisions", CASES.values()) == {}


def test_numbers_are_those_of_the_comparison():
    comparison = compare(confidence_level=0.8)
    rows = ComparedModel(comparison, "strong").at_thresholds([0.2, 0.6], 0)
    options = {"models": ["strong"], "positive": 0}
    table = comparison.at_threshold(0.6, **options)
    assert [row.threshold for row in rows] == [0.2, 0.6]
    for share, row in zip(rows[1].shares, table.itertuples(), strict=True):
        assert share == (row.metric, (row.score, row.low, row.high), *row[-2:])
    first = comparison.net_benefit([0.2], **options).iloc[0]
    assert rows[0].benefit.low == first["low"]
    assert rows[0].gain == tuple(first[["gain", "gain_low", "gain_high"]])
    assert rows[0].everyone == first["treat_all"]
