"""How good the model is, and against which others."""

import numpy as np
import pandas as pd

from skmultimodal.inspection import (
    DifferencesDisplay,
    MetricIntervalsDisplay,
    RocBandsDisplay,
)
from skmultimodal.report._figures import draw, short
from skmultimodal.report._parts import Section, Table, Text, not_given
from skmultimodal.report._words import (
    count,
    interval,
    joined,
    p_value,
    said_metric,
    score,
    signed,
)

__all__ = ["performance_section", "say_verdict"]

ALPHA = 0.05
FEW_TESTED = 10  # patients of a class
GUESSING = {"roc_auc": 0.5, "roc_auc_ovr": 0.5}


def performance_section(study):
    """Scores of all models, and the differences to the model of interest."""
    answer = f"{_say_score(study)} {_say_found(study)} {_say_others(study)}".strip()
    blocks = [Text(_say_scheme(study)), _dots(study), _score_table(study)]
    if len(study.models) > 1:
        blocks += _differences(study)
    else:
        blocks.append(
            not_given(
                "Other models",
                "Compare the model with simple ones: without them a score has no "
                "measure.",
            )
        )
    blocks += _roc(study)
    return Section(
        "performance",
        "How good is it, against what?",
        answer,
        blocks,
        (12, 16, 23),
        short=f"Cross-validated on {_say_tested(study)}, {answer}",
    )


def say_verdict(study):
    """What the whole report comes to, in one sentence."""
    return f"{_compare_in_words(study)}{_say_few(study)}"


def _say_few(study):
    """Whether a class has so few tested patients that no score means much."""
    tested = study.codes[study.tested.index]
    sizes = [int((tested == code).sum()) for code in range(len(study.classes))]
    least = int(np.argmin(sizes))
    if sizes[least] >= FEW_TESTED:
        return ""
    return (
        f" Only {count(sizes[least], study.unit)} of class {study.say(least)} "
        f"{'was' if sizes[least] == 1 else 'were'} tested: no score here means much."
    )


def _compare_in_words(study):
    own, guess = study.own, GUESSING.get(study.metric)
    if guess is None or np.isnan(own["low"]):
        return (
            f"Whether {study.model} predicts the label better than guessing cannot be "
            f"said from the {said_metric(study.metric)} given here."
        )
    if own["low"] <= guess:
        return (
            f"No evidence that {study.model} predicts the label better than guessing."
        )
    others = study.scores.drop(index=study.model)["mean"].dropna()
    if not len(others):
        return f"{study.model} was compared with nothing: its score has no measure."
    best = others.idxmax()
    row = study.comparison.differences(
        models=[study.model], metrics=[study.metric], reference=best
    ).iloc[0]
    if row["difference"] > 0 and row["p_holm"] < ALPHA:
        return (
            f"{study.model} predicts the label, and better than {best}, the best of "
            "the others."
        )
    return (
        f"{study.model} predicts the label, but was not shown to do it better than "
        f"{best}."
    )


def _say_score(study):
    own = study.own
    told = f"{study.model} has a mean {said_metric(study.metric)} of {score(own)}"
    guess = GUESSING.get(study.metric)
    if guess is None or np.isnan(own["low"]):
        return f"{told}."
    if own["low"] <= guess <= own["high"]:
        return f"{told}, which includes guessing ({guess})."
    side = "above" if own["mean"] > guess else "below"
    return f"{told}, which is {side} guessing ({guess})."


def _mean_count(n):
    return f"{n:,.1f}".removesuffix(".0")


def _say_others(study):
    """The best of the others, and whether the difference is beyond chance."""
    others = study.scores.drop(index=study.model)["mean"].dropna()
    if not len(others):
        return "It was compared with no other model."
    best = others.idxmax()
    row = study.comparison.differences(
        models=[best], metrics=[study.metric], reference=study.model
    ).iloc[0]
    told = f"The best of the {count(len(others), 'other')} is {best} "
    told += f"({score(study.scores.loc[best])}); less {study.model} that is "
    told += f"{signed(row['difference'])} {interval(row['low'], row['high'])}".strip()
    if np.isnan(row["p_holm"]):
        return f"{told}, which cannot be tested."
    verdict = "beyond what chance gives"
    if not row["p_holm"] < ALPHA:
        verdict = "too uncertain to say which is better"
    return f"{told}: {verdict} (Holm p {_p_sign(row['p_holm'])})."


def _say_found(study):
    """How many patients of the class it would find: "0 of 6"."""
    table = study.predictions
    true = study.codes[table["row"].to_numpy()] == study.positive
    called = (table["y_pred"] == study.positive_label).to_numpy()
    tested = study.codes[study.tested.index] == study.positive
    n_found = (called & true).sum() / study.n_repeats
    n_wrong = (called & ~true).sum() / study.n_repeats
    mean = " (mean of the repeats)" if study.n_repeats > 1 else ""
    found, wrong = _mean_count(n_found), _mean_count(n_wrong)
    return (
        f"It finds {found} of the {tested.sum()} tested patients of class "
        f"{study.positive_name}, and names {wrong} of the {(~tested).sum()} others "
        f"so{mean}."
    )


def _p_sign(p):
    told = p_value(p)
    return told if told.startswith("<") else f"= {told}"


def _say_tested(study):
    """ "50 patients with image and gene"."""
    tested = pd.Series(study.patterns[study.tested.index]).value_counts(sort=False)
    told = [f"{k:,} with {joined(p.split('+'))}" for p, k in tested.items()]
    if len(told) > 1:
        return f"{study.count(len(study.tested))} ({joined(told)})"
    return f"{study.count(len(study.tested))} with {joined(tested.index[0].split('+'))}"


def _say_scheme(study):
    sizes = [len(np.unique(fold.train)) for fold in study.comparison.folds]
    repeats = f", repeated {study.n_repeats} times" if study.n_repeats > 1 else ""
    level = study.level
    level = "" if level is None else f"{100 * level:.3g} % "
    return (
        f"Tested were {_say_tested(study)} by cross-validation in "
        f"{count(study.n_folds, 'fold')}{repeats}: every patient was predicted by "
        f"models that had learned from others ({min(sizes):,} to {max(sizes):,} "
        "patients, the unlabelled among them), the same folds for every model. A score "
        f"is the mean of the folds, with its {level}interval by a t test that is "
        "corrected for training sets that overlap (Nadeau and Bengio)."
    )


def _dots(study):
    told = [f"{name} {score(row)}" for name, row in study.scores.iterrows()]
    metric = said_metric(study.metric)
    return draw(
        lambda: MetricIntervalsDisplay.from_comparison(
            study.comparison, metrics=[study.metric], kind="point"
        ),
        alt=f"Mean {metric} of each model with its interval: {joined(told)}.",
        caption=f"Mean {metric} of each model over the folds, with its interval.",
    )


def _score_table(study):
    table = study.comparison.summary()
    metrics = list(dict.fromkeys([study.metric, *study.comparison.metrics]))
    rows = []
    for name in study.models:
        cells = []
        for metric in metrics:
            found = table[(table["model"] == name) & (table["metric"] == metric)]
            cells.append(score(found.iloc[0]) if len(found) else "–")
        rows.append((f"{name} (the model)" if name == study.model else name, *cells))
    columns = ["Model", *(said_metric(metric) for metric in metrics)]
    return Table(
        columns,
        rows,
        "All scores: mean of the folds and interval. More is better; the intervals "
        "are each for one mean. A dash for an interval: every fold gave the same, "
        "which is no certainty. The precision of a model that names nobody is 0. "
        f"Scores of one class, such as F1, are of class {study.scored_name}.",
    )


def _differences(study):
    table = study.comparison.differences(metrics=[study.metric], reference=study.model)
    rows = [
        (
            row["model_a"],
            f"{signed(row['difference'])} {interval(row['low'], row['high'])}".strip(),
            p_value(row["p"]),
            p_value(row["p_holm"]),
        )
        for _, row in table.iterrows()
    ]
    metric = said_metric(study.metric)
    tests = study.comparison.differences(metrics=[study.metric])
    n_tests = int(tests["p_holm"].notna().sum())
    told = joined(f"{row[0]} {row[1]} (p {row[3]})" for row in rows)
    return [
        draw(
            lambda: DifferencesDisplay.from_comparison(
                study.comparison, metric=study.metric, reference=study.model
            ),
            alt=f"Difference in {metric} of each other model to {study.model}: {told}.",
            caption=f"Difference in {metric} to {study.model}: left of 0 are models "
            "that are worse. The p value, not the interval, is adjusted for "
            f"{count(n_tests, 'test')}, of all pairs of models.",
        ),
        Table(
            [
                "Other model",
                f"Its {metric} less that of {study.model}",
                "p",
                "p (Holm)",
            ],
            rows,
            f"Other models less {study.model}: positive is better than {study.model}.",
        ),
    ]


def _roc(study):
    if not study.has_probabilities:
        return [
            not_given("ROC curve", f"{study.model} gives no probabilities."),
        ]
    others = study.scores.drop(index=study.model)["mean"].dropna()
    bands = [study.model, *([others.idxmax()] if len(others) else [])]
    # More curves would hide each other; the areas of all are in the table.
    models = [n for n in study.models if n in bands and study.comparison.has_proba(n)]
    said = f"True positive rate (positive: {short(study.positive_name)})"

    def make():
        display = RocBandsDisplay.from_comparison(
            study.comparison,
            models=models,
            positive=study.positive_label,
            bands=[name for name in bands if name in models],
        )
        display.ax_.set_ylabel(said)
        return display

    try:
        figure = draw(
            make,
            alt=f"ROC curves of {joined(models)} for class {study.positive_name}; the "
            "areas are those of the table of scores.",
            caption="Mean ROC curves of the model and the best other one, positive: "
            f"{study.positive_name}. Bands are one standard deviation of the folds: "
            "they show how folds differ and are no intervals of the mean.",
        )
    except ValueError as error:
        return [not_given("ROC curve", str(error))]
    return [figure]
