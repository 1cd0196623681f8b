import os
import signal
import threading

import pytest

from archrank.system.interrupts import Interrupts, uninterrupted


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_waits_for_the_outermost_block():
    done = []

    def nested():
        with uninterrupted():
            with uninterrupted():
                interrupt()
                done.append("inner")
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        nested()
    assert done == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_the_block_raises_is_not_swallowed():
    with pytest.raises(ValueError, match="mine"), uninterrupted():
        raise ValueError("mine")
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_other_threads_and_an_ignored_signal_are_left_alone():
    ran = []

    def block():
        with uninterrupted():
            ran.append(1)

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with uninterrupted():
            interrupt()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert ran == [1]


def test_an_interrupt_while_a_context_is_entered_or_left_leaves_no_handler_behind():
    outer, inner = Interrupts(), Interrupts()
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(KeyboardInterrupt):
        interrupt()  # before __exit__ has done anything, which is then not called again
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert outer.came
    assert inner.came


def test_a_handler_that_was_set_meanwhile_stays():
    heard = []

    def own(number, frame):
        heard.append(number)
        before(number, frame)

    interrupts = Interrupts()
    try:
        with interrupts:
            before = signal.signal(signal.SIGINT, own)
            with pytest.raises(KeyboardInterrupt):
                interrupt()
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert heard == [signal.SIGINT]
    assert interrupts.came
