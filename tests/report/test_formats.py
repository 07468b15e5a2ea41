"""Numbers as text."""

import numpy as np
import pytest

from skmultimodal.report._compared import Score
from skmultimodal.report._formats import FILTERS, markdown

NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("number", 0.125, "0.12"),
        ("number", -0.004, "0.00"),
        ("number", -1.5, "−1.50"),
        ("number", NAN, "–"),
        ("number", None, "–"),
        ("signed", 0.25, "+0.25"),
        ("signed", -0.25, "−0.25"),
        ("signed", NAN, "–"),
        ("score", Score(0.84, 0.71, 0.93), "0.84 [0.71, 0.93]"),
        ("score", Score(0.84, NAN, NAN), "0.84"),
        ("score", None, "not defined"),
        ("score", Score(1.0, 1.0, 1.0), "1.00 [–]"),
        ("signed_score", Score(-0.1, -0.25, 0.0), "−0.10 [−0.25, 0.00]"),
        ("interval", Score(0.5, NAN, 0.9), ""),
        ("p_value", 0.0123, "0.012"),
        ("p_value", 0.00099, "< 0.001"),
        ("p_value", np.nan, "–"),
        ("percent", 0.564, "56%"),
        ("thousands", 1234567, "1,234,567"),
        ("mean_count", 3.0, "3"),
        ("mean_count", 1234.56, "1,234.6"),
        ("metric", "roc_auc", "ROC AUC"),
        ("metric", "f1", "F1"),
        ("metric", "neg_brier_score", "negative Brier score"),
        ("metric", "my_own", "my own"),
    ],
)
def test_formats(name, value, wanted):
    assert FILTERS[name](value) == wanted


def test_digits():
    assert FILTERS["number"](0.12345, 3) == "0.123"
    assert FILTERS["percent"](0.01321, 1) == "1.3%"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("roc_auc", "roc_auc"),
        ("0.91", "0.91"),
        ("2.13.0+cpu", "2.13.0+cpu"),
        ("_x_", "\\_x\\_"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("x`\n\n# Approved\n", "x\\` # Approved"),
        ("# Approved", "\\# Approved"),
        ("1. first", "1\\. first"),
        ("- item", "\\- item"),
        ("[ok](javascript:alert(1))", "\\[ok\\](javascript:alert(1))"),
        ("a|b", "a\\|b"),
        ("a & b", "a &amp; b"),
    ],
)
def test_names_in_markdown(name, shown):
    assert markdown(name) == shown
