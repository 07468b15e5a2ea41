"""Work in threads: results in order, settings restored, errors and stops passed on."""

import os
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
import sklearn
import torch
from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_info

from skmultimodal.utils._stops import check_stop
from skmultimodal.utils._threads import Workers, one_thread


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def blas_threads():
    return {i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"}


def test_results_are_in_order_and_from_several_threads(three_threads):
    meeting = threading.Barrier(3, timeout=60)

    def square(a, b):
        meeting.wait()  # passes only if three run at the same time
        return a * b, threading.get_ident(), torch.get_num_threads()

    with Workers() as workers:
        found = workers.map(square, range(6), range(6))
    assert [product for product, *_ in found] == [0, 1, 4, 9, 16, 25]
    assert len({thread for _, thread, _ in found}) == 3
    assert {count for *_, count in found} == {1}


def test_one_thread_allowed_means_none_is_started(three_threads):
    torch.set_num_threads(1)
    with Workers() as workers:
        found = workers.map(lambda _: threading.current_thread(), range(4))
    assert set(found) == {threading.current_thread()}


def test_settings_are_restored(three_threads):
    blas = blas_threads()
    with one_thread() as allowed:
        assert allowed == 3
        assert torch.get_num_threads() == 1
        assert blas_threads() <= {1}
        with one_thread() as inner:
            assert inner == 1  # the outer block has shared them out
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
    assert blas_threads() == blas


def test_settings_are_restored_after_an_error(three_threads):
    def fail():
        with Workers() as workers:
            workers.map(lambda a: 1 / a, [1, 0, 2])

    with pytest.raises(ZeroDivisionError):
        fail()
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("first_to_leave", ["outer", "inner"])
def test_blocks_of_several_threads_restore_what_the_first_found(
    three_threads, first_to_leave
):
    entered, leave = threading.Event(), threading.Event()

    def other():
        with one_thread():
            entered.set()
            leave.wait(60)

    with one_thread():
        thread = threading.Thread(target=other)
        thread.start()
        assert entered.wait(60)
        if first_to_leave == "inner":
            leave.set()
            thread.join()
    leave.set()
    thread.join()
    assert torch.get_num_threads() == 3
    found = []
    later = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert found == [3]


def test_a_thread_of_joblib_is_one_thread(three_threads):
    def allowed():
        with one_thread() as n_threads:
            return n_threads

    with parallel_config(backend="threading", n_jobs=2):
        assert Parallel()(delayed(allowed)() for _ in range(4)) == [1] * 4


def test_settings_of_scikit_learn_and_numpy_are_passed_on(three_threads):
    def settings(_):
        return sklearn.get_config()["transform_output"], np.geterr()["over"]

    with (
        sklearn.config_context(transform_output="pandas"),
        np.errstate(over="raise"),
        Workers() as workers,
    ):
        assert set(workers.map(settings, range(6))) == {("pandas", "raise")}


def test_an_error_stops_the_others(three_threads):
    started, stopped = threading.Event(), threading.Event()

    def work(number):
        if number == 0:
            assert started.wait(60)
            raise ValueError("number 0")
        started.set()
        end = time.monotonic() + 60
        try:
            while time.monotonic() < end:
                check_stop()
                time.sleep(0.001)
        except KeyboardInterrupt:
            stopped.set()
            raise

    with pytest.raises(ValueError, match="number 0"), Workers() as workers:
        workers.map(work, range(2))
    assert stopped.is_set()
    check_stop()  # nobody stops this thread


def test_a_variable_of_the_environment_is_a_ceiling():
    script = textwrap.dedent(
        """
        from skmultimodal.utils._threads import Workers
        with Workers() as workers:
            print(workers.n_threads)
        """
    )
    # torch obeys MKL_NUM_THREADS as well.
    others = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    for wanted in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**others, "OMP_NUM_THREADS": wanted},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == wanted
