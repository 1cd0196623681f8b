import io

import pytest
from rich.console import Console

from archrank.system.progress import ProgressBar


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def logged(updates, **settings):
    """What a log file holds after updates at given seconds."""
    file, clock = io.StringIO(), Clock()
    with ProgressBar("searching", Console(file=file, width=200), clock=clock, **settings) as bar:
        for second, arguments, more in updates:
            clock.now = 100.0 + second
            bar.update(*arguments, **more)
    return file.getvalue().splitlines()


def test_a_log_file_gets_a_line_every_thirty_seconds():
    seconds = [0, 10, 29, 31, 40, 60, 62, 100]
    updates = [(second, (second, 200, f"at {second}"), {}) for second in seconds]
    assert logged(updates) == [
        "searching: 16%, at 31, 0:00:31 so far, 0:02:49 left",
        "searching: 31%, at 62, 0:01:02 so far, 0:02:18 left",
        "searching: 50%, at 100, 0:01:40 so far, 0:01:40 left",
    ]


def test_what_an_earlier_run_did_is_no_part_of_the_pace():
    (line,) = logged([(0, (50, 100), {}), (30, (60, 100), {})])
    assert line == "searching: 60%, 0:00:30 so far, 0:02:00 left"


def test_a_time_that_is_known_is_shown_and_an_unknown_total_has_none():
    assert logged([(31, (1, 2, "[b] 1 of 2"), {"seconds_left": 3600.0})]) == [
        "searching: 50%, [b] 1 of 2, 0:00:31 so far, 1:00:00 left"
    ]
    assert logged([(31, (7, None, "7 read"), {})]) == ["searching: 7 read, 0:00:31 so far"]


def test_quiet_is_quiet():
    assert logged([(31, (1, 2), {}), (90, (2, 2), {})], quiet=True) == []


@pytest.mark.parametrize("total", [10, None])
def test_a_terminal_gets_a_bar_that_vanishes(total):
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=100)
    with ProgressBar("searching", console) as bar:
        bar.update(3, total, "[best] 0.7")
        shown = file.getvalue()
        bar.update(4, total, "[best] 0.8")
    assert "searching" in shown
    assert "[best] 0.7" in shown
    assert "0:00:00" in shown  # the time so far
    assert file.getvalue().endswith("\x1b[2K")  # its line is erased


def test_a_bar_that_was_never_updated_shows_nothing():
    file = io.StringIO()
    with ProgressBar("decoding", Console(file=file, force_terminal=True)):
        pass
    assert file.getvalue() == ""


def test_the_time_left_begins_anew_with_another_part_of_the_work():
    parts = [(0, (250, 500)), (10, (0, 200)), (11, (200, 200)), (3611, (251, 500)), (7211, (252, 500))]
    *_, last = logged([(second, done, {}) for second, done in parts])
    assert last == "searching: 50%, 2:00:11 so far, 248:00:00 left"
