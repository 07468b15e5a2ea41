"""The image tower on volumes: convolutions of three axes."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from tower_tools import gene_tower, image_tower, make_genes

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.nn import ConvTower, flip
from skmultimodal.preprocessing._intensity import shrink

# A few epochs of a small net are enough here, and may be too few to learn.
pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")

Y = np.arange(30) % 2


def make_volumes(y, seed=0):
    """Volumes whose first planes are bright in class 1."""
    volumes = np.random.default_rng(seed).normal(size=(len(y), 2, 5, 9, 7))
    volumes[:, 0, :2] += 3 * y[:, None, None, None]
    return volumes.astype(np.float32)


X = make_volumes(Y)


class VolumeEncoder(nn.Module):
    """Feature maps of the caller's own."""

    def __init__(self, in_channels):
        super().__init__()
        self.layer = nn.Conv3d(in_channels, 3, kernel_size=2)

    def forward(self, x):
        return self.layer(x).relu()


@pytest.mark.parametrize("encoder", [None, VolumeEncoder])
def test_volumes_are_learnt(encoder):
    tower = image_tower(encoder=encoder, max_epochs=15).fit(X, Y)
    assert tower.image_shape_ == (2, 5, 9, 7)
    if encoder is None:
        assert tower.weights_["encoder.convolutions.0.weight"].shape[2:] == (3, 3, 3)
    new = make_volumes(Y, seed=1)
    assert roc_auc_score(Y, tower.predict_proba(new)[:, 1]) > 0.9
    np.testing.assert_allclose(
        tower.transform(new[:1]), tower.transform(new)[:1], atol=1e-5
    )


def test_lazy_volumes(tmp_path):
    np.save(tmp_path / "volumes.npy", X)
    lazy = np.load(tmp_path / "volumes.npy", mmap_mode="r")
    options = {"augment": "flip", "max_size": 5, "global_pool": "mean"}
    expected = image_tower(**options).fit(X, Y).predict_proba(X)
    found = image_tower(**options).fit(lazy, Y).predict_proba(lazy)
    np.testing.assert_array_equal(found, expected)


def test_volume_of_another_depth():
    tower = image_tower(max_epochs=1).fit(X, Y)
    with pytest.raises(ValueError, match=r"\(2, 4, 9, 7\) \(channels, depth, height"):
        tower.predict(X[:, :, :4])
    with pytest.raises(ValueError, match=r"\(2, 9, 7\) \(channels, height"):
        tower.predict(X[:, :, 0])


def test_volumes_in_a_twin_tower():
    genes = make_genes(Y)
    genes[:8] = np.nan
    cohort = Cohort({"image": X, "gene": genes})
    towers = [("image", image_tower()), ("gene", gene_tower())]
    model = TwinTowerClassifier(towers, tower_cv=2, random_state=0).fit(cohort, Y)
    assert np.isfinite(model.predict_proba(cohort)).all()
    shallow = Cohort({"image": X[:, :, :3], "gene": genes})
    with pytest.raises(ValueError, match=r"'image' has rows of shape \(2, 3, 9, 7\)"):
        model.predict(shallow)


def test_blocks_of_voxels_are_averaged():
    found = shrink(X, 2)
    assert found.shape == (30, 2, 3, 5, 4)
    np.testing.assert_allclose(
        found[:, :, 1, 2, 0], X[:, :, 2:4, 4:6, :2].mean(axis=(2, 3, 4)), atol=1e-6
    )
    # The last plane has no neighbour: its blocks are half padding.
    np.testing.assert_allclose(
        found[:, :, 2, 0, 1], X[:, :, 4, :2, 2:4].mean(axis=(2, 3)) / 2, atol=1e-6
    )


@pytest.mark.parametrize(("pool", "n_pooled"), [("mean", 4), ("max", 4), ("mask", 8)])
def test_poolings(pool, n_pooled):
    torch.manual_seed(0)
    net = ConvTower((2, 5, 9, 7), 3, (6, 4), (), pool, mask_channel=1)
    x = torch.rand(3, 2, 5, 9, 7)
    maps = net.encoder(x)
    assert maps.shape == (3, 4, 1, 2, 1)
    pooled = net.features(x)
    assert pooled.shape == (3, n_pooled)
    expected = maps.amax(dim=(2, 3, 4)) if pool == "max" else maps.mean(dim=(2, 3, 4))
    torch.testing.assert_close(pooled[:, :4], expected)


def test_flips_are_from_left_to_right():
    x = torch.rand(20, 2, 3, 4, 5)
    turned = flip(x, torch.Generator().manual_seed(0))
    same = [torch.equal(a, b) for a, b in zip(x, turned, strict=True)]
    assert 0 < sum(same) < 20
    row = same.index(False)
    torch.testing.assert_close(turned[row], x[row].flip(-1))
