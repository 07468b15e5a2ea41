"""Progress of long work: a bar for each stage on a terminal, a line in a log."""

import sys
import threading
import time
from contextvars import ContextVar, Token
from functools import singledispatch
from typing import Any

from sklearn.utils.parallel import Parallel
from tqdm.auto import tqdm

__all__ = ["Stage", "TrackedParallel", "advance", "announce", "count_networks"]

_stages: ContextVar[tuple["Stage", ...]] = ContextVar("_stages", default=())


def _shows_bars() -> bool:
    # In a log, a bar would be a line every tenth of a second.
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def announce(text: str, verbose: int) -> None:
    """Print a text on standard error, if `verbose`."""
    if verbose:
        print(text, file=sys.stderr, flush=True)


class Stage:
    """A stage of some work, shown if `verbose`.

    Parameters
    ----------
    name : str
    total : int or None
        Steps of the stage; None if it is not divided into steps.
    unit : str
        What a step is, in the singular.
    verbose : int

    Attributes
    ----------
    n_done : int
        Steps so far.
    """

    def __init__(self, name: str, total: int | None, unit: str, verbose: int) -> None:
        self.name = name
        self.total = total
        self.unit = unit
        self.verbose = verbose
        self.n_done = 0
        self._notes: list[str] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Stage":
        self._start = time.perf_counter()
        # A disabled bar would start the locks and the thread of tqdm all the same.
        self._bar = (
            tqdm(total=self.total, desc=self.name, unit=self.unit)
            if self.verbose and _shows_bars()
            else None
        )
        self._token: Token[tuple[Stage, ...]] = _stages.set((*_stages.get(), self))
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        _stages.reset(self._token)
        if self._bar is not None:
            self._bar.close()
        elif self.verbose:
            seconds = f"{time.perf_counter() - self._start:.1f} s"
            parts = [*self._steps(stopped=kind is not None), *self._notes, seconds]
            announce(f"{self.name}: {', '.join(parts)}", 1)

    def _steps(self, stopped: bool) -> list[str]:
        state = "stopped after " if stopped else ""
        if self.total is None:
            return ["stopped"] if stopped else []
        plural = "" if self.total == 1 else "s"
        of = "" if self.n_done == self.total else f"{self.n_done} of "
        return [f"{state}{of}{self.total} {self.unit}{plural}"]

    def advance(self, n_steps: int = 1, note: str = "") -> None:
        """Count steps that are done, and show a note."""
        with self._lock:
            self.n_done += n_steps
            self.remark(note)
            if self._bar is not None:
                self._bar.update(n_steps)

    def remark(self, note: str) -> None:
        """Show a note beside the number of steps, in place of the previous one."""
        self._notes = [note] if note else []
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)


def advance(unit: str) -> None:
    """Count a step of the innermost running stage with steps of this unit, if any."""
    for stage in reversed(_stages.get()):
        if stage.unit == unit:
            stage.advance()
            return


class TrackedParallel(Parallel):
    """A Parallel of joblib whose tasks are the steps of a stage."""

    def __init__(self, stage: Stage, n_jobs: int | None = None) -> None:
        super().__init__(n_jobs=n_jobs)
        self.stage = stage
        self._n_counted = 0

    def print_progress(self) -> None:
        """Count the tasks that are done; joblib calls it after each batch of them."""
        n_new = self.n_completed_tasks - self._n_counted
        self._n_counted = self.n_completed_tasks
        self.stage.advance(n_new)


@singledispatch
def count_networks(estimator: Any) -> int:
    """Number of networks that a fit trains, if none is found in a cache.

    Networks, and meta-estimators that fit several clones, are registered where they
    are defined; of any other meta-estimator each part is counted once.
    """
    if isinstance(estimator, list | tuple):  # of (name, estimator)
        return sum(map(count_networks, estimator))
    if not hasattr(estimator, "get_params") or isinstance(estimator, type):
        return 0
    return sum(map(count_networks, estimator.get_params(deep=False).values()))
