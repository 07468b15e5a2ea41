"""Sentences on shortcuts: the hospital first, copies of the label apart."""

import numpy as np
import pytest
from report_sentences import FIGURE, Case, read, unread

from skmultimodal.report._compared import NOTHING, Score
from skmultimodal.report._sections.shortcuts import (
    OF_ORDER,
    Explains,
    Shortcuts,
    Source,
    find_suspects,
    judge_sources,
)

OWN = Score(0.8, 0.7, 0.9)


def around(mean, width=0.1):
    return Score(mean, mean - width, mean + width)


def sources(kind="metadata", width=0.1, **areas):
    """Sources with intervals of a width to each side, the best first.

    The interval of the difference to a model of area 0.8 is as wide.
    """
    order = sorted(areas.items(), key=lambda item: -item[1])
    return [
        Source(name, around(area, width), "cv", kind, around(OWN.mean - area, width))
        for name, area in order
    ]


def numbers(own=OWN, hospitals=(), n_left=0, more=None, later=(), **areas):
    guesses = own is not None and own.low <= 0.5
    judged = sources(**areas)
    judged += [s._replace(kind="later") for s in sources(**dict(later))]
    if own is not None:
        judged = judge_sources(judged, own, one_pattern=True)
    drawn = [(source.name, source.score) for source in judged]
    return Shortcuts(
        audited=True,
        own=own,
        includes_guessing=guesses,
        sources=judged,
        **find_suspects(judged, list(hospitals), guesses=guesses),
        figure=FIGURE,
        drawn=drawn,
        n_left=n_left,
        declared=bool(later),
        **(more or {}),
    )


SITE = {
    "within": Source("ours within site", around(0.6), "cv", "within"),
    "beside": Source("site, age", around(0.7), "cv", "beside", around(0.04)),
    "between": Source("ours between site", around(0.85), "cv", "between"),
    "permuted": Source("labels permuted", around(0.65), "cv", "permuted"),
    "explained": 0.5,
    "encoding": [
        Source("gene", around(0.9), "all", "encoding"),
        Source("image", around(0.6), "all", "encoding"),
    ],
}


CASES = {
    "no audit": Case(
        Shortcuts(audited=False),
        [
            "Whether a shortcut explains it was not audited.",
            "No audit was given: a shortcut may explain the score.",
            "without looking at any modality: not given. Pass audit,",
        ],
    ),
    "no area of the model": Case(
        numbers(own=None, age=0.84),
        [
            "This cannot be judged: the comparison has no area",
            "Area under the ROC curve of shortcuts: age 0.84 [0.74, 0.94].",
            "Area under the ROC curve of predicting the label from one thing that is",
            "Tested on age – 0.84 [0.74, 0.94] −0.04 [−0.14, 0.06] cv",
        ],
        absent=["(the model)"],
    ),
    "times": Case(
        numbers(age=0.84, more=OF_ORDER | {"within": SITE["within"]}),
        [
            "Among patients of one hospital, the concordance of the model is 0.60",
            "Concordance of the model and of shortcuts: age 0.84",
            "Concordance of the model, and of predicting the outcome from one thing",
            "if its mean concordance is that of the model or more",
            "The concordance of the audit is that of all pairs of tested patients",
            "Explains the score? concordance Model less source",
        ],
        absent=["label under", "Area"],
    ),
    "a hospital that trains no model": Case(
        numbers(hospitals=["tss"], width=np.nan, tss=0.5),
        [
            "The hospital alone (tss) predicts all tested patients alike, as it must "
            "where their hospitals train no model.",
            "tss predicts all alike 0.50",
        ],
        absent=["The hospital alone (tss 0.50"],
    ),
    "the hospital comes first": Case(
        numbers(hospitals=["tss"], age=0.84, tss=0.82, n_left=1),
        [
            "But the hospital alone (tss 0.82 [0.72, 0.92]) could explain all of this: "
            "it is no evidence of biology.",
            "The hospital alone (tss 0.82 [0.72, 0.92]) could explain all of the "
            "score. Other audited sources that could explain all of the score: age "
            "0.84 [0.74, 0.94]. This report cannot tell which columns were known "
            "before the outcome",
            "Area under the ROC curve of the model and of shortcuts: age 0.84",
            "Area under the ROC curve of the model, and of predicting",
            "The weakest source is in the table only.",
            "ours (the model) – 0.80 [0.70, 0.90] – cv age all of it 0.84",
        ],
    ),
    "perhaps": Case(
        numbers(hospitals=["site"], age=0.75, site=0.72, n_left=3),
        [
            "But the hospital alone (site 0.72 [0.62, 0.82]) could explain this: it is",
            "The hospital alone (site 0.72 [0.62, 0.82]) could explain the score.",
            "that could explain the score: age 0.75",
            "The 3 weakest sources are in the table only.",
            "age perhaps 0.75",
        ],
    ),
    "not ruled out": Case(
        numbers(hospitals=["site"], width=0.25, age=0.66, site=0.62),
        [
            "The hospital alone (site 0.62 [0.37, 0.87]) is not ruled out",
            "that are not ruled out as an explanation: age 0.66",
            "age not ruled out 0.66",
        ],
    ),
    "nothing but copies of the label": Case(
        numbers(hospitals=["site"], outcome=0.99, death=0.98, site=0.45),
        [
            "The hospital alone (site 0.45 [0.35, 0.55]) cannot explain the score "
            "alone.",
            "None of the other audited sources could explain it alone. outcome and "
            "death are nearly the label itself (0.98 or more).",
            "site not alone 0.45",
        ],
    ),
    "all columns are the label": Case(
        numbers(**{"all columns": 1.0}),
        ["alone. all columns of the metadata together is nearly the label itself"],
    ),
    "the other way": Case(
        numbers(hospitals=["site"], site=0.3, age=0.2),
        [
            "site 0.30 [0.20, 0.40]) is related to the label one way in training and "
            "the other way in the tested patients. None of the other audited sources",
            "age direction differs 0.20",
        ],
    ),
    "what is known only later": Case(
        numbers(later={"os_time": 0.99}, age=0.84),
        [
            "could explain all of the score: age 0.84 [0.74, 0.94]. Area under",
            "Columns that were not named as known before the outcome are not judged:",
            "os_time not judged 0.99",
        ],
        absent=["This report cannot tell which columns", "nearly the label"],
    ),
    "the model and the hospital": Case(
        numbers(hospitals=["site"], more=SITE, site=0.72),
        [
            "Among patients of one hospital, the area of the model is 0.60 [0.50, "
            "0.70]; between hospitals it is 0.85 [0.75, 0.95]. If labels are permuted "
            "within hospitals, it is still 0.65 [0.55, 0.75]: of what the score is "
            "above guessing, the hospital explains 50%. What a modality shows of the "
            "hospital itself, as an area under the ROC "
            "curve (guessing: 0.5): gene 0.90 [0.80, 1.00] and "
            "image 0.60 [0.50, 0.70]. Added to what is known before (site, age), the "
            "model raises the area by "
            "+0.04 [−0.06, 0.14].",
        ],
    ),
    "nothing": Case(
        numbers(sex=0.5),
        [
            "it? No audited shortcut explains it alone. None of the audited sources "
            "could explain it alone."
        ],
    ),
    "no hospital": Case(
        numbers(age=0.84),
        [
            "it? But age alone (0.84 [0.74, 0.94]) could explain all of this: see "
            "below whether it is a shortcut. Audited sources that could explain all of "
        ],
    ),
    "perhaps age": Case(
        numbers(age=0.75),
        ["it? But age alone (0.75 [0.65, 0.85]) could explain this: see below"],
    ),
    "a part by the hospital": Case(
        numbers(
            hospitals=["site"],
            more={name: SITE[name] for name in ("within", "permuted", "explained")},
            site=0.45,
        ),
        [
            "No audited shortcut explains it alone; the hospital explains 50% of what "
            "it is above guessing.",
            "the area of the model is 0.60 [0.50, 0.70]. If labels are permuted",
        ],
    ),
    "little to explain": Case(
        numbers(own=Score(0.5, 0.4, 0.6), hospitals=["site"], site=0.75, sex=0.55),
        [
            "There is little to explain, since the interval of the model (0.50 [0.40, "
            "0.60]) includes guessing (0.5). The hospital",
            "No other audited source is shown to go with the label.",
        ],
    ),
    "nothing to explain": Case(
        numbers(own=Score(0.5, 0.4, 0.6), sex=0.55),
        ["No audited source is shown to go with the label."],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("shortcuts", CASES[case])


def test_every_branch_is_read():
    assert unread("shortcuts", CASES.values()) == {}


def test_judgements():
    found = sources(above=0.85, near=0.75, below=0.65, guesses=0.5, reversed=0.3)
    judged = judge_sources(found, OWN, one_pattern=False)
    assert [source.explains for source in judged] == [
        Explains.ALL, Explains.PERHAPS, Explains.NOT, Explains.NOT, Explains.REVERSED,
    ]  # fmt: skip
    found = sources(width=0.32, near=0.75, guesses=0.49)
    judged = judge_sources(found, OWN, one_pattern=False)
    assert [source.explains for source in judged] == [Explains.OPEN, Explains.OPEN]
    (later,) = judge_sources(sources(kind="later", os=0.99), OWN, one_pattern=True)
    assert later.explains == Explains.LATER


def test_a_source_that_predicts_all_alike():
    judged = judge_sources(sources(width=np.nan, tss=0.5), OWN, one_pattern=True)
    assert [source.explains for source in judged] == [Explains.ALIKE]


def test_without_differences_intervals_are_compared():
    """As of patients in other folds, such as those of the modalities present."""
    found = [s._replace(gap=NOTHING) for s in sources(a=0.85, b=0.75, c=0.65, d=0.55)]
    judged = judge_sources(found, OWN, one_pattern=False)
    assert [source.explains for source in judged] == [
        Explains.ALL, Explains.PERHAPS, Explains.PERHAPS, Explains.NOT,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one_pattern", "wanted"), [(True, Explains.NOT), (False, Explains.ALL)]
)
def test_what_all_tested_rows_share_explains_nothing(one_pattern, wanted):
    found = sources(kind="presence", modalities=0.9)
    (source,) = judge_sources(found, OWN, one_pattern=one_pattern)
    assert source.explains == wanted


@pytest.mark.parametrize("own", [(0.8, np.nan, np.nan), (0.5, 0.5, 0.5)])
def test_without_an_interval(own):
    judged = judge_sources(sources(age=0.9), Score(*own), one_pattern=True)
    assert [s.name for s in find_suspects(judged, [])["suspects"]] == ["age"]
