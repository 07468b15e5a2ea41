"""The table tower: what becomes of each column, and what is warned of."""

import datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from skmultimodal import CrossFittedEnsembleClassifier, make_table_tower
from skmultimodal.persistence import load_model, save_model
from skmultimodal.towers._table import AsNumbers, AsWords

N = 48
Y = np.arange(N) % 2


def make_clinic(rng):
    """Columns of all kinds, blank cells in most; labels follow age and grade."""
    table = pd.DataFrame(
        {
            "age": rng.normal(60, 5, N) + 6 * Y,
            "children": rng.integers(0, 5, N),
            "smoker": rng.random(N) < 0.5,
            "grade": np.where(rng.random(N) < 0.2, 1 - Y, Y),
            "site": pd.Categorical(rng.choice(["Leeds", "York"], N)),
            "visit": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, N), unit="D"),
            "asked": pd.array([True, False, None] * 16, dtype="boolean"),
        },
        index=[f"P{i}" for i in range(N)],
    )
    table["grade"] = table["grade"].map({0: "low", 1: "high"})
    table.loc["P3", "age"], table.loc["P4", "grade"] = np.nan, None
    table.loc["P5", "visit"], table.loc["P6", "site"] = pd.NaT, None
    return table


def test_each_kind_of_column_is_encoded(rng):
    table = make_clinic(rng)
    tower = make_table_tower(table).fit(table, Y)
    encoded = pd.DataFrame(
        tower[:-1].transform(table), columns=tower[:-1].get_feature_names_out()
    )
    numbers = ["age", "children", "smoker", "visit", "asked"]
    marks = [f"missingindicator_{name}" for name in ("age", "visit", "asked")]
    words = ["grade_high", "grade_low", "site_Leeds", "site_York"]
    assert {*numbers, *marks, *words} <= set(encoded.columns)
    np.testing.assert_allclose(encoded[numbers].mean(), 0, atol=1e-9)
    np.testing.assert_allclose(encoded[numbers].std(ddof=0), 1)
    days = (table["visit"] - table["visit"].iloc[0]).dt.days.dropna().to_numpy()
    known = encoded["visit"][table["visit"].notna().to_numpy()]
    assert np.corrcoef(days, known)[0, 1] == pytest.approx(1)
    median = table["age"].median()
    assert encoded["age"][3] == pytest.approx(
        (median - table["age"].fillna(median).mean())
        / table["age"].fillna(median).std(ddof=0)
    )
    assert encoded["missingindicator_age"].argmax() == 3
    assert encoded.loc[4, ["grade_high", "grade_low"]].tolist() == [0, 0]
    assert tower.score(table, Y) > 0.75


def test_dates_of_any_type_are_days():
    days = [datetime.date(1970, 1, 3), None, datetime.date(1971, 1, 1)]
    columns = {
        "object": pd.Series(days, dtype=object),
        "numpy": pd.to_datetime(pd.Series(days)),
        "zone": pd.to_datetime(pd.Series(days), utc=True),
        "arrow": pd.Series(pd.array(days, dtype="date32[pyarrow]")),
        "stamp": pd.Series(pd.to_datetime(days), dtype="timestamp[us][pyarrow]"),
        "period": pd.Series(pd.PeriodIndex(days, freq="D")),
    }
    numbers = AsNumbers().fit_transform(pd.DataFrame(columns))
    assert numbers.columns.tolist() == list(columns)
    for name in columns:
        np.testing.assert_array_equal(numbers[name], [2, np.nan, 365], name)
    spans = pd.DataFrame({"span": pd.to_timedelta([36, 12], unit="h")})
    span = AsNumbers().fit_transform(spans)
    assert span["span"].tolist() == [1.5, 0.5]


def test_text_of_dates_stays_words():
    table = pd.DataFrame({"seen": ["2020-01-03", "2021-05-09"] * 9, "age": range(18)})
    with pytest.warns(UserWarning, match=r"'seen' .* dates written as text"):
        tower = make_table_tower(table)
    tower.fit(table, Y[:18])
    assert "seen_2020-01-03" in tower[:-1].get_feature_names_out()


def test_words_have_one_form():
    table = pd.DataFrame({"a": pd.Categorical([1, None, 2]), "b": ["x", None, 3.0]})
    assert AsWords().fit_transform(table).to_numpy().tolist() == [
        ["1", "x"],
        ["(missing)", "(missing)"],
        ["2", "3"],
    ]


@pytest.mark.parametrize("rare", [False, True], ids=["seen", "with rare ones"])
def test_an_unknown_category_is_a_rare_one(rare):
    table = pd.DataFrame({"site": ["Leeds", "York"] * 9, "age": range(18)})
    if rare:
        table.loc[[4, 9], "site"] = ["Hull", "Bath"]
    tower = make_table_tower(table).fit(table, Y[:18])
    names = tower[:-1].get_feature_names_out().tolist()
    assert ("site_infrequent_sklearn" in names) == rare
    new = pd.DataFrame({"site": ["Mars"], "age": [8]})
    encoded = pd.Series(tower[:-1].transform(new)[0], names)
    assert encoded.filter(like="site").sum() == rare
    if rare:
        assert encoded["site_infrequent_sklearn"] == 1
    assert np.isfinite(tower.predict_proba(new)).all()


@pytest.mark.parametrize("cells", [[np.nan] * 18, [None] * 18, [pd.NaT] * 18])
def test_a_blank_column_is_warned_of_and_adds_nothing(cells):
    table = pd.DataFrame({"age": np.arange(18.0) + 9 * Y[:18], "empty": cells})
    with pytest.warns(UserWarning, match="'empty' has no value in any row"):
        tower = make_table_tower(table)
    tower.fit(table, Y[:18])
    alone = make_table_tower(table[["age"]]).fit(table[["age"]], Y[:18])
    later = table.assign(empty=[7.0] * 18)
    for rows in (table, later):
        np.testing.assert_allclose(
            tower.predict_proba(rows), alone.predict_proba(table[["age"]]), atol=1e-6
        )


def test_columns_of_one_value_add_nothing():
    age = pd.DataFrame({"age": np.arange(18.0) + 9 * Y[:18]})
    table = age.assign(country="UK", year=2020)
    tower = make_table_tower(table).fit(table, Y[:18])
    alone = make_table_tower(age).fit(age, Y[:18])
    np.testing.assert_allclose(
        tower.predict_proba(table), alone.predict_proba(age), atol=1e-4
    )


def test_tables_without_numbers_or_without_words():
    words = pd.DataFrame({"a": ["x", "y"] * 9, "b": ["u", "v", None] * 6})
    assert make_table_tower(words).fit(words, Y[:18]).score(words, Y[:18]) == 1
    numbers = pd.DataFrame({"a": Y[:18] + 0.5, "b": range(18)})
    assert make_table_tower(numbers).fit(numbers, Y[:18]).score(numbers, Y[:18]) == 1
    with pytest.raises(ValueError, match="the table has no columns"):
        make_table_tower(numbers[[]])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([f"note {i}" for i in range(30)], "nearly all different: leave it out"),
        ([f"{i}.5" for i in range(30)], "numbers written as text: .*to_numeric"),
    ],
)
def test_words_that_are_none_are_warned_of(cells, message):
    with pytest.warns(UserWarning, match=f"'note' .*{message}"):
        make_table_tower(pd.DataFrame({"note": cells}))
    # Whoever declares them categories means it.
    make_table_tower(pd.DataFrame({"note": pd.Categorical(cells)}))


def test_infinity_names_its_column():
    table = pd.DataFrame({"age": [50.0, 60.0] * 9, "site": ["a", "b", "c"] * 6})
    tower = make_table_tower(table).fit(table, Y[:18])
    table.loc[3, "age"] = np.inf
    with pytest.raises(ValueError, match="column 'age' holds infinity"):
        tower.predict(table)


def test_it_is_printed_cloned_and_saved(rng, tmp_path):
    table = make_clinic(rng)
    tower = make_table_tower(table)
    for part in ("ColumnTransformer", "OneHotEncoder", "LogisticRegression", "'age'"):
        assert part in repr(tower)
        assert part.strip("'") in tower._repr_html_()
    ensemble = CrossFittedEnsembleClassifier(clone(tower), cv=3).fit(table, Y)
    assert "OneHotEncoder" in ensemble._repr_html_()
    p = ensemble.predict_proba(table)
    assert (p[:, 1] > 0.5).mean() == pytest.approx(0.5, abs=0.25)
    save_model(ensemble, tmp_path / "tower.skops")
    loaded = load_model(tmp_path / "tower.skops")
    np.testing.assert_array_equal(loaded.predict_proba(table), p)
    assert not hasattr(tower, "classes_")
    check_is_fitted(loaded)
