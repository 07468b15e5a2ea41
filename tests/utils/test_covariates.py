"""Columns of a spreadsheet are read as the numbers, dates or categories they are."""

import datetime

import numpy as np
import pandas as pd
import pytest

from skmultimodal.utils._covariates import MISSING, read_covariate

DAYS = pd.to_datetime("2015-01-01") + pd.to_timedelta(np.arange(0, 1500, 37), "D")
SINCE_1970 = (datetime.date(2015, 1, 1) - datetime.date(1970, 1, 1)).days + (
    np.arange(0, 1500, 37.0)
)


def column(values, **options):
    return pd.Series(values, index=np.arange(len(values)) + 7, **options)


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d-%m-%Y",
        "%d.%m.%y",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d 00:00:00+00:00",
        "%d/%m/%Y 00:00",
    ],
)
def test_dates_as_text(form):
    found = read_covariate(column(DAYS.strftime(form)))
    assert found.kind == "date"
    np.testing.assert_allclose(found.values, SINCE_1970)
    assert found.odd == []


@pytest.mark.parametrize(
    "values",
    [
        DAYS,
        DAYS.tz_localize("Europe/Berlin"),
        DAYS.date,
        DAYS.to_period("D"),
        [datetime.datetime(d.year, d.month, d.day) for d in DAYS],
    ],
)
def test_dates_of_any_type(values):
    found = read_covariate(column(list(values)))
    assert found.kind == "date"
    # The clocks change, by an hour; in winter, Berlin is one before UTC.
    np.testing.assert_allclose(
        found.values - found.values[0], SINCE_1970 - SINCE_1970[0], atol=0.05
    )
    assert found.values[0] == pytest.approx(SINCE_1970[0], rel=0, abs=1.01 / 24)


def test_dates_in_two_forms_and_damaged():
    texts = [
        d.strftime("%d.%m.%Y" if i % 3 else "%Y-%m-%d") for i, d in enumerate(DAYS)
    ]
    texts[4], texts[5] = "unknown", None
    found = read_covariate(column(texts))
    wanted = SINCE_1970.copy()
    wanted[[4, 5]] = np.nan
    np.testing.assert_allclose(found.values, wanted)
    assert found.odd == ["unknown"]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["71,3", "8,25", "-3,0", "60"], [71.3, 8.25, -3, 60]),
        (["71.3", " 8.25", "1e-3", "+60"], [71.3, 8.25, 0.001, 60]),
        (["1.234,5", "71,3", "2.001,0", "7.5"], [1234.5, 71.3, 2001, 7.5]),
        (["1,234.5", "12,345", "1,234,567"], [1234.5, 12345, 1234567]),
        (["1,5", None, "2,5"], [1.5, np.nan, 2.5]),
    ],
)
def test_numbers_as_text(texts, numbers):
    found = read_covariate(column(texts, dtype=object))
    assert found.kind == "number"
    np.testing.assert_allclose(found.values, numbers)


def test_words_among_numbers():
    texts = [f"{n},5" for n in range(30)] + ["n/a", "unknown"]
    found = read_covariate(column(texts))
    assert found.kind == "number"
    np.testing.assert_allclose(found.values[:30], np.arange(30) + 0.5)
    assert np.isnan(found.values[30:]).all()
    assert found.odd == ["n/a", "unknown"]


@pytest.mark.parametrize(
    "values",
    [
        ["02", "06", "14"] * 9,
        [f"{n:03d}" for n in range(40)] * 2,  # leading zeros
        ["1", "2", "3"] * 9,
        ["Leeds", "York"] * 9,
        ["1-3", "4-6", "7+"] * 9,
        [True, False] * 9,
        pd.Categorical([10, 20, 30] * 9),
        [f"site {n}" for n in range(30)] * 2,
    ],
)
def test_categories(values):
    found = read_covariate(column(values))
    assert found.kind == "category"
    assert found.values.tolist() == [str(v) for v in values]


def test_missing_categories():
    found = read_covariate(column(["a", None, "b", np.nan] * 4, dtype=object))
    assert found.values[:4].tolist() == ["a", MISSING, "b", MISSING]


def test_ages_as_text_are_numbers():
    found = read_covariate(column([str(20 + n % 50) for n in range(150)]))
    assert found.kind == "number"
    assert found.values[:2].tolist() == [20, 21]


@pytest.mark.parametrize(
    "values",
    [
        [f"note {n} on a patient" for n in range(40)],
        [f"TCGA-{n:02d}-{n * 37}" for n in range(40)] + ["again"] * 30,
    ],
)
def test_text(values):
    assert read_covariate(column(values)).kind == "text"


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([1.5, np.inf, None], [1.5, np.nan, np.nan]),
        (pd.array([1, None, 3], dtype="Int64"), [1, np.nan, 3]),
        (pd.to_timedelta([1, 12, 36], "h"), [1 / 24, 0.5, 1.5]),
        ([None, None, None], None),
    ],
)
def test_numbers(values, wanted):
    found = read_covariate(column(values))
    if wanted is None:
        assert found.values.tolist() == [MISSING] * 3
        return
    assert found.kind == "number"
    np.testing.assert_allclose(found.values, wanted)
