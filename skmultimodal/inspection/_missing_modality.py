"""Expected effect of a modality that a patient lacks."""

from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from skmultimodal.cohort import Cohort
from skmultimodal.inspection._inputs import explained_cohort, patterns_of
from skmultimodal.inspection._predictions import predict_proba_with
from skmultimodal.inspection._style import INK, in_style, look, make_axes
from skmultimodal.utils._labels import class_name, find_positive
from skmultimodal.utils._patterns import modalities_of, pattern_name
from skmultimodal.utils._probability import log_odds

__all__ = ["MissingModalityDisplay", "value_of_missing_modality"]

RANGE = (0.1, 0.9)


def value_of_missing_modality(
    estimator: Any,
    X: Any,
    X_reference: Any,
    *,
    modality: str,
    positive: Any = None,
    n_neighbors: int = 20,
) -> pd.DataFrame:
    """Estimate how far predictions would move if a modality were acquired.

    Reference patients who have the modalities of a row, and the one that it lacks, are
    predicted with and without the latter. The estimate is the change of those whose
    prediction without it is nearest to the row's.

    Parameters
    ----------
    estimator : estimator
        Fitted classifier of cohorts that predicts rows with any of their modalities.
    X : Cohort, dict of aligned arrays, DataFrame or array
        Rows that lack `modality`, such as ``X[~X.has("image")]``.
    X_reference : Cohort or other input as `X`
        Reference patients. A row is compared with those who have all its modalities
        and `modality`.
    modality : str
        The modality to acquire.
    positive : class label, default=None
        Class of the probabilities. None as in `modality_contributions`.
    n_neighbors : int, default=20
        Reference patients that a row is compared with.

    Returns
    -------
    values : DataFrame with a row per patient of `X`
        - ``pattern``: the modalities that the row has.
        - ``prediction``: probability of the class, without the modality.
        - ``expected_movement``: mean absolute change of this probability.
        - ``mean_change``: mean change, with its sign.
        - ``change_low``, ``change_high``: the interval of 80 % of the changes.
        - ``class_changes``: share of the reference patients whose most probable class
          changes.
        - ``farthest``: distance to the last neighbour in log-odds, Euclidean over
          centred log-ratios with more than two classes. If it is large, no reference
          patient is like the row.
        - ``n_reference``: reference patients to choose from.

    Raises
    ------
    ValueError
        If a row has the modality already, fewer than `n_neighbors` reference patients
        have what is needed, or the model refuses rows without the modality.

    See Also
    --------
    modality_contributions : Contributions of the modalities that a row has.
    MissingModalityDisplay : Draws the values.

    Notes
    -----
    The model should not have been fitted on the reference patients: its predictions
    for those are more extreme, and change otherwise than for a new patient. They should
    also resemble the rows: patients who had both tests may differ from those who had
    one.

    A prediction that moves is not yet a better one. Whether the modality improves
    predictions is measured by scores of the paired patients with and without it.

    Examples
    --------
    >>> from skmultimodal import TwinTowerClassifier
    >>> from skmultimodal.datasets import make_glioma_cohort
    >>> from skmultimodal.inspection import value_of_missing_modality
    >>> X, y = make_glioma_cohort(
    ...     30, 40, 50, n_genes=50, image_size=16, random_state=0, return_X_y=True
    ... )
    >>> model = TwinTowerClassifier(random_state=0).fit(X[:95], y[:95])
    >>> values = value_of_missing_modality(
    ...     model, X[30:40], X[95:], modality="image", n_neighbors=15
    ... )
    >>> values.shape, int(values["n_reference"].iloc[0])
    ((10, 9), 25)
    """
    if not isinstance(n_neighbors, Integral) or n_neighbors < 1:
        raise ValueError(f"n_neighbors must be a positive integer, got {n_neighbors}.")
    cohort = explained_cohort(estimator, X)
    reference = explained_cohort(estimator, X_reference, "X_reference")
    column = find_positive(estimator.classes_, positive, of="the model")
    _check_modality(cohort, reference, modality)
    patterns = patterns_of(cohort, reference)
    parts = []
    for pattern in np.unique(patterns):
        rows = np.flatnonzero(patterns == pattern)
        pair = _predict_reference(estimator, reference, pattern, modality, n_neighbors)
        part = _expect(estimator, cohort[rows], pair, column, n_neighbors)
        parts.append(part.assign(pattern=pattern, row=rows))
    table = pd.concat(parts).sort_values("row").drop(columns="row")
    return table[["pattern", *table.columns.drop("pattern")]]


def _check_modality(cohort: Cohort, reference: Any, modality: str) -> None:
    if modality not in reference.modalities:
        raise ValueError(
            f"X_reference has no modality {modality!r}, only {reference.modalities}."
        )
    if modality not in cohort.modalities:
        return
    has = cohort.has(modality)
    if has.any():
        raise ValueError(
            f"row {cohort.index[has].tolist()[0]!r} of X has modality {modality!r} "
            f"already: pass the rows that lack it, X[~X.has({modality!r})]."
        )


def _predict_reference(
    estimator: Any, reference: Any, pattern: str, modality: str, n_neighbors: int
) -> tuple[Any, Any]:
    """Predictions for the reference patients without and with the modality."""
    without = modalities_of(pattern)
    absent = [name for name in without if name not in reference.modalities]
    needed = [*without, modality]
    rows = np.zeros(len(reference), dtype=bool)
    if not absent:
        rows = reference[:, needed].paired
    if rows.sum() < n_neighbors:
        raise ValueError(
            f"X_reference has {rows.sum()} patients with {pattern_name(needed)}, with "
            f"whom rows with {pattern} are compared, and n_neighbors={n_neighbors} "
            "needs as many: add reference patients, leave such rows out, or lower "
            "n_neighbors."
        )
    chosen = reference[rows]
    return (
        predict_proba_with(estimator, chosen, without),
        predict_proba_with(estimator, chosen, needed),
    )


def _expect(
    estimator: Any, cohort: Cohort, reference_pair: Any, column: Any, n_neighbors: int
) -> pd.DataFrame:
    """The table for rows of one pattern."""
    names = [name for name in cohort.modalities if cohort.has(name).any()]
    predicted = predict_proba_with(estimator, cohort, names)
    before, after = reference_pair
    nearest = NearestNeighbors(n_neighbors=n_neighbors).fit(log_odds(before))
    distances, places = nearest.kneighbors(log_odds(predicted))
    changes = (after - before)[places, column]
    low, high = np.quantile(changes, RANGE, axis=1)
    other_class = before.argmax(axis=1) != after.argmax(axis=1)
    columns = {
        "prediction": predicted[:, column],
        "expected_movement": np.abs(changes).mean(axis=1),
        "mean_change": changes.mean(axis=1),
        "change_low": low,
        "change_high": high,
        "class_changes": other_class[places].mean(axis=1),
        "farthest": distances[:, -1],
        "n_reference": len(before),
    }
    return pd.DataFrame(columns, index=cohort.index)


class MissingModalityDisplay:
    """Expected movement of predictions if a modality is acquired, by prediction.

    Use `from_estimator` to compute the values as well.

    Parameters
    ----------
    values : DataFrame
        Of `value_of_missing_modality`.
    modality : str
        The modality to acquire.
    positive : class label
        Class of the probabilities.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from skmultimodal.inspection import MissingModalityDisplay
    >>> values = pd.DataFrame(
    ...     {
    ...         "pattern": ["gene", "gene"],
    ...         "prediction": [0.5, 0.9],
    ...         "expected_movement": [0.2, 0.1],
    ...         "class_changes": [0.4, 0.0],
    ...     }
    ... )
    >>> display = MissingModalityDisplay(values, modality="image", positive=1).plot()
    >>> display.ax_.get_xlabel()
    'probability of class 1 without image'
    >>> plt.close()
    """

    def __init__(self, values: pd.DataFrame, *, modality: str, positive: Any) -> None:
        self.values = values
        self.modality = modality
        self.positive = positive

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        X_reference: Any,
        *,
        modality: str,
        positive: Any = None,
        n_neighbors: int = 20,
        ax: Any = None,
    ) -> Self:
        """Compute the values and draw them.

        Parameters
        ----------
        estimator : estimator
            As of `value_of_missing_modality`, like the next five.
        X : Cohort
        X_reference : Cohort
        modality : str
        positive : class label, default=None
        n_neighbors : int, default=20
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : MissingModalityDisplay
        """
        values = value_of_missing_modality(
            estimator,
            X,
            X_reference,
            modality=modality,
            positive=positive,
            n_neighbors=n_neighbors,
        )
        classes = np.asarray(estimator.classes_).tolist()
        positive = classes[find_positive(classes, positive, of="the model")]
        return cls(values, modality=modality, positive=positive).plot(ax)

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw a point per patient.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : MissingModalityDisplay
            Itself.
        """
        self.ax_, self.figure_ = make_axes(ax, figsize=(6.8, 4.8))
        patterns = self.values.groupby("pattern", sort=False)
        most = max(0.5, self.values["class_changes"].max())
        for number, (pattern, part) in enumerate(patterns):
            points = self.ax_.scatter(
                part["prediction"],
                part["expected_movement"],
                c=part["class_changes"],
                vmin=0,
                vmax=most,
                cmap="cividis_r",
                marker=look(number)["marker"],
                edgecolor=INK,
                linewidth=0.5,
                s=48,
                label=pattern,
                clip_on=False,
            )
        movement = (
            f"expected |change| of the probability\nif {self.modality} is acquired"
        )
        self.ax_.set(
            xlabel=f"probability of class {class_name(self.positive)} "
            f"without {self.modality}",
            ylabel=movement,
            xlim=(-0.03, 1.03),
        )
        most = np.nanmax(self.values["expected_movement"], initial=0.01)
        self.ax_.set_ylim(0, 1.1 * most)
        if len(patterns) > 1:
            self.ax_.legend(title="the patient has")
        bar = self.figure_.colorbar(points, ax=self.ax_)
        bar.set_label("share of similar patients whose\npredicted class changes")
        return self
