"""Many files of one sample each, read into one array."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from joblib import Parallel, delayed
from numpy.typing import NDArray

from skmultimodal.datasets.tcga._gdc import SampleFile, read_sample_file
from skmultimodal.io._genes import is_par_copy, strip_versions
from skmultimodal.io._names import refuse_duplicates

__all__ = ["SampleRows", "read_sample_files"]


class SampleRows:
    """One row of values per sample, filled by threads that each hold one file."""

    def __init__(self, first: SampleFile, n_files: int) -> None:
        self.first = first
        ids = first.genes.to_pylist()
        self.keep = ~is_par_copy(ids)
        self.genes = pd.Index(
            strip_versions(g for g, k in zip(ids, self.keep, strict=True) if k),
            dtype="str",
            name="gene",
        )
        refuse_duplicates(self.genes, "gene ids", first.path)
        self.values = np.empty((n_files, len(self.genes)), dtype=first.values.dtype)
        self.put(0, first)

    def put(self, row: int, found: SampleFile) -> None:
        if found.unit != self.first.unit:
            raise ValueError(
                f"{found.path}: {found.unit}, but {self.first.path.name} holds "
                f"{self.first.unit}; choose one with quantity."
            )
        self.values[row] = self._aligned(found)[self.keep]

    def _aligned(self, found: SampleFile) -> NDArray[Any]:
        if found.genes is self.first.genes or found.genes.equals(self.first.genes):
            return found.values
        place = pc.index_in(self.first.genes, value_set=found.genes)
        if place.null_count or len(found.genes) != len(self.first.genes):
            raise ValueError(
                f"{found.path}: {len(found.genes)} genes, not the {len(self.genes)} of "
                f"{self.first.path.name} (with its PAR copies "
                f"{len(self.first.genes)}); the files are of two gene models or one is "
                "cut."
            )
        return found.values[place.to_numpy()]


def read_sample_files(
    paths: Sequence[Path], quantity: str | None, on_error: str, n_jobs: int | None
) -> tuple[SampleRows, list[int], dict[str, str]]:
    """Read sample files into one array; which rows are good, and why others are not."""
    failures: dict[str, str] = {}
    rows: SampleRows | None = None
    start = 0
    while rows is None:
        if start == len(paths):
            raise ValueError("; ".join(failures.values()))
        try:
            first = read_sample_file(paths[start], quantity)
            rows = SampleRows(first, len(paths) - start)
        except (OSError, ValueError) as error:
            if on_error == "raise":
                raise
            failures[str(paths[start])] = str(error)
            start += 1
    kept = [start]
    rest = range(start + 1, len(paths))
    table = rows

    def work(i: int) -> Exception | None:
        try:
            table.put(i - start, read_sample_file(paths[i], quantity, first))
        except (OSError, ValueError) as error:
            return error
        return None

    done = Parallel(n_jobs=n_jobs, prefer="threads")(delayed(work)(i) for i in rest)
    for i, problem in zip(rest, done, strict=True):
        if problem is None:
            kept.append(i)
        elif on_error == "raise":
            raise problem
        else:
            failures[str(paths[i])] = str(problem)
    good = [i - start for i in kept]
    if len(good) < len(table.values):
        table.values = table.values[good]
    return table, kept, failures
