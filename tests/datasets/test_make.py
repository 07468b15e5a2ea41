"""The synthetic cohort: its shape, its planted signal and its nuisances."""

import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal.cohort import Cohort
from skmultimodal.datasets._make import make_glioma_cohort

SMALL = {"n_image_only": 11, "n_gene_only": 17, "n_paired": 7, "n_genes": 53}
SMALL |= {"image_size": 24}


def images_of(dataset):
    return np.asarray(dataset.data.block("image"))


def rim_contrast(images, mask, channel=1):
    """Mean of a sequence in a mask, in standard deviations of the brain."""
    values = []
    for image, inside in zip(images[:, channel], mask, strict=True):
        brain = image[image > 0]
        values.append((image[inside].mean() - brain.mean()) / brain.std())
    return np.array(values)


@pytest.fixture(scope="module")
def default():
    return make_glioma_cohort(random_state=0)


@pytest.fixture(scope="module")
def many():
    """Enough patients for an AUC with a standard error near 0.015."""
    return make_glioma_cohort(0, 0, 700, n_genes=400, image_size=32, random_state=1)


def test_default_cohort(default):
    X, y = default.data, default.target
    assert isinstance(X, Cohort)
    assert X.modalities == ["image", "gene"]
    assert X.shape == (597, 2)
    expected = ["image"] * 95 + ["gene"] * 452 + ["image+gene"] * 50
    assert X.patterns.tolist() == expected
    assert X.block("image").shape == (145, 5, 64, 64)
    assert X.block("image").dtype == np.float32
    assert X.block("gene").shape == (502, 2000)
    assert X.feature_names("gene") == default.gene_names
    assert X.index.is_unique
    assert y.shape == (597,)
    assert np.issubdtype(y.dtype, np.integer)
    assert default.latent.index.equals(X.index)
    assert default.signal_mask.shape == (145, 64, 64)
    assert len(default.signal_genes) == 50
    assert set(default.signal_genes) < set(default.gene_names)


def test_return_X_y_and_determinism():
    one = make_glioma_cohort(**SMALL, random_state=5)
    X, y = make_glioma_cohort(**SMALL, random_state=5, return_X_y=True)
    np.testing.assert_array_equal(one.target, y)
    for name in ("image", "gene"):
        np.testing.assert_array_equal(one.data.block(name), X.block(name))
    assert one.data.metadata.equals(X.metadata)
    other = make_glioma_cohort(**SMALL, random_state=6)
    assert not np.array_equal(images_of(one), images_of(other))


def test_parts_have_streams_of_their_own():
    one = make_glioma_cohort(**SMALL, random_state=5)
    more_genes = make_glioma_cohort(**{**SMALL, "n_genes": 91}, random_state=5)
    np.testing.assert_array_equal(images_of(one), images_of(more_genes))
    np.testing.assert_array_equal(one.target, more_genes.target)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.5, 1.0])
def test_class_counts_are_exact_in_each_pattern(fraction):
    bunch = make_glioma_cohort(**SMALL, positive_fraction=fraction, random_state=0)
    for pattern, n in (("image", 11), ("gene", 17), ("image+gene", 7)):
        y = bunch.target[bunch.data.patterns == pattern]
        assert y.sum() == min(max(round(fraction * n), 1), n - 1)


@pytest.mark.parametrize("counts", [(3, 0, 0), (0, 3, 0), (0, 0, 3), (0, 2, 1)])
def test_groups_may_be_empty(counts):
    bunch = make_glioma_cohort(*counts, n_genes=4, image_size=16, random_state=0)
    expected = {"image": counts[0] + counts[2], "gene": counts[1] + counts[2]}
    found = {name: bunch.data.has(name).sum() for name in bunch.data.modalities}
    assert found == {name: n for name, n in expected.items() if n}
    assert len(bunch.latent) == len(bunch.target) == sum(counts)
    assert len(bunch.signal_mask) == counts[0] + counts[2]


@pytest.mark.parametrize("size", [16, 24, 64, 97])
def test_slices_look_like_brats(size):
    bunch = make_glioma_cohort(13, 0, 0, n_genes=1, image_size=size, random_state=size)
    images = images_of(bunch)
    brain = images[:, 0] > 0
    for channel in range(1, 4):
        np.testing.assert_array_equal(images[:, channel] > 0, brain)
    assert 0.2 < brain.mean() < 0.4
    seg = images[:, 4]
    for row, labels in enumerate(seg):
        assert np.unique(labels).tolist() == [0, 1, 2, 4], row
    assert not (seg[~brain] > 0).any()
    np.testing.assert_array_equal(bunch.signal_mask, seg == 4)
    assert np.array_equal(images, np.rint(images))


def test_contrasts_of_the_sequences(default):
    images = images_of(default)
    seg = images[:, 4]

    def contrast(channel, label):
        return rim_contrast(images, seg == label, channel).mean()

    assert contrast(3, 2) > 1  # oedema is bright in flair
    assert contrast(2, 1) > 1  # fluid in the core is bright in t2
    assert contrast(0, 1) < -1  # and dark in t1
    assert contrast(1, 4) > contrast(0, 4) + 1  # contrast agent enhances the rim


def test_raw_intensities_differ_by_scanner(default):
    images = images_of(default)
    means = np.array([image[1][image[1] > 0].mean() for image in images])
    assert means.std() / means.mean() > 0.2
    y = default.target[default.data.has("image")]
    raw = [i[1][m].mean() for i, m in zip(images, default.signal_mask, strict=True)]
    scaled = rim_contrast(images, default.signal_mask)
    assert roc_auc_score(y, scaled) > roc_auc_score(y, raw) + 0.05


def test_latent_factors_reach_the_stated_auc(many):
    y, latent = many.target, many.latent
    assert many.bayes_auc["image"] == pytest.approx(0.839, abs=1e-3)
    assert many.bayes_auc["image+gene"] == pytest.approx(0.919, abs=1e-3)
    for name in ("image", "gene"):
        auc = roc_auc_score(y, latent[name])
        assert auc == pytest.approx(many.bayes_auc[name], abs=0.04)
    both = roc_auc_score(y, latent.sum(axis=1))
    assert both == pytest.approx(many.bayes_auc["image+gene"], abs=0.03)


def test_signal_is_where_it_is_said_to_be(many):
    y, images = many.target, images_of(many)
    rim = rim_contrast(images, many.signal_mask)
    assert roc_auc_score(y, rim) > 0.78
    assert abs(np.corrcoef(rim, many.latent["image"])[0, 1]) > 0.9
    # Neither the other sequences, nor the other tissues, nor the mask know the label.
    for channel in (0, 2, 3):
        auc = roc_auc_score(y, rim_contrast(images, many.signal_mask, channel))
        assert auc == pytest.approx(0.5, abs=0.07)
    for size in ((images[:, 4] > 0).sum((1, 2)), many.signal_mask.sum((1, 2))):
        assert roc_auc_score(y, size) == pytest.approx(0.5, abs=0.07)

    genes = np.asarray(many.data.block("gene"))
    signal = np.isin(many.gene_names, many.signal_genes)
    strength = np.abs([np.corrcoef(g, many.latent["gene"])[0, 1] for g in genes.T])
    assert strength[signal].min() > 0.4
    assert strength[~signal].max() < 0.25


def test_fusing_beats_either_modality(many):
    y, images = many.target, images_of(many)
    rim = rim_contrast(images, many.signal_mask)[:, None]
    genes = np.asarray(many.data.block("gene"))
    train, test = np.arange(0, 700, 2), np.arange(1, 700, 2)
    image = LogisticRegression().fit(rim[train], y[train])
    gene = make_pipeline(
        StandardScaler(), PCA(32, random_state=0), LogisticRegression(C=0.1)
    ).fit(genes[train], y[train])
    by_image = image.decision_function(rim[test])
    by_gene = gene.decision_function(genes[test])
    alone = [roc_auc_score(y[test], score) for score in (by_image, by_gene)]
    fused = roc_auc_score(y[test], by_image + by_gene)
    assert 0.74 < min(alone) <= max(alone) < 0.90
    assert fused > max(alone) + 0.03


def test_no_signal():
    none = {"image_signal": 0, "gene_signal": 0}
    bunch = make_glioma_cohort(
        0, 0, 400, n_genes=30, image_size=24, **none, random_state=0
    )
    rim = rim_contrast(images_of(bunch), bunch.signal_mask)
    assert roc_auc_score(bunch.target, rim) == pytest.approx(0.5, abs=0.08)
    assert bunch.bayes_auc == {"image": 0.5, "gene": 0.5, "image+gene": 0.5}


def test_expression_looks_like_expression(default):
    genes = np.asarray(default.data.block("gene"))
    assert genes.min() == 0
    assert genes.max() <= 20
    assert genes.std(axis=0).min() > 0
    z = (genes - genes.mean(axis=0)) / genes.std(axis=0)
    assert (np.abs(z).max(axis=0) > 8).sum() >= 10
    explained = PCA(20, random_state=0).fit(z).explained_variance_ratio_
    assert explained[0] > 0.03
    assert explained.sum() > 0.2


def test_metadata(default):
    meta, y = default.data.metadata, default.target
    assert list(meta.columns) == ["age", "sex", "site", "project"]
    assert meta.index.equals(default.data.index)
    assert meta["age"].between(18, 89).all()
    assert set(meta["sex"]) == {"female", "male"}
    assert meta["site"].nunique() == 6
    lgg = meta["project"] == "LGG"
    assert lgg[y == 1].mean() > lgg[y == 0].mean() + 0.05
    assert meta["age"][lgg].mean() < meta["age"][~lgg].mean() - 8


def test_site_effect_is_a_shortcut():
    def share_of_positive(effect):
        bunch = make_glioma_cohort(
            0, 4000, 0, n_genes=2, n_sites=3, site_effect=effect, random_state=0
        )
        y, site = bunch.target, bunch.data.metadata["site"].to_numpy()
        return [y[site == name].mean() for name in ("S1", "S3")]

    low, high = share_of_positive(0.0)
    assert abs(high - low) < 0.05
    low, high = share_of_positive(2.0)
    log_odds = np.log(high / (1 - high)) - np.log(low / (1 - low))
    assert log_odds == pytest.approx(2.0, abs=0.25)


def test_emits_no_warning_with_one_site():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bunch = make_glioma_cohort(**SMALL, n_sites=1, site_effect=3, random_state=0)
    assert set(bunch.data.metadata["site"]) == {"S1"}


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"n_paired": -1}, ValueError, "n_paired must be at least 0, got -1"),
        ({"n_paired": 2.0}, TypeError, "n_paired must be an integer, got 2.0"),
        ({"n_genes": 0}, ValueError, "n_genes must be at least 1"),
        ({"image_size": 15}, ValueError, "image_size must be at least 16"),
        ({"n_sites": 0}, ValueError, "n_sites must be at least 1"),
        ({"n_signal_genes": 54}, ValueError, "n_signal_genes must be from 0 to 53"),
        ({"positive_fraction": 1.5}, ValueError, "positive_fraction must be finite"),
        ({"image_signal": -1}, ValueError, "image_signal must be finite and in"),
        ({"gene_signal": "big"}, TypeError, "gene_signal must be a number"),
        ({"site_effect": np.nan}, ValueError, "site_effect must be finite"),
        (
            {"n_image_only": 0, "n_gene_only": 0, "n_paired": 0},
            ValueError,
            "are all 0",
        ),
    ],
)
def test_bad_parameters(params, error, message):
    with pytest.raises(error, match=message):
        make_glioma_cohort(**{**SMALL, **params})
