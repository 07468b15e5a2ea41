"""scikit-learn's whole check suite on every public estimator.

No check is expected to fail, and no tag is set to skip one.
"""

import os
from importlib.util import find_spec

import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_classifiers_train,
    check_transformer_general,
    estimator_checks_generator,
    parametrize_with_checks,
)

from skmultimodal import (
    BagTowerClassifier,
    CoxRidgeSurvival,
    CrossFittedEnsembleClassifier,
    CrossFittedEnsembleRegressor,
    CrossFittedEnsembleSurvival,
    FusionHeadClassifier,
    GaussianPoolRegressor,
    GeneAutoencoderRegressor,
    GeneAutoencoderSurvival,
    GeneAutoencoderTransformer,
    HazardPoolSurvival,
    ImageTowerClassifier,
    ImageTowerRegressor,
    ImageTowerSurvival,
    LogOpinionPoolClassifier,
    TwinTowerClassifier,
    TwinTowerRegressor,
    TwinTowerSurvival,
    UnimodalClassifier,
    UnimodalRegressor,
    UnimodalSurvival,
)
from skmultimodal.baselines import LateFusionClassifier
from skmultimodal.preprocessing import (
    IntensityStatisticsTransformer,
    MirpTransformer,
    SiteHarmonizer,
    TumorTextureTransformer,
)

# A bare 2-D array is the gene modality, so the image tower is left out; some checks
# train on noise, which teaches nothing.
pytestmark = [
    pytest.mark.filterwarnings(
        "ignore::skmultimodal.exceptions.MissingModalityWarning"
    ),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*early stopping is switched off"),
    # The checks number classes from 0, which is no time.
    pytest.mark.filterwarnings("ignore:y has the time 0"),
    pytest.mark.filterwarnings("ignore::skmultimodal.exceptions.NoSignalWarning"),
]

MIN_CHECKS = 40

DEFAULTS = [
    # Of fewer and larger steps, for time; as they are, they learn in a test below.
    BagTowerClassifier(n_steps=40, lr=1e-2),
    ImageTowerClassifier(n_steps=40, lr=1e-2),
    GeneAutoencoderTransformer(n_steps=40),
    FusionHeadClassifier(n_steps=40, lr=1e-2),
    LogOpinionPoolClassifier(),
    CrossFittedEnsembleClassifier(LogisticRegression()),
    TwinTowerClassifier(tower_cv=2),  # of two members only, for time
    UnimodalClassifier("gene", LogisticRegression()),
    IntensityStatisticsTransformer(),
    TumorTextureTransformer(),
    SiteHarmonizer(),
    CoxRidgeSurvival(),
    GaussianPoolRegressor(),
    HazardPoolSurvival(),
    CrossFittedEnsembleRegressor(Ridge()),
    CrossFittedEnsembleSurvival(CoxRidgeSurvival()),
    ImageTowerRegressor(),
    ImageTowerSurvival(),
    GeneAutoencoderRegressor(),
    GeneAutoencoderSurvival(),
    TwinTowerRegressor(tower_cv=2),
    TwinTowerSurvival(tower_cv=2),
    UnimodalRegressor("gene", Ridge()),
    UnimodalSurvival("gene", CoxRidgeSurvival()),
]

VARIANTS = [
    ImageTowerClassifier(
        filters=(8, 8),
        dense_units=(12,),
        global_pool="max",
        lr=3e-2,
        max_epochs=4,
        early_stopping=True,
    ),
    ImageTowerClassifier(
        filters=(8,),
        optimizer="sgd",
        lr=0.1,
        max_epochs=4,
        class_weight="balanced",
        augment="flip",
    ),
    GeneAutoencoderTransformer(
        label_weight=0, signed_log=False, decoder_units=(), max_epochs=20
    ),
    CrossFittedEnsembleClassifier(GeneAutoencoderTransformer(max_epochs=4), cv=2),
    CrossFittedEnsembleClassifier(
        make_pipeline(StandardScaler(), PCA()), cv=3, calibrate=False
    ),
    LogOpinionPoolClassifier(weight_penalty=0, feature_penalty=0.1),
    FusionHeadClassifier(
        "moe",
        hidden_units=(64, 16),
        dropout=0.1,
        optimizer="adam",
        lr=1e-2,
        n_steps=40,
        class_weight="balanced",
    ),
    TwinTowerClassifier(
        [("gene", GeneAutoencoderTransformer(max_epochs=4))],
        FusionHeadClassifier(n_steps=40, lr=1e-2),
        tower_output="features",
    ),
    TwinTowerClassifier(
        [("gene", GeneAutoencoderTransformer(max_epochs=4))],
        tower_output="log_odds",
        tower_cv=2,
    ),
    TwinTowerClassifier(
        [("gene", make_pipeline(StandardScaler(), PCA()))],
        KNeighborsClassifier(),
        missing="impute",
    ),
    TwinTowerClassifier(
        [("gene", RandomForestClassifier(10, random_state=0))],
        LogisticRegression(),
        tower_output="log_odds",
        tower_rows="all",
        missing="error",
    ),
    UnimodalClassifier(
        "gene", RandomForestClassifier(10, random_state=0), tower_rows="unpaired"
    ),
    LateFusionClassifier(
        [
            ("logistic", UnimodalClassifier("gene", LogisticRegression())),
            (
                "forest",
                UnimodalClassifier("gene", RandomForestClassifier(10, random_state=0)),
            ),
        ],
        pool="log_odds",
    ),
]
if find_spec("mirp"):
    # Of one family, for time: in the others, only what mirp is asked for differs.
    # `make fuzz` takes the minutes that all take.
    families = None if "FUZZ_EXAMPLES" in os.environ else ["statistical"]
    VARIANTS.append(MirpTransformer(families=families, spacing=(5.0, 1.0, 0.5)))


@pytest.mark.parametrize(
    "network",
    [
        BagTowerClassifier(),
        ImageTowerClassifier(),
        GeneAutoencoderTransformer(),
        FusionHeadClassifier(),
    ],
)
def test_a_network_learns_by_its_defaults(network):
    name = type(network).__name__
    if hasattr(network, "predict"):
        check_classifiers_train(name, network)
    else:
        check_transformer_general(name, network)


@parametrize_with_checks(DEFAULTS + VARIANTS)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", DEFAULTS + VARIANTS)
def test_the_suite_has_enough_checks(estimator):
    assert len(list(estimator_checks_generator(estimator))) >= MIN_CHECKS
