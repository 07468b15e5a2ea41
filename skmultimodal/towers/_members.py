"""Members of an ensemble: seeds, threads, and heads for those without classes."""

from typing import Any

import numpy as np
from numpy.random import RandomState

from skmultimodal.towers._prepared import PreparedRows
from skmultimodal.utils._device import resolve_device
from skmultimodal.utils._rows import as_dense, is_lazy
from skmultimodal.utils._seed import derive_seed, draw_seed
from skmultimodal.utils._weights import fit_weighted

__all__ = [
    "draw_member_seeds",
    "fit_feature_head",
    "trains_in_threads",
]


def draw_member_seeds(
    estimator: Any, random_state: int | np.random.RandomState | None, n_members: int
) -> list[Any]:
    """Parameters that seed each member: list of dict.

    Every random state inside `estimator` becomes a different seed in each member,
    derived from that state, or from `random_state` where it is unset.
    """
    states = {
        name: draw_seed(state) if isinstance(state, RandomState) else state
        for name, state in estimator.get_params(deep=True).items()
        if name.split("__")[-1] == "random_state"
    }
    members = [
        {
            name: derive_seed(random_state if state is None else state, number)
            for name, state in states.items()
        }
        for number in range(n_members)
    ]
    return [{n: s for n, s in member.items() if s is not None} for member in members]


def trains_in_threads(estimator: Any, X: Any) -> bool:
    """Whether clones may be trained side by side: networks on rows in memory."""
    in_memory = isinstance(X, PreparedRows) or not is_lazy(X)
    own = getattr(estimator, "own_modules", False)
    return in_memory and own and resolve_device(estimator.device).type == "cpu"


def fit_feature_head(
    member: Any, X: Any, y: Any, outcome: Any, weights: Any = None
) -> Any:
    """What predicts from the features of a fitted member; None if it predicts itself.

    Raises
    ------
    TypeError
        If the member has neither predictions nor features.
    """
    if hasattr(member, outcome.method):
        return None
    if not hasattr(member, "transform"):
        raise TypeError(
            f"the estimator of an ensemble must have {outcome.method} or transform; "
            f"{type(member).__name__} has neither."
        )
    return fit_weighted(
        outcome.feature_head(), as_dense(member.transform(X)), y, weights
    )
