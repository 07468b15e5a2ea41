"""Could something that is no biology explain the score?"""

import numpy as np

from skmultimodal.inspection import MetricIntervalsDisplay
from skmultimodal.inspection._style import COLOURS, MUTED
from skmultimodal.report._figures import draw, short
from skmultimodal.report._parts import Section, Table, Text, not_given
from skmultimodal.report._words import among, interval, joined, number, score

__all__ = ["judge_shortcuts", "shortcuts_section"]

GUESSING = 0.5
N_DRAWN = 12
SAME = 0.98

EXPLAINS, POSSIBLE, OPEN, NOT = ("all of it", "perhaps", "not ruled out", "not alone")
_VERB = {
    EXPLAINS: "could explain all of the score",
    POSSIBLE: "could explain the score",
    OPEN: "is not ruled out as an explanation",
    NOT: "cannot explain the score alone",
}
EVERY_COLUMN = "all columns"  # of audit_shortcuts
UNKNOWN_TIME = (
    "Which columns were known before the outcome this report cannot tell: those known "
    "only after it, or the label under another name, are no shortcuts."
)
RULE = (
    "The rule: a source could explain all of the score if its mean area is that of the "
    "model or more; perhaps, if within the model's interval; it is not ruled out, if "
    "the two intervals meet; else it cannot explain the score alone, nor can what "
    "does not exceed guessing. Audited was only what the metadata have: no scanner or "
    "protocol that nobody wrote down. Not every source is a nuisance: that age "
    "predicts survival is biology, and the model should then know more than age."
)


def judge_shortcuts(sources, own):
    """Judge each source against the model, by means and intervals.

    Parameters
    ----------
    sources : DataFrame
        Columns ``roc_auc``, ``low``, ``high``.
    own : Series or dict
        ``mean``, ``low`` and ``high`` of the model's area under the curve.

    Returns
    -------
    verdicts : list of str
    """
    least = own["mean"] if np.isnan(own["low"]) else own["low"]
    verdicts = []
    for area, high in sources[["roc_auc", "high"]].to_numpy(dtype=float):
        if not area > GUESSING:
            verdicts.append(NOT)
        elif area >= own["mean"]:
            verdicts.append(EXPLAINS)
        elif area >= least:
            verdicts.append(POSSIBLE)
        else:
            verdicts.append(OPEN if high >= least else NOT)
    return verdicts


def shortcuts_section(study):
    """The audit beside the model."""
    items = (12, 23)
    heading = "Could a shortcut explain it?"
    if study.audit is None:
        answer = "No audit was given: that a shortcut explains the score is possible."
        block = not_given(
            "How well the label is predicted without looking at any modality",
            "Pass audit, the result of audit_shortcuts on the same folds.",
        )
        return Section("shortcuts", heading, answer, [block], items)
    sources = study.audit[study.audit["kind"] != "model"]
    sources = sources.sort_values("roc_auc", ascending=False, kind="stable")
    own = _own_area(study)
    if own is None:
        answer = (
            "It cannot be said: the comparison has no area under the ROC curve for the "
            "model, which is what the audit has for the shortcuts."
        )
        verdicts = ["–"] * len(sources)
    else:
        verdicts = judge_shortcuts(sources, own)
        tested = study.patterns[study.tested.index]
        if len(set(tested.tolist())) == 1:
            # Nothing that all tested patients share tells them apart.
            presence = (sources["kind"] == "presence").to_numpy()
            verdicts = [
                NOT if p else v for p, v in zip(presence, verdicts, strict=True)
            ]
        answer = _say(sources, verdicts, own, study.hospitals)
    blocks = [
        _figure(study, sources, own),
        Text(RULE),
        _table(study, sources, verdicts, own),
    ]
    return Section("shortcuts", heading, answer, blocks, items)


def _own_area(study):
    """Area of the model: of the comparison, else of the audit."""
    if study.area is not None:
        return study.area
    row = study.audit[study.audit["kind"] == "model"]
    return row.iloc[0].rename({"roc_auc": "mean"}) if len(row) else None


def _score(row):
    return score({"mean": row["roc_auc"], "low": row["low"], "high": row["high"]})


def _say(sources, verdicts, own, hospitals):
    """The answer: the hospital, then the others, then what is nearly the label."""
    names = sources["source"].astype(str).tolist()
    told = [f"{row['source']} {_score(row)}" for _, row in sources.iterrows()]
    same = [n for n, a in zip(names, sources["roc_auc"], strict=True) if a >= SAME]
    apart = {*same, *map(str, hospitals), EVERY_COLUMN}
    said = []
    if own["low"] <= GUESSING:
        said.append(
            "There is little to explain, since the interval of the model "
            f"({score(own)}) includes guessing ({GUESSING})."
        )
    for name, text, verdict in zip(names, told, verdicts, strict=True):
        if name in hospitals:
            said.append(f"The hospital alone ({text}) {_VERB[verdict]}.")
    for verdict in (EXPLAINS, POSSIBLE, OPEN):
        which = [
            text
            for name, text, v in zip(names, told, verdicts, strict=True)
            if v == verdict and name not in apart
        ]
        if which:
            said.append(f"What {_VERB[verdict]}: {among(which, 6)}. {UNKNOWN_TIME}")
            break
    else:
        said.append("None of the other audited sources could explain it alone.")
    if same:
        verb = "is" if len(same) == 1 else "are"
        said.append(
            f"{among([_quoted(n) for n in same], 4)} {verb} nearly the label itself "
            f"({SAME} or more)."
        )
    return " ".join(said)


def _quoted(name):
    return f"{name} of the metadata together" if name == EVERY_COLUMN else name


def _figure(study, sources, own):
    drawn = sources.head(N_DRAWN)
    names = [str(name) for name in drawn["source"]]
    values = drawn[["roc_auc", "low", "high"]].to_numpy(dtype=float)
    if own is not None:
        names = [study.model, *names]
        ours = np.array([[own["mean"], own["low"], own["high"]]], dtype=float)
        values = np.concatenate([ours, values])

    def make():
        display = MetricIntervalsDisplay(
            models=[short(name) for name in names],
            metrics=["roc_auc"],
            mean=values[:, :1],
            low=values[:, 1:2],
            high=values[:, 2:],
            confidence_level=study.level,
        ).plot(kind="point")
        ax = display.ax_[0]
        ax.axvline(GUESSING, color=MUTED, linewidth=1, zorder=0)
        if own is not None and np.isfinite(own["low"]):
            ax.axvspan(own["low"], own["high"], color=COLOURS[0], alpha=0.1, zorder=0)
        return display

    told = [
        f"{name} {number(mean)} {interval(low, high)}".strip()
        for name, (mean, low, high) in zip(names, values, strict=True)
    ]
    left = len(sources) - len(drawn)
    more = f" The {left} weakest sources are in the table only." if left > 0 else ""
    return draw(
        make,
        alt=f"Area under the ROC curve of the model and of shortcuts: {joined(told)}.",
        caption="Area under the ROC curve of the model, and of predicting the label "
        "from one thing that is no modality. Shaded: the model's interval; line: "
        f"guessing.{more}",
    )


def _table(study, sources, verdicts, own):
    rows = []
    if own is not None:
        rows.append((f"{study.model} (the model)", "–", score(own), "cv"))
    for (_, row), verdict in zip(sources.iterrows(), verdicts, strict=True):
        rows.append((str(row["source"]), verdict, _score(row), str(row["tested"])))
    return Table(
        ["Source", "Explains the score?", "ROC AUC", "Tested on"],
        rows,
        'The shortcut audit. "cv": tested on the folds of the model; "all labelled": '
        "on a partition of all labelled patients, who are others and more.",
        numeric=False,
    )
