import signal
import threading

import pytest

from skmultimodal._console import stops_as_interrupts
from skmultimodal.utils._stops import check_stop, stop_event
from skmultimodal.utils._threads import Workers


def test_only_work_whose_event_is_set_is_stopped():
    check_stop()
    before = stop_event.set(threading.Event())
    check_stop()
    stop_event.get().set()
    with pytest.raises(KeyboardInterrupt):
        check_stop()
    stop_event.reset(before)
    check_stop()


@pytest.fixture
def heeded():
    """The signals of a program at its start, whatever the tests were started with."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield numbers
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("which", [0, 1], ids=["Ctrl-C", "scheduler"])
def test_an_interrupt_that_was_swallowed_stops_the_next_training(heeded, which):
    with stops_as_interrupts():
        check_stop()
        # As joblib does while it writes a result.
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(heeded[which])
        with pytest.raises(KeyboardInterrupt):
            check_stop()
        # The threads of a pool heed the event of their own work.
        with Workers() as workers, pytest.raises(KeyboardInterrupt):
            workers.map(abs, [-1, 1])
    check_stop()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_signals_that_are_ignored_or_handled_stay_so(heeded):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with stops_as_interrupts():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        signal.raise_signal(signal.SIGINT)
        check_stop()
