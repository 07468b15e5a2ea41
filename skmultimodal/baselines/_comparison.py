"""The models of a first comparison."""

from typing import Any

from sklearn.dummy import DummyClassifier

from skmultimodal.baselines._late import LateFusionClassifier
from skmultimodal.baselines._metadata import (
    MetadataClassifier,
    MetadataRegressor,
    MetadataSurvival,
)
from skmultimodal.fusion import (
    FusionHeadClassifier,
    TwinTowerClassifier,
    TwinTowerRegressor,
    TwinTowerSurvival,
    UnimodalClassifier,
    UnimodalRegressor,
    UnimodalSurvival,
)
from skmultimodal.fusion._params import default_towers, inherit
from skmultimodal.towers import (
    CrossFittedEnsembleRegressor,
    CrossFittedEnsembleSurvival,
)
from skmultimodal.towers._outcomes import Numbers, TimeToEvent
from skmultimodal.utils._labels import missing_labels

__all__ = ["comparison_models", "outcome_models", "why_not_the_paper"]

# With fewer rows of the scarcer modality alone, a tower learns too little of them.
MIN_UNPAIRED = 20
PAPER = ("image", "gene")
OUTCOMES = {
    "number": (
        *(Numbers, MetadataRegressor, UnimodalRegressor, TwinTowerRegressor),
        CrossFittedEnsembleRegressor,
    ),
    "survival": (
        *(TimeToEvent, MetadataSurvival, UnimodalSurvival, TwinTowerSurvival),
        CrossFittedEnsembleSurvival,
    ),
}


def comparison_models(
    X: Any = None,
    *,
    baseline: list[str] | None = None,
    memory: Any = None,
    device: Any = None,
    random_state: int | None = None,
) -> dict[str, Any]:
    """Models to compare on a new cohort.

    Parameters
    ----------
    X : Cohort, default=None
        The patients: each modality gets the tower that `TwinTowerClassifier` has for
        its rows by default. None is ``"image"`` and ``"gene"``.
    baseline : list of str, default=None
        Columns of the metadata that are known before the label, such as age and stage:
        a model of them alone is compared too.
    memory : str, path, joblib.Memory or None, default=None
        Where fitted towers are kept for the folds to come.
    device : str, torch.device or None, default=None
        Where the networks compute.
    random_state : int or None, default=None
        Seeds the networks.

    Returns
    -------
    models : dict of str to estimator
        Unfitted: ``"majority class"``; ``"baseline columns"``, a `MetadataClassifier`,
        if there are any; ``"image only"``, ``"gene only"`` and the like, each
        tower on all rows that have its modality; ``"mean of towers"``, the mean of
        their probabilities; ``"concat (paper)"``, the paper's head on the same towers,
        of images and genes only; and ``"twin tower"``, the default of
        `TwinTowerClassifier`.

    See Also
    --------
    reference_baselines : What else a model should beat: the hospital, the age.
    skmultimodal.report.evaluate_cohort : Compares these models.

    Examples
    --------
    >>> from skmultimodal.baselines import comparison_models
    >>> list(comparison_models(random_state=0))[-2:]
    ['concat (paper)', 'twin tower']
    """
    shared = {"device": device, "random_state": random_state}
    # Seeded here, so that the models share the towers that are kept.
    towers = [
        (name, inherit(tower, seed=random_state, device=device))
        for name, tower in default_towers(X)
    ]
    single = {
        name: UnimodalClassifier(name, tower, memory=memory) for name, tower in towers
    }

    def twin_tower(final_estimator: Any) -> TwinTowerClassifier:
        return TwinTowerClassifier(towers, final_estimator, memory=memory, **shared)

    clinical = {}
    if baseline:
        clinical["baseline columns"] = MetadataClassifier(list(baseline))
    paper = {}
    if set(single) == set(PAPER):
        paper["concat (paper)"] = twin_tower(FusionHeadClassifier())
    return {
        "majority class": UnimodalClassifier(towers[-1][0], DummyClassifier()),
        **clinical,
        **{f"{name} only": model for name, model in single.items()},
        "mean of towers": LateFusionClassifier(list(single.items())),
        **paper,
        "twin tower": twin_tower(None),
    }


def outcome_models(
    X: Any,
    outcome: str,
    *,
    baseline: list[str] | None = None,
    memory: Any = None,
    device: Any = None,
    random_state: int | None = None,
) -> dict[str, Any]:
    """Models of a number, or of a time to an event, to compare on a cohort.

    Parameters
    ----------
    X : Cohort
        The patients: each modality gets the tower that the twin tower has for its rows
        by default.
    outcome : {"number", "survival"}
    baseline : list of str, default=None
        Columns of the metadata that are known beforehand, such as age and stage: a
        model of them alone is compared too.
    memory : str, path, joblib.Memory or None, default=None
        Where fitted towers are kept for the folds to come.
    device : str, torch.device or None, default=None
        Where the networks compute.
    random_state : int or None, default=None
        Seeds the networks.

    Returns
    -------
    models : dict of str to estimator
        Unfitted: ``"baseline columns"``, if there are any; ``"image only"``, ``"gene
        only"`` and the like, each tower on all rows that have its modality; and ``"twin
        tower"``.

    See Also
    --------
    comparison_models : The same for class labels.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.baselines import outcome_models
    >>> X = Cohort({"gene": np.ones((5, 30)), "lab": np.ones((5, 3))})
    >>> list(outcome_models(X, "survival"))
    ['gene only', 'lab only', 'twin tower']
    """
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome must be one of {list(OUTCOMES)}, got {outcome!r}.")
    kind, metadata, single, twin, ensemble = OUTCOMES[outcome]
    towers = [
        (name, inherit(tower, seed=random_state, device=device))
        for name, tower in default_towers(X, kind)
    ]
    options: dict[str, Any] = {"cv": 5, "random_state": random_state}
    models = {} if not baseline else {"baseline columns": metadata(list(baseline))}
    for name, tower in towers:
        # Cross-fitted and calibrated, as inside the twin tower.
        models[f"{name} only"] = single(name, ensemble(tower, **options), memory=memory)
    shared = {"memory": memory, "device": device, "random_state": random_state}
    return models | {"twin tower": twin(towers, **shared)}


def why_not_the_paper(X: Any, y: Any) -> str | None:
    """Why ``"concat (paper)"`` cannot be compared: str, or None if it can.

    Its towers learn from rows with one modality, which a cohort of pairs lacks.
    """
    if set(X.modalities) != set(PAPER):
        return (
            "concat (paper) is left out: it is for image and gene, and the patients "
            f"have {', '.join(X.modalities)}."
        )
    alone = X.available.to_numpy().sum(axis=1) == 1
    known = alone & ~missing_labels(y)
    counts = {name: int((X.has(name) & known).sum()) for name in X.modalities}
    name = min(counts, key=counts.__getitem__)
    if counts[name] >= MIN_UNPAIRED:
        return None
    return (
        "concat (paper) is left out: its towers learn from patients with one modality, "
        f"and {counts[name]} labelled patients have only {name!r}, fewer than "
        f"{MIN_UNPAIRED}. unpair (--paired) hides a modality of some pairs."
    )
