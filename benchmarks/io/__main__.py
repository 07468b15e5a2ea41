"""``python -m benchmarks.io``: reading MRI and expression against the obvious loops.

Both sides read the same files and keep the same values; medians of `--repeats` runs,
taken in turns. The MRI case is the folder ``brats`` of SKMULTIMODAL_DATA copied to 20
patients (a synthetic one of the same size without it). The 200 STAR files are written
here with the ids of a real one, or invented ids of the same number.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.io._cases import (
    N_GENES,
    SHAPE,
    obvious_expression,
    obvious_slices,
    our_expression,
    our_slices,
    peak_memory,
    write_patients,
    write_star,
)


def medians(
    functions: dict[str, Callable[[], object]], repeats: int
) -> dict[str, float]:
    """Median seconds of each function, run in turns so that noise hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def fresh_peak(root: Path, n_jobs: int, what: str) -> tuple[float, float]:
    """`peak_memory` in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(peak_memory, root, n_jobs, what).result()


def report(title: str, times: dict[str, float], goal: float) -> None:
    print(title)
    obvious = times["obvious loop"]
    for name, seconds in times.items():
        print(f"  {name:24s} {seconds:8.3f} s   {obvious / seconds:6.1f} x")
    print(f"  goal {goal:.0f} x with two threads\n")


def bench_slices(root: Path, n_patients: int, repeats: int) -> None:
    write_patients(root, n_patients)
    np.testing.assert_array_equal(obvious_slices(root), our_slices(root, 2))
    cache = root / "cache"
    our_slices(root, 2, cache)
    times = medians(
        {
            "obvious loop": lambda: obvious_slices(root),
            "read_patients, 1 thread": lambda: our_slices(root, 1),
            "read_patients, 2 threads": lambda: our_slices(root, 2),
            "second load, cached": lambda: our_slices(root, 2, cache),
        },
        repeats,
    )
    report(f"{n_patients} patients, 5 volumes of {SHAPE}", times, 4)
    peak, size = fresh_peak(root, 2, "mri")
    volume = np.prod(SHAPE) * 2 / 2**20
    print(
        f"  peak memory of 2 threads: {peak:.0f} MiB above the start, result {size:.0f}"
        f" MiB, so {(peak - size) / 2 / volume:.1f} int16 volumes ({volume:.0f} MiB) "
        "per worker; goal < 2\n"
    )


def bench_expression(root: Path, n_files: int, repeats: int) -> None:
    write_star(root, n_files)
    np.testing.assert_allclose(
        obvious_expression(root), our_expression(root, 2), rtol=1e-6
    )
    times = medians(
        {
            "obvious loop": lambda: obvious_expression(root),
            "read_expression, 1 thread": lambda: our_expression(root, 1),
            "read_expression, 2 threads": lambda: our_expression(root, 2),
        },
        repeats,
    )
    report(f"{n_files} STAR files of {N_GENES} genes", times, 3)
    peak, size = fresh_peak(root, 2, "expression")
    print(f"  peak memory of 2 threads: {peak:.0f} MiB, result {size:.0f} MiB\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=20)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=["mri", "expression"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.only != "expression":
            bench_slices(Path(folder) / "mri", options.patients, options.repeats)
        if options.only != "mri":
            bench_expression(Path(folder) / "star", options.files, options.repeats)


if __name__ == "__main__":
    main()
