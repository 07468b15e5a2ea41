"""How sure the model is: whether its probabilities come true, and prediction sets."""

import warnings

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss

from skmultimodal.inspection._calibration import PatternCalibrationDisplay
from skmultimodal.model_selection import wilson_interval
from skmultimodal.report._figures import draw
from skmultimodal.report._parts import Section, Table, not_given
from skmultimodal.report._words import count, interval, joined, number

__all__ = ["certainty_section"]

MIN_BIN_ROWS = 10
OTHERS = "(other classes)"


def certainty_section(study):
    """Whether probabilities come true, by pattern, and prediction sets."""
    heading, items = "How sure is it?", (12, 15, 23)
    if not study.has_probabilities:
        answer = (
            f"{study.model} gives no probabilities: it does not say how sure it is."
        )
        block = not_given("Calibration", "The model has no predict_proba.")
        return Section("certainty", heading, answer, [block], items)
    table = _reliability(study)
    overall = table.iloc[-1]
    better = "better" if overall["brier"] < overall["constant"] else "no better"
    answer = (
        f"Its probabilities are {better} than always saying the share of the class: "
        f"their Brier score is {number(overall['brier'], 3)}, that of the share "
        f"{number(overall['constant'], 3)} (less is better). On average it gave class "
        f"{study.positive_name} {number(overall['predicted'])} in cross-validation, "
        f"and its share was {number(overall['observed'])}."
    )
    blocks = [_calibration_figure(study), _calibration_table(table)]
    untested = [p for p in study.cohort.summary().index if p not in table.index]
    if untested:
        blocks.append(
            not_given(
                f"Calibration of patients with {joined(untested, 'or')}",
                "None of them was tested; PatternStratifiedKFold tests all.",
            )
        )
    blocks += _prediction_sets(study)
    return Section("certainty", heading, answer, blocks, items)


def _reliability(study):
    """Predicted and observed by pattern, means over the repeats: a row each."""
    rows = study.predictions["row"].to_numpy()
    p = study.positive_proba
    hits = (study.codes[rows] == study.positive).astype(int)
    patterns = study.patterns[rows]
    parts = {name: patterns == name for name in dict.fromkeys(patterns.tolist())}
    if len(parts) > 1:
        parts["all tested"] = np.ones(len(p), dtype=bool)
    found = {}
    for name, mask in parts.items():
        first = np.unique(rows[mask])
        n_hits = int((study.codes[first] == study.positive).sum())
        low, high = wilson_interval(n_hits, len(first))
        share = n_hits / len(first)
        found[name] = {
            "n": len(first),
            "predicted": p[mask].mean(),
            "observed": share,
            "low": low,
            "high": high,
            "brier": brier_score_loss(hits[mask], p[mask].clip(0, 1), pos_label=1),
            "constant": share * (1 - share),
        }
    return pd.DataFrame.from_dict(found, orient="index")


def _calibration_table(table):
    rows = [
        (
            name,
            f"{row['n']:.0f}",
            number(row["predicted"]),
            f"{number(row['observed'])} {interval(row['low'], row['high'])}",
            number(row["brier"], 3),
            number(row["constant"], 3),
        )
        for name, row in table.iterrows()
    ]
    columns = ["Patients with", "n", "Mean predicted", "Observed"]
    return Table(
        [*columns, "Brier score", "of a constant"],
        rows,
        "Predicted and observed, out of fold, mean of the repeats; with Wilson's "
        "interval of the observed share.",
    )


def _calibration_figure(study):
    first = (study.predictions["repeat"] == 0).to_numpy()
    rows = study.predictions["row"].to_numpy()[first]
    p = study.positive_proba[first].clip(0, 1)
    # Rows of one class are named like it, all others alike.
    named = np.where(study.codes[rows] == study.positive, study.positive_name, OTHERS)

    def make():
        with warnings.catch_warnings():
            # The curve of a pattern with few rows is one point, as is seen.
            warnings.filterwarnings("ignore", message="pattern .* has .* rows")
            return PatternCalibrationDisplay.from_predictions(
                named,
                p,
                study.patterns[rows],
                positive=study.positive_name,
                min_bin_rows=MIN_BIN_ROWS,
            )

    return draw(
        make,
        alt=f"Reliability diagram: share of patients of class {study.positive_name} "
        "against their mean predicted probability, in groups of at least "
        f"{MIN_BIN_ROWS} patients; the numbers are in the table.",
        caption=f"Do probabilities of class {study.positive_name} come true? On the "
        "diagonal they do. A point is a group of patients with similar predictions "
        "of the first repeat, with Wilson's interval; the Brier score in the legend is "
        "of that repeat too.",
    )


def _prediction_sets(study):
    sets = study.prediction_sets
    if sets is None:
        return [
            not_given(
                "Prediction sets",
                "Pass prediction_sets to tell of each patient which classes cannot be "
                "excluded.",
            )
        ]
    known = pd.Series(study.codes, index=study.cohort.index)
    known = known.reindex(sets.index).fillna(-1).astype(int).to_numpy()
    sizes = sets.sum(axis=1).to_numpy()
    labelled = known >= 0
    covered = sets.to_numpy()[np.flatnonzero(labelled), known[labelled]]
    rows = [
        (
            count(k, "class", "classes"),
            f"{int((sizes == k).sum()):,}",
        )
        for k in range(len(study.classes) + 1)
    ]
    told = f"Prediction sets of {count(len(sets), 'patient')}"
    if labelled.any():
        told += f"; {covered.mean():.0%} of the labelled ones hold the true class"
    return [Table(["The set holds", "Patients"], rows, f"{told}.")]
