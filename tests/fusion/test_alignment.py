"""Data of another hospital, brought to the features and size of those of ``fit``."""

import warnings

import numpy as np
import pandas as pd
import pytest
from cohort_tools import RecordingBlock
from scipy import ndimage
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmultimodal import (
    Cohort,
    TwinTowerClassifier,
    TwinTowerRegressor,
    UnimodalClassifier,
    make_table_tower,
)
from skmultimodal.exceptions import AlignmentWarning
from skmultimodal.persistence import load_model, save_model

N = 60
GENES = [f"G{i}" for i in range(40)]
IDS = [f"P{i}" for i in range(N)]
Y = np.arange(N) % 2


def expression(seed=0, n_rows=N, first=0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(3, 1, size=(n_rows, 40)), columns=GENES)
    table["G3"] += np.arange(n_rows) % 2
    table["G7"] -= np.arange(n_rows) % 2
    return table.set_axis([f"P{first + i}" for i in range(n_rows)])


def tower():
    return LogisticRegression(C=0.1)


def flat():
    return make_pipeline(
        FunctionTransformer(lambda x: np.asarray(x).reshape(len(x), -1)),
        LogisticRegression(C=0.01),
    )


def twin(*names):
    towers = {"gene": tower, "image": flat}
    return TwinTowerClassifier([(n, towers[n]()) for n in names], random_state=0)


def gene_models():
    return [twin("gene"), UnimodalClassifier("gene", tower())]


@pytest.mark.parametrize("model", gene_models())
def test_absent_features_are_filled_with_their_means(model):
    fitted, new = expression(), expression(1, 13, first=N)
    model.fit(Cohort({"gene": fitted}), Y)
    changed = new.drop(columns=["G3", "G30"]).assign(A=1.0, B=2.0)
    changed = changed[changed.columns[::-1]]
    with pytest.warns(AlignmentWarning) as caught:
        found = model.predict_proba(Cohort({"gene": changed}))
    (text,) = {str(w.message) for w in caught}
    assert "has 2 features that fit did not have ('B', 'A'), left out" in text
    assert "lacks 2 of 40 features of fit ('G3', 'G30')" in text
    by_hand = new.assign(**fitted[["G3", "G30"]].mean())
    wanted = model.predict_proba(Cohort({"gene": by_hand}))
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert np.abs(found - model.predict_proba(Cohort({"gene": new}))).max() > 0.01


def test_means_leave_blanks_out():
    fitted = expression()
    fitted.loc[["P0", "P7"], "G5"] = np.nan
    model = UnimodalClassifier("gene", make_table_tower(fitted))
    model.fit(Cohort({"gene": fitted}), Y)
    other = expression(1, 9, first=N)
    with pytest.warns(AlignmentWarning, match=r"\('G5'\), filled with their"):
        found = model.predict_proba(Cohort({"gene": other.drop(columns="G5")}))
    by_hand = Cohort({"gene": other.assign(G5=fitted["G5"].mean())})
    np.testing.assert_allclose(found, model.predict_proba(by_hand))


@pytest.mark.parametrize("n_absent", [2, 3])
def test_up_to_a_twentieth(n_absent):
    model = twin("gene").fit(Cohort({"gene": expression()}), Y)
    other = Cohort({"gene": expression(1, 9, first=N).iloc[:, n_absent:]})
    if n_absent <= 2:
        with pytest.warns(AlignmentWarning, match=f"lacks {n_absent} of 40"):
            model.predict(other)
        return
    with pytest.raises(
        ValueError, match=r"lacks 3 of the 40 features of fit .*up to 5%"
    ):
        model.predict(other)
    assert model.alignment(other)["n_filled"].tolist() == [3]


def test_counts():
    images = np.random.default_rng(0).normal(size=(N, 2, 9, 8))
    named = Cohort({"image": (IDS, images), "gene": expression()}, index=IDS)
    model = twin("image", "gene").fit(named, Y)
    same = model.alignment(named)
    assert same.loc["gene"].tolist() == [40, 40, 0, 0, False, ""]
    assert same.loc["image"].tolist() == [2, 2, 0, 0, False, ""]
    table = expression(1, 5, first=N)
    table = table.drop(columns=["G0", "G1"]).assign(NEW=0.0).iloc[:, ::-1]
    other = Cohort(
        {"gene": table, "image": (table.index, np.ones((5, 2, 18, 16)))},
        index=table.index,
    )
    found = model.alignment(other)
    assert found.loc["gene"].tolist() == [40, 38, 2, 1, True, ""]
    assert found.loc["image", "resized"] == "resampled, 18 x 16 to 9 x 8"
    assert found.index.name == "modality"


def test_a_lazy_table():
    """Read a few rows at a time, with the features of fit."""
    fitted, new = expression(), expression(1, 13, first=N)
    model = UnimodalClassifier("gene", tower()).fit(Cohort({"gene": fitted}), Y)
    other = new.drop(columns=["G2"]).assign(A=1.0)
    block = RecordingBlock(other.to_numpy())
    block.feature_names = list(other.columns)
    lazy = Cohort({"gene": (other.index, block)})
    with pytest.warns(AlignmentWarning, match="lacks 1 of 40"):
        found = model.predict_proba(lazy)
    with pytest.warns(AlignmentWarning):
        wanted = model.predict_proba(Cohort({"gene": other}))
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_a_table_with_words_is_filled_with_blanks():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(N, 21))).add_prefix("lab")
    table["site"] = rng.choice(["Leeds", "York"], N)
    table["lab3"] += 2 * Y
    table.index = IDS
    model = UnimodalClassifier("clinical", make_table_tower(table))
    model.fit(Cohort({"clinical": table}), Y)
    wanted = model.predict_proba(Cohort({"clinical": table.assign(site=None)}))
    with pytest.warns(AlignmentWarning, match=r"\('site'\), filled with bla"):
        found = model.predict_proba(Cohort({"clinical": table.drop(columns="site")}))
    np.testing.assert_array_equal(found, wanted)


def test_a_tower_that_is_trained_already_reads_its_own_columns():
    table = expression()
    own = LogisticRegression().fit(table[["G3", "G7", *GENES[10:30]]], Y)
    model = UnimodalClassifier("gene", FrozenEstimator(own))
    model.fit(Cohort({"gene": table}), Y)
    other = expression(1, 8, first=N)
    with pytest.warns(AlignmentWarning, match="lacks 1 of 40"):
        found = model.predict_proba(Cohort({"gene": other.drop(columns="G12")}))
    by_hand = other.assign(G12=table["G12"].mean())
    wanted = own.predict_proba(by_hand[own.feature_names_in_])
    np.testing.assert_allclose(found, wanted)


# Images


def pictures(n_rows=30, size=(18, 16), seed=0):
    """Smooth images that fill their frame; of the second class brighter on the left."""
    rng = np.random.default_rng(seed)
    images = ndimage.gaussian_filter(
        rng.normal(2, 1, size=(n_rows, 2, *size)), (0, 0, 2, 2)
    )
    images[1::2, :, : size[0] // 2] += 0.3
    return images


def heads(n_rows=30, size=(18, 16), inside=10, seed=0):
    """Images with an empty margin."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n_rows, 2, *size))
    top, left = ((n - inside) // 2 for n in size)
    part = rng.gamma(2, 1, size=(n_rows, 2, inside, inside))
    images[:, :, top : top + inside, left : left + inside] = 1 + part
    images[1::2] *= 1.3
    return images


def image_model(images):
    y = np.arange(len(images)) % 2
    return UnimodalClassifier("image", flat()).fit(Cohort({"image": images}), y)


def test_images_that_fill_their_frame_are_resampled():
    model = image_model(pictures())
    large = np.kron(pictures(7, seed=1), np.ones((1, 1, 2, 2)))
    with pytest.warns(
        AlignmentWarning, match="images of 36 x 32 where fit had 18 x 16"
    ):
        found = model.predict_proba(Cohort({"image": large}))
    wanted = model.predict_proba(Cohort({"image": pictures(7, seed=1)}))
    # Pixels that were repeated are averaged again.
    np.testing.assert_allclose(found, wanted, atol=1e-9)
    small = Cohort({"image": pictures(3, size=(9, 8))})
    with pytest.warns(AlignmentWarning, match="frame, and lack the detail that fewer"):
        model.predict(small)
    with pytest.raises(ValueError, match=r"rows of shape \(2, 36, 30\)"):
        model.predict(Cohort({"image": large[..., :30]}))
    with pytest.raises(ValueError, match=r"rows of shape \(1, 36, 32\)"):
        model.predict(Cohort({"image": large[:, :1]}))


@pytest.mark.parametrize("size", [(24, 20), (12, 14), (25, 11)])
def test_images_with_a_margin_are_cropped_or_padded(size):
    model = image_model(heads())
    other = heads(7, size, seed=1)
    with pytest.warns(AlignmentWarning, match="cropped or padded around their centre"):
        found = model.predict_proba(Cohort({"image": other}))
    if size[1] % 2 == 0:  # the centre is that of whole pixels
        wanted = model.predict_proba(Cohort({"image": heads(7, seed=1)}))
        np.testing.assert_allclose(found, wanted)


def test_a_head_that_does_not_fit_is_refused():
    model = image_model(heads())
    ids = [f"P{i}" for i in range(3)]
    other = heads(3, (40, 40), inside=30)
    match = "image of patient 'P0' .* is of 40 x 40, and .* outside the 18 x 16 of fit"
    with (
        pytest.warns(AlignmentWarning, match="images of 40 x 40"),
        pytest.raises(ValueError, match=match),
    ):
        model.predict(Cohort({"image": (ids, other)}))


def test_labels_stay_labels():
    """The mask of a resampled image holds the values that it held."""
    images = pictures(30)
    images[:, 1] = 0
    images[:, 1, 4:9, 5:11] = 4
    model = image_model(images)
    large = np.kron(images[:3], np.ones((1, 1, 3, 3)))
    rows = model._seen["image"].rows(Cohort({"image": large}))
    np.testing.assert_array_equal(rows[:, 1], images[:3, 1])


def test_lazy_images():
    model = image_model(pictures())
    large = np.kron(pictures(5, seed=1), np.ones((1, 1, 2, 2)))
    with pytest.warns(AlignmentWarning):
        wanted = model.predict_proba(Cohort({"image": large}))
    with pytest.warns(AlignmentWarning):
        found = model.predict_proba(Cohort({"image": RecordingBlock(large)}))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_volumes():
    rng = np.random.default_rng(0)
    volumes = ndimage.gaussian_filter(
        rng.normal(size=(20, 1, 6, 8, 7)), (0, 0, 2, 2, 2)
    )
    model = image_model(volumes)
    large = np.kron(volumes, np.ones((1, 1, 2, 2, 2)))
    with pytest.warns(AlignmentWarning, match="12 x 16 x 14 where fit had 6 x 8 x 7"):
        found = model.predict_proba(Cohort({"image": large}))
    np.testing.assert_allclose(found, model.predict_proba(Cohort({"image": volumes})))


# What follows


def test_predictions_do_not_depend_on_the_other_rows():
    model = image_model(heads())
    other = Cohort({"image": heads(6, (24, 20), seed=1)})
    with pytest.warns(AlignmentWarning):
        whole = model.predict_proba(other)
    with pytest.warns(AlignmentWarning):
        single = model.predict_proba(other[[4]])
    single, whole = single[0], whole[4]
    np.testing.assert_allclose(single, whole, atol=1e-6)


def test_a_saved_model_aligns(tmp_path):
    model = UnimodalClassifier("gene", tower()).fit(Cohort({"gene": expression()}), Y)
    save_model(model, tmp_path / "model.skops")
    again = load_model(tmp_path / "model.skops")
    other = Cohort({"gene": expression(1, 9, first=N).drop(columns="G5")})
    with pytest.warns(AlignmentWarning):
        np.testing.assert_array_equal(
            again.predict_proba(other), model.predict_proba(other)
        )
    pd.testing.assert_frame_equal(again.alignment(other), model.alignment(other))


def test_numbers_too():
    y = expression()["G3"].to_numpy()
    model = TwinTowerRegressor(random_state=0, towers=[("gene", Ridge())])
    model.fit(Cohort({"gene": expression()}), y)
    other = Cohort({"gene": expression(1, 9, first=N).drop(columns="G5")})
    with pytest.warns(AlignmentWarning, match="lacks 1 of 40"):
        assert np.isfinite(model.predict(other)).all()


def test_equal_data_give_no_warning():
    model = twin("gene").fit(Cohort({"gene": expression()}), Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(Cohort({"gene": expression(2, 20, first=N).iloc[:, ::-1]}))
