"""Warnings point at the user's line, and may be prefixed."""

import functools
import warnings

import pytest
from sklearn.utils.parallel import Parallel, delayed

from skmultimodal.exceptions import MissingModalityWarning
from skmultimodal.utils._warnings import prefixed_warnings, warn


def recorded(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    return caught


def test_the_line_is_that_of_the_caller():
    (found,) = recorded(lambda: warn("text"))
    assert (found.filename, found.category) == (__file__, UserWarning)


def test_frames_of_libraries_that_call_back_are_passed_over():
    def through_joblib():
        Parallel(n_jobs=1)([delayed(functools.partial(warn, "text"))()])

    (found,) = recorded(through_joblib)
    assert found.filename == __file__


def test_the_prefix_is_put_before_each_and_the_category_stays():
    def several():
        with prefixed_warnings("tower 'image'"):
            warn("one", MissingModalityWarning)
            warn("two")

    found = recorded(several)
    assert [(str(w.message), w.category) for w in found] == [
        ("tower 'image': one", MissingModalityWarning),
        ("tower 'image': two", UserWarning),
    ]


def test_warnings_come_out_of_a_block_that_fails():
    def fail():
        with prefixed_warnings("here"):
            warn("before")
            raise ZeroDivisionError

    def failing():
        with pytest.raises(ZeroDivisionError):
            fail()

    assert [str(w.message) for w in recorded(failing)] == ["here: before"]


class TwoArguments(UserWarning):
    def __init__(self, text, number):
        super().__init__(text, number)


def test_a_warning_of_more_than_text_stays_as_it_is():
    def odd():
        with prefixed_warnings("here"):
            warn(TwoArguments("text", 3))

    (found,) = recorded(odd)
    assert type(found.message) is TwoArguments
    assert found.message.args == ("text", 3)
