"""Counts of the patients of a flow table and of a cohort."""

import re
from typing import Any

import numpy as np
import pandas as pd

from skmultimodal.inspection._cohort import ALL_ROWS

__all__ = [
    "COLUMNS",
    "OTHERS",
    "PAIRED",
    "PATIENTS",
    "check_flow",
    "count_cohort",
    "count_flow",
]

COLUMNS = ["stage", "part", "detail", "n"]
REQUIRED_COLUMNS = ["patient", "item", "status", "reason"]
# Items of the flow table that are no modality.
OTHERS = ("clinical", "label", "file", "ids")
PATIENTS, PAIRED = "patients", "paired"
# An absolute path, or a relative one with an extension.
FILE = r"(?<!\w)(?:[A-Za-z]:)?[/\\]\S+|[^\s/]+/\S*\.\w+\S*"
DETAILS = r" \([^()]*\)"
ABOVE, NOTHING = "no modality kept, see above", "no modality found"


def check_flow(flow: Any) -> pd.DataFrame:
    missing = [c for c in REQUIRED_COLUMNS if c not in flow]
    if missing:
        raise ValueError(
            f"the flow table has no column {missing[0]!r}: give the `flow` that "
            "load_cohort or load_tcga_glioma returns."
        )
    flow = flow.reset_index(drop=True)
    return flow.assign(**{c: flow[c].fillna("").astype(str) for c in REQUIRED_COLUMNS})


def count_flow(flow: Any, names: Any, has: Any) -> list[Any]:
    """Rows of the counts up to the cohort."""
    flow = flow.assign(detail=[_shorten(*row) for row in flow[REQUIRED_COLUMNS].values])
    patients = pd.Index(flow.loc[flow["patient"] != "", "patient"].unique())
    counts = [("found", PATIENTS, "", len(patients))]
    counted = pd.Series(False, index=flow.index)
    read = pd.Index([])
    for name in names:
        of_item = flow["item"] == name
        here = flow[of_item & (flow["patient"] != "")]
        entries = here[here["status"].isin(["kept", "dropped"])]
        counted |= flow.index.isin(entries.index)
        kept = entries[entries["status"] == "kept"].drop_duplicates("patient")
        dropped = entries[entries["status"] == "dropped"]
        of_kept = dropped["patient"].isin(kept["patient"])
        lost = dropped[~of_kept].drop_duplicates("patient")
        read = read.union(kept["patient"])
        counts.append(("found", name, "", len(kept) + len(lost)))
        counts += _by_detail("dropped", name, lost)
        counts += _by_detail("besides", name, dropped[of_kept])
        counts.append(("kept", name, "", len(kept)))
        counts += _by_detail("remark", name, kept[kept["reason"] != ""])
        ids = has.index[has[name]] if name in has else has.index[:0]
        hidden = has.index.intersection(pd.Index(kept["patient"])).difference(ids)
        if len(hidden):
            counts.append(("hidden", name, "", len(hidden)))
    counts += _count_left_out(flow, patients, read, has.index)
    rest = flow[~counted & (flow["item"] != "clinical")]
    for (item, status), part in rest.groupby(["item", "status"], sort=False):
        counts += _by_detail("noted", f"{item.capitalize()}: {status}", part)
    added = has.index.unique().difference(patients)
    if len(added):
        counts.append(("noted", "Added since", "", len(added)))
    return counts


def _count_left_out(flow: Any, patients: Any, read: Any, stay: Any) -> list[Any]:
    gone = patients.difference(stay)
    clinical = flow[(flow["item"] == "clinical") & (flow["status"] == "dropped")]
    clinical = clinical.drop_duplicates("patient")
    why = clinical.set_index("patient")["detail"].reindex(gone).to_numpy(object)
    tried = gone.isin(flow.loc[~flow["item"].isin(OTHERS), "patient"])
    why = np.where(tried, ABOVE, why)
    why = np.where(gone.isin(read), "kept, but not in this cohort", why)
    table = pd.DataFrame({"detail": why}).fillna(NOTHING)
    return _by_detail("left out", PATIENTS, table)


def count_cohort(has: Any, by_class: Any) -> list[Any]:
    """Rows of the counts from the cohort on."""
    one_each = has.groupby(level=0, sort=False).any()
    counts = [("cohort", PATIENTS, "", len(one_each))]
    if len(has) > len(one_each):
        counts.append(("cohort", ALL_ROWS, "", len(has)))
    counts += [("cohort", name, "", int(n)) for name, n in one_each.sum().items()]
    present = [name for name in has if has[name].any()]
    masks = has[present].to_numpy()
    paired = masks.all(axis=1) & masks.any(axis=1)
    parts = {
        name: mask if len(present) == 1 else mask & ~paired
        for name, mask in zip(present, masks.T, strict=True)
    }
    if len(present) > 1:
        # Pairs are drawn between the first modality and the others.
        first, *others = present
        parts = {
            first: parts[first],
            PAIRED: paired,
            **{name: parts[name] for name in others},
        }
    empty = ~masks.any(axis=1)
    if empty.any():
        counts.append(("noted", "Without any modality", "", int(empty.sum())))
    for part, rows in parts.items():
        for label, column in by_class.items():
            counts.append(("trains", part, label, int(column.to_numpy()[rows].sum())))
    return counts


def _by_detail(stage: Any, part: Any, entries: Any) -> list[Any]:
    """A row for each detail, the most frequent first."""
    sizes = entries["detail"].value_counts(sort=False)
    sizes = sizes.sort_values(ascending=False, kind="stable")
    return [(stage, part, detail, int(n)) for detail, n in sizes.items()]


def _shorten(patient: Any, item: Any, status: Any, reason: str) -> str:
    """A reason without names of files and patients, so that equal ones are counted."""
    if len(patient) > 3:
        name = rf"(?<!\w){re.escape(patient)}[\w.-]*"
        reason = re.sub(rf"^{name}:\s*", "", reason)
        reason = re.sub(name, "...", reason)
    if item == "image" and status != "dropped":  # in brackets is what differs
        reason = re.sub(DETAILS, "", reason)
    reason = re.sub(FILE, "...", reason)
    reason = re.sub(r"^\.\.\.:?\s*", "", reason)
    return reason or ("" if status == "kept" else "no reason given")
