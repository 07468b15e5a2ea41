"""Tables as CSV and Markdown, which state what they were made from."""

import platform
from importlib.metadata import PackageNotFoundError, version
from textwrap import fill

import pandas as pd

from benchmarks.cohorts import label_table
from benchmarks.paper.models import is_ranked
from benchmarks.paper.printed import HONESTY, printed_row
from benchmarks.paper.scores import find_classes

PACKAGES = [
    "skmultimodal",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "torch",
    "skorch",
    "scikit-image",
    "catboost",
    "imbalanced-learn",
    "keras",
]
BINARY = ["accuracy", "precision", "recall", "f1"]
WEIGHTED = ["precision_weighted", "recall_weighted", "f1_weighted"]
OTHERS = ["balanced_accuracy", "roc_auc", "brier"]
HEADER = (
    "| model | accuracy | precision | recall | F1 | weighted P / R / F1 | balanced "
    "accuracy | AUC | Brier | rank | one hold-out | paper: acc. / P / R / F1 |"
)


def versions():
    """Versions of what the numbers depend on, as one line."""
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} absent")
    return ", ".join(found)


def describe_run(scheme, title, label, seed, command, date):
    """What a table was made from: Markdown."""
    counts = label_table(scheme.X, scheme.y).reset_index().to_markdown(index=False)
    method = (
        f"{scheme.n_splits}-fold cross-validation x {scheme.n_repeats}, stratified, of "
        "the rows that have every modality of the table; the others always train. Seed "
        f"{seed}, of folds and models. Mean of the folds with Nadeau and Bengio's 95 % "
        f'interval. "One hold-out" trains on {1 - scheme.test_size:.0%} and tests '
        f"{scheme.test_size:.0%} of those rows, with Wilson's interval. Positive "
        f"class: {find_classes(scheme.y)[1]}. Precision, recall and F1 are its own; "
        '"weighted" ones are averages over both classes by their size, which part of '
        "the paper's Table 4 prints."
    )
    return f"""\
Cohort: {title}. Label: {label or "response"}. Rows: {scheme.name}.

{counts}

{fill(method, 88)}

Command: `{command}`, {date}.
Versions: {versions()}.
"""


def model_table(summary, ranks, hold_outs, failures, names, n_paper, table):
    """The rows of a table, the paper's first: Markdown."""
    lines = [HEADER, "|" + " --- |" * HEADER.count(" | ") + " --- |"]
    cells = {
        (model, metric): (mean, low, high)
        for model, metric, mean, low, high, _ in summary.itertuples(index=False)
    }
    for place, name in enumerate(names):
        if place == n_paper:
            lines.append("| *beyond the paper* |" + " |" * 11)
        paper, _ = printed_row(table, name)
        printed = "-" if place < n_paper else ""
        if paper is not None and place < n_paper:
            printed = " / ".join(f"{v:.3g}" for v in paper)
        if name in failures:
            reason = failures[name].replace("|", "/").replace("\n", " ")
            lines.append(f"| {name} | {reason} |" + " |" * 9 + f" {printed} |")
            continue
        row = [name, *(_cell(cells, name, m) for m in BINARY)]
        row.append(" / ".join(f"{cells[name, m][0]:.2f}" for m in WEIGHTED))
        row += [_cell(cells, name, m) for m in OTHERS]
        row += [str(ranks.get(name, "not ranked")), _hold_out(hold_outs, name), printed]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def _cell(cells, name, metric):
    mean, low, high = cells[name, metric]
    return f"{mean:.3f} [{low:.2f}, {high:.2f}]"


def _hold_out(hold_outs, name):
    if name not in hold_outs:
        return ""
    hits, n, low, high = hold_outs[name]
    return f"{hits}/{n} [{low:.2f}, {high:.2f}]"


def notes(table, names, n_paper, results, scheme, differences):
    """What must be known to read a table: Markdown."""
    lines = []
    for name in names[:n_paper]:
        _, remark = printed_row(table, name)
        if remark:
            lines.append(f"- {name}, as printed: {remark}.")
    lines += [
        f"- {name} is another model than its namesake and is not ranked."
        for name in names
        if not is_ranked(name)
    ]
    lines += [
        f"- {name} is the same model as {names[0]}: its results are equal."
        for name in names[1:]
        if _answers(results, scheme, name) == _answers(results, scheme, names[0])
    ]
    for name in names:
        cells = [cell for _, cell in results.get((scheme.name, name), [])]
        said = dict.fromkeys(text for cell in cells for text in cell["warnings"])
        lines += [f"- {name} warned: {text}" for text in said]
    if len(differences):
        auc = differences[differences["metric"] == "roc_auc"]
        clear = auc[auc["p_holm"] < 0.05]
        told = ", ".join(
            f"{r.model} ({r.difference:+.3f}, p {_p_value(r.p_holm)})"
            for r in clear.itertuples()
        )
        reference = auc["reference"].iloc[0]
        lines.append(
            f"- AUC against {reference}, Holm-adjusted over {len(auc)} models, differs "
            f"at 0.05 for: {told or 'none'}."
        )
    return "\n".join(lines)


def _p_value(p):
    return f"= {p:.3f}" if p >= 0.001 else "< 0.001"


def _answers(results, scheme, name):
    """Every probability that a model gave; a name of its own if it gave none."""
    cells = results.get((scheme.name, name), [])
    return [cell["proba"] for _, cell in cells] or name


def csv_rows(summary, ranks, hold_outs, failures, names, n_paper, table):
    """One row a model: means, intervals, printed values, seconds: DataFrame."""
    rows = []
    for place, name in enumerate(names):
        paper, _ = printed_row(table, name) if place < n_paper else (None, "")
        row = {
            "model": name,
            "in_paper": place < n_paper,
            "rank": ranks.get(name),
            "reason": failures.get(name, ""),
        }
        for model, metric, mean, low, high, _ in summary.itertuples(index=False):
            if model == name:
                row |= {metric: mean, f"{metric}_low": low, f"{metric}_high": high}
        if name in hold_outs:
            keys = ("correct", "tested", "low", "high")
            row |= {
                f"hold_out_{k}": v for k, v in zip(keys, hold_outs[name], strict=True)
            }
        if paper is not None:
            row |= {f"paper_{m}": v for m, v in zip(BINARY, paper, strict=True)}
        rows.append(row)
    return pd.DataFrame(rows)


def page(heading, run, table, remarks):
    """A whole Markdown file."""
    return f"# {heading}\n\n{run}\n{table}\n\n{remarks}\n\n{HONESTY}"
