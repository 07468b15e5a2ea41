"""The default twin tower, and what it is compared with."""

from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skmultimodal import (
    CrossFittedEnsembleClassifier,
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
    UnimodalClassifier,
)
from skmultimodal.baselines import LateFusionClassifier, MetadataClassifier
from skmultimodal.baselines._genes import expression_scaler
from skmultimodal.baselines._simple import early_fusion

OURS = "twin tower"
MEAN = "mean log-odds"
# Named before anything was measured.
COMPARATORS = [
    "image tower",
    "gene tower",
    MEAN,
    "stacked log-odds",
    "early fusion (PCA + logistic)",
    "genes (PCA + logistic)",
]


def make_towers(names, seed):
    """A tower of the default kind for each modality; any but "image" holds vectors."""
    return [
        (
            name,
            ImageTowerClassifier(random_state=seed)
            if name == "image"
            else GeneAutoencoderTransformer(random_state=seed),
        )
        for name in names
    ]


def average(towers, seed, **params):
    """Each tower averaged over the same folds that the twin tower fits it on."""
    return [
        (name, CrossFittedEnsembleClassifier(tower, random_state=seed, **params))
        for name, tower in towers
    ]


def single_towers(towers, memory):
    return [
        (name, UnimodalClassifier(name, tower, tower_rows="unpaired", memory=memory))
        for name, tower in towers
    ]


def late_models(names, seed, memory):
    """Default, averaged towers, and their late fusions: dict of str to estimator."""
    towers = make_towers(names, seed)
    averaged = average(towers, seed, calibrate=False)
    shared = {"memory": memory, "random_state": seed}
    return {
        OURS: TwinTowerClassifier(towers, **shared),
        **{f"{n} tower": model for n, model in single_towers(averaged, memory)},
        MEAN: LateFusionClassifier(single_towers(averaged, memory), pool="log_odds"),
        "stacked log-odds": TwinTowerClassifier(
            averaged, LogisticRegression(), tower_output="log_odds", **shared
        ),
    }


def other_fusions(names, seed, memory):
    """Rows beside the comparison: dict of str to estimator."""
    towers = make_towers(names, seed)
    shared = {"memory": memory, "random_state": seed}
    calibrated = single_towers(average(towers, seed), memory)
    return {
        "pool without residual": TwinTowerClassifier(
            towers, tower_output="log_odds", **shared
        ),
        "concat (paper's head)": TwinTowerClassifier(
            towers, FusionHeadClassifier(), **shared
        ),
        "mixture of experts": TwinTowerClassifier(
            towers, FusionHeadClassifier("moe", (64, 16)), **shared
        ),
        **{f"{n} tower, calibrated": model for n, model in calibrated},
        **{f"{n} tower, fitted once": m for n, m in single_towers(towers, memory)},
        "mean log-odds, fitted once": LateFusionClassifier(
            single_towers(towers, memory), pool="log_odds"
        ),
        "stacked log-odds, fitted once": TwinTowerClassifier(
            towers,
            LogisticRegression(),
            tower_output="log_odds",
            tower_cv=None,
            **shared,
        ),
    }


def patient_models(seed, memory, site):
    """All rows of the tables on patients; those of the comparison first."""
    names = ["image", "gene"]
    genes = make_pipeline(
        expression_scaler(), PCA(20, random_state=seed), LogisticRegression(C=0.1)
    )
    grouped = TwinTowerClassifier(
        make_towers(names, seed), memory=memory, random_state=seed
    ).set_fit_request(groups=True)
    return {
        **late_models(names, seed, memory),
        "early fusion (PCA + logistic)": early_fusion(random_state=seed),
        "genes (PCA + logistic)": UnimodalClassifier("gene", genes),
        **other_fusions(names, seed, memory),
        "twin tower, hospitals as groups": grouped,
        "clinical covariates": MetadataClassifier(["age", "sex"]),
        "site only": MetadataClassifier([site], categories=[site]),
        "majority class": UnimodalClassifier("gene", DummyClassifier()),
    }
