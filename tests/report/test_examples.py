"""Sentences on example patients, how they are chosen, and what stands beside them."""

from types import SimpleNamespace

import numpy as np
import pytest
from report_sentences import FIGURE, Case, read, unread

from skmultimodal.report._sections.examples import (
    Centre,
    Choice,
    Contributed,
    Example,
    Examples,
    Kind,
    Thumbnail,
    _first_channel,
    _locate,
)
from skmultimodal.report._sections.missing import Route
from skmultimodal.utils._anatomy import view_of

AXIAL = view_of(("LP", None))


def example(**changes):
    given = {
        "name": "P<1>",
        "choice": Choice(Kind.RIGHT),
        "modalities": ["image", "gene"],
        "route": Route("head"),
        "truth": "yes",
        "out_of_fold": 0.91,
        "final": 0.95,
        "held": ["yes"],
        "contributed": Contributed([("image", 0.2), ("gene", -0.05)], 0.5),
        "thumbnail": Thumbnail(
            FIGURE, "image", "t1", 2.5, Centre(0.25, 0.5, 0.75), AXIAL
        ),
    }
    return Example(**given | changes)


def numbers(*examples, **changes):
    given = {"absent": None, "has_maps": True, "n_repeats": 10}
    return Examples(list(examples), **given | changes)


CASES = {
    "none": Case(
        numbers(),
        [
            "No patient is shown.",
            "Example patients: not given. None was asked for, or the model gives no",
        ],
    ),
    "all there is": Case(
        numbers(example()),
        [
            "1 patient, chosen by a rule and not by hand. Some patients",
            "Maps: red speaks for class responder, blue against it;",
            "P<1> most confident and right",
            "Saliency map of P<1>, log-odds 2.50: its centre is 25% down and 50% "
            "across "
            "the picture, 75% of it within the segmentation.",
            "image, t1; axial plane, the patient's right at the left of the picture "
            "Modalities",
            "Modalities image and gene Predicted by the final estimator True class yes",
            "Probability of responder, out of fold 0.91 (mean of 10 repeats)",
            "final model 0.95; this patient is among its training rows",
            "Prediction set yes Contributions image +0.20 and gene −0.05, from 0.50",
        ],
        absent=["not given", "next most confident"],
    ),
    "little there is": Case(
        numbers(
            example(
                choice=Choice(Kind.TYPICAL, names=["gene"]),
                truth=None,
                out_of_fold=None,
                held=None,
                contributed=None,
                thumbnail=None,
                final=0.4,
            ),
            example(
                choice=Choice(Kind.WRONG, is_next=True),
                held=[],
                final=None,
                thumbnail=Thumbnail(FIGURE, "image", 2, None, None),
            ),
            example(
                choice=Choice(Kind.UNSURE),
                thumbnail=Thumbnail(FIGURE, "image", 2, None, Centre(0, 1, None)),
            ),
            absent=Kind.RIGHT,
            has_maps=False,
            n_repeats=1,
        ),
        [
            "3 patients, chosen by a rule and not by hand. None of the tested was "
            "predicted correctly.",
            "typical of those with gene only",
            "True class unknown Probability of responder, out of fold not tested",
            "0.40; no part that needs labels is fitted on this patient P<1> next",
            "next most confident and wrong Saliency map of P<1>: nothing in the image "
            "counts.",
            "image, channel 2",
            "Which side of the pictures is the patient's right: not given. Give the "
            "cohort axes, which load_cohort reads",
            "out of fold 0.91 Prediction set no class",
            "least sure Saliency map of P<1>: its centre is 0% down and 100% across "
            "the "
            "picture. image",
        ],
        absent=["Maps: red", "repeats", "plane"],
    ),
    "none is wrong": Case(
        numbers(example(), example(), absent=Kind.WRONG),
        [
            "2 patients, chosen by a rule and not by hand. None of the tested was "
            "predicted wrongly."
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("examples", CASES[case])


def test_every_branch_is_read():
    assert unread("examples", CASES.values()) == {}


def test_where_a_map_is():
    heat, mask = np.zeros((2, 4, 5)), np.zeros((2, 4, 5))
    heat[0, 1, 2], heat[0, 3, 2] = 3, -1
    mask[0, 1] = 1
    result = SimpleNamespace(heatmap=heat, segmentation=mask, axes=None)
    down, across, inside = _locate(result, 0)
    assert (down, across, inside) == pytest.approx(((3 * 1 + 3) / 4 / 4, 2 / 5, 3 / 4))
    assert _locate(result, 1) is None
    result.axes = ("LP", None)  # drawn with rows and columns exchanged
    down, across, inside = _locate(result, 0)
    assert (down, across, inside) == pytest.approx((2 / 5, (3 * 1 + 3) / 4 / 4, 3 / 4))
    result.segmentation = None
    assert _locate(result, 0).inside is None


def test_the_channel_that_is_shown():
    images = np.zeros((1, 4, 2, 3))
    images[0, 1, 0] = images[0, 2, 1] = 1
    mask = images[:, 1]
    assert _first_channel(SimpleNamespace(images=images, segmentation=mask), 0) == 2
    assert _first_channel(SimpleNamespace(images=images, segmentation=None), 0) == 1
    blank = SimpleNamespace(images=0 * images, segmentation=None)
    assert _first_channel(blank, 0) == 0
