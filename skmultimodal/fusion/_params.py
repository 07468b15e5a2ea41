"""The parameter `towers` of a meta-estimator, and what its parts inherit of it."""

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skmultimodal.exceptions import MissingModalityWarning
from skmultimodal.towers import (
    BagTowerClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
)
from skmultimodal.utils._bags import are_bags
from skmultimodal.utils._warnings import warn

__all__ = [
    "check_towers",
    "default_towers",
    "inherit",
    "list_towers",
    "table_columns",
    "towers_with_data",
]


def default_towers():
    """What None stands for."""
    return [("image", ImageTowerClassifier()), ("gene", GeneAutoencoderTransformer())]


def list_towers(towers, cohort=None):
    """Resolve the parameter: list of (name, estimator, modality).

    None has a tower for each modality of bags in the `cohort` as well.
    """
    if towers is None and cohort is not None:
        bags = {
            name: BagTowerClassifier()
            for name in cohort.modalities
            if are_bags(cohort.block_shape(name)[1:])
        }
        others = [tower for tower in default_towers() if tower[0] not in bags]
        towers = others + list(bags.items())
    return [
        (name, estimator, *(columns if _names_modality(columns) else [name]))
        for name, estimator, *columns in (
            default_towers() if towers is None else towers
        )
    ]


def table_columns(towers):
    """Columns of a table for each modality, None if no tower names any."""
    columns = {
        name: columns[0]
        for name, _, *columns in towers or ()
        if columns and not _names_modality(columns)
    }
    return columns or None


def _names_modality(columns):
    return len(columns) == 1 and isinstance(columns[0], str)


def check_towers(towers, taken):
    """Refuse what is no list of towers, or has a name that is `taken`."""
    names = []
    for tower in towers or ():
        if not isinstance(tower, tuple | list) or len(tower) not in (2, 3):
            raise ValueError(
                "towers is a list of (name, estimator) or (name, estimator, "
                f"columns), got the item {tower!r}."
            )
        name, estimator = tower[:2]
        if not isinstance(name, str) or "__" in name or "+" in name or name in taken:
            raise ValueError(
                "a tower's name is a string without '__' and '+' that is no "
                f"parameter of the model and not 'head', got {name!r}."
            )
        outputs = hasattr(estimator, "transform") or hasattr(estimator, "predict_proba")
        if not (hasattr(estimator, "fit") and outputs):
            raise TypeError(
                f"tower {name!r} must have fit and transform or predict_proba; "
                f"{type(estimator).__name__} has neither of the two."
            )
        names.append(name)
    if len(set(names)) < len(names):
        raise ValueError(f"tower names must differ, got {names}.")


def towers_with_data(resolved, seeds, cohort):
    """Towers whose modality the cohort has: list of (name, estimator, modality, seed).

    Parameters
    ----------
    resolved : list of (name, estimator, modality)
    seeds : list of int or None
        One per tower.
    cohort : Cohort

    Warns
    -----
    MissingModalityWarning
        If a tower has no modality, or a modality no tower.
    """
    present = [m for m in cohort.modalities if cohort.has(m).any()]
    towers = []
    for (name, estimator, modality), seed in zip(resolved, seeds, strict=True):
        if modality in present:
            towers.append((name, estimator, modality, seed))
        else:
            warn(
                f"tower {name!r} is left out: no row has modality {modality!r} "
                f"(the data have {present}).",
                MissingModalityWarning,
            )
    if not towers:
        raise ValueError(
            f"no tower has a modality of the data, which have {present}; the "
            f"towers are {[name for name, *_ in resolved]}. Name one for each, such as "
            f"towers=[({present[0]!r}, GeneAutoencoderTransformer())] for rows of "
            "features, or ImageTowerClassifier() for images."
        )
    unused = [m for m in present if m not in {m for *_, m, _ in towers}]
    if unused:
        warn(
            f"modality {unused[0]!r} has no tower and is not used.",
            MissingModalityWarning,
        )
    return towers


def inherit(estimator, *, seed, device, verbose=0):
    """A clone whose unset `random_state` and `device` are the parent's.

    Parameters
    ----------
    estimator : estimator
    seed : int or None
    device : str, torch.device or None
    verbose : int
        The parent's; from 2 on, the clone is verbose as well.

    Returns
    -------
    clone : estimator
        The estimator itself if it is frozen.
    """
    if isinstance(estimator, FrozenEstimator):
        return estimator
    copy = clone(estimator)
    wanted = {"random_state": seed, "device": device}
    unset = {
        name: wanted[name.split("__")[-1]]
        for name, value in copy.get_params(deep=True).items()
        if value is None and wanted.get(name.split("__")[-1]) is not None
    }
    if verbose > 1 and "verbose" in copy.get_params(deep=False):
        unset["verbose"] = verbose - 1
    return copy.set_params(**unset)
