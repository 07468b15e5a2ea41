"""What the report says of shortcuts: the hospital first, copies of the label apart."""

import numpy as np
import pandas as pd
import pytest
from skmultimodal.report._shortcuts import _say, judge_shortcuts


def sources(**areas):
    table = pd.DataFrame(
        [(name, area, area - 0.1, min(area + 0.1, 1)) for name, area in areas.items()],
        columns=["source", "roc_auc", "low", "high"],
    )
    return table.sort_values("roc_auc", ascending=False)


def say(own, hospitals=(), **areas):
    own = dict(zip(("mean", "low", "high"), own, strict=True))
    table = sources(**areas)
    return _say(table, judge_shortcuts(table, own), own, list(hospitals))


def test_verdicts():
    own = {"mean": 0.8, "low": 0.7, "high": 0.9}
    table = sources(above=0.85, within=0.75, meets=0.65, below=0.55, guesses=0.5)
    assert judge_shortcuts(table, own) == [
        "all of it", "perhaps", "not ruled out", "not alone", "not alone",
    ]  # fmt: skip


def test_the_hospital_comes_first():
    text = say((0.8, 0.7, 0.9), ["tss"], age=0.84, tss=0.82)
    assert text.index("The hospital alone (tss 0.82") < text.index("age 0.84")
    assert "could explain all of the score" in text


def test_what_is_nearly_the_label_is_no_shortcut():
    text = say((0.8, 0.7, 0.9), outcome=0.99, sex=0.52)
    assert "outcome is nearly the label itself" in text
    assert "None of the other audited sources could explain it alone" in text


def test_a_score_that_is_none_has_little_to_explain():
    text = say((0.6, 0.4, 0.8), ["site"], site=0.75)
    assert text.startswith("There is little to explain")


@pytest.mark.parametrize("own", [(0.8, np.nan, np.nan), (0.5, 0.5, 0.5)])
def test_without_an_interval(own):
    assert "age" in say(own, age=0.9)
