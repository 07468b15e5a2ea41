"""What would break it: limits that hold for all, and those that the data show."""

import numpy as np
import pandas as pd

from skmultimodal.model_selection import patient_bootstrap_interval
from skmultimodal.report._card import LIMITS
from skmultimodal.report._parts import Items, Section, Table, Text, not_given
from skmultimodal.report._study import SITES
from skmultimodal.report._words import (
    count,
    interval,
    joined,
    number,
    said_metric,
)

__all__ = ["limits_section", "subgroups_section"]

FEW_ROWS = 20
SUBGROUPS = ["sex", "gender", "age", "race", "ethnicity", "project", "cohort", *SITES]
N_RESAMPLES = 500


def limits_section(study):
    """Limits generated from the data, then those of the model card, then the given."""
    own = [
        *_sample(study),
        *_patterns(study),
        *_sites(study),
        *_choice(study),
    ]
    return Section(
        "limits",
        "What would break it?",
        f"{own[0]} {own[1]}",
        [
            Text("Further, from these data:"),
            Items(own[2:]),
            Text("General limits, and those given:"),
            Items([*LIMITS, *study.limits]),
        ],
        (26, 27),
        short=f"The main limits: {own[0][0].lower()}{own[0][1:]} {own[1]}",
    )


def _sample(study):
    n = len(study.tested)
    tested = study.codes[study.tested.index]
    sizes = {c: int((tested == c).sum()) for c in range(len(study.classes))}
    least = min(sizes, key=sizes.get)
    width = study.own["high"] - study.own["low"]
    told = f"{study.count(n)} tested"
    told += f", {sizes[least]} of class {study.say(least)}"
    if width == 0:
        told += (
            ": every fold had the same score, so that its interval has no width, which "
            "is no certainty"
        )
    elif np.isfinite(width):
        told += (
            f": the interval of the {said_metric(study.metric)} is {number(width)} wide"
        )
    return [
        f"{told}.",
        "Nobody outside this cohort was tested: how it does on other patients, "
        "scanners or laboratories is not known from this report.",
    ]


def _patterns(study):
    sizes = study.cohort.summary()
    tested = set(study.patterns[study.tested.index].tolist())
    untested = [p for p in sizes.index if p not in tested]
    found = []
    if untested:
        told = joined(f"{sizes[p]:,} with {_only(p)}" for p in untested)
        found.append(
            f"Of patients with other modalities ({told}) none was tested: how well "
            "they are answered is not known."
        )
    few = [p for p in sizes.index if sizes[p] < FEW_ROWS]
    if few:
        told = joined(f"{sizes[p]} with {_only(p)}" for p in few)
        found.append(f"Some patterns are rare ({told}): their answers rest on little.")
    return found


def _only(pattern):
    names = pattern.split("+")
    return f"{names[0]} only" if len(names) == 1 else joined(names)


def _sites(study):
    table = study.metadata
    columns = study.hospitals
    if not columns:
        return [
            "The metadata name no hospital (a column such as 'site'): whether the "
            "model recognises hospitals cannot be said."
        ]
    found = []
    for column in columns:
        site = table[column]
        known = (study.codes >= 0) & site.notna().to_numpy()
        n_classes = pd.Series(study.codes[known]).groupby(
            site[known].to_numpy()
        ).agg(["nunique", "size"])  # fmt: skip
        single = n_classes[n_classes["nunique"] == 1]
        if len(single):
            n = count(int(single["size"].sum()), "patient")
            found.append(
                f"Of {len(n_classes)} hospitals ({column}) with labelled patients, "
                f"{len(single)} have patients of one class only ({n}): "
                "there, to recognise the hospital is to know the label."
            )
        if _shares_sites(study, site):
            found.append(
                f"Tested patients share their {column} with patients who trained the "
                "model: leave-site-out was not done, so a new hospital was not tested."
            )
        else:
            found.append(
                f"No tested patient shares the {column} of a training patient: the "
                "scores are those of new hospitals."
            )
    return found


def _shares_sites(study, site):
    values = site.to_numpy(dtype=object)
    for fold in study.comparison.folds:
        own = {v for v in values[fold.test] if not pd.isna(v)}
        if own & {v for v in values[fold.train] if not pd.isna(v)}:
            return True
    return False


def _choice(study):
    found = []
    if len(study.models) > 1:
        found.append(
            f"{len(study.models)} models were compared on the same patients. If this "
            "one was chosen for its score here, the score flatters it."
        )
    if study.audit is None:
        found.append("Shortcuts were not audited.")
    return found


def subgroups_section(study):
    """The area under the curve by sex, age, project, hospital."""
    heading, items = "For whom is it better or worse?", (14, 23)
    table = study.metadata
    columns = [] if table is None else [c for c in table if str(c).lower() in SUBGROUPS]
    if not columns or not study.has_probabilities:
        reason = f"The metadata have none of {joined(SUBGROUPS, 'or')}."
        if columns:
            reason = "The model gives no probabilities."
        block = not_given("Scores by subgroup", reason)
        return Section("subgroups", heading, "It cannot be said.", [block], items)
    rows, few, whole = _rows_of_groups(study, table[columns])
    blocks = []
    if whole:
        blocks.append(Text(f"All tested patients are of {joined(whole)}."))
    if rows:
        blocks.append(
            Table(
                ["Subgroup", "Tested", f"Of class {study.positive_name}", "ROC AUC"],
                rows,
                "Area under the ROC curve, out of fold, in subgroups of the tested "
                "patients, by their mean probability over the repeats. The intervals "
                "are over patients (bootstrap) and too narrow, since the models were "
                "not fitted again. The score of all, above, is a mean over folds.",
            )
        )
    if few:
        blocks.append(
            Text(
                f"{count(few, 'further subgroup has', 'further subgroups have')} fewer "
                "than five patients of a class, too few for a score.",
                missing=True,
            )
        )
    return Section("subgroups", heading, _say_groups(rows), blocks, items)


def _rows_of_groups(study, table):
    """Rows of the table, how many groups are too small, and names of whole ones."""
    rows, few, whole = [], 0, []
    for column in table:
        for name, mask in _groups(table[column].iloc[study.tested.index]):
            if mask.all():
                whole.append(f"{column}: {name}")
                continue
            row = _area_of(study, mask)
            few += row is None
            if row is not None:
                rows.append((f"{column}: {name}", *row))
    return rows, few, whole


def _groups(column):
    """Names and masks of the groups of a covariate; numbers are split at the median."""
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > 6:
        middle = column.median()
        yield f"below {middle:g}", (column < middle).to_numpy()
        yield f"{middle:g} and above", (column >= middle).to_numpy()
        return
    for value in sorted(column.dropna().unique(), key=str):
        name = f"{value:g}" if isinstance(value, float) else str(value)
        yield name, (column == value).to_numpy()


def _area_of(study, mask):
    """Patients, of them positive, area and interval: a row of cells, or None."""
    hits = study.codes[study.tested.index][mask] == study.positive
    p = study.tested[study.positive].to_numpy()[mask]
    if min(hits.sum(), (~hits).sum()) < 5:
        return None
    low, high = patient_bootstrap_interval(
        hits, p, _area, n_resamples=N_RESAMPLES, random_state=0
    )
    told = f"{number(_area(hits, p))} {interval(low, high)}"
    return f"{len(hits)}", f"{int(hits.sum())}", told


def _area(hits, p):
    """``roc_auc_score``, whose checks take most of its time for some dozens of rows."""
    order = np.sign(p[hits][:, None] - p[~hits])
    return (1 + order.mean()) / 2


def _say_groups(rows):
    if len(rows) < 2:
        return "There are too few patients to compare subgroups."
    order = sorted(rows, key=lambda row: float(row[3].split()[0]))
    if order[0][3].split()[0] == order[-1][3].split()[0]:
        return f"The area is {order[0][3].split()[0]} in every subgroup that has one."
    return (
        f"Lowest in {order[0][0]} ({order[0][3]}), highest in {order[-1][0]} "
        f"({order[-1][3]}); with so few patients, such differences arise by chance."
    )
