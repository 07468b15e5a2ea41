"""The image tower: pooling, masks, normalisation, encoders, classes."""

import pickle

import numpy as np
import pytest
import torch
from cohort_tools import RecordingBlock
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils import compute_class_weight
from tower_tools import (
    IMAGE_SHAPE,
    MapEncoder,
    VectorEncoder,
    image_tower,
    make_genes,
    make_images,
)

from skmultimodal import ImageTowerClassifier
from skmultimodal.nn import flip
from skmultimodal.preprocessing import IntensityStatisticsTransformer

# A few epochs of a small net are enough here, and may be too few to learn.
pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")

Y = np.arange(40) % 2
X = make_images(Y)


def n_parameters(tower):
    return sum(weight.size for weight in tower.weights_.values())


def with_mask(images, seed=0):
    """The images with a segmentation, in labels 0, 1, 2 and 4, as a last channel."""
    rng = np.random.default_rng(seed)
    mask = rng.choice([0, 0, 0, 1, 2, 4], size=(len(images), 1, *images.shape[2:]))
    return np.concatenate([images, mask.astype(images.dtype)], axis=1)


def test_size_of_the_papers_tower():
    images = np.random.default_rng(0).normal(size=(4, 5, 240, 240)).astype(np.float32)
    tower = ImageTowerClassifier(
        global_pool=False,
        max_epochs=1,
        mask_channel=None,
        max_size=None,
        linear_penalty=None,
    )
    assert n_parameters(tower.fit(images, [0, 1, 0, 1])) == 1_867_666
    assert tower.transform(images).shape == (4, 16)


@pytest.mark.parametrize(
    ("pool", "shape", "n_pooled"),
    [
        ("mean", (2, 9, 7), 5),
        ("max", (2, 9, 7), 5),
        (False, (2, 9, 7), 5 * 4 * 3),
        ("auto", (2, 9, 7), 5 * 4 * 3),  # 12 positions: flattened
        ("auto", (2, 12, 7), 5),  # 18 positions: averaged
    ],
)
def test_pooling(pool, shape, n_pooled):
    images = np.random.default_rng(0).normal(size=(8, *shape))
    tower = image_tower(filters=(5,), global_pool=pool, max_epochs=1)
    tower.fit(images, np.arange(8) % 2)
    assert tower.weights_["dense.0.weight"].shape == (6, n_pooled)


def test_flat_images_are_columns():
    columns = make_genes(Y)
    tower = image_tower().fit(columns, Y)
    assert tower.image_shape_ == (1, 1, 11)
    # Standardised per column: units do not matter.
    scaled = columns * np.linspace(1, 900, 11) + 50
    np.testing.assert_allclose(
        image_tower().fit(scaled, Y).predict_proba(scaled),
        tower.predict_proba(columns),
        atol=1e-4,
    )


@pytest.mark.parametrize("shape", [(1, 1, 6), (3, 1, 1), (2, 5, 1)])
def test_axes_of_one_pixel(shape):
    images = np.random.default_rng(0).normal(size=(12, *shape))
    tower = image_tower(filters=(4, 4, 4), intensity="none")
    assert tower.fit(images, np.arange(12) % 2).transform(images).shape == (12, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64])
def test_native_dtypes(dtype):
    images = (make_images(Y) * 10 + 60).clip(0, 250).astype(dtype)
    expected = image_tower().fit(images.astype(np.float32), Y)
    found = image_tower().fit(images, Y)
    np.testing.assert_allclose(
        found.predict_proba(images), expected.predict_proba(images), atol=1e-5
    )


def test_zscore_makes_the_unit_of_an_image_irrelevant():
    images = X.copy()
    images[:, :, :2] = 0  # background
    tower = image_tower().fit(images, Y)
    scale = np.linspace(1, 900, 40)[:, None, None, None]
    np.testing.assert_allclose(
        tower.predict_proba(images * scale), tower.predict_proba(images), atol=1e-4
    )
    raw = image_tower(intensity="none").fit(images, Y)
    assert not np.allclose(raw.transform(images), raw.transform(images * scale))


def test_large_images_are_averaged_before_the_network():
    images = np.repeat(np.repeat(X, 3, axis=2), 3, axis=3)
    small = image_tower(intensity="none", max_size=None).fit(X, Y)
    large = image_tower(intensity="none", max_size=max(X.shape[2:])).fit(images, Y)
    assert large.image_shape_ == images.shape[1:]
    np.testing.assert_allclose(
        large.predict_proba(images), small.predict_proba(X), atol=1e-5
    )


# Masks


def test_mask_is_found_scaled_and_pooled():
    images = with_mask(X)
    tower = image_tower(global_pool="mask").fit(images, Y)
    assert tower.mask_channel_ == 2
    assert tower.weights_["dense.0.weight"].shape == (6, 2 * 4)
    named = image_tower(global_pool="mask", mask_channel=-1).fit(images, Y)
    np.testing.assert_array_equal(tower.transform(images), named.transform(images))
    ignored = image_tower(mask_channel=None, global_pool="mean").fit(images, Y)
    assert ignored.mask_channel_ is None
    assert np.any(ignored.transform(images) != named.transform(images))


@pytest.mark.parametrize("mask_channel", [0, 1, -3])
def test_mask_may_be_any_channel(mask_channel):
    images = np.roll(with_mask(X), mask_channel + 1, axis=1)
    tower = image_tower(mask_channel=mask_channel, global_pool="mask")
    assert tower.fit(images, Y).mask_channel_ == mask_channel % 3


def test_mask_keeps_its_labels_apart_from_intensity():
    """Labels are not normalised: an image with half the labels is another image."""
    images = with_mask(X)
    tower = image_tower(max_epochs=20).fit(images, Y)
    halved = images.copy()
    halved[:, 2] /= 2
    halved[:, 0] *= 2
    changed = images.copy()
    changed[:, 2] /= 2
    np.testing.assert_allclose(
        tower.transform(halved), tower.transform(changed), atol=1e-4
    )
    assert not np.allclose(tower.transform(halved), tower.transform(images), atol=1e-4)


def test_images_without_a_tumour_are_predicted():
    images = with_mask(X)
    images[::5, 2] = 0
    assert np.isfinite(image_tower().fit(images, Y).predict_proba(images)).all()


@pytest.mark.parametrize("row", [0, 79])
def test_mask_is_at_most_one_wherever_the_rare_label_is(row):
    images = with_mask(np.concatenate([X, X]))
    images[:, 2] = images[:, 2] > 0
    images[row, 2, 0, 0] = 4
    largest = []

    def record(batch):
        largest.append(float(batch[:, 2].max()))
        return batch

    image_tower(augment=record, max_epochs=2).fit(images, np.resize(Y, 80))
    assert max(largest) == 1


@pytest.mark.parametrize(
    ("params", "images", "message"),
    [
        ({"mask_channel": 2}, X, "mask_channel=2 .* 2 channels"),
        ({"mask_channel": -3}, X, "mask_channel=-3 .* 2 channels"),
        ({"global_pool": "mask"}, X, "global_pool='mask' needs a segmentation"),
        ({"global_pool": "median"}, X, "'global_pool' parameter"),
        ({"intensity": "log"}, X, "'intensity' parameter"),
        ({"augment": "rotate"}, X, "'augment' parameter"),
        ({"filters": 3}, X, "'filters' parameter"),
        ({"class_weight": "heavy"}, X, "'class_weight' parameter"),
    ],
)
def test_bad_parameters(params, images, message):
    with pytest.raises(ValueError, match=message):
        image_tower(**params).fit(images, Y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(40, dtype=int), "one class only: 0"),
        (np.full(40, "ill"), "one class only: 'ill'"),
        (np.where(np.arange(40) == 7, np.nan, Y), "NaN"),
        (np.array([*"ab" * 19, None, "a"], dtype=object), "row 38"),
        (np.linspace(0, 1, 40), "continuous"),
        (None, "y is None"),
    ],
)
def test_bad_labels(y, message):
    with pytest.raises(ValueError, match=message):
        image_tower().fit(X, y)


# Encoders


@pytest.mark.parametrize("encoder", [MapEncoder, VectorEncoder])
@pytest.mark.parametrize("n_rows", [40, 33])
def test_encoder_of_the_users(encoder, n_rows):
    # 33 rows in batches of 16 leave one row, on which batch norm cannot train.
    tower = image_tower(encoder=encoder, batch_size=16, global_pool="mean")
    tower.fit(X[:n_rows], Y[:n_rows])
    assert tower.weights_["dense.0.weight"].shape == (6, 5)
    back = pickle.loads(pickle.dumps(tower))
    np.testing.assert_array_equal(back.predict_proba(X), tower.predict_proba(X))
    again = image_tower(encoder=encoder, batch_size=16, global_pool="mean")
    np.testing.assert_array_equal(
        again.fit(X[:n_rows], Y[:n_rows]).predict_proba(X), tower.predict_proba(X)
    )


def test_an_encoder_that_cannot_read_the_images_is_named():
    def encoder(in_channels):
        return torch.nn.Conv2d(in_channels, 4, 5)

    tower = image_tower(encoder=encoder, max_epochs=1)
    table = np.random.default_rng(0).normal(size=(12, 7))
    with pytest.raises(ValueError, match=r"shape \(1, 1, 7\).*rows of a table"):
        tower.fit(table, np.arange(12) % 2)


def test_automatic_pooling_follows_the_maps_of_an_encoder():
    # 35 positions, however large the maps of the default encoder would be.
    tower = image_tower(encoder=MapEncoder, max_epochs=1).fit(X, Y)
    assert tower.weights_["dense.0.weight"].shape == (6, 5)


# Augmentation


def test_augment_gets_batches_of_training_rows_only():
    """Each image holds its own number: validation rows are never augmented."""
    images = np.zeros((50, *IMAGE_SHAPE), dtype=np.float32)
    images += np.arange(50)[:, None, None, None]
    y = (np.arange(50) < 10).astype(int)
    seen = []

    def record(batch):
        assert isinstance(batch, torch.Tensor)
        assert batch.shape[1:] == IMAGE_SHAPE
        seen.append(batch[:, 0, 0, 0].round().int().tolist())
        return batch

    tower = image_tower(augment=record, intensity="none", lr=1e-4, batch_size=16)
    tower.set_params(early_stopping=True, validation_fraction=0.2, max_epochs=3)
    tower.fit(images, y)
    train = {row for batch in seen for row in batch}
    valid = sorted(set(range(50)) - train)
    assert len(valid) == 10
    assert sum(row < 10 for row in valid) == 2  # stratified
    assert [len(batch) for batch in seen] == [16, 16, 8] * 3
    assert seen[:3] != seen[3:6]  # another order in each epoch
    tower.predict(images)
    assert len(seen) == 9


def test_augment_that_does_nothing_changes_nothing():
    plain = image_tower(augment=None).fit(X, Y).transform(X)
    same = image_tower(augment=torch.clone).fit(X, Y).transform(X)
    np.testing.assert_array_equal(plain, same)
    flipped = image_tower(augment="flip").fit(X, Y).transform(X)
    assert np.any(plain != flipped)


def test_flip_mirrors_about_half_of_the_images():
    torch.manual_seed(0)
    images = torch.randn(200, 2, 3, 4)
    result = flip(images)
    kept = (result == images).flatten(1).all(dim=1)
    mirrored = (result == images[..., [3, 2, 1, 0]]).flatten(1).all(dim=1)
    assert (kept ^ mirrored).all()
    assert 70 < mirrored.sum() < 130


def test_augment_does_not_touch_the_rows_of_the_caller():
    images = X.copy()
    image_tower(augment=lambda batch: batch.mul_(0.5), intensity="none").fit(images, Y)
    np.testing.assert_array_equal(images, X)


# Class weights


def test_balanced_is_the_weights_it_stands_for():
    y = np.where(np.arange(40) % 5 == 0, "ill", "well")
    weights = compute_class_weight("balanced", classes=np.unique(y), y=y)
    fits = [
        image_tower(class_weight=weight).fit(X, y).predict_proba(X)
        for weight in ("balanced", {"ill": weights[0], "well": weights[1]}, None)
    ]
    np.testing.assert_array_equal(fits[0], fits[1])
    assert fits[0][:, 0].mean() > fits[2][:, 0].mean() + 0.05


# Lazy images


def test_prediction_reads_every_lazy_row_once():
    tower = image_tower().fit(X, Y)
    block = RecordingBlock(X)
    tower.predict(block)
    read = np.concatenate(block.reads)
    assert np.bincount(read, minlength=40).max() <= 2  # the first ones for their shape
    assert set(read.tolist()) == set(range(40))


@pytest.mark.parametrize("scale", [1e25, 1e30])
def test_huge_values_are_normalised_like_others(scale):
    y = np.arange(38) % 2
    X = make_images(y) + 20
    large = X * np.float32(scale)
    tower = image_tower(intensity="zscore")
    wanted = clone(tower).fit(X, y).predict_proba(X)
    found = clone(tower).fit(large, y).predict_proba(large)
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_values_beyond_float32_are_refused():
    y = np.arange(38) % 2
    X = make_images(y).astype(np.float64)
    X[5, 0, 2, 3] = 1e300
    with pytest.raises(ValueError, match="value too large in row 5"):
        image_tower().fit(X, y)


# The linear model beside the network


def lit_images(y, seed=0):
    """Photographs of noise, those of class 1 a little brighter."""
    rng = np.random.default_rng(seed)
    images = rng.normal(120, 30, size=(len(y), 3, 13, 10))
    return (images + 12 * np.asarray(y)[:, None, None, None]).clip(1, 255)


@pytest.mark.parametrize("class_weight", [None, {"dark": 1, "light": 7}])
def test_probabilities_are_those_of_the_network_and_of_statistics(class_weight):
    y = np.where(np.arange(41) % 3 == 0, "light", "dark")
    images = lit_images(y == "light")
    tower = image_tower(class_weight=class_weight, linear_penalty=0.8)
    p = tower.fit(images, y).predict_proba(images)
    alone = clone(tower).set_params(linear_penalty=None).fit(images, y)
    network = np.log(alone.predict_proba(images))
    statistics = IntensityStatisticsTransformer().fit_transform(images)
    Z = StandardScaler().fit_transform(statistics.astype(float))
    Z /= np.sqrt(Z.shape[1])
    ridge = LogisticRegression(C=1 / 0.8, class_weight=class_weight, tol=1e-7)
    odds = ridge.fit(Z, y).decision_function(Z)
    wanted = 2 / 3 * odds + 1 / 3 * (network[:, 1] - network[:, 0])
    np.testing.assert_allclose(np.log(p[:, 1] / p[:, 0]), wanted, atol=2e-3)
    # Features are those of the network alone.
    np.testing.assert_array_equal(tower.transform(images), alone.transform(images))


def test_brightness_is_learnt_from_few_photographs():
    y = np.arange(60) % 2
    tower = image_tower().fit(lit_images(y), y)
    assert tower.score(lit_images(y, seed=1), y) > 0.9


def test_constant_images_have_no_statistics():
    images = np.full((12, 2, 9, 7), 3.0)
    p = image_tower(max_epochs=1).fit(images, np.arange(12) % 3).predict_proba(images)
    np.testing.assert_allclose(p, p[:1].repeat(12, axis=0))


def test_the_mean_of_networks_alone_is_trusted_more_than_one_of_them():
    alone = image_tower(linear_penalty=None)
    assert 0 < image_tower().noise_share < alone.noise_share < 1


def test_a_tower_with_its_linear_model_is_pickled():
    y = np.arange(15) % 3
    images = lit_images(y)
    tower = image_tower(max_epochs=1).fit(images, y)
    again = pickle.loads(pickle.dumps(tower))
    np.testing.assert_array_equal(
        again.predict_proba(images), tower.predict_proba(images)
    )
