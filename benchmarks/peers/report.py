"""The tables of peers, as Markdown."""

import numpy as np
import pandas as pd

from benchmarks.accuracy.pooling import differences, markdown, with_intervals
from benchmarks.accuracy.powered import METRICS
from benchmarks.peers.peers import NOT_RUN, OURS, PEERS, count_lines
from benchmarks.peers.tasks import SCATTERED, SURVIVAL, TWO
from benchmarks.speed.measure import machine

SURVIVAL_METRICS = ["uno_c", "neg_ibs"]
EXPLANATION = """Every model has its documented defaults and one thread, and gets the
same patients; nothing is tuned for a label. Up to 500 patients with all modalities are
tested, with all of them and with some hidden. Differences are twin tower - other;
higher is better. Intervals are t intervals over the draws of the mean over the
settings, not over new patients. Slow peers are fitted in the first draws only, and
their differences are those of these draws. Seconds of the processor and megabytes
(peak of the process with all that it imports) are medians; lines are those of the
adapter, without imports and comments. AutoGluon has 60 seconds a fit, iMML's trainer
20 epochs, of which its documentation shows one."""
# A difference below these is not named.
NAMED = {"roc_auc": 0.005, "neg_brier_score": 0.001, "neg_log_loss": 0.005}
NAMED |= {"uno_c": 0.005, "neg_ibs": 0.001}


def report(scores, refused, taken=()):
    """Tables of accuracy and costs, and what could not be run.

    Parameters
    ----------
    scores : DataFrame
        Columns ``kind``, ``setting``, ``draw``, ``model``, ``pattern``, ``size``,
        ``complete``, ``metric``, ``score``, ``error``, ``versions``, ``machine`` and
        ``date``.
    refused : dict of str to str
        Why an environment could not be made.
    taken : sequence of str
        Models of which fits are of an earlier run.
    """
    if "error" not in scores:
        scores = scores.assign(error=None)
    failed, scores = scores[scores["error"].notna()], scores[scores["error"].isna()]
    parts = [machine(), EXPLANATION]
    if taken:
        parts += [f"Of an earlier run, see below: {', '.join(taken)}."]
    for kind, title, metrics in [
        (TWO, "Two modalities, 95 / 452 / 50 patients", METRICS),
        (SCATTERED, "Four modalities, as patients have them", METRICS),
        (SURVIVAL, "Survival", SURVIVAL_METRICS),
    ]:
        part = scores[scores["kind"] == kind]
        if not part.empty:
            parts += _accuracy(part, title, metrics)
    parts += ["## Time, memory, lines", markdown(_costs(scores), 1)]
    parts += ["## Where a peer is better", _better(scores)]
    parts += ["## Not run, or not ended", _missing(failed, refused)]
    parts += ["## Machines and dates", _models_by(scores, ["machine", "date"])]
    parts += ["## Versions", _models_by(scores, ["versions"])]
    return "\n\n".join(parts)


def _accuracy(scores, title, metrics):
    """Means and differences with all modalities, and means by number of modalities."""
    scores = scores[scores["metric"].isin(metrics)]
    whole = scores[scores["size"] == scores["complete"]]
    mean = whole.groupby(["model", "metric"])["score"].mean().unstack("metric")
    others = [name for name in mean.index if name != OURS]
    n_settings, n_draws = whole["setting"].nunique(), whole["draw"].nunique()
    parts = [f"## {title}: {n_settings} settings, {n_draws} draws"]
    fits = whole[whole["metric"] == metrics[0]].groupby("model").size()
    shown = mean[metrics].map(lambda score: f"{score:.4f}").assign(fits=fits)
    parts += [markdown(shown)]
    if (fits < fits.max()).any():
        parts += ["Means of fewer fits are of other draws or settings: see below."]
    if others and n_draws > 1:
        gaps = differences(whole, OURS, others, "setting", "draw")
        pooled = gaps[gaps["setting"] == "pooled"].set_index(["other", "metric"])
        cells = with_intervals(pooled)
        parts += ["Differences:", markdown(cells.unstack("metric")[metrics])]
    # The same draws for all, so that columns can be compared.
    common = scores[scores["draw"].isin(_common_draws(scores))]
    for metric in metrics:
        by = common[common["metric"] == metric].groupby(["model", "size"])["score"]
        heading = f"`{metric}` by number of modalities that a patient has:"
        table = by.mean().unstack("size").rename(columns=int)
        parts += [heading, markdown(table, 4)]
    return parts


def _common_draws(scores):
    sets = [set(part["draw"]) for _, part in scores.groupby("model")]
    return set.intersection(*sets)


def _costs(scores):
    """Medians over tasks of classes, with the lines of each adapter."""
    classes = scores[scores["kind"] != SURVIVAL]
    table = classes[classes["metric"].isin(["fit", "predict", "memory"])]
    table = table.groupby(["model", "metric"])["score"].median().unstack("metric")
    table = table.reindex([name for name in PEERS if name in table.index])
    table = table[["fit", "predict", "memory"]].set_axis(
        ["fit, s", "predict 500, s", "peak, MB"], axis=1
    )
    lines = [str(count_lines(PEERS[name].where)) for name in table.index]
    return table.astype(object).assign(lines=lines)


def _better(scores):
    """Settings in which another is ahead by more than `NAMED` on the average."""
    whole = scores[(scores["size"] == scores["complete"])]
    whole = whole[whole["metric"].isin(NAMED)]
    keys = ["kind", "setting", "metric", "draw"]
    table = whole.pivot_table(index=keys, columns="model", values="score")
    gaps = table.drop(columns=OURS, errors="ignore").sub(table[OURS], axis=0)
    mean = gaps.groupby(["kind", "setting", "metric"]).mean().stack()
    named = [gap > NAMED[key[2]] for key, gap in mean.items()]
    mean = mean[named].sort_index()
    if mean.empty:
        return "Nowhere by more than noise that is named: " + str(NAMED)
    rows = pd.DataFrame(
        [(*key[1:], f"{gap:.4f}") for key, gap in mean.items()],
        columns=["setting", "metric", "peer", "ahead by"],
    )
    limits = ", ".join(f"{value:g} in `{name}`" for name, value in NAMED.items())
    settled = (
        f"With all modalities, on the average of the draws, by more than {limits}."
    )
    return f"{settled}\n\n{markdown(rows.set_index('setting'))}"


def _missing(failed, refused):
    rows = {f"environment {name}": reason for name, reason in refused.items()}
    for name, part in failed.groupby("model"):
        first = part["error"].iloc[0]
        rows[f"{name}, {len(part)} of its tasks"] = first
    rows |= NOT_RUN
    return "\n".join(
        f"- **{name}**: {reason.rstrip('.')}." for name, reason in rows.items()
    )


def _models_by(scores, columns):
    """Lines of models by what the columns have for their fits."""
    fits = scores.dropna(subset=columns)
    models = fits.groupby(columns)["model"].unique()
    return "\n".join(
        f"- {', '.join(names)}: {', '.join(np.atleast_1d(about))}"
        for about, names in models.items()
    )
