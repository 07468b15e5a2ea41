"""How a search scales with the workers of a cluster, by simulation.

``python -m benchmarks.speed.cluster``; ``make bench-cluster``. Some minutes.

Times of fits, of an import and sizes of pickles are measured; the network, which this
machine does not have, is assumed (`Network`). From them the graph of a search is
simulated: the data are copied to all workers (as `dask_parallel` does), every worker
imports the library, the client sends the fits one by one, two for each worker ahead,
as joblib does, and refits the best candidate in the end. Workers share no cores.
"""

import argparse
import heapq
import pickle
import resource
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.base import clone

from benchmarks.accuracy.pooling import markdown
from benchmarks.speed.cohorts import make_cohort, twin_tower
from benchmarks.speed.measure import machine
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.model_selection import PairedStratifiedKFold

WORKERS = (1, 2, 4, 8, 16, 32, 64)
# A search is saturated where workers wait for more than so much of the time.
WAITING = 0.5
USED = "share of the workers used"


@dataclass(frozen=True)
class Network:
    """What is assumed.

    Parameters
    ----------
    bandwidth : float
        Bytes in a second between two machines: 1 Gbit/s.
    per_task : float
        Seconds that client and scheduler take for a task: the documentation of Dask
        states about a millisecond, and joblib's client adds some.
    copies : int
        Workers that each holder of the data sends a copy to at the same time: the
        `branching_factor` of ``distributed.Client.replicate``.
    """

    bandwidth: float = 125e6
    per_task: float = 0.005
    copies: int = 2


@dataclass(frozen=True)
class Search:
    """What is measured of a search, in seconds and bytes.

    Parameters
    ----------
    fits : ndarray of shape (n_fits,)
        Of each candidate on each fold, scoring included.
    refit : float
    imports : float
        Of a worker that has just started.
    data : int
        Pickled patients and labels.
    task : int
        What is sent for a fit, and comes back.
    """

    fits: np.ndarray
    refit: float
    imports: float
    data: int
    task: int

    def drawn(self, n_fits):
        """A search of so many fits like the measured ones."""
        fits = np.random.default_rng(0).choice(self.fits, n_fits)
        return replace(self, fits=fits)


def copying(n_bytes, n_workers, network):
    """Seconds until all workers have the data, by way of the scheduler to the first."""
    seconds, n_holders = 2 * n_bytes / network.bandwidth, 1
    while n_holders < n_workers:
        n_new = min(n_workers - n_holders, network.copies * n_holders)
        each = -(-n_new // n_holders)
        seconds += each * n_bytes / network.bandwidth
        n_holders += n_new
    return seconds


def simulate(search, n_workers, network):
    """Seconds of a search on so many workers of one thread."""
    client = copying(search.data, n_workers, network)
    free, back = [client + search.imports] * n_workers, []
    sending = network.per_task + search.task / network.bandwidth
    for number, seconds in enumerate(search.fits):
        if number >= 2 * n_workers:
            client = max(client, heapq.heappop(back))
        client += sending
        end = max(client, heapq.heappop(free)) + seconds
        heapq.heappush(free, end)
        heapq.heappush(back, end)
    return max(free) + search.refit


def scaling(search, network, counts=WORKERS):
    """Seconds, and how many times as fast as one process: DataFrame by workers."""
    serial = search.fits.sum() + search.refit
    seconds = np.array([simulate(search, n, network) for n in counts])
    return pd.DataFrame(
        {
            "seconds": seconds,
            "times as fast as one process": serial / seconds,
            USED: serial / seconds / counts,
        },
        index=pd.Index(counts, name="workers"),
    )


def saturation(table):
    """The most workers, at least one, that do not wait for half of the time."""
    busy = table.index[table[USED] >= 1 - WAITING]
    return int(max([*busy, table.index[0]]))


def reasons(search, n_workers, network):
    """Seconds that each cause costs there, the most first: Series."""
    total = simulate(search, n_workers, network)
    free = replace(network, per_task=0.0, bandwidth=np.inf)
    ideal = replace(search, refit=0.0, imports=0.0)
    without = {
        "for the refit on the client": replace(search, refit=0.0),
        "for imports": replace(search, imports=0.0),
        "for copies of the data": replace(search, data=0),
    }
    costs = {k: total - simulate(s, n_workers, network) for k, s in without.items()}
    sent = replace(network, per_task=0.0)
    costs["for sending tasks"] = total - simulate(
        replace(search, task=0), n_workers, sent
    )
    costs["of waiting for the last fits"] = (
        simulate(ideal, n_workers, free) - search.fits.sum() / n_workers
    )
    return pd.Series(costs).sort_values(ascending=False)


def measure(model, X, y, candidates, n_folds):
    """The `Search` over some candidates.

    Times are those of the processor, in one thread, which other programs on this
    machine hardly change.

    Parameters
    ----------
    model : estimator
    X, y : rows and labels
    candidates : list of dict
        Parameters of the model.
    n_folds : int
    """
    splits = list(PairedStratifiedKFold(n_folds, random_state=0).split(X, y))
    tasks = [(params, *split) for params in candidates for split in splits]
    fits = np.array([_fit_seconds(model, X, y, *task) for task in tasks])
    refit = fits.mean() * len(y) / len(splits[0][0])
    sent = len(pickle.dumps((model, *tasks[0])))
    return Search(fits, refit, _imports(), len(pickle.dumps((X, y))), sent)


def _fit_seconds(model, X, y, params, train, test):
    start = time.process_time()
    clone(model).set_params(**params).fit(X[train], y[train]).predict_proba(X[test])
    return time.process_time() - start


def _imports():
    """Seconds of the processor for Python, torch and the library."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = "from skmultimodal import TwinTowerClassifier"
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def cases(quick):
    """Name, model, data, candidates, folds, and the numbers of fits simulated."""
    penalties = [{"final_estimator__weight_penalty": value} for value in (3.0, 30.0)]
    n = (20, 30, 20) if quick else (80, 160, 60)
    small = make_glioma_cohort(
        *n, n_genes=100, image_size=16, random_state=0, return_X_y=True
    )
    model = twin_tower(quick)
    some = penalties[:1] if quick else penalties
    yield f"{sum(n)} patients, small images", model, small, some, 2, [120]
    if not quick:
        paper = make_cohort(240, 19196)
        yield "the paper's size", model, paper, penalties[:1], 2, [120, 1200]


def describe(name, search, network):
    """A table and what limits it, as Markdown."""
    table = scaling(search, network)
    n = saturation(table)
    causes = reasons(search, int(table.index[-1]), network)
    most = ", ".join(f"{v:.1f} s {k}" for k, v in causes.items() if v >= 0.05)
    end = f"Saturated beyond {n} workers, which then wait for half of the time or more."
    if n == table.index[-1]:
        end = f"Not saturated with {n} workers."
    return (
        f"## {name}, {len(search.fits):,} fits\n\nFits of {search.fits.mean():.1f} s "
        f"({search.fits.min():.1f} to {search.fits.max():.1f}), a refit of "
        f"{search.refit:.1f} s, {search.imports:.1f} s of imports, "
        f"{search.data / 1e6:.1f} MB of data, {search.task / 1e3:.1f} kB for each "
        f"task.\n\n{markdown(table, 2)}\n\n{end} With {table.index[-1]} it takes "
        f"{table['seconds'].iloc[-1]:.1f} s, of which {most}.\n"
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small cohort only")
    parser.add_argument("--bandwidth", type=float, default=Network.bandwidth)
    parser.add_argument("--per-task", type=float, default=Network.per_task)
    parser.add_argument("--out", type=Path, help="folder for cluster.md")
    options = parser.parse_args(arguments)
    network = Network(options.bandwidth, options.per_task)
    given = sys.argv[1:] if arguments is None else arguments
    command = " ".join(["python -m benchmarks.speed.cluster", *given])
    parts = [
        f"# Workers of a cluster, by simulation\n\n`{command}`, {date.today()}; "
        f"{machine()}\n\nMeasured in one thread, in seconds of the processor. Assumed: "
        f"{network.bandwidth / 1e6:.0f} MB/s between machines, "
        f"{1e3 * network.per_task:.0f} ms of client and scheduler for each task, data "
        f"copied to {network.copies} workers at a time by each that has them. Each "
        "worker has a core to itself. A lazy block is sent as its place; here the data "
        "are in memory.\n"
    ]
    print(parts[0], flush=True)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, model, data, candidates, n_folds, numbers in cases(options.quick):
                search = measure(model, *data, candidates, n_folds)
                for n_fits in numbers:
                    parts.append(describe(name, search.drawn(n_fits), network))
                    print(parts[-1], flush=True)
    finally:
        torch.set_num_threads(before)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "cluster.md").write_text("\n".join(parts))


if __name__ == "__main__":
    main()
