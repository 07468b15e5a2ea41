"""Columns of what a final estimator reads: of which modality, and of what kind."""

from typing import Any

import numpy as np

__all__ = ["check_log_odds", "check_spans", "feature_columns"]


def check_spans(modalities: Any, n_features: int) -> Any:
    """Columns of each modality as a dict; raise unless each column is in one."""
    if modalities is None:
        return None
    covered = np.zeros(n_features, dtype=int)
    for span in modalities.values():
        covered[span] += 1
    if not np.all(covered == 1):
        column = int(np.flatnonzero(covered != 1)[0])
        raise ValueError(
            f"modalities must name each column of X once; column {column} is named "
            f"{covered[column]} times."
        )
    return dict(modalities)


def check_log_odds(
    log_odds: Any, modalities: Any, n_columns: int, n_outputs: int
) -> dict[str, Any]:
    """Columns of the log-odds of each modality that has any.

    Parameters
    ----------
    log_odds, modalities : dict of str to slice
    n_columns, n_outputs : int
        Of the pool: one a class, or one.

    Returns
    -------
    columns : dict of str to ndarray of int
    """
    wanted = 1 if n_outputs == 2 else n_outputs
    every = np.arange(n_columns)
    columns = {}
    for name, span in log_odds.items():
        if name not in modalities:
            raise ValueError(
                f"log_odds names {name!r}, which is none of the modalities "
                f"{list(modalities)}."
            )
        columns[name] = every[span]
        if not np.isin(columns[name], every[modalities[name]]).all():
            raise ValueError(
                f"log_odds of {name!r} are the columns {columns[name].tolist()}, "
                "which are not all columns of that modality."
            )
        if len(columns[name]) != wanted:
            raise ValueError(
                f"log_odds of {name!r} have {len(columns[name])} columns; "
                + (
                    "a number or a log-hazard is one."
                    if n_outputs == 1
                    else f"{n_outputs} classes need {wanted}."
                )
            )
    return columns


def feature_columns(modalities: Any, log_odds: Any, n_columns: int) -> dict[str, Any]:
    """Columns of each modality that are no log-odds: dict of str to ndarray of int."""
    every = np.arange(n_columns)
    odds = np.concatenate([*log_odds.values(), every[:0]])
    return {name: np.setdiff1d(every[s], odds) for name, s in modalities.items()}
