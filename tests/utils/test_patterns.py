"""Patterns of modalities as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skmultimodal.utils._patterns import modalities_of, pattern_name

NAMES = st.lists(
    st.text("abc_ é", min_size=1).filter(lambda n: n != "none"), unique=True
)


@given(NAMES)
def test_a_pattern_is_read_as_it_was_written(names):
    assert modalities_of(pattern_name(names)) == names


@pytest.mark.parametrize(
    ("names", "text"),
    [([], "none"), (["gene"], "gene"), (("image", "gene"), "image+gene")],
)
def test_text(names, text):
    assert pattern_name(names) == text
    assert pattern_name(iter(names)) == text
