"""Towers, unfitted, with what they inherit from the meta-estimator."""

import warnings

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skmultimodal.exceptions import MissingModalityWarning
from skmultimodal.fusion._tower import Tower

__all__ = ["build_towers", "inherit"]


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


def build_towers(resolved, cohort, seeds, *, kind, cv, device, verbose):
    """Unfitted towers whose modality the data have.

    Parameters
    ----------
    resolved : list of (name, estimator, modality)
    cohort : Cohort
    seeds : list of int or None
        One for each of `resolved`.
    kind : {"features", "log_odds", "both"}
        What the final estimator reads.
    cv : int, splitter or None
        See `Tower`.
    device : str, torch.device or None
    verbose : int

    Returns
    -------
    towers : list of Tower

    Warns
    -----
    MissingModalityWarning
        If a tower has no modality, or a modality no tower.
    """
    towers = []
    present = [m for m in cohort.modalities if cohort.has(m).any()]
    for (name, estimator, modality), seed in zip(resolved, seeds, strict=True):
        if modality in present:
            copy = inherit(estimator, seed=seed, device=device, verbose=verbose)
            towers.append(Tower(name, modality, copy, kind=kind, cv=cv, seed=seed))
        else:
            warnings.warn(
                f"tower {name!r} is left out: no row has modality {modality!r} (the "
                f"data have {present}).",
                MissingModalityWarning,
                stacklevel=5,
            )
    if not towers:
        raise ValueError(
            f"no tower has a modality of the data, which have {present}; the towers "
            f"are {[name for name, *_ in resolved]}."
        )
    unused = [m for m in present if m not in {tower.modality for tower in towers}]
    if unused:
        warnings.warn(
            f"modality {unused[0]!r} has no tower and is not used.",
            MissingModalityWarning,
            stacklevel=5,
        )
    return towers
