"""Which patients, which label, and what is missing of whom."""

import numpy as np
import pandas as pd

from skmultimodal.inspection import AvailabilityDisplay, ParticipantFlowDisplay
from skmultimodal.report._figures import draw
from skmultimodal.report._parts import (
    Figure,
    Section,
    Table,
    Terms,
    Text,
    not_given,
)
from skmultimodal.report._words import among, count, joined, number
from skmultimodal.utils._labels import class_name

__all__ = [
    "label_section",
    "missing_section",
    "participants_section",
    "say_patterns",
]

MANY_COVARIATES = 10
# What those who saw the patients know, and no data tell.
FACTS = {
    "Background": 3,
    "Objectives": 4,
    "Data source": 5,
    "Dates": 5,
    "Eligibility": 6,
    "Treatments": 6,
    "Preparation": 7,
    "Predictors": 9,
    "Sample size": 10,
    "Ethics": 17,
    "Open science": 18,
    "Public involvement": 19,
    "Updating": 24,
    "Intended use": 27,
}


def say_patterns(study):
    """ "95 with image only, 452 with gene only and 50 with image and gene"."""
    several = len(study.cohort.modalities) > 1
    told = []
    for pattern, n in study.cohort.summary().items():
        names = pattern.split("+")
        only = " only" if several and len(names) == 1 else ""
        told.append(f"{n:,} with {joined(names)}{only}")
    return joined(told)


def participants_section(study):
    """Flow, availability and covariates of the patients."""
    n_known = int((study.codes >= 0).sum())
    answer = (
        f"{study.count(len(study.cohort))}: {say_patterns(study)}. "
        f"{n_known:,} have a label.{_say_hidden(study)}"
    )
    blocks = [*_flow(study), _availability(study), *_covariates(study)]
    blocks += _facts(study)
    return Section("patients", "Which patients?", answer, blocks, (5, 6, 10, 20))


def _say_hidden(study):
    """What patients had when they were loaded, and have no more."""
    if study.flow is None:
        return ""
    kept = study.flow[study.flow["status"] == "kept"]
    ids = study.cohort.index.astype(str)
    told = []
    for name in study.cohort.modalities:
        loaded = ids.isin(kept.loc[kept["item"] == name, "patient"].astype(str))
        n = int((loaded & ~study.cohort.has(name)).sum())
        if n:
            told.append(f"{name} of {study.count(n)}")
    if not told:
        return ""
    return f" Hidden after loading, as if it had been missing: {joined(told)}."


def _facts(study):
    told = {name: text for name, text in study.facts.items() if name != "Command"}
    absent = [name for name in FACTS if name not in told]
    blocks = [Terms(told)] if told else []
    if absent:
        blocks.append(
            not_given(
                joined(absent),
                "Only those who collected the data know: pass them as facts.",
            )
        )
    return blocks


def _flow(study):
    caption = (
        "How patients came into the cohort, and which rows train which part. Towers "
        "are those of a twin tower with its default, tower_rows='unpaired'; the "
        "unlabelled train only what needs no labels."
    )
    what = "From the cohort on"
    blocks = []
    if study.flow is None:
        blocks.append(
            not_given(
                "How patients were found and why some were dropped",
                "Pass flow, the table that load_cohort and load_tcga_glioma return.",
            )
        )
    else:
        dropped = study.flow[study.flow["status"] == "dropped"]
        n = dropped["patient"].nunique()
        entries = count(len(dropped), "entry", "entries")
        what = f"{entries} of {count(n, 'patient')} dropped"
    figure = draw(
        lambda: ParticipantFlowDisplay.from_cohort(
            study.cohort, study.class_labels, flow=study.flow, class_names=study.names
        ),
        alt=f"Flow diagram of the participants. {what}; in the cohort "
        f"{say_patterns(study)}.",
        caption=caption,
    )
    return [*blocks, figure]


def _availability(study) -> Figure:
    counts = pd.crosstab(
        study.patterns, np.array([study.say(c) for c in study.codes], dtype=object)
    )
    told = [
        f"{pattern}: " + ", ".join(f"{n} {name}" for name, n in row.items())
        for pattern, row in counts.iterrows()
    ]
    return draw(
        lambda: AvailabilityDisplay.from_cohort(
            study.cohort, study.class_labels, class_names=study.names
        ),
        alt="Patients by the modalities that they have and by class. "
        + "; ".join(told),
        caption="Patients by the modalities that they have (dots) and by class (bars, "
        "and the numbers below them).",
    )


def _covariates(study):
    table = study.metadata
    if table is None or not table.shape[1]:
        return [
            not_given(
                "Covariates (age, sex, hospital)",
                "Give the cohort metadata: without them nobody can say who these "
                "patients are, nor whether the hospital gives the label away.",
            )
        ]
    groups = [code for code in range(len(study.classes)) if (study.codes == code).any()]
    rows = [
        (
            str(name),
            _describe(table[name]),
            _describe(table[name].iloc[study.tested.index]),
            *(_describe(table[name][study.codes == code]) for code in groups),
        )
        for name in table.columns
    ]
    of_class = [f"Class {study.say(code)}" for code in groups]
    columns = ["Covariate", "All", "Tested", *of_class]
    return [
        Table(
            columns,
            rows,
            "Covariates: median (and quartiles) of numbers, the most frequent values "
            "of words, and how many are unknown.",
            numeric=False,
            folded=f"All {len(rows)} covariates" if len(rows) > MANY_COVARIATES else "",
        )
    ]


def _describe(column):
    """One column in a few words."""
    known = column.dropna()
    lacking = (
        f"; {len(column) - len(known)} unknown" if len(known) < len(column) else ""
    )
    if not len(known):
        return "unknown"
    is_number = pd.api.types.is_numeric_dtype(known)
    if is_number and known.nunique() > 2:
        low, middle, high = np.quantile(known.astype(float), [0.25, 0.5, 0.75])
        digits = 0 if high >= 10 else 2
        ends = f"{number(low, digits)} to {number(high, digits)}"
        return f"{number(middle, digits)} ({ends}){lacking}"
    words = known.map(lambda value: f"{value:g}" if is_number else str(value))
    sizes = words.value_counts()
    told = [f"{name}: {n}" for name, n in sizes.items()]
    return among(told, 3) + lacking


def label_section(study):
    """What is predicted, and of how many patients it is known."""
    sizes = {c: int((study.codes == c).sum()) for c in range(len(study.classes))}
    classes = joined(f"{study.say(code)} ({n:,})" for code, n in sizes.items())
    unknown = int((study.codes < 0).sum())
    told = f"{classes}"
    told += f"; unknown in {unknown:,}" if unknown else f"; known of every {study.unit}"
    what = study.label or "a label whose meaning was not given"
    answer = f"Predicted is {what.rstrip('.')}. Its classes: {told}."
    blocks = []
    if study.label is None:
        blocks.append(
            not_given(
                "What the label means, when it was assessed and by whom",
                "Pass label: a score says nothing without it.",
            )
        )
    unnamed = [c for c in study.classes.tolist() if c not in study.names]
    if unnamed:
        told = joined(f"class {class_name(label)}" for label in unnamed)
        blocks.append(not_given(f"The meaning of {told}", "Pass class_names."))
    tested = study.codes[study.tested.index]
    rows = [
        (study.say(code), f"{n:,}", f"{int((tested == code).sum()):,}")
        for code, n in sizes.items()
    ]
    if unknown:
        rows.append(("unknown", f"{unknown:,}", "0"))
    blocks.append(
        Table(
            ["Class", study.unit.capitalize() + "s", "Of them tested"],
            rows,
            f"The label. Probabilities in this report are those of class "
            f"{study.positive_name}.",
        )
    )
    return Section("label", "Which label?", answer, blocks, (8,))


def missing_section(study):
    """What is missing, and what the model does about it."""
    has = study.cohort.available
    n_lack = int((~study.cohort.paired).sum())
    unknown = int((study.codes < 0).sum())
    answer = (
        f"{study.count(n_lack)} of {len(has):,} lack a modality, and {unknown:,} a "
        f"label.{_say_hidden(study)} How they are answered: {_policy(study)}"
    )
    rows = [
        (name, f"{int(column.sum()):,}", f"{int((~column).sum()):,}")
        for name, column in has.items()
    ]
    blocks = [Table(["Modality", "Patients with it", "Without"], rows, "Modalities.")]
    if unknown:
        blocks.append(
            Text(
                "Rows without a label are never tested. Parts that learn without "
                "labels use them, all others leave them out."
            )
        )
    if study.routes is not None:
        blocks.append(_routes(study))
    return Section("missing", "What is missing?", answer, blocks, (11,))


def _policy(study):
    policy = getattr(study.estimator, "missing", None)
    told = {
        "tower": "a patient who lacks a modality is answered by the tower of what "
        "there is (missing='tower').",
        "impute": "a patient who lacks a modality is answered by the final estimator, "
        "with absent features at their mean (missing='impute').",
        "error": "a patient who lacks a modality is refused (missing='error').",
    }
    return told.get(
        policy, f"{type(study.estimator).__name__} decides by itself how to answer."
    )


def _routes(study):
    table = pd.crosstab(study.patterns, np.asarray(study.routes, dtype=object))
    rows = [
        (pattern, *(f"{n:,}" for n in row))
        for pattern, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    columns = ["Modalities", *(f"by {route}" for route in table.columns)]
    return Table(columns, rows, "Which part of the model answers which patients.")
