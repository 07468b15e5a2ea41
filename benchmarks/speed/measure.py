"""How everything here is timed."""

import os
import platform
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, against what, and the goal."""

    what: str
    reached: float
    goal: float
    unit: str = "x"
    at_least: bool = False
    note: str = ""

    @property
    def met(self):
        return self.reached >= self.goal if self.at_least else self.reached <= self.goal

    def cells(self):
        """Cells of the table by column."""
        sign = ">=" if self.at_least else "<="
        return {
            "what": self.what,
            "goal": f"{sign} {self.goal:g} {self.unit}",
            "reached": f"{self.reached:.3g} {self.unit}",
            "met": "yes" if self.met else "no",
            "note": self.note,
        }


def seconds(function):
    """Time of one call, and what it returned."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def in_turn(functions, repeats):
    """Seconds of each function, called in turn: ndarray (repeats, n_functions).

    Neighbours on the machine slow all of a round alike, so that ratios are taken
    within rounds. A first round is not counted, unless there is one only.
    """
    uncounted = 1 if repeats > 1 else 0
    rounds = [[seconds(f)[0] for f in functions] for _ in range(repeats + uncounted)]
    return np.array(rounds[uncounted:])


def median_ratio(times, ours=0, theirs=1):
    """Median over rounds of the ratio of two columns of `in_turn`."""
    return float(np.median(times[:, ours] / times[:, theirs]))


def told(times, names):
    """Median seconds of each column, in words."""
    medians = np.median(times, axis=0)
    return ", ".join(f"{n} {t:.3g} s" for n, t in zip(names, medians, strict=True))


def machine():
    """One line on the machine and the versions."""
    packages = ["numpy", "scikit-learn", "skorch", "torch"]
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{processor()}, {torch.get_num_threads()} threads; "
        f"Python {platform.python_version()}, {versions}"
    )


def processor():
    """The processor and its cores."""
    return f"{_cpu()}, {os.cpu_count()} cores"


def _cpu():
    info = Path("/proc/cpuinfo")
    names = info.read_text().splitlines() if info.exists() else []
    found = [line.split(":")[1].strip() for line in names if "model name" in line]
    return found[0] if found else platform.machine()


def memory_of(field):
    """Megabytes of this process: ``"RssAnon"`` (private), ``"VmHWM"`` (peak)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/self/status has no {field}.")


class PrivateMemory:
    """Largest private memory while the block runs, in MB, as ``peak``."""

    def __enter__(self):
        self.peak, self._stop = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self):
        while not self._stop.wait(0.01):
            self.peak = max(self.peak, memory_of("RssAnon"))

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join()


def in_fresh_process(module, *arguments, environment=None, timeout=None):
    """Last line that ``python -m module`` prints, in words."""
    command = [sys.executable, "-W", "ignore", "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout.splitlines()[-1].split()
