"""Fit one peer on one task, in a process of its own: predictions, seconds, memory.

``python -m benchmarks.peers.worker WHERE TASK RESULT``, with the Python of the peer's
environment, which need not have this library. `WHERE` is a module and a function of
``adapters``, `TASK` and `RESULT` are files of `tasks`.
"""

import json
import sys
import time
import warnings
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

PACKAGES = ["autogluon.tabular", "geneicl", "hazardous", "imml", "lightning"]
PACKAGES += ["numpy", "pandas", "scikit-learn", "scikit-survival", "tabicl", "tabpfn"]
PACKAGES += ["torch"]
PARTS = ["train", "test"]


def versions():
    """Versions of those of `PACKAGES` that are installed: dict of str to str."""
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def largest_memory():
    """Peak of this process in MB, as far as the system counts it."""
    # Not getrusage, whose peak on Linux is that of the parent before it started this.
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    peak = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def hidden(blocks, present):
    """Blocks with NaN for the modalities that are not present."""
    return {
        name: block if name in present else np.full_like(block, np.nan)
        for name, block in blocks.items()
    }


def run(fit, task):
    """Predictions in each pattern, and what they cost.

    Parameters
    ----------
    fit : callable
        Of an adapter.
    task : dict
        ``train`` and ``test`` (dict of blocks), ``y``, ``seed``, ``patterns`` (list of
        lists of modalities) and, for survival, ``times``.

    Returns
    -------
    predictions : dict of str to ndarray
        ``"<pattern>"``, or ``"risk <pattern>"`` and ``"curves <pattern>"``.
    costs : dict
        ``fit`` and ``predict`` (of the first pattern) in seconds of the processor,
        which others on the machine hardly change; ``memory`` in MB.
    """
    start = time.process_time()
    predict = fit(task["train"], task["y"], task["seed"])
    costs = {"fit": time.process_time() - start}
    predictions = {}
    for present in task["patterns"]:
        pattern, blocks = "+".join(present), hidden(task["test"], present)
        start = time.process_time()
        if task["times"] is None:
            predictions[pattern] = np.asarray(predict(blocks), dtype=float)
        else:
            risk, curves = predict(blocks, task["times"])
            predictions[f"risk {pattern}"] = np.asarray(risk, dtype=float)
            predictions[f"curves {pattern}"] = np.asarray(curves, dtype=float)
        costs.setdefault("predict", time.process_time() - start)
    return predictions, costs | {"memory": largest_memory()}


def read_task(path):
    """What `tasks.write_task` has written: dict."""
    with np.load(path) as file:
        names = json.loads(str(file["names"]))
        task = {part: {n: file[f"{part}/{n}"] for n in names} for part in PARTS}
        times = file.get("times")
        return task | {
            "y": file["y"],
            "seed": int(file["seed"]),
            "patterns": json.loads(str(file["patterns"])),
            "times": times,
        }


def main(where, source, target):
    warnings.simplefilter("ignore")
    module, name = where.split(":")
    fit = getattr(import_module(module), name)
    predictions, costs = run(fit, read_task(source))
    notes = json.dumps(costs | {"versions": versions()})
    np.savez(target, notes=notes, **predictions)


if __name__ == "__main__":
    main(*sys.argv[1:])
