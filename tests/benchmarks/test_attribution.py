"""The benchmark of attributions measures shares, and its weights come back."""

import numpy as np
import pytest
from few_steps import few_steps

from benchmarks.accuracy.attribution import (
    region_shares,
    simulated,
    with_permuted_weights,
)
from skmultimodal import CrossFittedEnsembleClassifier, ImageTowerClassifier


def test_shares_of_a_region():
    heatmap = np.array([[[3.0, -1.0], [1.0, -1.0]]])
    mask = np.array([[[True, True], [False, False]]])
    shares = region_shares(heatmap, {"rim": mask})
    assert shares["rim for"] == pytest.approx(3 / 4)
    assert shares["rim all"] == pytest.approx(4 / 6)
    assert shares["rim area"] == pytest.approx(1 / 2)


def test_weights_come_back():
    rng = np.random.default_rng(0)
    images, y = rng.normal(size=(30, 2, 17, 16)), np.arange(30) % 2
    tower = CrossFittedEnsembleClassifier(
        ImageTowerClassifier(max_epochs=1), calibrate=False, random_state=0
    ).fit(images, y)
    before = tower.predict_proba(images)
    during = with_permuted_weights(tower, lambda: tower.predict_proba(images))
    assert not np.allclose(during, before)
    np.testing.assert_array_equal(tower.predict_proba(images), before)


@pytest.mark.filterwarnings("ignore:.*training did nothing")
def test_a_simulated_cohort():
    with few_steps():
        maps, genes = simulated(
            0, n_image_only=20, n_gene_only=30, n_paired=12, n_genes=80, image_size=24
        )
    assert [row["model"] for row in maps] == ["tower", "fused"]
    assert all(0 < row["rim for"] <= row["tumour for"] <= 1 for row in maps)
    assert genes["planted"] == 5
