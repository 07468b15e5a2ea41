"""The default twin tower, and what it is compared with."""

from sklearn.linear_model import LogisticRegression

from skmultimodal import (
    CrossFittedEnsembleClassifier,
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
    UnimodalClassifier,
)
from skmultimodal.baselines import LateFusionClassifier

OURS = "twin tower"
MEAN = "mean log-odds"


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
