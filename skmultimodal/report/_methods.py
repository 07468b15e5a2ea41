"""The model itself, how to run it again, and where each item of TRIPOD+AI is."""

import datetime
import shlex
import sys

import numpy as np

from skmultimodal.report._card import ROWS, USE, _parameters
from skmultimodal.report._participants import FACTS
from skmultimodal.report._parts import Section, Table, Terms, Text, not_given
from skmultimodal.report._words import count, joined
from skmultimodal.utils._environment import describe_environment

__all__ = ["checklist_section", "model_section", "reproduction_section"]

# The items of TRIPOD+AI (Collins et al. 2024, doi:10.1136/bmj-2023-078378).
ITEMS = {
    1: "Title",
    2: "Abstract",
    3: "Background",
    4: "Objectives",
    5: "Data",
    6: "Participants",
    7: "Data preparation",
    8: "Outcome",
    9: "Predictors",
    10: "Sample size",
    11: "Missing data",
    12: "Analytical methods",
    13: "Class imbalance",
    14: "Fairness",
    15: "Model output",
    16: "Training versus evaluation",
    17: "Ethical approval",
    18: "Open science",
    19: "Patient and public involvement",
    20: "Participants (results)",
    21: "Model development",
    22: "Model specification",
    23: "Model performance",
    24: "Model updating",
    25: "Interpretation",
    26: "Limitations",
    27: "Usability",
}
MAX_CHARACTERS = 300


def model_section(study):
    """Parts of the model, what they learned from, and all parameters."""
    estimator = study.estimator
    answer = (
        f"{type(estimator).__name__}, fitted to all patients that its parts can learn "
        f"from. {_say_parts(study)}"
    )
    blocks = []
    counts = getattr(estimator, "class_counts_", None)
    if counts:
        classes = [study.say(_code(study, c)) for c in estimator.classes_]
        rows = [
            (name, f"{int(np.sum(row)):,}", *(f"{int(n):,}" for n in row))
            for name, row in counts.items()
        ]
        columns = ["Part", "Rows", *classes, "unlabelled"]
        blocks += [Text(ROWS.replace("`", "'")), Table(columns, rows, "Training rows.")]
    else:
        blocks.append(
            not_given(
                "Rows that each part learned from", "The model does not record them."
            )
        )
    weights = _class_weights(estimator)
    blocks.append(
        Text(
            f"Class imbalance: {joined(weights)}."
            if weights
            else "Class imbalance: no parameter of the model weighs the classes."
        )
    )
    blocks.append(_parameter_table(estimator))
    shapes = {
        name: " x ".join(f"{n:,}" for n in study.cohort.block_shape(name)[1:])
        for name in study.cohort.modalities
    }
    blocks.insert(0, Terms({f"{k}, each patient": v for k, v in shapes.items()}))
    return Section("model", "The model", answer, blocks, (9, 13, 21, 22))


def _code(study, label):
    return study.classes.tolist().index(np.asarray(label).item())


def _say_parts(study):
    towers = getattr(study.estimator, "towers_", None)
    if not towers:
        return ""
    told = joined(f"{name} ({type(t).__name__})" for name, t in towers.items())
    head = type(getattr(study.estimator, "final_estimator_", None)).__name__
    return f"Its towers: {told}; its final estimator: {head}."


def _class_weights(estimator):
    return [
        f"{name} is {value!r}"
        for name, value in estimator.get_params(deep=True).items()
        if name.split("__")[-1] == "class_weight" and value is not None
    ]


def _parameter_table(estimator):
    table = _parameters(estimator)
    rows = [
        (name, value if len(value) <= MAX_CHARACTERS else f"{value[:MAX_CHARACTERS]}…")
        for name, value in table.itertuples(index=False)
    ]
    return Table(
        ["Parameter", "Value"],
        rows,
        f"All {len(rows)} parameters. Architecture and weights are in the file of "
        "save_model.",
        numeric=False,
        folded="Parameters, one by one",
    )


def reproduction_section(study):
    """Versions, seeds, command and date."""
    now = datetime.datetime.now(datetime.UTC)
    seeds = {
        name: value
        for name, value in study.estimator.get_params(deep=True).items()
        if name.split("__")[-1] == "random_state"
    }
    fixed = {name: value for name, value in seeds.items() if value is not None}
    told = joined(f"{name} = {value!r}" for name, value in fixed.items())
    if not seeds:
        told = "not given: the model has no parameter random_state"
    elif not fixed:
        told = "not given: random_state is None everywhere, so a fit is not repeatable"
    # orig_argv knows of python -m; where Python is says nothing to the reader.
    command = shlex.join(["python", *sys.orig_argv[1:]])
    terms = {
        "Command": study.facts.get("Command", command),
        "Date": now.strftime("%Y-%m-%d %H:%M UTC"),
        "Seeds of the final model": told,
        "Folds": f"{count(study.n_folds, 'fold')} x {study.n_repeats}; their seed is "
        "that of the splitter, in the command or script",
        **describe_environment(),
    }
    answer = f"Made on {terms['Date']} with skmultimodal {terms['skmultimodal']}."
    return Section("again", "How to run it again", answer, [Terms(terms)], (18,))


def checklist_section(study, sections):
    """Where each item of TRIPOD+AI is reported, and which are not."""
    where = {}
    for section in sections:
        for item in section.items:
            where.setdefault(item, []).append(section.heading)
    where[1] = ["the title" if study.title else "not given (title)"]
    where[2] = ["the summary on top"]
    of_people = {}
    for name, item in FACTS.items():
        of_people.setdefault(item, []).append(name)
    rows, lacking = [], 0
    for item, name in ITEMS.items():
        told = list(where.get(item, []))
        asked = of_people.get(item, [])
        given = [fact for fact in asked if fact in study.facts]
        absent = [fact for fact in asked if fact not in study.facts]
        if given and not told:
            told.append("Which patients?")
        if absent:
            told.append(f"not given: {joined(absent)}")
            lacking += 1
        unnamed = [c for c in study.classes.tolist() if c not in study.names]
        if item == 8 and (unnamed or not study.label):
            told.append("not given: what it means")
            lacking += 1
        rows.append((f"{item} {name}", "; ".join(told) or "not given"))
    answer = (
        f"{lacking} of {len(ITEMS)} items lack something that only people can tell. "
        "Where a section is named, it reports what can be computed, which need not be "
        "all that the item asks for."
    )
    use = study.facts.get(
        "Intended use", f"not given; by default, {USE[0].lower()}{USE[1:]}"
    )
    blocks = [
        Text(f"Intended use: {use}"),
        Table(["Item of TRIPOD+AI", "Where"], rows, "Checklist.", numeric=False),
    ]
    return Section("checklist", "What this report does not say", answer, blocks)
