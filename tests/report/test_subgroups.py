"""Sentences on subgroups, and the groups themselves."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from report_sentences import Case, read, unread
from sklearn.metrics import roc_auc_score

from skmultimodal.model_selection import delong_interval
from skmultimodal.report._compared import Score
from skmultimodal.report._sections.subgroups import (
    Group,
    Kind,
    State,
    Subgroup,
    Subgroups,
    _area,
    _groups,
    _measure,
)

KNOWN = ["sex", "age"]
WOMEN = Subgroup(Group("sex", Kind.VALUE, "female"), 24, 11, Score(0.8, 0.61, 0.94))
FEW_WOMEN = WOMEN._replace(area=Score(0.8, 0.61, 0.92))
OLD = Subgroup(Group("age", Kind.ABOVE, "55"), 26, 14, Score(0.98, 0.93, 1))

CASES = {
    "no columns": Case(
        Subgroups(State.NO_COLUMNS, KNOWN),
        [
            "This cannot be seen.",
            "Scores by subgroup: not given. The metadata have none of sex or age.",
        ],
    ),
    "no probabilities": Case(
        Subgroups(State.NO_PROBABILITIES, KNOWN),
        ["Scores by subgroup: not given. The model gives no probabilities."],
    ),
    "few": Case(
        Subgroups(
            State.FEW,
            KNOWN,
            n_small=1,
            whole=[Group("site", Kind.VALUE, "S1"), Group("sex", Kind.VALUE, "male")],
        ),
        [
            "There are too few patients to compare subgroups.",
            "All tested patients are of site: S1 and sex: male.",
            "1 further subgroup has fewer than 5 patients of a class, too few",
        ],
        absent=["DeLong"],
    ),
    "equal": Case(
        Subgroups(State.EQUAL, KNOWN, [WOMEN, WOMEN], WOMEN, WOMEN, n_small=2),
        [
            "The area is 0.80 in every subgroup that has one.",
            "2 further subgroups have fewer",
        ],
    ),
    "unequal": Case(
        Subgroups(State.UNEQUAL, KNOWN, [OLD, WOMEN], WOMEN, OLD),
        [
            "It is lowest in sex: female (0.80 [0.61, 0.94]) and highest in age: 55 "
            "and "
            "above (0.98 [0.93, 1.00]); their intervals overlap, so that the "
            "difference may be chance.",
            "Subgroup Tested Of class responder ROC AUC age: 55 and above 26 14 0.98 "
            "[0.93, 1.00] sex: female 24 11 0.80 [0.61, 0.94]",
            "The intervals are DeLong's, over patients, widened since other training",
        ],
        absent=["further", "All tested"],
    ),
    "apart": Case(
        Subgroups(State.UNEQUAL, KNOWN, [OLD, FEW_WOMEN], FEW_WOMEN, OLD),
        [
            "(0.98 [0.93, 1.00]), further apart than their intervals, which are not "
            "adjusted for the number of subgroups.",
        ],
        absent=["overlap"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("subgroups", CASES[case])


def test_every_branch_is_read():
    assert unread("subgroups", CASES.values()) == {}


def test_numbers_are_split_at_the_median():
    column = pd.Series([3.0, 1, 2, 7, 5, 4, np.nan, 6], name="age")
    found = dict(_groups(column))
    below, above = Group("age", Kind.BELOW, "4"), Group("age", Kind.ABOVE, "4")
    assert list(found) == [below, above]
    assert column[found[below]].tolist() == [3, 1, 2]
    assert column[found[above]].tolist() == [7, 5, 4, 6]


@pytest.mark.parametrize(
    ("values", "names"),
    [(["b", None, "a", "b"], ["a", "b"]), ([1.0, 0.0, np.nan], ["0", "1"])],
)
def test_values_are_groups(values, names):
    groups = dict(_groups(pd.Series(values, name="sex")))
    assert list(groups) == [Group("sex", Kind.VALUE, name) for name in names]
    assert [int(mask.sum()) for mask in groups.values()] == [1, len(values) - 2]


def test_the_interval_is_wider_than_that_of_a_fixed_model():
    rng = np.random.default_rng(0)
    codes, p = rng.integers(0, 2, 30), rng.random(30)
    tested = SimpleNamespace(
        probabilities=pd.DataFrame({0: 1 - p, 1: p}), test_to_train=0.5, level=0.9
    )
    study = SimpleNamespace(tested=tested, tested_codes=codes, positive=1)
    mask = np.arange(30) < 24
    found = _measure(study, WOMEN.group, mask).area
    options = {"confidence_level": 0.9}
    wide = delong_interval(codes[mask], p[mask], test_to_train=0.5, **options)
    narrow = delong_interval(codes[mask], p[mask], **options)
    assert found[1:] == wide
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_the_area_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    hits, p = rng.random(23) < 0.4, rng.integers(0, 9, 23) / 9
    assert _area(hits, p) == pytest.approx(roc_auc_score(hits, p))
