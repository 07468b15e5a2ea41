"""The models of a first comparison: what they are, and that they can be fitted."""

import numpy as np
import pandas as pd
import pytest
from fusion_tools import make_pictures
from sklearn.dummy import DummyClassifier

from skmultimodal import (
    BagTowerClassifier,
    Cohort,
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
    UnimodalClassifier,
)
from skmultimodal.baselines import (
    LateFusionClassifier,
    MetadataClassifier,
    comparison_models,
)
from skmultimodal.baselines._comparison import why_not_the_paper
from skmultimodal.fusion._params import default_towers

NAMES = [
    "majority class",
    "image only",
    "gene only",
    "mean of towers",
    "concat (paper)",
    "twin tower",
]


def parameters(model, name):
    """Values of a parameter wherever a model has it."""
    found = model.get_params()
    return [value for key, value in found.items() if key.split("__")[-1] == name]


def test_what_the_models_are():
    models = comparison_models()
    assert list(models) == NAMES
    majority, image, gene, mean, concat, twin = models.values()
    assert isinstance(majority.estimator, DummyClassifier)
    assert isinstance(image, UnimodalClassifier)
    assert isinstance(image.estimator, ImageTowerClassifier)
    assert isinstance(gene.estimator, GeneAutoencoderTransformer)
    # As the twin tower's, a tower alone is fitted on every row that has its modality.
    assert (image.modality, image.tower_rows) == ("image", "all")
    assert (gene.modality, gene.tower_rows) == ("gene", "all")
    assert isinstance(mean, LateFusionClassifier)
    assert isinstance(concat, TwinTowerClassifier)
    assert isinstance(concat.final_estimator, FusionHeadClassifier)
    # Beside what it is given explicitly, the default.
    default = TwinTowerClassifier().get_params(deep=False)
    given = twin.get_params(deep=False)
    assert {k: v for k, v in given.items() if k != "towers"} == {
        k: v for k, v in default.items() if k != "towers"
    }


def test_models_are_for_the_modalities_there_are():
    """Each tower is the default of its rows; the paper's head is for its modalities."""
    rng = np.random.default_rng(0)
    X = Cohort({"image": rng.normal(size=(9, 1, 7, 8)), "slides": np.ones((9, 5))})
    models = comparison_models(X, random_state=0)
    assert list(models) == [
        "majority class",
        "image only",
        "slides only",
        "mean of towers",
        "twin tower",
    ]
    assert isinstance(models["image only"].estimator, ImageTowerClassifier)
    slides = models["slides only"].estimator
    default = dict(default_towers(X))["slides"].set_params(
        logisticregression__random_state=0
    )
    assert repr(slides) == repr(default)
    assert [name for name, _ in models["twin tower"].towers] == ["image", "slides"]
    assert models["majority class"].modality == "slides"
    assert "it is for image and gene" in why_not_the_paper(X, np.arange(9) % 2)


def test_bags_and_words_have_models():
    rng = np.random.default_rng(0)
    bags = [rng.normal(size=(n, 4)) for n in (3, 5, 2, 6, 7, 4)]
    words = pd.DataFrame({"grade": ["low", "high"] * 3, "age": range(50, 56)})
    X = Cohort({"slides": (words.index, bags), "clinical": words})
    models = comparison_models(X)
    assert isinstance(models["slides only"].estimator, BagTowerClassifier)
    assert "columns" in models["clinical only"].estimator.named_steps


def test_baseline_columns_are_a_model_of_their_own():
    models = comparison_models(baseline=["age", "site"])
    assert list(models) == [NAMES[0], "baseline columns", *NAMES[1:]]
    clinical = models["baseline columns"]
    assert isinstance(clinical, MetadataClassifier)
    assert clinical.columns == ["age", "site"]


def test_parameters_reach_every_part(tmp_path):
    models = comparison_models(memory=tmp_path, device="cpu", random_state=7)
    for name in NAMES[1:]:
        assert set(parameters(models[name], "memory")) == {tmp_path}
        towers = [p for p in parameters(models[name], "device") if p is not None]
        assert set(towers) == {"cpu"}
        assert 7 in parameters(models[name], "random_state")


def test_models_share_no_part_that_a_fit_could_change():
    first, second = comparison_models(), comparison_models()
    for name in NAMES:
        assert first[name] is not second[name]
        assert not hasattr(first[name], "classes_")


@pytest.mark.filterwarnings("ignore:.*training did nothing")
@pytest.mark.filterwarnings("ignore:.*cannot be calibrated")
def test_each_model_predicts_every_pair():
    X, y = make_pictures({"image": 12, "gene": 14, "image+gene": 10})
    pairs = X[X.paired]
    found = {}
    for name, model in comparison_models(random_state=0).items():
        for part in model.get_params():
            if part.split("__")[-1] == "max_epochs":
                model.set_params(**{part: 1})
        found[name] = model.fit(X, y).predict_proba(pairs)
        assert found[name].shape == (10, 2)
        np.testing.assert_allclose(found[name].sum(axis=1), 1)
    assert np.ptp(found["majority class"]) == 0
    mean = (found["image only"] + found["gene only"]) / 2
    np.testing.assert_allclose(found["mean of towers"], mean, rtol=1e-6)
