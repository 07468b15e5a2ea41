"""The value of a modality that a row lacks, from reference patients who have it."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from fusion_tools import THREE, make_case, odds_tower, plain_towers

from skmultimodal import TwinTowerClassifier
from skmultimodal.inspection._missing_modality import (
    MissingModalityDisplay,
    value_of_missing_modality,
)


def log_ratios(p):
    logs = np.log(p)
    return logs - logs.mean(axis=1, keepdims=True)


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.fixture(scope="module")
def case():
    """A model of three classes, and rows and reference patients who trained nothing."""
    X, y = make_case(THREE, n_classes=3, signal=0.7)
    towers = [(name, odds_tower()) for name in X.modalities]
    model = TwinTowerClassifier(towers, random_state=0).fit(X, y)
    new, _ = make_case(THREE, n_classes=3, signal=0.7, seed=5)
    return model, new


def test_values_are_those_of_the_nearest_reference_patients(case):
    model, new = case
    rows = new[~new.has("stain")]
    values = value_of_missing_modality(
        model, rows, new, modality="stain", n_neighbors=4, positive=1
    )
    assert values.index.tolist() == rows.index.tolist()
    assert values["pattern"].tolist() == rows.patterns.tolist()
    p = model.predict_proba(rows)
    np.testing.assert_allclose(values["prediction"], p[:, 1], atol=1e-6)
    for row in (0, 12, 21):
        has = rows.patterns[row].split("+")
        reference = new[new[:, [*has, "stain"]].paired]
        before = model.predict_proba(reference[:, has])
        after = model.predict_proba(reference[:, [*has, "stain"]])
        gaps = np.linalg.norm(log_ratios(before) - log_ratios(p)[row], axis=1)
        nearest = np.argsort(gaps)[:4]
        change = (after - before)[nearest, 1]
        found = values.iloc[row]
        assert found["n_reference"] == len(reference)
        assert found["farthest"] == pytest.approx(np.sort(gaps)[3])
        assert found["expected_movement"] == pytest.approx(np.abs(change).mean())
        assert found["mean_change"] == pytest.approx(change.mean())
        assert found["change_low"] == pytest.approx(np.quantile(change, 0.1))
        assert found["change_high"] == pytest.approx(np.quantile(change, 0.9))
        other = before[nearest].argmax(axis=1) != after[nearest].argmax(axis=1)
        assert found["class_changes"] == pytest.approx(other.mean())
    assert values["class_changes"].nunique() > 1


def test_modality_that_is_not_there_at_all_may_be_acquired(case):
    model, new = case
    rows = new[~new.has("stain")]
    options = {"modality": "stain", "n_neighbors": 5}
    wanted = value_of_missing_modality(model, rows, new, **options)
    fewer = rows.without("stain")[:, ["gene", "image"]]
    found = value_of_missing_modality(model, fewer, new, **options)
    np.testing.assert_allclose(
        found["expected_movement"], wanted["expected_movement"], atol=1e-6
    )


def test_refusals(case):
    model, new = case
    rows = new[~new.has("stain")]
    with pytest.raises(ValueError, match="row 'p19' of X has modality 'stain' already"):
        value_of_missing_modality(model, new, new, modality="stain")
    with pytest.raises(ValueError, match="has no modality 'mri', only"):
        value_of_missing_modality(model, rows, new, modality="mri")
    told = r"has 5 patients with image\+gene\+stain, .* n_neighbors=6 needs as many"
    with pytest.raises(ValueError, match=told):
        value_of_missing_modality(
            model, rows[-3:], new[-5:], modality="stain", n_neighbors=6
        )
    with pytest.raises(ValueError, match=r"0 patients with image\+stain"):
        value_of_missing_modality(
            model, rows[:3], new[new.has("gene")].without("image"), modality="stain"
        )
    with pytest.raises(ValueError, match="n_neighbors must be a positive integer"):
        value_of_missing_modality(model, rows, new, modality="stain", n_neighbors=0)
    with pytest.raises(ValueError, match="positive=7 is no class"):
        value_of_missing_modality(model, rows, new, modality="stain", positive=7)


def test_model_that_refuses_rows_without_the_modality():
    X, y = make_case()
    model = TwinTowerClassifier(plain_towers(), missing="error").fit(X, y)
    with pytest.raises(ValueError, match=r"does not predict rows that have only gene "):
        value_of_missing_modality(
            model, X[X.patterns == "gene"], X, modality="image", n_neighbors=3
        )


def test_display(case):
    model, new = case
    rows = new[~new.has("stain")]
    figure, ax = plt.subplots()
    display = MissingModalityDisplay.from_estimator(
        model, rows, new, modality="stain", n_neighbors=4, ax=ax
    )
    assert display.ax_ is ax
    for dots, pattern in zip(ax.collections, legend_texts(ax), strict=True):
        part = display.values[display.values["pattern"] == pattern]
        wanted = part[["prediction", "expected_movement"]]
        np.testing.assert_allclose(dots.get_offsets(), wanted)
        np.testing.assert_allclose(dots.get_array(), part["class_changes"])
    assert ax.get_xlabel() == "probability of class 2 without stain"
    assert legend_texts(ax) == ["image", "gene", "image+gene"]
    plt.close(figure)
