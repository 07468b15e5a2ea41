"""Searches and comparisons on a Dask cluster that survive the loss of a worker."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import joblib
import numpy as np

from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._warnings import warn

__all__ = ["dask_parallel", "held_everywhere"]

# Whether jobs are those of a `dask_parallel`.
_within: ContextVar[bool] = ContextVar("_within", default=False)


@contextmanager
def dask_parallel(
    client: Any, *data: Any, splits: Any = None, **config: Any
) -> Iterator[Any]:
    """Run joblib's jobs on a Dask cluster, with the data on every worker.

    joblib keeps one copy of what tasks share, and Dask drops further copies: a search
    then ends with the worker that held it. Here each worker gets the data and the rows
    of the folds beforehand, and keeps them until the end.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster, see ``skmultimodal[distributed]``.
    *data : Cohort, ndarray or others
        What is given to ``fit``, such as ``X`` and ``y``: these very objects.
    splits : list of (train, test), default=None
        Row numbers of the folds: the very list that is the ``cv`` of the search.
        `compare_classifiers` and the like need none, and send their own labels.
    **config
        Further parameters of ``joblib.parallel_config``.

    Yields
    ------
    client : distributed.Client

    Raises
    ------
    TypeError
        If `splits` is no list, whose arrays would be drawn anew for each search.
    ImportError
        If distributed is absent (``skmultimodal[distributed]``).

    See Also
    --------
    compare_classifiers : With `n_jobs`, its folds are such jobs too.

    Notes
    -----
    Within it, joblib's ``parallel_config`` has Dask as its backend. Dask's active
    memory manager, which drops copies, is stopped meanwhile. With as many copies as
    workers, a search goes on as long as one of them is left. `memory` of a model must
    be a folder that all workers see.

    Examples
    --------
    In threads of this process; of a cluster it is ``Client("scheduler-address:8786")``,
    and a script has these lines below ``if __name__ == "__main__":``.

    >>> import numpy as np
    >>> from dask.distributed import Client
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmultimodal.model_selection import PairedStratifiedKFold, dask_parallel
    >>> y = np.arange(60) % 2
    >>> X = np.random.default_rng(0).normal(size=(60, 3)) + y[:, None]
    >>> splits = list(PairedStratifiedKFold(3, random_state=0).split(X, y))
    >>> search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=splits)
    >>> here = {"processes": False, "protocol": "tcp", "host": "127.0.0.1"}
    >>> client = Client(**here, n_workers=1, dashboard_address=":0")
    >>> with client, dask_parallel(client, X, y, splits=splits):
    ...     n_held = len(client.who_has())
    ...     search = search.set_params(n_jobs=2).fit(X, y)
    >>> n_held  # X, y and the rows of three folds
    8
    >>> search.n_splits_
    3
    """
    import_optional("distributed", "distributed")
    if splits is not None and not isinstance(splits, list):
        raise TypeError(
            f"splits must be a list of (train, test), got {type(splits).__name__}: "
            "give list(cv.split(X, y)), and the same list as the cv of the search."
        )
    rows = [part for split in splits or [] for part in split]
    if not all(isinstance(part, np.ndarray) for part in rows):
        raise TypeError("splits must hold arrays, as those of cv.split(X, y) are.")
    manager = client.amm
    stopped = manager.running()
    if stopped:
        manager.stop()
    token = _within.set(True)
    try:
        with (
            joblib.parallel_config(backend="dask", client=client, **config),
            held_everywhere(*data, *rows),
        ):
            yield client
    finally:
        _within.reset(token)
        if stopped:
            manager.start()


@contextmanager
def held_everywhere(*data: Any) -> Iterator[Any]:
    """Have what jobs share on every worker, within `dask_parallel`; else do nothing.

    Parameters
    ----------
    *data : object
        Arguments of the jobs: these very objects. None is left out, and what the
        workers hold already is not sent again.
    """
    backend, _ = joblib.parallel.get_active_backend()
    futures = getattr(backend, "data_futures", None)
    if futures is None or not _within.get():
        yield
        return
    new = {id(x): x for x in data if x is not None and id(x) not in futures}
    if new:
        client = backend.client
        sent = client.scatter(list(new.values()), broadcast=True, hash=False)
        _copy_to_all(client, sent)
        futures.update(zip(new, sent, strict=True))
    try:
        yield
    finally:
        for key in new:
            del futures[key]


def _copy_to_all(client: Any, futures: Any) -> None:
    """Copy what was sent to the workers that lack it, as busy ones may."""
    client.replicate(futures)
    n_workers = len(client.scheduler_info(n_workers=-1)["workers"])
    fewest = min(map(len, client.who_has(futures).values()))
    if fewest < n_workers:
        warn(
            f"{n_workers - fewest} of {n_workers} workers lack a part of the data: the "
            "search may not survive the loss of another."
        )
