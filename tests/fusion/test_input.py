"""Every form of X, columns matched by name, and modalities that come and go."""

import numpy as np
import pandas as pd
import pytest
from cohort_tools import RecordingBlock
from fusion_tools import (
    ONE,
    TWO,
    WIDTHS,
    RecordingClassifier,
    RecordingTransformer,
    axes_tower,
    make_case,
    make_frames,
    make_pictures,
    make_tables,
    odds_tower,
    picture_model,
    picture_tower,
    plain_towers,
    row_numbers,
)
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from skorch.helper import SliceDict

from skmultimodal import (
    Cohort,
    GeneAutoencoderTransformer,
    TwinTowerClassifier,
    UnimodalClassifier,
)
from skmultimodal.exceptions import MissingModalityWarning
from skmultimodal.persistence import load_model, save_model

COLUMNS = {"image": list(range(5)), "gene": list(range(5, 12))}


def model_of(*names, columns=None, **params):
    towers = plain_towers(names or ("image", "gene"))
    if columns is not None:
        towers = [(name, tower, columns[name]) for name, tower in towers]
    return TwinTowerClassifier(towers, LogisticRegression(), **params)


@pytest.fixture(scope="module")
def expected():
    X, y = make_case()
    return X, y, model_of().fit(X, y).predict_proba(X)


def wide_frame(blocks):
    """Both modalities in one table, image_0 ... gene_6, and a covariate."""
    table = pd.DataFrame(
        {
            f"{name}_{i}": column
            for name, block in blocks.items()
            for i, column in enumerate(block.T)
        }
    )
    return table.assign(age=50.0)


@pytest.mark.parametrize("kind", [dict, SliceDict], ids=["dict", "SliceDict"])
def test_dict_of_aligned_arrays(expected, kind):
    blocks, y = make_tables(TWO)
    X = kind(**blocks)
    model = model_of().fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected[2])
    np.testing.assert_array_equal(
        model.predict_route(X), model.predict_route(expected[0])
    )


def test_dict_of_frames(expected):
    X, frames, y = make_frames()
    ids = pd.concat([frame.iloc[:, 0] for frame in frames.values()], axis=1).index
    model = model_of().fit(frames, y[X.index.get_indexer(ids)])
    found = pd.DataFrame(model.predict_proba(frames), index=ids)
    np.testing.assert_allclose(found.loc[X.index], expected[2])


@pytest.mark.parametrize(
    "columns",
    [
        COLUMNS,
        {name: np.array(where) for name, where in COLUMNS.items()},
        {"image": slice(0, 5), "gene": slice(5, 12)},
    ],
    ids=["list", "array", "slice"],
)
def test_columns_of_an_array(expected, columns):
    blocks, y = make_tables(TWO)
    X = np.hstack(list(blocks.values()))
    model = model_of(columns=columns).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), expected[2])
    assert model.n_features_in_ == 12
    with pytest.raises(ValueError, match="12 features"):
        model.predict(X[:, :-1])


@pytest.mark.parametrize("kind", [list, pd.Index])
def test_columns_of_a_frame(expected, kind):
    blocks, y = make_tables(TWO)
    table = wide_frame(blocks)
    names = {n: kind([f"{n}_{i}" for i in range(WIDTHS[n])]) for n in blocks}
    model = model_of(columns=names).fit(table, y)
    np.testing.assert_allclose(model.predict_proba(table), expected[2])
    # Columns are found by name, in whatever order and company.
    shuffled = table[table.columns[::-1]].assign(weight=80.0)
    np.testing.assert_array_equal(
        model.predict_proba(shuffled), model.predict_proba(table)
    )
    with pytest.raises(ValueError, match=r"'gene'.*'gene_3'"):
        model.predict(table.drop(columns="gene_3"))
    # A model with columns takes a cohort too.
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        found = model.predict_proba(expected[0])
    np.testing.assert_allclose(found, expected[2])


def test_tower_and_modality_of_different_names(expected):
    X, y, _ = expected
    towers = [("picture", odds_tower(), "image"), ("code", axes_tower(), "gene")]
    model = TwinTowerClassifier(towers, LogisticRegression()).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected[2])
    assert set(model.towers_) == {"picture", "code"}
    assert model.predict_route(X[[0, 12, 30]]).tolist() == ["picture", "code", "head"]
    names = model.get_feature_names_out().tolist()
    assert names == ["picture0", "code0", "code1"]


def test_bare_table_is_gene():
    blocks, y = make_tables(ONE)
    model = model_of("gene").fit(blocks["gene"], y)
    assert model.modalities_in_ == ["gene"]
    assert model.n_features_in_ == 7
    in_dict = model_of("gene").fit(blocks, y)
    np.testing.assert_array_equal(
        model.predict_proba(blocks["gene"]), in_dict.predict_proba(blocks)
    )


def test_bare_frame_is_gene_and_knows_its_names():
    blocks, y = make_tables(ONE)
    table = pd.DataFrame(blocks["gene"], columns=list("abcdefg"))
    model = model_of("gene").fit(table, y)
    assert model.feature_names_in_.tolist() == list("abcdefg")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(table.rename(columns={"c": "k"}))


def test_bare_images():
    X, y = make_pictures(TWO)
    images = X[X.has("image")].block("image")
    labels = y[X.has("image")]
    towers = [("image", picture_tower())]
    model = TwinTowerClassifier(towers, LogisticRegression(), random_state=0)
    p = model.fit(images, labels).predict_proba(images)
    assert model.modalities_in_ == ["image"]
    in_dict = model.fit({"image": images}, labels).predict_proba({"image": images})
    np.testing.assert_array_equal(p, in_dict)


def test_refit_on_another_form_forgets_the_first():
    """What a bare array said of its features does not bind a later fit."""
    blocks, y = make_tables(TWO)
    model = model_of().set_params(towers=plain_towers(["gene"]))
    model.fit(np.ones((10, 3)) * np.arange(10)[:, None], [0, 1] * 5)
    model.set_params(towers=plain_towers()).fit(blocks, y)
    rows = blocks["gene"][11:]
    assert model.predict_proba(rows).shape == (31, 2)


def test_lazy_images_give_what_images_in_memory_give():
    X, y = make_pictures(TWO)
    ids = {name: X.index[X.has(name)] for name in X.modalities}
    block = RecordingBlock(X.block("image"))
    lazy = Cohort(
        {"image": (ids["image"], block), "gene": (ids["gene"], X.block("gene"))},
        index=X.index,
    )
    assert not block.reads
    model = picture_model().fit(lazy, y)
    wanted = picture_model().fit(X, y)
    np.testing.assert_allclose(
        model.predict_proba(lazy), wanted.predict_proba(X), atol=1e-5
    )
    # Rows of paired patients are not read to predict the others.
    block.reads.clear()
    model.predict(lazy[:3])
    assert sorted(np.unique(np.concatenate(block.reads))) == [0, 1, 2]


# Columns matched by name


@pytest.mark.parametrize("kind", ["frame", "cohort"])
def test_shuffled_columns_give_identical_predictions(kind):
    X, frames, y = make_frames()
    model = model_of().fit(X, y)
    shuffled = {name: frame[frame.columns[::-1]] for name, frame in frames.items()}
    turned = Cohort(shuffled, index=X.index)
    alone = UnimodalClassifier("gene", odds_tower()).fit(X, y)
    for method in (model.predict_proba, model.transform, alone.predict_proba):
        # But for rounding: their layout in memory may differ.
        np.testing.assert_allclose(method(turned), method(X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("model", ["twin", "unimodal"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda f: f.drop(columns="gene_3"),
            r"lacks 1 of the 7 .* \('gene_3'\): up to",
        ),
        (
            lambda f: f.rename(columns={"gene_3": "new"}),
            r"lacks 1 of the 7 .*\('gene_3'\), and has 1 in addition \('new'\):",
        ),
    ],
    ids=["lacking", "renamed"],
)
def test_other_columns_are_named(change, message, model):
    X, frames, y = make_frames()
    model = model_of() if model == "twin" else UnimodalClassifier("gene", odds_tower())
    model.fit(X, y)
    changed = Cohort({**frames, "gene": change(frames["gene"])}, index=X.index)
    with pytest.raises(ValueError, match=message):
        model.predict(changed)


@pytest.mark.parametrize("model", ["twin", "unimodal"])
def test_other_number_of_columns_without_names(model):
    X, y = make_case()
    model = model_of() if model == "twin" else UnimodalClassifier("gene", odds_tower())
    model.fit(X, y)
    blocks = make_tables(TWO)[0]
    blocks["gene"] = blocks["gene"][:, :-1]
    with pytest.raises(ValueError, match=r"modality 'gene'.*\(6,\).*\(7,\)"):
        model.predict(blocks)


def test_bare_frame_at_prediction_is_matched_by_name():
    """Fitted on a cohort with names, asked about a table of one modality."""
    X, frames, y = make_frames()
    model = model_of().fit(X, y)
    table = frames["gene"]
    wanted = model.predict_proba(X[X.has("gene")].without("image"))
    np.testing.assert_allclose(model.predict_proba(table), wanted)
    turned = table[table.columns[::-1]]
    np.testing.assert_allclose(model.predict_proba(turned), wanted)


# Modalities that come and go


def test_unknown_modality_at_prediction_is_named():
    X, y = make_case()
    model = model_of().fit(X, y)
    blocks = make_tables(TWO)[0]
    blocks["stain"] = np.ones((42, 6))
    for method in (model.predict, model.predict_proba, model.transform):
        with pytest.raises(ValueError, match=r"modality 'stain'.*not fitted with"):
            method(blocks)


def test_modality_without_a_tower_warns():
    X, y = make_case()
    alone = make_case()[0].without("image")
    model = TwinTowerClassifier([("gene", odds_tower())], LogisticRegression())
    with pytest.warns(MissingModalityWarning, match="'image' has no tower"):
        model.fit(X[X.has("gene")], y[X.has("gene")])
    has = X.has("gene")
    again = TwinTowerClassifier([("gene", odds_tower())], LogisticRegression())
    wanted = again.fit(alone[has], y[has]).predict_proba(alone[has])
    np.testing.assert_array_equal(model.predict_proba(X[has]), wanted)
    with pytest.raises(ValueError, match=r"row 'p00' has no modality of a tower"):
        model.predict(X)


def test_tower_without_its_modality_warns_and_is_left_out():
    X, y = make_case()
    towers = plain_towers(("image", "gene", "stain"))
    model = TwinTowerClassifier(towers, LogisticRegression())
    with pytest.warns(MissingModalityWarning, match="tower 'stain' is left out"):
        model.fit(X, y)
    assert list(model.towers_) == ["image", "gene"]
    wanted = model_of().fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(X), wanted)


def test_one_modality_of_two_towers_uses_all_rows():
    blocks, y = make_tables(ONE)
    towers = [("image", odds_tower()), ("gene", RecordingTransformer())]
    model = TwinTowerClassifier(towers, RecordingClassifier())
    with pytest.warns(MissingModalityWarning, match="tower 'image' is left out"):
        model.fit(blocks, y)
    assert row_numbers(model.towers_["gene"].X_) == list(range(23))


def test_no_tower_has_a_modality():
    X, y = make_case(ONE)
    model = TwinTowerClassifier([("stain", odds_tower())], LogisticRegression())
    with (
        pytest.warns(MissingModalityWarning, match="tower 'stain' is left out"),
        pytest.raises(ValueError, match=r"no tower has a modality.*gene.*stain"),
    ):
        model.fit(X, y)


# Tables with words


def make_clinic(n_rows=44):
    """Ages and words, of which one cell each is blank; labels follow both."""
    rng = np.random.default_rng(3)
    y = np.arange(n_rows) % 2
    table = pd.DataFrame(
        {
            "age": rng.normal(60, 5, n_rows) + 6 * y,
            "grade": np.where(rng.random(n_rows) < 0.2, 1 - y, y),
        },
        index=[f"P{i}" for i in range(n_rows)],
    )
    table["grade"] = table["grade"].map({0: "low", 1: "high"})
    table.loc["P3", "age"], table.loc["P4", "grade"] = np.nan, None
    genes = pd.DataFrame(rng.normal(size=(n_rows, 5)), table.index).add_prefix("G")
    return Cohort({"clinical": table[:36], "gene": genes[10:]}), y


def encoder():
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["grade"]), remainder=SimpleImputer()
    )


def test_a_table_with_words_is_given_as_a_table(tmp_path):
    X, y = make_clinic()
    towers = [
        ("clinical", make_pipeline(encoder(), LogisticRegression())),
        ("gene", LogisticRegression()),
    ]
    model = TwinTowerClassifier(towers, random_state=0).fit(X, y)
    # What the encoded table gives as numbers.
    table = pd.DataFrame(
        X.block("clinical"),
        X.index[X.has("clinical")],
        X.feature_names("clinical"),
    )
    numbers = pd.DataFrame(
        {
            "age": table["age"].astype(float),
            **{word: (table["grade"] == word) * 1.0 for word in ("high", "low")},
        }
    )
    numbers["blank"] = table["grade"].isna() * 1.0
    plain = make_pipeline(SimpleImputer(), LogisticRegression())
    genes = pd.DataFrame(X.block("gene"), X.index[X.has("gene")])
    same = TwinTowerClassifier(
        [("clinical", plain), ("gene", LogisticRegression())], random_state=0
    ).fit(Cohort({"clinical": numbers, "gene": genes}, index=X.index), y)
    expected = same.predict_proba(
        Cohort({"clinical": numbers, "gene": genes}, index=X.index)
    )
    # The mean age is that of each fold in both, the order of columns is not.
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-4)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_a_row_of_a_table_with_words_does_not_depend_on_those_beside_it():
    """Patient P4 has no grade, so that her own column of words holds none."""
    X, y = make_clinic()
    towers = [
        ("clinical", make_pipeline(encoder(), LogisticRegression())),
        ("gene", LogisticRegression()),
    ]
    model = TwinTowerClassifier(towers, random_state=0).fit(X, y)
    every = model.predict_proba(X)
    for row in range(6):
        np.testing.assert_allclose(model.predict_proba(X[[row]])[0], every[row])
    blank = pd.DataFrame({"age": [61.0], "grade": [np.nan]}, index=["new"])
    assert np.isfinite(model.predict_proba(Cohort({"clinical": blank}))).all()
    words = pd.DataFrame({"age": ["old"], "grade": ["low"]}, index=["new"])
    with pytest.raises(ValueError, match=r"column 'age' .* 'clinical' is no float"):
        model.predict_proba(Cohort({"clinical": words}))


@pytest.mark.parametrize("tower", [LogisticRegression(), GeneAutoencoderTransformer()])
def test_words_for_a_tower_of_numbers_are_named(tower):
    X, y = make_clinic()
    towers = [("clinical", tower), ("gene", LogisticRegression())]
    message = r"'clinical' holds words or dates, such as '(low|high)' .* column 'grade'"
    with pytest.raises(ValueError, match=message) as error:
        TwinTowerClassifier(towers).fit(X, y)
    assert "make_table_tower(X.table('clinical'))" in str(error.value)
