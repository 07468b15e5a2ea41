"""Threads: the library's choice beside one thread, and all threads for each operation.

Run as a module, it prints the seconds of one piece of work:
``python -m benchmarks.speed.threads WORK MODE [--quick]``. "all" leaves torch and BLAS
as they are: each operation of a network on every thread.
"""

import subprocess
import sys
import tempfile
from contextlib import contextmanager, nullcontext
from unittest.mock import patch

import numpy as np
from sklearn.model_selection import GridSearchCV

from benchmarks.speed.cohorts import make_blocks, make_cohort, shape, twin_tower
from benchmarks.speed.measure import Row, in_fresh_process, seconds

MODES = {"one": {"OMP_NUM_THREADS": "1"}, "default": {}, "all": {}}
# With all threads on a busy machine a minute may become ten.
PATIENCE = 5


def fit(X, y, quick):
    return twin_tower(quick).fit(X, y)


def search(X, y, n_heads, quick):
    """A grid over heads: towers once, then heads on three folds."""
    from skmultimodal.model_selection import PairedStratifiedKFold

    grid = {"final_estimator__weight_penalty": np.logspace(-1, 3, n_heads)}
    cv = PairedStratifiedKFold(3, random_state=0)
    with tempfile.TemporaryDirectory() as memory:
        model = twin_tower(quick, memory=memory)
        return GridSearchCV(model, grid, cv=cv, refit=False).fit(X, y)


def fit_large_images(side, part):
    """One network that reads every pixel."""
    from skmultimodal import ImageTowerClassifier

    (_, images), _ = make_blocks(side, 1, part)[0].values()
    y = np.arange(len(images)) % 2
    tower = ImageTowerClassifier(max_size=None, max_epochs=3, random_state=0)
    return tower, images, y


def make_work(name, quick):
    """A function without arguments, its data made beforehand."""
    side, n_genes, part = shape(quick)
    if name == "images":
        tower, images, y = fit_large_images(side, part)
        return lambda: tower.fit(images, y)
    X, y = make_cohort(side, n_genes, part)
    if name == "fit":
        return lambda: fit(X, y, quick)
    return lambda: search(X, y, 6 if quick else 60, quick)


WORKS = {
    "fit": "default fit of 95 images, 452 genes and 50 pairs (ten networks)",
    "search": "search over 60 heads x 3 folds with memory",
    "images": "image tower, 145 x 5 x 240 x 240, every pixel, 3 epochs (one network)",
}


@contextmanager
def no_limit():
    """The library leaves the threads of each operation to torch, and batches whole."""
    one = "skmultimodal.utils._threads.one_thread"
    of_features = "skmultimodal.towers._cross_fitting.one_thread"
    parts = "skmultimodal.towers._net.PART_ELEMENTS"
    with (
        patch(one, lambda: nullcontext(1)),
        patch(of_features, lambda: nullcontext(1)),
        patch(parts, sys.maxsize),
    ):
        yield


@contextmanager
def busy(n_loops):
    """Other programs beside, which end with this one however that ends."""
    loop = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"
    loops = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(n_loops)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def measure(work, mode, quick, longest):
    """Seconds in a process of its own; `longest` where it took more."""
    arguments = [work, mode, *(["--quick"] if quick else [])]
    try:
        printed = in_fresh_process(
            "benchmarks.speed.threads",
            *arguments,
            environment=MODES[mode],
            timeout=longest,
        )
    except subprocess.TimeoutExpired:
        return longest
    return float(printed[-1])


def row(work, n_loops, quick, repeats):
    rounds = []
    with busy(n_loops):
        for _ in range(repeats):
            taken = {}
            for mode in ("default", "one", "all"):
                # Twenty seconds for imports and data.
                longest = PATIENCE * taken["default"] + 20 if taken else None
                taken[mode] = measure(work, mode, quick, longest)
            rounds.append(taken)
    ratios = [t["default"] / min(t["one"], t["all"]) for t in rounds]
    medians = {mode: np.median([t[mode] for t in rounds]) for mode in MODES}
    stopped = medians["all"] > PATIENCE * medians["default"]
    note = (
        f"one thread {medians['one']:.3g} s, default {medians['default']:.3g} s, all "
        f"threads {'more than ' if stopped else ''}{medians['all']:.3g} s"
    )
    state = f"{n_loops} busy loops beside" if n_loops else "quiet"
    what = f"{WORKS[work]}, {state}: default to the better of one thread and all"
    return Row(what, float(np.median(ratios)), 1.25, note=note)


def rows(quick, repeats):
    """Rows of the table."""
    for n_loops in (0,) if quick else (0, 2):
        for work in ["fit"] if quick else WORKS:
            yield row(work, n_loops, quick, min(repeats, 3))


def main(work, mode, quick):
    run = make_work(work, quick)
    with no_limit() if mode == "all" else nullcontext():
        print(seconds(run)[0])


if __name__ == "__main__":
    main(*sys.argv[1:3], "--quick" in sys.argv)
