"""Default towers by the rows of a modality, and tables on their way to a tower."""

import numpy as np
import pandas as pd
import pytest
from cohort_tools import RecordingBlock
from scipy.sparse import csr_matrix
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

from skmultimodal import (
    Cohort,
    GeneAutoencoderTransformer,
    TwinTowerClassifier,
    UnimodalClassifier,
    make_table_tower,
)
from skmultimodal.fusion._params import MOST_COLUMNS, default_towers
from skmultimodal.persistence import load_model, save_model

N = 60
Y = np.arange(N) % 2
WIDE = MOST_COLUMNS + 3


def make_table(rng, n_rows=N):
    y = np.arange(n_rows) % 2
    table = pd.DataFrame(
        {
            "age": rng.normal(60, 5, n_rows) + 6 * y,
            "smoker": rng.random(n_rows) < 0.3 + 0.4 * y,
            "site": pd.Categorical(
                rng.choice(["Leeds", "York"], n_rows), ["York", "Leeds", "Bath"]
            ),
            "grade": np.where(rng.random(n_rows) < 0.2, "low", "high"),
            "visit": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, n_rows), unit="D"),
        },
        index=[f"P{i}" for i in range(n_rows)],
    )
    table.loc["P3", "age"], table.loc["P4", "grade"] = np.nan, None
    return table


def vectors(rng, n_rows=N, width=4):
    ids = [f"P{i}" for i in range(n_rows)]
    rows = pd.DataFrame(rng.normal(size=(n_rows, width)), ids).add_prefix("G")
    return rows + (np.arange(n_rows) % 2)[:, None]


def flatten(images):
    return images.reshape(len(images), -1)


def make_pair(rng):
    """A clinical table of 40 patients, and vectors of the last 50."""
    return Cohort({"clinical": make_table(rng)[:40], "lab": vectors(rng)[10:]})


# What None stands for


def kinds_of(blocks):
    towers = default_towers(Cohort(blocks))
    return {
        name: [type(part).__name__ for _, part in tower.steps]
        if hasattr(tower, "steps")
        else type(tower).__name__
        for name, tower in towers
    }


def test_the_shape_of_the_rows_chooses_the_tower(rng):
    numbers = ["SimpleImputer", "StandardScaler", "LogisticRegression"]
    table = ["ColumnTransformer", "LogisticRegression"]
    wide = rng.normal(size=(N, WIDE))
    blank = wide.copy()
    blank[7, 2] = np.nan
    narrow = blank[:, :MOST_COLUMNS]
    blocks = {
        "scan": rng.normal(size=(N, 2, 9, 8)),
        "gene": wide,
        "proteins": blank,
        "radiomics": narrow,
        "clinical": make_table(rng).reset_index(drop=True).to_numpy(dtype=object),
        "flags": wide[:, :5] > 0,
    }
    assert kinds_of(blocks) == {
        "gene": "GeneAutoencoderTransformer",
        "scan": "ImageTowerClassifier",
        "proteins": ["SimpleImputer", "GeneAutoencoderTransformer"],
        "radiomics": numbers,
        "clinical": table,
        "flags": table,
    }
    # Names of modalities only order them.
    assert kinds_of({"gene": blocks["scan"], "image": narrow}) == {
        "image": numbers,
        "gene": "ImageTowerClassifier",
    }


@pytest.mark.parametrize("width", [4, WIDE])
def test_a_column_of_numbers_without_a_value_is_named(rng, width):
    rows = rng.normal(size=(N, width))
    rows[:, 2] = np.nan
    with pytest.warns(UserWarning, match=r"'lab' has 1 column without .* column 2,"):
        [(_, tower)] = default_towers(Cohort({"lab": rows}))
    assert isinstance(tower[0], SimpleImputer)
    table = pd.DataFrame(rows).add_prefix("G")
    with pytest.warns(UserWarning, match=r"'lab' has 1 column without .* 'G2',"):
        default_towers(Cohort({"lab": table}))


@pytest.mark.parametrize("width", [5, 43])
@pytest.mark.parametrize("blank", [False, True])
def test_lazy_vectors_have_the_tower_of_those_in_memory(rng, width, blank):
    rows = rng.normal(size=(N, width))
    rows[7, 3] = np.nan if blank else 0.0
    [(_, wanted)] = default_towers(Cohort({"lab": rows}))
    [(_, tower)] = default_towers(Cohort({"lab": RecordingBlock(rows)}))
    assert repr(tower) == repr(wanted)
    [(_, tower)] = default_towers(Cohort({"lab": csr_matrix(rows)}))
    assert repr(tower) == repr(wanted)


def test_lazy_vectors_that_memory_has_no_room_for_are_not_read():
    class Large:
        shape, dtype = (10_000_000, 17), np.dtype(np.float32)

        def __getitem__(self, key):
            assert len(np.atleast_1d(key)) == 1
            return np.zeros((1, 17), np.float32)

    [(_, tower)] = default_towers(Cohort({"lab": Large()}))
    assert isinstance(tower, GeneAutoencoderTransformer)


@pytest.mark.parametrize("shape", [(1, 2, 4, 5, 6)])
def test_rows_of_no_default_tower_are_named(rng, shape):
    X = Cohort({"ct": rng.normal(size=(N, *shape)), "lab": rng.normal(size=(N, 4))})
    with pytest.raises(ValueError, match=r"modality 'ct' has rows of shape .*name one"):
        TwinTowerClassifier().fit(X, Y)


def test_a_clinical_table_as_it_is(rng, tmp_path):
    X = make_pair(rng)
    model = TwinTowerClassifier(random_state=0).fit(X, Y)
    assert list(model.towers_) == ["clinical", "lab"]
    assert "OneHotEncoder" in repr(model.towers_["clinical"])
    assert "OneHotEncoder" in model._repr_html_()
    p = model.predict_proba(X)
    assert ((p[:, 1] > 0.5) == Y).mean() > 0.7
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), p)
    for row in (3, 4, 5):  # alone, a row shows neither types nor categories
        np.testing.assert_allclose(model.predict_proba(X[[row]])[0], p[row])


def test_a_bare_table_with_words(rng):
    table = make_table(rng)
    model = TwinTowerClassifier(random_state=0).fit(table, Y)
    cohort = Cohort({"gene": table})
    same = TwinTowerClassifier(random_state=0).fit(cohort, Y)
    p = model.predict_proba(table)
    np.testing.assert_array_equal(p, same.predict_proba(cohort))
    assert model.feature_names_in_.tolist() == table.columns.tolist()


# From a cohort to a tower


def test_a_cohort_keeps_the_table(rng):
    table = make_table(rng)
    X = Cohort({"clinical": table[:40], "lab": vectors(rng)[10:]})
    pd.testing.assert_frame_equal(X.table("clinical"), table[:40])
    some = X[[33, 4, 52, 7]]
    pd.testing.assert_frame_equal(some.table("clinical"), table.iloc[[33, 4, 7]])
    pd.testing.assert_frame_equal(
        some.compact().table("clinical"), table.iloc[[33, 4, 7]]
    )
    hidden = X.hide("clinical", [0, 1])
    pd.testing.assert_frame_equal(hidden.table("clinical"), table[2:40])
    other = make_table(rng, 50)[40:]
    other["site"] = pd.Categorical(["Hull", "York"] * 5)
    both = Cohort.concat([X[:40], Cohort({"clinical": other})]).table("clinical")
    assert both["site"].dtype.categories.tolist() == ["York", "Leeds", "Bath", "Hull"]
    for name in ("age", "smoker", "grade", "visit"):
        assert both[name].dtype == table[name].dtype
        assert both[name].tolist()[-10:] == other[name].tolist()
    frame = X[:, ["clinical"]][:40].to_frame()
    pd.testing.assert_frame_equal(frame, table[:40])
    again = Cohort.from_frame(frame, {"clinical": list(frame)})
    pd.testing.assert_frame_equal(again.table("clinical"), table[:40])


def test_images_are_no_table(rng):
    X = Cohort({"scan": rng.normal(size=(5, 1, 4, 3))})
    with pytest.raises(ValueError, match="'scan' is no table: its rows have shape"):
        X.table("scan")


@pytest.mark.parametrize("mixed", [True, False], ids=["words", "numbers"])
@pytest.mark.parametrize("kind", ["twin", "unimodal"])
def test_a_column_transformer_works_by_name(rng, mixed, kind):
    table = make_table(rng)[:40]
    columns, encoder = ["site", "grade"], OneHotEncoder(handle_unknown="ignore")
    if not mixed:
        table = table[["age", "smoker"]].assign(n=np.arange(40.0))
        columns, encoder = ["smoker"], OrdinalEncoder()
    chosen = make_column_transformer((encoder, columns), (SimpleImputer(), ["age"]))
    tower = make_pipeline(chosen, LogisticRegression())
    X = Cohort({"clinical": table, "lab": vectors(rng)[10:]})
    towers = [("clinical", tower), ("lab", LogisticRegression())]
    if kind == "twin":
        model = TwinTowerClassifier(towers, random_state=0).fit(X, Y)
    else:
        model = UnimodalClassifier("clinical", tower).fit(X, Y)
    turned = Cohort({"clinical": table[table.columns[::-1]], "lab": vectors(rng)[10:]})
    turned = turned[:, ["clinical"]][:40]
    np.testing.assert_allclose(
        model.predict_proba(turned), model.predict_proba(X[:40, ["clinical"]])
    )


def test_a_tower_is_given_the_types_of_fit(rng):
    """Of later data, a column may be blank, or come as plain numbers or words."""
    X = make_pair(rng)
    model = TwinTowerClassifier(random_state=0).fit(X, Y)
    table = make_table(rng)[:20].set_axis([f"N{i}" for i in range(20)])
    wanted = model.predict_proba(Cohort({"clinical": table}))
    plain = table.astype({"site": object, "grade": object, "smoker": float})
    found = model.predict_proba(Cohort({"clinical": plain}))
    np.testing.assert_allclose(found, wanted)
    for name in table:
        blank = Cohort({"clinical": table.assign(**{name: None})})
        assert np.isfinite(model.predict_proba(blank)).all()
    new = Cohort({"clinical": table.assign(site="Hull")})
    assert np.isfinite(model.predict_proba(new)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"smoker": "yes"}, "column 'smoker' of modality 'clinical' is no bool"),
        ({"age": "old"}, "column 'age' of modality 'clinical' is no float64"),
        ({"visit": "03/04/2020"}, "column 'visit' .* is no datetime.* is no date"),
    ],
)
def test_other_columns_and_cells_are_named(rng, change, message):
    X = make_pair(rng)
    model = TwinTowerClassifier(random_state=0).fit(X, Y)
    table = make_table(rng)[:20].assign(**change)
    with pytest.raises(ValueError, match=message):
        model.predict(Cohort({"clinical": table}))
    with pytest.raises(ValueError, match=r"'clinical' lacks 1 of the .*\('grade'\)"):
        model.predict(Cohort({"clinical": make_table(rng).drop(columns="grade")}))


def test_a_tower_of_numbers_names_dates(rng):
    table = make_table(rng)[["visit"]].assign(n=range(N))
    X = Cohort({"clinical": table, "lab": vectors(rng)})
    towers = [("clinical", LogisticRegression()), ("lab", LogisticRegression())]
    with pytest.raises(ValueError, match=r"holds words or dates.* column 'visit'"):
        TwinTowerClassifier(towers).fit(X, Y)


def test_the_default_beside_a_tower_of_ones_own(rng):
    ids = [f"P{i}" for i in range(N)]
    scans = rng.normal(size=(N, 1, 8, 9)) + Y[:, None, None, None]
    X = Cohort({"scan": (ids, scans), "clinical": make_table(rng)[:40]})
    clinical = make_table_tower(X.table("clinical"))
    image = make_pipeline(FunctionTransformer(flatten), LogisticRegression())
    towers = [("scan", image), ("clinical", clinical)]
    model = TwinTowerClassifier(towers, random_state=0, tower_cv=2).fit(X, Y)
    assert model.predict_proba(X).shape == (N, 2)


def test_the_cache_keeps_tables_of_other_types_apart(rng, tmp_path):
    table = make_table(rng)[["age", "site"]]
    encoder = make_column_transformer(
        (OrdinalEncoder(), ["site"]), (SimpleImputer(), ["age"])
    )
    towers = [("clinical", make_pipeline(encoder, LogisticRegression()))]
    model = TwinTowerClassifier(towers, memory=str(tmp_path), random_state=0)
    X = Cohort({"clinical": table})
    first = model.fit(X, Y).predict_proba(X)
    words = Cohort({"clinical": table.assign(site=table["site"].astype(str))})
    again = model.fit(words, Y).predict_proba(words)
    np.testing.assert_allclose(again, first)
    assert model._inputs["clinical"].dtypes["site"] in ("str", "object")
