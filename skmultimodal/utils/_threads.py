"""Threads that train and run networks, each with one thread of torch.

An operation of a small network takes less time than two threads need to synchronise,
above all where other programs use the cores too. Whole networks, or parts of a batch,
that run side by side synchronise only once.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from functools import lru_cache
from typing import Any

import sklearn
from joblib.parallel import get_active_backend
from threadpoolctl import ThreadpoolController

from skmultimodal.utils._stops import check_stop, stop_event

__all__ = ["Workers", "one_thread"]


class _Limit:
    """The limit on torch and BLAS in this process, shared by its current users."""

    lock = threading.Lock()
    n_users = 0
    torch_threads = 1
    blas = ExitStack()


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    # It searches every loaded library, which takes milliseconds.
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[int]:
    """Limit torch and BLAS to the calling thread; yields the number of threads allowed.

    That is the number torch was set to: by itself, by ``OMP_NUM_THREADS`` or by
    ``torch.set_num_threads``. In a thread of joblib, which limits its threads itself,
    it is one. The settings are restored when the last such block of the process ends.
    """
    import torch

    with _Limit.lock:
        found = torch.get_num_threads()
        if not _Limit.n_users:
            _Limit.torch_threads = found
            _Limit.blas.enter_context(_controller().limit(limits=1, user_api="blas"))
        _Limit.n_users += 1
        torch.set_num_threads(1)
    try:
        yield 1 if _in_thread_of_joblib() else found
    finally:
        with _Limit.lock:
            _Limit.n_users -= 1
            if not _Limit.n_users:
                _Limit.blas.close()
                # The number found by this thread may be the limit of another one.
                found = _Limit.torch_threads
            torch.set_num_threads(found)


def _in_thread_of_joblib() -> bool:
    backend, _ = get_active_backend()
    in_main = threading.current_thread() is threading.main_thread()
    return bool(backend.nesting_level) and not in_main


class Workers:
    """As many threads as torch may use, with one thread of torch each.

    Results do not depend on how many there are. An exception, such as a
    KeyboardInterrupt, stops the others at the next ``check_stop``.
    """

    def __enter__(self) -> "Workers":
        self._context = ExitStack()
        self.n_threads = self._context.enter_context(one_thread())
        self._pool: ThreadPoolExecutor | None = None
        self._stopped = threading.Event()
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        self._context.close()

    def map(self, function: Callable[..., Any], *arguments: Iterable[Any]) -> list[Any]:
        """Results of ``function`` for each set of arguments, in their order."""
        check_stop()  # the threads heed only their own event
        tasks = list(zip(*arguments, strict=True))
        if min(self.n_threads, len(tasks)) < 2:
            return [function(*task) for task in tasks]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(
                self.n_threads,
                initializer=_start_thread,
                initargs=(sklearn.get_config(),),
            )
        before = stop_event.set(self._stopped)
        futures = [
            self._pool.submit(copy_context().run, function, *task) for task in tasks
        ]
        stop_event.reset(before)
        try:
            return [future.result() for future in futures]
        except BaseException:
            self._stopped.set()
            for future in futures:
                future.cancel()
            raise


def _start_thread(config: dict[str, Any]) -> None:
    import torch

    # Both are settings of the thread.
    torch.set_num_threads(1)
    sklearn.set_config(**config)
