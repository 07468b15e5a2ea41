"""This library beside what its users would pick instead: accuracy, time, memory, lines.

``python -m benchmarks.peers --data FOLDER [--draws 5] [--slow-draws 2] [--n-jobs 2]``

Every peer is fitted with its documented defaults on the same draws, in a process of its
own with one thread. What does not install beside this library gets an environment in
the folder of results. FOLDER holds ``ham10000``, ``tcga_brca`` and ``tcga_pancan``. An
interrupted run of the same code continues. After a change of this library, ``--kept
peers.csv`` takes from an earlier run the fits that are not made again, such as those of
slow peers with ``--slow-draws 0``.
"""

import argparse
import json
import os
import signal
import subprocess
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from benchmarks.accuracy.powered import score
from benchmarks.accuracy.survival import HORIZON, TIMES
from benchmarks.peers.environments import error_of, python_of
from benchmarks.peers.keys import key_of_peer
from benchmarks.peers.peers import OURS, PEERS, SURVIVAL_PEERS
from benchmarks.peers.report import report
from benchmarks.peers.scores import add_kept, write_scores
from benchmarks.peers.tasks import SURVIVAL, all_tasks, draw, write_task
from benchmarks.speed.measure import processor
from skmultimodal.utils._concordance import concordance
from skmultimodal.utils._files import whole_file
from skmultimodal.utils._survival_metrics import integrated_brier_score

ROOT = Path(__file__).parents[2]
# A peer that takes longer is named as one that did not end.
LIMIT = 600  # seconds


def peers_of(task, slow_draws):
    """Peers that are fitted in a task: dict."""
    peers = SURVIVAL_PEERS if task.kind == SURVIVAL else PEERS
    return {n: p for n, p in peers.items() if task.draw < slow_draws or not p.slow}


def run(task, name, peer, data, python, work):
    """Scores and costs of one peer on one task, or its error: DataFrame."""
    folder = work / key_of_peer(peer)
    path = folder / f"{task.name}-{task.draw}-{name.replace('/', '_')}.csv"
    if not path.exists():
        table = _scores(task, name, peer, data, python)
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            table.to_csv(part, index=False)
        print(f"{task.name}, draw {task.draw}: {name}", flush=True)
    return pd.read_csv(path)


def _scores(task, name, peer, data, python):
    X, y, X_test, y_test = draw(task, data)
    row = {"kind": task.kind, "setting": task.name, "draw": task.draw, "model": name}
    row |= {"machine": processor(), "date": str(date.today())}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "task.npz", Path(folder) / "result.npz"
        write_task(source, X, y, X_test, task.draw, peer.images)
        try:
            _in_process(python, peer.where, source, target)
        except RuntimeError as error:
            return pd.DataFrame([row | {"error": str(error)[:500]}])
        except subprocess.TimeoutExpired:
            return pd.DataFrame([row | {"error": f"did not end in {LIMIT} s"}])
        with np.load(target) as file:
            found = {n: file[n] for n in file.files}
    notes = json.loads(str(found.pop("notes")))
    rows = [("", 0, cost, notes[cost]) for cost in ("fit", "predict", "memory")]
    if task.kind == SURVIVAL:
        rows += _survival_scores(found, y, y_test)
    else:
        rows += [
            (pattern, pattern.count("+") + 1, metric, value)
            for pattern, p in found.items()
            for metric, value in score(y_test, p).items()
        ]
    table = pd.DataFrame(rows, columns=["pattern", "size", "metric", "score"])
    versions = ", ".join(f"{n} {v}" for n, v in notes["versions"].items())
    return table.assign(**row, complete=len(X.modalities), versions=versions)


def _survival_scores(found, y, y_test):
    rows = []
    for pattern in (n.removeprefix("risk ") for n in found if n.startswith("risk ")):
        risk, curves = found[f"risk {pattern}"], found[f"curves {pattern}"]
        size = pattern.count("+") + 1
        uno = concordance(y_test, risk, train=y, horizon=HORIZON)
        brier = integrated_brier_score(y_test, curves, TIMES, train=y)
        rows += [(pattern, size, "uno_c", uno), (pattern, size, "neg_ibs", -brier)]
    return rows


def _in_process(python, where, source, target):
    one = {f"{n}_NUM_THREADS": "1" for n in ("OMP", "MKL", "OPENBLAS")}
    command = [python, "-m", "benchmarks.peers.worker", where, source, target]
    done = subprocess.run(
        [*map(str, command)],
        cwd=ROOT,
        env=os.environ | one | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    if done.returncode in (-signal.SIGTERM, -signal.SIGINT):
        raise InterruptedError("the process of a peer was stopped from outside")
    if done.returncode:
        raise RuntimeError(error_of(done))


def environments(names, folder):
    """Python of each environment, or why there is none: two dicts."""
    pythons, refused = {}, {}
    for name in names:
        try:
            pythons[name] = python_of(name, folder)
        except RuntimeError as error:
            refused[name] = str(error)
    return pythons, refused


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument(
        "--slow-draws", type=int, default=2, help="draws in which slow peers are fitted"
    )
    parser.add_argument("--peers", help="only those whose names contain this")
    parser.add_argument("--kept", type=Path, help="peers.csv of an earlier run")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("results/peers"))
    parser.add_argument("--out", type=Path, help="folder for peers.md")
    options = parser.parse_args(arguments)
    todo = [
        (task, name, peer)
        for task in all_tasks(options.draws)
        for name, peer in peers_of(task, options.slow_draws).items()
        if options.peers is None or options.peers in name or name == OURS
    ]
    named = dict.fromkeys(peer.environment for _, _, peer in todo)
    pythons, refused = environments(named, options.work / "environments")
    tables = Parallel(n_jobs=options.n_jobs)(
        delayed(run)(*one, options.data, pythons[one[2].environment], options.work)
        for one in todo
        if one[2].environment in pythons
    )
    scores = pd.concat(tables, ignore_index=True)
    taken = []
    if options.kept:
        scores, taken = add_kept(scores, options.kept)
    text = report(scores, refused, taken)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        command = f"`python -m benchmarks.peers --draws {options.draws}"
        command += f" --slow-draws {options.slow_draws}"
        command += " --kept peers.csv`" if options.kept else "`"
        head = f"# Beside other tools\n\n{command}, {date.today()}\n\n"
        (options.out / "peers.md").write_text(head + text + "\n")
        write_scores(scores, options.out / "peers.csv")


if __name__ == "__main__":
    main()
