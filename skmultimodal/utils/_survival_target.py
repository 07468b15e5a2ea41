"""Time to event as a target: one form for the three that users have.

Inside the library a target is a structured array with the fields ``event`` (bool) and
``time`` (float), NaN where a row is unlabelled, and, only where they are given,
``entry`` (float: the row is at risk from then on) and ``stratum`` (int or text).
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._labels import missing_labels
from skmultimodal.utils._warnings import warn

__all__ = [
    "make_survival_target",
    "read_strata",
    "read_survival",
    "refuse_no_event",
    "strata_of",
]

FORMS = (
    "a structured array or a DataFrame with a boolean `event` and a `time` (or "
    "`duration`), as of make_survival_target, or one column of times that are negative "
    "where the patient was censored"
)
OF_LABELS = "For class labels use a classifier, such as TwinTowerClassifier."
TIMES = ("time", "duration")


def make_survival_target(
    event: Any, time: Any, *, entry: Any = None, strata: Any = None
) -> NDArray[Any]:
    """Put events and times into the target of a survival estimator.

    Parameters
    ----------
    event : array-like of bool, shape (n_rows,)
        Whether the event came (True), or the patient was last seen without it: was
        censored. 0 and 1 are read as False and True; a missing one makes the row
        unlabelled. Of competing risks name one, such as ``cause == "relapse"``:
        patients with another are censored then, and the hazard is that of the cause in
        those who are still at risk of it, from which no share of patients with the
        event follows.
    time : array-like of float, shape (n_rows,)
        Until the event or the last visit, above 0, in any unit. NaN marks an unlabelled
        row.
    entry : array-like of float, shape (n_rows,), default=None
        When the patient came under observation (left truncation), before `time`; None
        is 0 for all.
    strata : array-like of shape (n_rows,), default=None
        Hospital, disease or another group with a baseline hazard of its own.

    Returns
    -------
    y : structured ndarray of shape (n_rows,)
        Fields ``event`` (bool) and ``time`` (float64), as scikit-survival has them, and
        ``entry`` (float64) and ``stratum`` (int64 or text) where they are given. It has
        no ids of patients, and is in the order of the rows: to join by patient, pass a
        DataFrame with the columns ``event`` and ``time`` instead.

    Raises
    ------
    ValueError
        If an event is neither true nor false, a time is not a positive number, or two
        columns are indexed by patients in different orders.

    Examples
    --------
    >>> from skmultimodal import make_survival_target
    >>> y = make_survival_target(event=[True, False, True], time=[12.0, 30.5, 7.0])
    >>> y["time"][y["event"]]
    array([12.,  7.])
    """
    _refuse_other_order(event=event, time=time, entry=entry, strata=strata)
    times = _read_times(time, "time")
    events = _read_events(event, times)
    fields: list[tuple[str, Any]] = [("event", bool), ("time", np.float64)]
    columns = [events, times]
    if entry is not None:
        fields.append(("entry", np.float64))
        columns.append(_read_entry(entry, times))
    if strata is not None:
        columns.append(_read_strata(strata, times))
        fields.append(("stratum", columns[-1].dtype))
    target = np.empty(len(times), dtype=fields)
    for (name, _), column in zip(fields, columns, strict=True):
        target[name] = column
    return target


def read_survival(y: Any) -> NDArray[Any]:
    """Read a target in any of its forms: structured ndarray of shape (n_rows,).

    Parameters
    ----------
    y : structured array, DataFrame or array-like of shape (n_rows,)
        Of numbers: the time of the event where positive, minus that of the last visit
        where negative. 0 is a patient who was not followed up, and NaN an unlabelled
        one.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if y is None:
        raise ValueError(
            "this survival estimator requires y to be passed, but the target y is None."
        )
    names = getattr(getattr(y, "dtype", None), "names", None)
    if names is None and isinstance(y, pd.DataFrame):
        names = y.columns.tolist()
    if names is not None and len(names) > 1:
        return _read_fields(y, list(names))
    return _read_signed(y)


def refuse_no_event(estimator: Any, target: NDArray[Any]) -> None:
    """Raise a ValueError unless the event came to a row, and rows are compared."""
    known = target[~np.isnan(target["time"])]
    name = type(estimator).__name__
    if not len(known):
        raise ValueError("Input y contains NaN only: no row has a time.")
    if not known["event"].any():
        raise ValueError(
            f"{name} needs events, and all {len(known)} rows are censored: follow "
            "patients up for longer, or predict something else."
        )
    last = known["time"][known["event"]].min()
    if len(known) > 1 and not (known["time"] > last).any() and known["event"].all():
        raise ValueError(
            f"{name} compares times, and all {len(known)} are {last:g}: give times "
            "that differ."
        )


def strata_of(target: NDArray[Any]) -> NDArray[Any]:
    """Stratum of each row, 0 where there are none."""
    if "stratum" in (target.dtype.names or ()):
        return target["stratum"]
    return np.zeros(len(target), dtype=np.int64)


def _read_fields(y: Any, names: list[Any]) -> NDArray[Any]:
    columns = {name: y[name] for name in names}
    event, time = _find_fields(columns)
    options: dict[str, Any] = {
        "entry": columns.get("entry"),
        "strata": columns.get("stratum"),
    }
    unused = [n for n in names if n not in (event, time, "entry", "stratum")]
    if unused:
        raise ValueError(
            f"y has the columns {names}, of which {unused[0]!r} is no part of a time "
            f"to an event: pass {FORMS}."
        )
    return make_survival_target(columns[event], columns[time], **options)


def _find_fields(columns: dict[Any, Any]) -> tuple[Any, Any]:
    """Names of the event and of the time, by name or as the only boolean of two."""
    named = next((name for name in TIMES if name in columns), None)
    if "event" in columns and named is not None:
        return "event", named
    boolean = [n for n, column in columns.items() if np.asarray(column).dtype == bool]
    if len(columns) == 2 and len(boolean) == 1:
        return boolean[0], next(name for name in columns if name != boolean[0])
    raise ValueError(
        f"y has the columns {list(columns)}, and which are the event and the time is "
        f"not clear: pass {FORMS}."
    )


def _read_signed(y: Any) -> NDArray[Any]:
    values = np.asarray(y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(f"y has shape {values.shape}: pass {FORMS}.")
    if values.dtype == bool:
        raise ValueError(f"y holds events without their times: pass {FORMS}.")
    remedy = f"pass {FORMS}. {OF_LABELS}"
    values = _read_numbers(values, "y", remedy.removesuffix("."))
    if np.isinf(values).any():
        row = np.flatnonzero(np.isinf(values))[0]
        raise ValueError(f"Input y contains infinity: the time of row {row}.")
    zero = values == 0
    if zero.any():
        warn(
            f"y has the time 0 in {zero.sum()} of {len(values)} rows, such as row "
            f"{np.flatnonzero(zero)[0]}: they are read as not followed up, which "
            "teaches nothing. If an event came on the first day, give it a small time. "
            + OF_LABELS
        )
    target = np.empty(len(values), dtype=[("event", bool), ("time", np.float64)])
    # A row that is censored before any event is never at risk.
    times = np.where(zero, np.finfo(np.float64).tiny, np.abs(values))
    target["event"], target["time"] = values > 0, times
    return target


def _read_numbers(values: Any, name: str, remedy: str) -> NDArray[np.float64]:
    values = np.asarray(values)
    if values.dtype.kind in "mM":
        raise ValueError(
            f"{name} holds dates or durations: make them numbers, such as days with "
            "(last - first).dt.days."
        )
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} is complex.")
    missing = missing_labels(values)
    numbers = np.full(len(values), np.nan)
    try:
        if values.dtype.kind not in "OUS":
            return values.astype(np.float64)
        for row in np.flatnonzero(~missing):
            if isinstance(values[row], str | bytes):
                raise ValueError
            numbers[row] = float(values[row])
    except (TypeError, ValueError):
        bad = values[~missing][0] if values.dtype.kind == "O" else values[0]
        text = next((v for v in values.tolist() if isinstance(v, str | bytes)), bad)
        raise ValueError(
            f"{name} holds {text!r}, which is no number: {remedy}."
        ) from None
    return numbers


def _read_times(time: Any, name: str) -> NDArray[np.float64]:
    index = getattr(time, "index", None)
    times = _read_numbers(time, name, "convert it with pandas.to_numeric")
    if times.ndim != 1:
        raise ValueError(f"{name} has shape {times.shape}, not one number per row.")
    bad = np.flatnonzero(np.isinf(times) | (times <= 0))
    if len(bad):
        number = int(bad[0])
        row = index[number] if isinstance(index, pd.Index) else number
        raise ValueError(
            f"{name} is {times[number]:g} in row {row!r} ({len(bad)} such rows): times "
            "are above 0 and finite. Leave out patients who were not followed up, or "
            "count from an earlier day."
        )
    return times


def _read_events(event: Any, times: NDArray[np.float64]) -> NDArray[np.bool_]:
    values = np.asarray(event)
    if values.shape != times.shape:
        raise ValueError(
            f"event has shape {values.shape} and time {times.shape}: give one of each "
            "per row."
        )
    missing = missing_labels(values)
    known = ~missing & ~np.isnan(times)
    found = [v for v in values[known].tolist() if v not in (False, True)]
    if found:
        raise ValueError(
            f"event holds {found[0]!r}, and an event is True or False: compare the "
            "column with the value that stands for it, such as status == "
            f"{found[0]!r}. Of competing risks, name one."
        )
    times[missing] = np.nan
    events = np.zeros(len(values), dtype=bool)
    events[known] = values[known].astype(bool)
    return events


def _read_entry(entry: Any, times: NDArray[np.float64]) -> NDArray[np.float64]:
    values = _read_numbers(entry, "entry", "convert it with pandas.to_numeric")
    if values.shape != times.shape:
        raise ValueError(f"entry has {len(values)} values for {len(times)} rows.")
    bad = np.flatnonzero(~np.isnan(times) & ~(values < times))
    if len(bad):
        raise ValueError(
            f"entry is {values[bad[0]]:g} in row {bad[0]}, not before its time "
            f"{times[bad[0]]:g} ({len(bad)} such rows): leave them out, as they were "
            "never at risk."
        )
    return values


def _refuse_other_order(**columns: Any) -> None:
    """Raise a ValueError if columns name their patients in different orders."""
    indexed = {
        name: column.index
        for name, column in columns.items()
        if isinstance(column, pd.Series)
    }
    names = list(indexed)
    for name in names[1:]:
        if not indexed[names[0]].equals(indexed[name]):
            raise ValueError(
                f"{names[0]} and {name} are indexed by other patients, or in another "
                "order: take both from one table, or give values without an index."
            )


def read_strata(strata: Any) -> NDArray[Any]:
    """Strata as whole numbers where they are, else as text."""
    values = np.asarray(strata)
    if values.dtype.kind in "iub":
        return values.astype(np.int64)
    return np.array([str(value) for value in values.tolist()])


def _read_strata(strata: Any, times: NDArray[np.float64]) -> NDArray[Any]:
    values = np.asarray(strata)
    if values.shape != times.shape:
        raise ValueError(f"strata has {len(values)} values for {len(times)} rows.")
    missing = missing_labels(values) & ~np.isnan(times)
    if missing.any():
        raise ValueError(
            f"strata is missing in row {np.flatnonzero(missing)[0]}: give these rows a "
            "stratum of their own, or leave them out."
        )
    return read_strata(values)
