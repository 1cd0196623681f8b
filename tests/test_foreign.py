import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archrank.system.foreign import bounded, in_one_line, message, shown


class Raises(Exception):
    def __str__(self):
        raise RuntimeError("x")


class Exits(Exception):
    def __str__(self):
        raise SystemExit(3)


class NoText(Exception):
    def __str__(self):
        return 3


class Recursive(Exception):
    def __str__(self):
        return f"{self}"


class Tricky(str):
    def __getitem__(self, key):
        raise RuntimeError("mine")

    def __len__(self):
        return 0

    def split(self, *_):
        raise RuntimeError("mine")


class Meta(type):
    @property
    def __name__(cls):
        raise RuntimeError("no name")


class Nameless(Exception, metaclass=Meta):
    pass


HOSTILE = [
    (Raises(), "Raises: its message cannot be read (RuntimeError)"),
    (Exits(), "Exits: its message cannot be read (SystemExit)"),
    (NoText(), "NoText: its message cannot be read (TypeError)"),
    (Recursive(), "Recursive: its message cannot be read (RecursionError)"),
    (ValueError(Tricky("fine")), "ValueError: fine"),
    (Nameless("there"), "Nameless: there"),
    (type("A\x1bB", (Exception,), {})("x"), "A\\x1bB: x"),
    (FileNotFoundError(os.fsdecode(b"caf\xe9.jpg")), "FileNotFoundError: caf\\udce9.jpg"),
    (ValueError("a\x00b\x1b[31m"), "ValueError: a\\x00b\\x1b[31m"),
    (ValueError("one\n\ttwo\r\n"), "ValueError: one two"),
    (KeyboardInterrupt(), "KeyboardInterrupt"),
]


@pytest.mark.parametrize(("error", "said"), HOSTILE)
def test_any_exception_becomes_a_text(error, said):
    assert in_one_line(error) == said


def test_a_huge_message_is_cut():
    text = in_one_line(ValueError("many words " * 10**6))
    assert len(text) == 1000
    assert text.endswith("…")


@given(st.text(st.characters(), max_size=50), st.integers(2, 60))
def test_a_bounded_text_can_be_written_anywhere(text, longest):
    safe = bounded(text, longest)
    assert len(safe) <= longest
    assert "\x00" not in safe
    assert safe.encode().decode() == safe
    assert len((safe + "x").splitlines()) == 1
    assert bounded(safe, longest) == safe


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=1000))
def test_plain_text_is_left_alone(text):
    assert bounded(text) == text


def test_values_are_shown_whatever_they_are():
    class Bad:
        __repr__ = Raises.__str__

    assert shown("a") == "'a'"
    assert shown(Bad()) == "a value of type Bad that cannot be shown"
    assert shown(10**5000) == "a value of type int that cannot be shown"
    assert len(shown(list(range(1000)))) == 200
    assert message(ValueError("only this")) == "only this"
