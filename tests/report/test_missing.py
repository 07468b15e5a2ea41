"""Sentences on what is missing."""

from types import SimpleNamespace

import numpy as np
import pytest
from report_sentences import Case, read, unread

from skmultimodal import Cohort
from skmultimodal.report._sections.missing import (
    Availability,
    Channel,
    Missing,
    Policy,
    Route,
    RouteSizes,
    _absent,
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
    "sequences": Case(
        numbers(channels=[Channel("image", "t1", 1004, 3), Channel("scan", 2, 1, 0)]),
        [
            "Channels that are 0 throughout: sequences that were not acquired",
            "Channel Patients without it Of them tested image: t1 1,004 3 scan: "
            "channel 2 1 0",
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


def test_channels_that_patients_lack():
    images = np.ones((70, 3, 4, 5))
    images[[2, 66], 1] = 0
    images[0, 2, :2] = 0  # a part is there
    ids = [f"p{i}" for i in range(90)]
    X = Cohort({"gene": (ids, np.ones((90, 6))), "image": (ids[20:], images)})
    tested = SimpleNamespace(rows=np.array([22, 23, 24]))
    study = SimpleNamespace(cohort=X, image_modalities=["image"], tested=tested)
    assert list(_absent(study, "image", {"image": ["t1", "t2", "seg"]})) == [
        Channel("image", "t2", 2, 1)
    ]
