"""What is about to be fitted: the plan of each tower, and its announcement."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

from sklearn.frozen import FrozenEstimator

from skmultimodal.fusion._inputs import TowerInput
from skmultimodal.fusion._outputs import Output
from skmultimodal.towers._cross_fitting import BaseCrossFittedEnsemble
from skmultimodal.utils._progress import announce, count_networks

__all__ = ["TowerPlan", "announce_fit", "has_features", "is_ensemble"]


def has_features(estimator: Any) -> bool:
    return hasattr(estimator, "transform")


def is_ensemble(estimator: Any) -> bool:
    return isinstance(estimator, BaseCrossFittedEnsemble)


@dataclass(frozen=True)
class TowerPlan:
    """What a tower is fitted on, and what is wanted of it.

    Parameters
    ----------
    name : str
    estimator : estimator
        Unfitted, unless frozen; with ``transform`` or ``predict_proba``.
    inputs : TowerInput
    rows : ndarray of bool, shape (n_rows,)
        Rows it is fitted on.
    sees_fused : bool
        Whether rows whose modalities are fused are among them.
    wanted : Output
        What the final estimator reads. A tower without features gives log-odds.
    cv : int, splitter or None
        Folds of the ensemble that the estimator becomes where its log-odds are read.
        None leaves it as it is.
    seed : int or None
        Shuffles these folds.
    """

    name: str
    estimator: Any
    inputs: TowerInput
    rows: Any
    sees_fused: bool
    wanted: Output = Output.FEATURES
    cv: Any = None
    seed: Any = None

    @property
    def frozen(self) -> bool:
        return isinstance(self.estimator, FrozenEstimator)

    @property
    def gives_odds(self) -> bool:
        """Whether the final estimator reads log-odds of it."""
        return Output.LOG_ODDS in self.wanted or not has_features(self.estimator)

    @property
    def becomes_ensemble(self) -> bool:
        """Whether ``fit_tower`` cross-fits the estimator, as far as its rows allow."""
        unseen = Output.LOG_ODDS in self.wanted or (
            self.sees_fused and not has_features(self.estimator)
        )
        ready = self.frozen or is_ensemble(self.estimator)
        return unseen and self.cv is not None and not ready

    def count_networks(self) -> int:
        """Number of networks that are trained, if none is found in a cache."""
        n_networks = count_networks(self.estimator)
        if not self.becomes_ensemble:
            return n_networks
        cv = self.cv
        return n_networks * int(cv if isinstance(cv, Integral) else cv.get_n_splits())


def announce_fit(
    model: str, plans: Any, final_estimator: Any, data: Any, verbose: int
) -> None:
    """Show what is about to be fitted.

    Parameters
    ----------
    model : str
        Name of the model's class.
    plans : list of TowerPlan
    final_estimator : estimator
    data : TrainingData
        The training rows.
    verbose : int
    """
    counts = [plan.count_networks() for plan in plans]
    n_networks = sum(counts) + count_networks(final_estimator)
    parts = [
        f"{n} for tower {plan.name!r} on {plan.rows.sum()} rows"
        for n, plan in zip(counts, plans, strict=True)
    ]
    announce(
        f"[{model}] {n_networks} networks: {', '.join(parts)}; then the final "
        f"estimator on {data.fused.sum()} rows with "
        f"{'several modalities' if data.partial else 'every modality'}",
        verbose,
    )
