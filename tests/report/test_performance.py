"""Sentences on scores and differences, and the judgements in them."""

import numpy as np
import pytest
from report_sentences import FIGURE, Case, read, unread

from skmultimodal.report._compared import Difference, PatternScores, Score
from skmultimodal.report._sections.performance import (
    Evidence,
    Hospital,
    Performance,
    Place,
    Roc,
    Verdict,
    _place,
    _weigh,
)
from skmultimodal.report._study import Pattern

OWN = Score(0.84, 0.71, 0.93)
PAIRED = Pattern(["image", "gene"], 50, False)


def numbers(**changes):
    given = {
        "verdict": Verdict.NOT_BETTER,
        "few": False,
        "hospital": Hospital.UNKNOWN,
        "rarest": "no",
        "n_rarest": 12,
        "metric": "roc_auc",
        "own": OWN,
        "guessing": 0.5,
        "place": Place.ABOVE,
        "n_found": 9.0,
        "n_positive": 12,
        "n_wrong": 2.5,
        "n_negative": 38,
        "best": "genes",
        "best_score": Score(0.8, 0.6, 0.9),
        "difference": Difference("genes", -0.04, -0.1, 0.02, 0.2, 0.4),
        "evidence": Evidence.UNCERTAIN,
        "known": None,
        "known_score": None,
        "known_evidence": None,
        "largest_p": 0.2,
        "named": False,
        "seeds": [0.84],
        "n_draws": 0,
        "networks": {},
        "n_others": 2,
        "n_tested": 50,
        "patterns": [PAIRED],
        "n_folds": 3,
        "n_repeats": 1,
        "n_train": (61, 62),
        "n_train_several": (33, 34),
        "level": "95",
        "scores": {"genes": [Score(0.8, 0.6, 0.9), None], "ours": [OWN, OWN]},
        "metrics": ["roc_auc", "f1"],
        "scored": "yes",
        "differences": [Difference("genes", -0.04, -0.1, 0.02, 0.2, 0.4)],
        "n_tests": 3,
        "by_pattern": [],
        "scores_figure": FIGURE,
        "differences_figure": FIGURE,
        "roc": Roc.DRAWN,
        "roc_figure": FIGURE,
        "roc_models": ["genes", "ours"],
    }
    return Performance(**given | changes)


PAIR = "image+gene"
NO_LINE = [Score(np.nan, np.nan, np.nan)] * 2


def line(slope, intercept):
    """Slope and intercept with intervals of a fifth to each side."""
    return [Score(v, v - 0.2, v + 0.2) for v in (slope, intercept)]


CASES = {
    "not shown to be better": Case(
        numbers(),
        [
            "ours predicts the label, but is not shown to do so better than genes. "
            "Its ROC AUC is 0.84 [0.71, 0.93], that of genes minus it −0.04 [−0.10, "
            "0.02]. This is of 50 tested patients, 12 of class responder, and of one "
            "random seed of training.",
            "Cross-validated on 50 patients with image and gene, ours has a mean",
            "a mean ROC AUC of 0.84 [0.71, 0.93], which is above guessing (0.5).",
            "It finds 9 of the 12 tested patients of class responder and wrongly "
            "assigns 2.5 of the 38 others to it. The best of the 2 others is genes "
            "(0.80 [0.60, 0.90]); the difference, genes minus ours, is −0.04 [−0.10, "
            "0.02], too uncertain to say which is better (Holm p = 0.400).",
            "are tested by cross-validation in 3 folds: each is predicted by models "
            "that are fitted on others, on the same folds for every model: 61 to 62 "
            "patients, the unlabelled among them, of whom 33 to 34 are labelled and "
            "have several modalities.",
            "Its 95 % interval comes from a t test",
            "It is not that of the final model",
            "It is given these patients with one modality, who train every model, and "
            "given the random seeds of training: how much both matter is not in the",
            "interval: genes 0.80 [0.60, 0.90] and ours 0.84 [0.71, 0.93].",
            "Model ROC AUC F1 genes 0.80 [0.60, 0.90] – ours (the model) 0.84",
            "such as F1, are of class yes.",
            "to ours: genes −0.04 [−0.10, 0.02] (p 0.400).",
            "is adjusted for 3 tests of all pairs",
            "Its ROC AUC minus that of ours p p (Holm) genes −0.04 [−0.10, 0.02] 0.200 "
            "0.400",
            "ROC curves of genes and ours for class responder;",
        ],
        absent=["repeat", "no score here", "not given", "Log-loss"],
    ),
    "better": Case(
        numbers(
            verdict=Verdict.BETTER,
            hospital=Hospital.SHARED,
            evidence=Evidence.BEYOND_CHANCE,
            difference=Difference("genes", -0.2, -0.3, -0.1, 0.0001, 0.0002),
            largest_p=0.0001,
            named=True,
            networks={"ours": 10, "genes": 0},
            n_others=1,
            few=True,
            n_rarest=1,
            n_repeats=10,
            n_train=(1061, 1061),
            n_train_several=(33, 33),
            by_pattern=[
                PatternScores(*("ours", "gene", 7, 3), 0.75, 0.2, 0.6, *NO_LINE),
                PatternScores(
                    *("ours", PAIR, 50, 12), 0.9, 0.1, 0.35, *line(0.8, -0.1)
                ),
                PatternScores(
                    *("genes", PAIR, 50, 12), 0.7, 0.2, 0.5, *line(1.2, 0.25)
                ),
            ],
            patterns=[PAIRED, Pattern(["gene"], 7, True)],
        ),
        [
            "ours predicts the label, and does so better than genes (p < 0.001). Its",
            "This is of 50 tested patients, 12 of class responder, of hospitals that "
            "also train the model, and of one",
            "training. Only 1 tested patient is of class no: no score here means much.",
            "A fit of one model trains 10 (ours) and 0 (genes) networks. An average",
            "is adjusted for 3 tests with ours, which was named beforehand. Other",
            "Cross-validated on 50 patients (50 with image and gene and 7 with gene "
            "only), ours",
            "others to it (means over the repeats). The other model, genes, has 0.80",
            "more than chance explains (Holm p < 0.001).",
            "in 3 folds, repeated 10 times: each",
            "model: 1,061 patients, the unlabelled among them, of whom 33 are labelled",
            "by the modalities that patients have, of ours and genes. A patient's",
            "Patients with Model n Of class yes ROC AUC Brier score Log-loss Slope "
            "Intercept gene ours 7 3 0.75 0.200 0.600 – – image+gene ours 50 12 0.90 "
            "0.100 0.350 0.80 [0.60, 1.00] −0.10 [−0.30, 0.10] image+gene genes",
        ],
    ),
    "another than the one named beforehand": Case(
        numbers(
            evidence=Evidence.UNNAMED,
            difference=Difference("genes", -0.2, -0.3, -0.1, 0.012, np.nan),
        ),
        [
            "not among the comparisons named beforehand (p 0.012, not adjusted).",
        ],
    ),
    "not shown to be better than what is known": Case(
        numbers(
            known=Difference("age and sex", -0.07, -0.19, 0.04, 0.2, 0.8),
            known_score=Score(0.72, 0.56, 0.83),
            known_evidence=Evidence.UNCERTAIN,
        ),
        [
            "is not shown to do so better than genes, nor than what is known "
            "beforehand alone (age and sex). Its ROC AUC",
            "What is known beforehand alone (age and sex) has 0.72 [0.56, 0.83]; minus "
            "ours that is −0.07 [−0.19, 0.04]: ours is not shown to be better or worse "
            "than it.",
        ],
    ),
    "better than what is known": Case(
        numbers(
            known=Difference("age and sex", -0.3, -0.4, -0.2, 0.0001, 0.0004),
            known_score=Score(0.54, 0.4, 0.7),
            known_evidence=Evidence.BEYOND_CHANCE,
        ),
        [
            "is not shown to do so better than genes. Its ROC AUC",
            "ours that is −0.30 [−0.40, −0.20], more than chance explains (Holm p < "
            "0.001).",
        ],
        absent=["nor than"],
    ),
    "better than several": Case(
        numbers(
            verdict=Verdict.BETTER,
            hospital=Hospital.APART,
            largest_p=0.031,
            seeds=[0.8, 0.744, 0.76],
            n_draws=10,
        ),
        [
            "of class responder, of hospitals that do not train the model, and of 3",
            "3 random seeds of training, whose ROC AUC goes from 0.74 to 0.80.",
            "is part of the intervals of means and differences: the models were fitted "
            "again 10 times, each with other seeds and a random half of these patients",
            "better than each of the 2 others (largest p 0.031). Its ROC",
        ],
    ),
    "guessing": Case(
        numbers(
            verdict=Verdict.GUESSING,
            place=Place.AROUND,
            own=Score(0.5, 0.4, 0.6),
            few=True,
            n_rarest=4,
            evidence=Evidence.UNTESTED,
            difference=Difference("genes", 0, 0, 0, np.nan, np.nan),
            roc=Roc.NO_PROBABILITIES,
        ),
        [
            "No evidence that ours predicts the label better than guessing. Its ROC",
            "training. Only 4 patients of class no were tested: no score here means",
            "0.50 [0.40, 0.60], an interval that includes guessing (0.5).",
            "is +0.00 [–], which cannot be tested.",
            "ROC curve: not given. ours gives no probabilities.",
        ],
    ),
    "alone and worse": Case(
        numbers(
            verdict=Verdict.ALONE,
            place=Place.BELOW,
            best=None,
            best_score=None,
            difference=None,
            evidence=None,
            differences=[],
            by_pattern=[PatternScores("ours", "image", 9, 3, 0.5, 0.3, 0.7, *NO_LINE)],
            roc=Roc.ONE_CLASS,
        ),
        [
            "ours was compared with no other model: nothing shows whether its score",
            "[0.71, 0.93], which is below guessing (0.5).",
            "It was compared with no other model.",
            "modalities that patients have, of ours. A patient's",
            "Other models: not given. Compare the model with simple ones",
            "ROC curve: not given. The test rows of every fold are of one class.",
        ],
    ),
    "undecided": Case(
        numbers(verdict=Verdict.UNDECIDED, place=Place.UNKNOWN, metric="accuracy"),
        [
            "Whether ours predicts the label better than guessing cannot be seen from "
            "the accuracy given here.",
            "ours has a mean accuracy of 0.84 [0.71, 0.93]. It finds",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("performance", CASES[case])


def test_every_branch_is_read():
    assert unread("performance", CASES.values()) == {}


def test_where_a_score_lies():
    assert _place(Score(0.7, 0.5, 0.8), 0.5) == Place.AROUND
    assert _place(Score(0.7, 0.51, 0.8), 0.5) == Place.ABOVE
    assert _place(Score(0.3, 0.2, 0.4), 0.5) == Place.BELOW
    assert _place(Score(0.7, 0.51, 0.8), None) == Place.UNKNOWN
    assert _place(Score(0.7, np.nan, np.nan), 0.5) == Place.UNKNOWN


@pytest.mark.parametrize(
    ("p", "wanted"),
    [
        (0.049, Evidence.BEYOND_CHANCE),
        (0.05, Evidence.UNCERTAIN),
        (np.nan, Evidence.UNNAMED),
    ],
)
def test_what_a_p_value_shows(p, wanted):
    assert _weigh(Difference("genes", -0.1, -0.2, 0.0, 0.01, p)) == wanted


def test_what_was_not_tested():
    difference = Difference("genes", -0.1, -0.2, 0.0, np.nan, np.nan)
    assert _weigh(difference) == Evidence.UNTESTED
