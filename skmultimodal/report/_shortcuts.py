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
RULE = (
    "The rule: a source could explain all of the score if its mean area is that of the "
    "model or more; perhaps, if within the model's interval; it is not ruled out, if "
    "the two intervals meet. A source that does not exceed guessing "
    "explains nothing. Audited was only what the metadata have: no scanner or protocol "
    "that nobody wrote down. Not every source is a nuisance: that age predicts "
    "survival is biology, and the model should then know more than age."
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
        answer = _say(sources, verdicts, own)
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


def _say(sources, verdicts, own):
    """The answer: first what is nearly the label, then the others."""
    same = (sources["roc_auc"] >= SAME).to_numpy()
    if not same.any() or same.all():
        return _say_judged(sources, verdicts, own)
    others = [v for v, s in zip(verdicts, same, strict=True) if not s]
    names = list(sources["source"].astype(str)[same])
    return (
        f"{among(names, 4)} {'reaches' if len(names) == 1 else 'reach'} an area of "
        f"{SAME} or more: probably the label under another name, or known only after "
        "it, which is no shortcut and belongs into no audit. Of the others: "
        f"{_say_judged(sources[~same], others, own)}"
    )


def _say_judged(sources, verdicts, own):
    best = sources.iloc[0]
    told = f"by itself {best['source']} reaches an area of {_score(best)}, "
    told += f"the model {score(own)}"
    for verdict, begin in (
        (EXPLAINS, "A shortcut could explain all of it"),
        (POSSIBLE, "A shortcut could explain it"),
    ):
        which = _judged(sources, verdicts, verdict)
        if which:
            end = "; no evidence is left that the model knows more"
            return f"{begin} ({among(which, 3)}): {told}{end * (verdict == EXPLAINS)}."
    if own["low"] <= GUESSING:
        return (
            f"There is little to explain, since the model's interval includes guessing "
            f"({GUESSING}): {told}."
        )
    which = _judged(sources, verdicts, OPEN)
    if which:
        return (
            f"No audited shortcut reaches the model's interval, but that of "
            f"{among(which, 4)} meets it, which does not rule it out: {told}."
        )
    return f"None of the audited shortcuts could explain it alone: {told}."


def _judged(sources, verdicts, verdict):
    names = sources["source"].astype(str)
    return [s for s, v in zip(names, verdicts, strict=True) if v == verdict]


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
        rows.append((f"{study.model} (the model)", "cv", score(own), "–"))
    for (_, row), verdict in zip(sources.iterrows(), verdicts, strict=True):
        rows.append((str(row["source"]), str(row["tested"]), _score(row), verdict))
    return Table(
        ["Source", "Tested on", "ROC AUC", "Could explain the score?"],
        rows,
        'The shortcut audit. "cv": tested on the folds of the model; "all labelled": '
        "on a partition of all labelled patients, who are others and more.",
        numeric=False,
    )
