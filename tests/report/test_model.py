"""Sentences on the model."""

import numpy as np
import pytest
from report_sentences import Case, read, unread
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skmultimodal import TwinTowerClassifier
from skmultimodal.report._pool import Pool
from skmultimodal.report._sections.model import Model, Part, list_parameters


def numbers(**changes):
    given = {
        "estimator": "Twin",
        "towers": [],
        "final_estimator": None,
        "shapes": {"image": (5, 64, 32), "gene": (2000,)},
        "classes": ["no", "yes"],
        "parts": [],
        "weights": [],
        "parameters": [],
        "n_parameters": 1,
        "pool": None,
    }
    return Model(**given | changes)


CASES = {
    "all known": Case(
        numbers(
            towers=[("image", "ImageTower"), ("gene", "GeneTower")],
            final_estimator="Pool",
            parts=[Part("image", [1000, 48, 2])],
            weights=[("head__class_weight", "'balanced'"), ("class_weight", "1")],
            parameters=[("a_b", "<1>"), ("missing", "'tower'")],
            n_parameters=1204,
            pool=Pool(
                ["image", "gene"],
                [0.912, 1.034],
                [[1.0, -0.213], [-0.213, 1.0]],
                [("no", -0.271), ("<yes>", 0.1)],
            ),
        ),
        [
            "correlate within a class: modalities that repeat each other count less. "
            "Modality Weight Correlation with image Correlation with gene image "
            "0.91 1.00 −0.21 gene 1.03 −0.21 1.00 How far its intercept is moved,",
            "centred log-ratios): Class no −0.27 Class <yes> +0.10 Class imbalance",
            "Twin, fitted on all patients that its parts can learn from. Its towers: "
            "image (ImageTower) and gene (GeneTower); its final estimator: Pool. The",
            "image, each patient 5 x 64 x 32 gene, each patient 2,000",
            "Rows that each part is fitted on; as final_estimator, those of patients",
            "Part Rows no yes unlabelled image 1,050 1,000 48 2",
            "Class imbalance: head__class_weight is 'balanced' and class_weight is",
            "Parameters that differ from the default; the others of 1,204 have it.",
            "Parameter Value a_b <1> missing 'tower'",
        ],
        absent=["not given"],
    ),
    "little known": Case(
        numbers(towers=[("gene", "GeneTower")]),
        [
            "Its towers: gene (GeneTower). The",
            "Rows that each part is fitted on: not given. The model does not record",
            "Class imbalance: no parameter of the model weighs the classes.",
            "Every parameter (1) has the default. Architecture",
        ],
        absent=["Correlation"],
    ),
    "no towers": Case(numbers(), ["its parts can learn from. The model"]),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("model", CASES[case])


def test_every_branch_is_read():
    assert unread("model", CASES.values()) == {}


def test_parameters_are_those_that_differ_no_estimators_and_on_one_line():
    class Lines:
        def __repr__(self):
            return "two\n  lines"

    model = make_pipeline(LogisticRegression(C=2.5, class_weight=Lines(), tol=1e-4))
    assert list_parameters(model) == [
        ("logisticregression__C", "2.5"),
        ("logisticregression__class_weight", "two lines"),
    ]


def test_a_parameter_without_a_default_is_listed():
    class Own(BaseEstimator):
        def __init__(self, modality, missing=np.nan):
            self.modality = modality
            self.missing = missing

    assert list_parameters(Own("gene")) == [("modality", "'gene'")]
    assert list_parameters(make_pipeline(Own("gene", missing=0))) == [
        ("own__missing", "0"),
        ("own__modality", "'gene'"),
    ]


def test_parameters_of_parts_that_were_not_given_are_defaults():
    model = TwinTowerClassifier()
    assert list_parameters(model) == []
    model.set_params(final_estimator__weight_penalty=4.0)
    assert ("final_estimator__weight_penalty", "4.0") in list_parameters(model)
