"""Scores of fits as a file, from which a later run takes what it does not repeat."""

import pandas as pd

from benchmarks.peers.tasks import all_tasks

__all__ = ["add_kept", "write_scores"]

FIT = ["setting", "draw", "model"]
# The same for all scores of a fit, and written once.
ABOUT = ["versions", "machine", "date"]
COLUMNS = [*FIT, "pattern", "metric", "score", "error", *ABOUT]


def write_scores(scores, path):
    """Write the scores, with versions, machine and date once a fit."""
    scores = scores.reindex(columns=COLUMNS)
    scores.loc[scores.duplicated(FIT), ABOUT] = None
    scores.to_csv(path, index=False, float_format="%.6f")


def add_kept(scores, path):
    """Add the fits of an earlier run that were not made again.

    Parameters
    ----------
    scores : DataFrame
        As of a run.
    path : Path
        As of `write_scores`.

    Returns
    -------
    scores : DataFrame
    taken : list of str
        Models that were added, or of which fits were.
    """
    kept = pd.read_csv(path)
    again = pd.MultiIndex.from_frame(scores[FIT].drop_duplicates())
    kept = kept[~pd.MultiIndex.from_frame(kept[FIT]).isin(again)]
    kinds = {task.name: task.kind for task in all_tasks(1)}
    sizes = kept["pattern"].str.count(r"\+").add(1).fillna(0).astype(int)
    kept = kept.assign(kind=kept["setting"].map(kinds), size=sizes)
    # Patients with all modalities are tested in each task.
    kept["complete"] = kept.groupby("setting")["size"].transform("max")
    return pd.concat([scores, kept], ignore_index=True), list(kept["model"].unique())
