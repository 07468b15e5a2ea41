"""Sentences on what the model looks at, and the numbers in them."""

from dataclasses import replace

import numpy as np
import pytest
from report_sentences import FIGURE, Case, read, unread

from skmultimodal.report._explain import Reason, Refusal
from skmultimodal.report._sections.explanations import (
    Columns,
    Contribution,
    Contributions,
    Explained,
    Inside,
    Look,
    Maps,
    Stability,
    _inside,
    _stability,
)

REFUSAL = Refusal(Reason.REFUSED, "A forest has no <gradients>.")
WHOLE = [
    Contribution("image+gene", "image", 50, 0.01, 0.21, 0.18),
    Contribution("image+gene", "gene", 50, -0.02, 0.25, 0.2),
]
ALONE = Contribution("gene", "gene", 452, 0.0, 0.3, 0.28)
RANKING = Columns("gene", None, 50, 2000, ["a_1", "b"], 0.0132, [("a_1", 0.05)], FIGURE)
STABILITY = Stability(5, 0.41, 0.35, 20)


def maps(**changes):
    given = {
        "n": 28,
        "n_has": 145,
        "method": "integrated gradients",
        "channels": [("t1", 0.25), (1, 0.75)],
    }
    return Maps("image", **given | changes)


def inside(look):
    return Inside(0.564, 0.083, 10, 27, look)


def numbers(**changes):
    given = {
        "contributions": Contributions([*WHOLE, ALONE], 0.5, FIGURE, FIGURE),
        "contributions_refusal": None,
        "whole": WHOLE,
        "maps": [maps()],
        "columns": [RANKING],
        "others": {},
        "nothing": False,
        "brief": False,
    }
    return Explained(**given | changes)


CASES = {
    "all explained": Case(
        numbers(),
        [
            "How much the modalities distinguish patients with all of them (standard "
            "deviation of their contributions to the probability): image 0.21 and gene "
            "0.25. Its maps of image stand beside the example patients. In gene, a_1 "
            "and b count most of 2,000 columns: they hold 1.3% of the attribution.",
            "by pattern: image+gene: image 0.18; image+gene: gene 0.20; gene: gene "
            "0.28.",
            "from its frequency in training (0.50, of the final estimator)",
            "image+gene: gene 50 −0.02 0.25 0.20 gene: gene 452 +0.00 0.30 0.28",
            "The labelled of them are among its training rows",
            "mean of 28 of the 145 patients who have it, the examples and tested ones "
            "at equal steps; integrated gradients. Thumbnails",
            "Part Share t1 0.25 channel 1 0.75",
            "Columns that go together share what any of them could contribute",
            "How stable this ranking is was not tried: the tower is one network",
            "The most important columns of gene: a_1 0.05.",
            "The 1 column of gene that move the log-odds of class responder most in 50 "
            "patients",
        ],
        absent=["not given", "segment", "No modality"],
    ),
    "a brief summary": Case(
        numbers(brief=True, maps=[maps(inside=inside(Look.THERE))]),
        [
            "gene 0.25. Of what counts in image, 56% lies within the segmented region, "
            "which is 8% of the picture, so the model looks there rather than "
            "elsewhere. What does it look at?",
            "within the segmentation 0.56 area of the segmentation 0.08 patients with "
            "most of it outside 10 of 27",
        ],
    ),
    "a ranking of nobody": Case(
        numbers(
            columns=[
                replace(RANKING, stands_out=False, stability=STABILITY),
            ]
        ),
        [
            "In gene no few of 2,000 columns stand out: the first 2 hold 1.3% of the "
            "attribution.",
            "The 5 networks of the tower, each fitted without a part of the patients, "
            "rank the columns with a correlation of 0.41 (Spearman) and have 35% of "
            "the first 20 in common",
        ],
        absent=["count most", "not tried"],
    ),
    "maps as the area": Case(
        numbers(maps=[maps(inside=inside(Look.AS_AREA))]),
        ["of the picture: about what its area would give, so there is no sign that"],
    ),
    "maps between": Case(
        numbers(maps=[maps(inside=inside(Look.BETWEEN))]),
        ["which is 8% of the picture. In gene,"],
    ),
    "no examples, no paired rows": Case(
        numbers(
            contributions=Contributions([ALONE], 0.5, FIGURE, None),
            whole=[],
            maps=[],
        ),
        ["No modality is an image, so there are no saliency maps."],
        absent=["example patients"],
    ),
    "nothing explained": Case(
        numbers(
            contributions=None,
            contributions_refusal=Refusal(Reason.ONE_MODALITY),
            whole=[],
            maps=[Maps("image", REFUSAL)],
            columns=[Columns("gene", REFUSAL)],
            others={"video": Refusal(Reason.OTHER_SHAPE)},
            nothing=True,
        ),
        [
            "This cannot be seen: the model could not be explained. What does it",
            "Contribution of each modality: not given. There is one modality, which",
            "Where in image it looks: not given. A forest has no <gradients>.",
            "Which columns of gene count: not given. A forest has no <gradients>.",
            "What counts in video: not given. Its rows are neither images nor vectors.",
        ],
        absent=["Columns that go together"],
    ),
    "no vectors": Case(
        numbers(columns=[]), ["No modality is a vector, so no genes are ranked."]
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("explanations", CASES[case])


def test_every_branch_is_read():
    assert unread("explanations", CASES.values()) == {}


def test_how_much_of_a_map_lies_within_the_segmentation():
    """Of four maps, one is empty and one has no segmentation."""
    size, mask = np.zeros((4, 3, 5)), np.zeros((4, 3, 5))
    mask[:3, 0, :3] = 1
    size[0, 0, 0], size[0, 2, 2] = 3, 1
    size[1, 1], size[1, 0, 1] = 1, 1
    size[3] = 1
    found = _inside(size, mask)
    assert found.share == pytest.approx((3 / 4 + 1 / 6) / 2)
    assert found.area == pytest.approx(3 / 15)
    assert found[2:] == (1, 2, Look.BETWEEN)
    assert _inside(size, None) is None
    assert _inside(size[2:], mask[2:]) is None


@pytest.mark.parametrize(
    ("within", "look"), [(1, Look.AS_AREA), (6, Look.BETWEEN), (30, Look.THERE)]
)
def test_whether_a_map_lies_there(within, look):
    size, mask = np.ones((1, 3, 5)), np.zeros((1, 3, 5))
    size[0, 1, 1], mask[0, 1, 1] = within, 1
    assert _inside(size, mask).look == look


def test_stability_of_a_ranking():
    found = {"rank_correlation": 0.4, "top_overlap": 0.3, "n_rankings": 5}
    assert _stability(found, 1000) == Stability(5, 0.4, 0.3, 20)
    assert _stability(found, 7).n_top == 7
    assert _stability(found | {"n_rankings": 1}, 1000) is None
