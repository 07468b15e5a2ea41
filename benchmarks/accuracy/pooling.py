"""Scores of many runs, kept on disk, and differences pooled over them."""

import argparse
import os
import warnings
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.stats import t as student

from benchmarks.paper.cells import key_of_code
from skmultimodal.utils._files import whole_file


def run_tasks(run, tasks, work, n_jobs):
    """Run ``run(*task)`` for what is not in `work` yet: one DataFrame of all.

    Parameters
    ----------
    run : callable
        Returns a DataFrame.
    tasks : list of tuple
    work : Path
        Folder with a file a task; an interrupted run of the same code continues
        from it.
    n_jobs : int
    """
    work = work / key_of_code()
    work.mkdir(parents=True, exist_ok=True)
    paths = [work / ("-".join(map(str, task)) + ".csv") for task in tasks]
    todo = [(t, p) for t, p in zip(tasks, paths, strict=True) if not p.exists()]
    Parallel(n_jobs=n_jobs)(delayed(_run_task)(run, t, p) for t, p in todo)
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)


def _run_task(run, task, path: Path):
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    table = run(*task)
    with whole_file(path) as part:
        table.to_csv(part, index=False)
    print(task, flush=True)


def t_interval(values, level=0.95):
    """Mean of `values` and its t interval: dict."""
    values = np.asarray(values, dtype=float)
    mean, n = values.mean(), len(values)
    error = values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    reach = student.ppf((1 + level) / 2, n - 1) * error if n > 1 else np.nan
    return {"difference": mean, "low": mean - reach, "high": mean + reach}


def differences(scores, ours, others, by, unit):
    """Differences of `ours` to `others`, for each value of `by` and pooled over them.

    Parameters
    ----------
    scores : DataFrame
        Columns ``model``, ``metric``, ``score``, `by` and `unit`; higher is better.
    ours : str
    others : list of str
    by : str
        Column such as the label.
    unit : str
        Column whose values are the replicates, such as the seed: the interval is of
        the mean over them.

    Returns
    -------
    table : DataFrame
        Columns ``metric``, `by`, ``other``, ``difference``, ``low``, ``high``.
    """
    mean = scores.groupby(["metric", by, unit, "model"])["score"].mean().unstack()
    rows = []
    for metric in scores["metric"].unique():
        for other in others:
            gap = (mean[ours] - mean[other]).loc[metric].unstack(by)
            parts = {value: gap[value].dropna() for value in gap}
            parts["pooled"] = gap.mean(axis=1).dropna()
            rows += [
                {"metric": metric, by: value, "other": other, **t_interval(part)}
                for value, part in parts.items()
            ]
    return pd.DataFrame(rows)


def with_intervals(table):
    """Differences with their intervals, as of `differences`: Series of str."""
    return table.apply(
        lambda row: f"{row.difference:.4f} [{row.low:.4f}, {row.high:.4f}]", axis=1
    )


def best_on_average(scores, chosen, title):
    """The best of some models in each setting and metric, on the average of its draws.

    Parameters
    ----------
    scores : DataFrame
        Columns ``model``, ``metric``, ``score``, ``setting`` and any other.
    chosen : Series of bool
        Rows of the models to choose from.
    title : str
        What the chosen one is called.

    Returns
    -------
    best : DataFrame
        Its rows.
    """
    keys = ["setting", "metric"]
    some = scores[chosen]
    mean = some.groupby([*keys, "model"])["score"].mean().reset_index()
    best = mean.sort_values("score").groupby(keys).tail(1)[[*keys, "model"]]
    return some.merge(best, on=[*keys, "model"]).assign(model=title)


def run_benchmark(module, title, settings, run, report, draws, arguments=None):
    """The command of a benchmark that draws patients from a folder of cohorts.

    Parameters
    ----------
    module : str
        Name of the module in ``benchmarks.accuracy``, and of its result.
    title : str
    settings : list of tuple
    run : callable
        Of the folder, a setting and a draw: DataFrame of scores.
    report : callable
        Of the scores and the number of draws: Markdown.
    draws : int
        By default.
    arguments : list of str, default=None
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.accuracy.{module}")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=draws)
    parser.add_argument("--settings", help="only those whose names contain this")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("results") / module)
    parser.add_argument("--out", type=Path, help=f"folder for {module}.md")
    options = parser.parse_args(arguments)
    tasks = [
        (*setting, draw)
        for draw in range(options.draws)
        for setting in settings
        if options.settings is None or options.settings in "-".join(setting)
    ]
    scores = run_tasks(partial(run, options.data), tasks, options.work, options.n_jobs)
    text = report(scores, options.draws)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        command = f"`{parser.prog} --draws {options.draws}`"
        head = f"# {title}\n\n{command}, {date.today()}\n\n"
        (options.out / f"{module}.md").write_text(head + text + "\n")


def means(scores, by):
    """Mean score of each model, a column a metric and value of `by`, and their mean."""
    table = scores.groupby(["metric", "model", by], sort=False)["score"].mean()
    table = table.unstack(by)
    table["mean"] = table.mean(axis=1)
    return table


def markdown(table, digits=3):
    """A DataFrame as a Markdown table, without another package."""
    head = [*table.index.names, *map(str, table.columns)]
    lines = ["| " + " | ".join(str(h or "") for h in head) + " |"]
    lines.append("|" + "---|" * len(head))
    for key, row in zip(table.index, table.to_numpy(), strict=True):
        key = key if isinstance(key, tuple) else (key,)
        cells = [f"{v:.{digits}f}" if isinstance(v, float) else str(v) for v in row]
        lines.append("| " + " | ".join([*map(str, key), *cells]) + " |")
    return "\n".join(lines)
