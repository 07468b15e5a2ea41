"""Draws from real cohorts, as files that a peer's process reads.

The cohorts, draws and labels are those of ``benchmarks.accuracy.powered`` and
``patterns`` (every seventh setting of the one, and four of the other) and of
``benchmarks.accuracy.survival`` (three).
"""

import json
from itertools import chain, combinations
from typing import NamedTuple

import numpy as np

from benchmarks.accuracy import patterns, powered_cohorts, survival
from benchmarks.accuracy.simple_models import flat

__all__ = ["Task", "all_tasks", "draw", "write_task"]

TWO, SCATTERED, SURVIVAL = "two modalities", "scattered", "survival"
# Labels, shares of the modalities that are kept, complete training patients.
PATTERNS = [
    ("tcga_pancan", "os_3y", 1.0, None),
    ("tcga_pancan", "pfi_3y", 0.45, None),
    ("tcga_brca", "pr", 0.45, 5),
    ("tcga_brca", "gata3_mut", 0.45, 0),
]
OUTCOMES = [("os", "rna", "clinical"), ("pfi", "mirna", "rna"), ("os", "scattered", "")]
MAX_TESTED = 500


class Task(NamedTuple):
    """One draw of one setting."""

    kind: str
    setting: tuple
    draw: int

    @property
    def name(self):
        return "-".join(str(part) for part in self.setting if part not in ("", None))


def all_tasks(n_draws):
    """Tasks in the order in which they are run: draw by draw."""
    settings = [(TWO, s) for s in powered_cohorts.two_modality_settings()[::7]]
    settings += [(SCATTERED, s) for s in PATTERNS]
    settings += [(SURVIVAL, s) for s in OUTCOMES]
    return [Task(kind, s, d) for d in range(n_draws) for kind, s in settings]


def draw(task, data):
    """Training cohort and labels, and tested ones: X, y, X_test, y_test."""
    if task.kind == SURVIVAL:
        X, y, X_test, y_test = survival.draw(
            data / "tcga_pancan", *task.setting, task.draw
        )
        y, y_test = (target[["event", "time"]] for target in (y, y_test))
    elif task.kind == TWO:
        cohort, *setting = task.setting
        X, y, X_test, y_test = powered_cohorts.draw_two(
            data / cohort, *setting, task.draw
        )
    else:
        cohort, label, keep, complete = task.setting
        names, n_train, n_test = patterns.COHORTS[cohort]
        X, y, X_test, y_test = powered_cohorts.draw_patterns(
            data / cohort, label, names, n_train, complete, keep, n_test, task.draw
        )
    return X, y, X_test[:MAX_TESTED], y_test[:MAX_TESTED]


def patterns_of(names):
    """All modalities; all but one; each alone."""
    sizes = dict.fromkeys((len(names), len(names) - 1, 1))
    sets = chain.from_iterable(combinations(names, size) for size in sizes)
    return [list(present) for present in sets if present]


def write_task(path, X, y, X_test, seed, images):
    """A file that `worker.read_task` reads.

    Parameters
    ----------
    path : Path
    X, y, X_test : Cohort, ndarray and Cohort
    seed : int
    images : bool
        Whether images keep their shape.
    """
    names = X.modalities
    parts = {"train": X, "test": X_test}
    blocks = {
        f"{part}/{name}": _with_absent(cohort, name, images)
        for part, cohort in parts.items()
        for name in names
    }
    if y.dtype.names:
        blocks["times"] = survival.TIMES
    texts = {"names": json.dumps(names), "patterns": json.dumps(patterns_of(names))}
    np.savez(path, y=y, seed=seed, **texts, **blocks)


def _with_absent(X, name, images):
    """Block of all patients, NaN where they lack it."""
    has = X.has(name)
    rows = np.asarray(X.block(name), dtype=np.float32)
    rows = rows if images else flat(rows)
    block = np.full((len(has), *rows.shape[1:]), np.nan, dtype=np.float32)
    block[has] = rows
    return block
