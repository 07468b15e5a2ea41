"""Columns of the clinical table that the command line names."""

from typing import Any

import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._labels import missing_labels

__all__ = ["outcome_columns", "read_column", "read_groups", "read_outcome"]


def outcome_columns(options: Any) -> list[str]:
    """Columns of the outcome: time and event, or a number.

    Raises
    ------
    ValueError
        If options of different outcomes are given, or one column of two.
    """
    others = {"--label": options.label, "--positive": options.positive}
    others |= {"--paired": options.paired, "--thresholds": options.thresholds}
    others |= {"--censored": options.censored, "--patient-key": options.patient_key}
    given = [name for name, value in others.items() if value is not None]
    given += ["--n-seeds"] * (options.n_seeds > 1) + ["--n-draws"] * bool(
        options.n_draws
    )
    if options.target and (options.time or options.event):
        given.append("--time and --event")
    elif options.target and options.causes:
        given.append("--causes")
    if given:
        raise ValueError(
            f"{given[0]} is for another outcome than "
            f"{'--target' if options.target else '--time'}: leave one of them out."
        )
    if options.target:
        return [options.target]
    if not (options.time and options.event):
        lone = (
            "--causes needs --time and --event"
            if options.causes
            else ("--time and --event need each other")
        )
        raise ValueError(f"{lone}: give both columns.")
    return [options.time, options.event]


def read_outcome(X: Any, columns: list[str]) -> Any:
    """The outcome by patient: a column, or a table with ``event`` and ``time``."""
    if len(columns) == 1:
        return read_column(X, "target", columns[0])
    time, event = columns
    return pd.DataFrame(
        {
            "event": read_column(X, "event", event),
            "time": read_column(X, "time", time),
        }
    )


def read_column(X: Any, option: str, name: str) -> pd.Series:
    """A column of the metadata of a cohort.

    Raises
    ------
    ValueError
        If there is none; the message names the `option` and those that there are.
    """
    if X.metadata is None or name not in X.metadata:
        known = [] if X.metadata is None else X.metadata.columns
        raise ValueError(
            f"--{option} {name} is no column of the clinical table; it has: "
            f"{', '.join(map(str, known)) or 'none'}."
        )
    return X.metadata[name]


def read_groups(X: Any, labelled: NDArray, name: str | None) -> NDArray | None:
    """Patients who are tested together; an unlabelled one without a value is alone.

    Parameters
    ----------
    X : Cohort
    labelled : ndarray of bool, shape (n_rows,)
        Whether a patient has a label.
    name : str or None
        Column of the metadata; None: there are no groups.

    Raises
    ------
    ValueError
        If there is no such column, or labelled patients have no value.
    """
    if name is None:
        return None
    groups = read_column(X, "groups", name).astype(object).to_numpy(copy=True)
    blank = missing_labels(groups)
    lacking = X.index[blank & labelled]
    if len(lacking):
        raise ValueError(
            f"--groups {name}: {len(lacking)} labelled patients have no value, such as "
            f"{lacking[0]!r}: fill the cells, or clear the labels."
        )
    groups[blank] = [f"only {patient}" for patient in X.index[blank]]
    return groups
