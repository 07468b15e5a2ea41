"""One form for the three in which users have times to an event."""

import numpy as np
import pandas as pd
import pytest

from skmultimodal import make_survival_target
from skmultimodal.utils._survival_target import read_survival, strata_of

EVENT, TIME = [True, False, True, False], [3.0, 8.5, 1.0, 2.0]
SIGNED = [3.0, -8.5, 1.0, -2.0]


def forms():
    table = pd.DataFrame({"time": TIME, "event": EVENT})
    structured = np.array(list(zip(EVENT, TIME, strict=True)), "?,f8")
    structured.dtype.names = ("cens", "days")
    return {
        "made": make_survival_target(EVENT, TIME),
        "table": table,
        "duration": table.rename(columns={"time": "duration"}),
        "numbers for events": table.astype({"event": int}),
        "names of one's own": structured,
        "signed": SIGNED,
        "signed column": pd.Series(SIGNED),
        "signed table": pd.DataFrame({"y": SIGNED}),
    }


@pytest.mark.parametrize("form", forms())
def test_every_form_is_read_alike(form):
    found = read_survival(forms()[form])
    assert found.dtype.names == ("event", "time")
    assert found["event"].tolist() == EVENT
    assert found["time"].tolist() == TIME


def test_what_is_read_is_read_again():
    found = read_survival(make_survival_target(EVENT, TIME, strata=["b", "a"] * 2))
    assert found["stratum"].tolist() == strata_of(found).tolist() == list("baba")


@pytest.mark.parametrize("event", [[True, None, False, True], [1, np.nan, 0, 1]])
def test_a_row_without_event_or_time_is_unlabelled(event):
    y = make_survival_target(event, [3.0, 8.0, np.nan, 2.0])
    assert np.isnan(y["time"]).tolist() == [False, True, True, False]
    assert y["event"].tolist() == [True, False, False, True]


def test_no_follow_up_teaches_nothing_and_is_warned_of():
    with pytest.warns(UserWarning, match=r"time 0 in 2 of 4 rows, such as row 1"):
        y = read_survival([3.0, 0.0, -8.0, 0])
    assert y["event"].tolist() == [True, False, False, False]
    assert (y["time"][[1, 3]] < 1e-300).all()
    # Members of an ensemble read it again, without another warning.
    assert read_survival(y).tolist() == y.tolist()


BAD = [
    ({"event": [2, 0, 1, 0]}, r"event holds 2, and an event is True or False.*risks"),
    ({"event": ["yes", "no", "yes", "no"]}, r"event holds 'yes'"),
    ({"event": [True, False]}, r"event has shape \(2,\) and time \(4,\)"),
    ({"time": [3.0, -8.5, 1.0, 2.0]}, r"time is -8.5 in row 1 \(1 such rows\)"),
    ({"time": [0.0, 8.5, 0.0, 2.0]}, r"time is 0 in row 0 \(2 such rows\)"),
    ({"time": [np.inf, 8.5, 1.0, 2.0]}, r"time is inf in row 0"),
    ({"time": ["3 days", "8", "1", "2"]}, r"time holds '3 days'.*to_numeric"),
    ({"time": pd.to_timedelta(TIME, "D")}, r"durations: make them numbers.*dt.days"),
    ({"entry": [0.0, 9.0, 0.5, 1.0]}, r"entry is 9 in row 1, not before its time 8.5"),
    ({"entry": [0.0]}, r"entry has 1 values for 4 rows"),
    ({"strata": ["a", None, "b", "a"]}, r"strata is missing in row 1"),
    ({"strata": ["a"]}, r"strata has 1 values for 4 rows"),
]


@pytest.mark.parametrize(("given", "message"), BAD)
def test_bad_input_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        make_survival_target(**{"event": EVENT, "time": TIME} | given)


def test_the_row_is_named_as_the_user_names_it():
    table = pd.DataFrame({"event": EVENT, "time": [3.0, 8.0, -1.0, 2.0]}, list("abcd"))
    with pytest.raises(ValueError, match="time is -1 in row 'c'"):
        read_survival(table)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed"),
        (np.ones((4, 3)), r"y has shape \(4, 3\): pass a structured array"),
        (np.array(EVENT), "y holds events without their times"),
        (["high", "low", "low", "high"], "y holds 'high', which is no number: pass"),
        ([1.0, np.inf, 2.0, 3.0], "infinity: the time of row 1"),
        (pd.DataFrame({"a": TIME, "b": TIME}), "which are the event and the time"),
        (
            pd.DataFrame({"event": EVENT, "time": TIME, "age": TIME}),
            "'age' is no part of a time to an event",
        ),
    ],
)
def test_what_is_no_time_to_an_event_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        read_survival(y)


def test_columns_of_patients_in_another_order_are_refused():
    event = pd.Series(EVENT, list("abcd"))
    time = pd.Series(TIME, list("abcd"))
    assert make_survival_target(event, time)["time"].tolist() == TIME
    with pytest.raises(ValueError, match="event and time are indexed by other"):
        make_survival_target(event, time[::-1])


def test_strata_keep_their_names():
    first = make_survival_target(EVENT, TIME, strata=["York", "Hull"] * 2)
    second = make_survival_target(EVENT[:1], TIME[:1], strata=["York"])
    assert first["stratum"].tolist() == ["York", "Hull"] * 2
    assert second["stratum"].tolist() == ["York"]
    table = pd.DataFrame({"event": EVENT, "time": TIME, "stratum": list("abab")})
    assert read_survival(table)["stratum"].tolist() == list("abab")
    numbers = make_survival_target(EVENT, TIME, strata=[2, 1, 2, 1])
    assert numbers["stratum"].tolist() == [2, 1, 2, 1]
