"""Sentences on what is missing."""

import pytest
from report_sentences import Case, read, unread

from skmultimodal.report._sections.missing import (
    Availability,
    Missing,
    Policy,
    Route,
    RouteSizes,
    parse_route,
)
from skmultimodal.report._sections.patients import Hidden


def numbers(**changes):
    given = {
        "n": 1597,
        "n_lacking": 547,
        "n_unlabelled": 0,
        "hidden": [],
        "policy": Policy.TOWER,
        "estimator": "TwinTowerClassifier",
        "modalities": [Availability("image", 145, 1452)],
        "routes": [],
        "patterns": [],
    }
    return Missing(**given | changes)


CASES = {
    "towers": Case(
        numbers(
            n_unlabelled=7,
            hidden=[Hidden("gene", 3)],
            routes=[Route("towers", ["gene"]), Route("head")],
            patterns=[RouteSizes("gene", [1452, 0]), RouteSizes("image+gene", [0, 50])],
        ),
        [
            "A modality is missing for 547 of 1,597 patients, and the label for 7. "
            "Hidden after loading, as if it had been missing: gene of 3 patients. A "
            "patient who lacks a modality is predicted from those present "
            "(missing='tower'); the table of routes shows by which part.",
            "Modality Patients with it Without image 145 1,452",
            "Rows without a label are never tested.",
            "Modalities by the tower of gene by the final estimator gene 1,452 0 "
            "image+gene 0 50",
        ],
    ),
    "impute": Case(
        numbers(policy=Policy.IMPUTE),
        ["by the final estimator, with absent features at their mean"],
        absent=["Rows without", "Which part"],
    ),
    "error": Case(
        numbers(policy=Policy.ERROR), ["is refused (missing='error'). What is missing?"]
    ),
    "another model": Case(
        numbers(policy=Policy.OTHER, estimator="Pipeline"),
        ["Pipeline has its own way to predict a patient who lacks a modality."],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("missing", CASES[case])


def test_every_branch_is_read():
    assert unread("missing", CASES.values()) == {}


def test_routes():
    assert parse_route("head") == Route("head")
    assert parse_route("image+gene") == Route("towers", ["image", "gene"])
