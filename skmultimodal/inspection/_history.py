"""Display of the training losses of the networks of a fitted model."""

from collections import Counter
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skmultimodal.inspection._style import INK, in_style, look, make_axes

__all__ = ["TrainingHistoryDisplay"]

LOSSES = {"train_loss": "training", "valid_loss": "validation"}
FINAL = "final estimator"


class TrainingHistoryDisplay:
    """Training loss by epoch of each network of a fitted model.

    Use `from_estimator` to make one. Validation losses are drawn where a network was
    trained with ``early_stopping``, with a mark at the epoch whose weights were kept.
    The members of a `CrossFittedEnsembleClassifier`, and the folds of a
    `CalibratedClassifierCV`, are thin lines of one colour.

    Parameters
    ----------
    losses : DataFrame
        A row per part of the model, member and epoch: columns ``part``, ``member``,
        ``epoch``, ``train_loss`` and ``valid_loss``, NaN without validation.

    Attributes
    ----------
    ax_ : matplotlib Axes, or ndarray of them
        One for each part of the model.
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from skmultimodal import FusionHeadClassifier
    >>> from skmultimodal.inspection import TrainingHistoryDisplay
    >>> X = np.random.default_rng(0).normal(size=(40, 6))
    >>> head = FusionHeadClassifier(max_epochs=20, random_state=0).fit(X, X[:, 0] > 0)
    >>> display = TrainingHistoryDisplay.from_estimator(head)
    >>> display.losses.groupby("part")["epoch"].max()
    part
    FusionHeadClassifier    20
    Name: epoch, dtype: int64
    >>> plt.close()
    """

    def __init__(self, *, losses: pd.DataFrame) -> None:
        self.losses = losses

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Find the networks of a fitted model, and draw their training losses.

        Parameters
        ----------
        estimator : estimator
            Fitted: an `ImageTowerClassifier`, `GeneAutoencoderTransformer` or
            `FusionHeadClassifier`, or a model made of them: a
            `CrossFittedEnsembleClassifier`, `TwinTowerClassifier` or
            `UnimodalClassifier`, a Pipeline, a FrozenEstimator, a search, a
            `CalibratedClassifierCV`.
        ax : matplotlib Axes or array-like of them, default=None
            As many as the model has parts with a history; None makes a figure.

        Returns
        -------
        display : TrainingHistoryDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If nothing in it has a training history.
        """
        check_is_fitted(estimator)
        nets = _find_nets(estimator)
        if not nets:
            raise ValueError(
                f"{_full_name(estimator)} has no training history: "
                f"{_why_none(estimator)}."
            )
        members: Counter[str] = Counter()
        tables = []
        for part, net in nets:
            tables.append(_read_losses(part, members[part], net))
            members[part] += 1
        return cls(losses=pd.concat(tables, ignore_index=True)).plot(ax)

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            One for each part; None makes a figure.

        Returns
        -------
        display : TrainingHistoryDisplay
            Itself.
        """
        parts = list(dict.fromkeys(self.losses["part"]))
        size = (6.4, 4.8) if len(parts) == 1 else (4.2 * len(parts), 4.2)
        self.ax_, self.figure_ = make_axes(ax, figsize=size, shape=(1, len(parts)))
        if len(parts) > 1:
            self.ax_ = self.ax_.ravel()
        for one, part in zip(np.ravel(self.ax_), parts, strict=True):
            self._plot_part(one, part)
        return self

    def _plot_part(self, ax: Any, part: Any) -> None:
        rows = self.losses[self.losses["part"] == part]
        members = list(rows.groupby("member"))
        many = len(members) > 1
        for number, (column, name) in enumerate(LOSSES.items()):
            style = look(number)
            for place, (_, member) in enumerate(members):
                if member[column].notna().any():
                    ax.plot(
                        member["epoch"],
                        member[column],
                        color=style["color"],
                        linestyle=style["linestyle"],
                        linewidth=1 if many else 2,
                        alpha=0.7 if many else 1,
                        marker=style["marker"] if len(member) == 1 else None,
                        label=None if place else name,
                    )
        self._mark_kept(ax, members)
        title = f"{part} ({len(members)} members)" if many else part
        validated = rows["valid_loss"].notna().any()
        loss = "Loss" if validated else "Training loss"
        ax.set(title=title, xlabel="Epoch", ylabel=f"{loss}, mean of rows")
        ax.xaxis.get_major_locator().set_params(integer=True)
        if validated:
            ax.legend()

    def _mark_kept(self, ax: Any, members: Any) -> None:
        best = [
            member.loc[member["valid_loss"].idxmin()]
            for _, member in members
            if member["valid_loss"].notna().any()
        ]
        if best:
            ax.plot(
                [row["epoch"] for row in best],
                [row["valid_loss"] for row in best],
                linestyle="",
                marker=look(1)["marker"],
                color=INK,
                label="weights kept",
            )


def _find_nets(estimator: Any, part: Any = "") -> list[Any]:
    """Estimators with a history and their parts of the model: list of (part, net)."""
    if isinstance(estimator, FrozenEstimator):
        return _find_nets(estimator.estimator, part)
    if hasattr(estimator, "history_"):
        return [(part or type(estimator).__name__, estimator)]
    return [
        net
        for name, inner in _parts_of(estimator)
        for net in _find_nets(inner, ", ".join(filter(None, (part, name))))
    ]


def _parts_of(estimator: Any) -> list[Any]:
    """Parts of a fitted model: list of (name, estimator); members have no name."""
    if hasattr(estimator, "towers_"):
        return [*estimator.towers_.items(), (FINAL, estimator.final_estimator_)]
    if isinstance(estimator, Pipeline):
        steps = [(name, step) for name, step in estimator.steps if _find_nets(step)]
        return steps if len(steps) > 1 else [("", step) for _, step in steps]
    if hasattr(estimator, "calibrated_classifiers_"):
        return [("", fold.estimator) for fold in estimator.calibrated_classifiers_]
    members = getattr(estimator, "estimators_", None)
    if isinstance(members, list):
        named = getattr(estimator, "estimators", [("", None)] * len(members))
        names = [name for name, given in named if given != "drop"]
        return list(zip(names, members, strict=False))
    for name in ("best_estimator_", "estimator_"):
        if hasattr(estimator, name):
            return [("", getattr(estimator, name))]
    return []


def _full_name(estimator: Any) -> str:
    """Name of an estimator and of those inside it."""
    name = type(estimator).__name__
    inner = getattr(estimator, "estimator", None)
    if isinstance(estimator, Pipeline):
        inner = estimator.steps[-1][1]
    return f"{name} of {_full_name(inner)}" if hasattr(inner, "fit") else name


def _why_none(estimator: Any) -> str:
    if getattr(estimator, "refit", True) is False:
        return "refit=False keeps no fitted model"
    return "no network of skmultimodal was fitted in it"


def _read_losses(part: Any, member: Any, net: Any) -> pd.DataFrame:
    epochs = net.history_.to_list()
    return pd.DataFrame(
        {
            "part": part,
            "member": member,
            "epoch": [epoch["epoch"] for epoch in epochs],
            **{name: [e.get(name, np.nan) for e in epochs] for name in LOSSES},
        }
    )
