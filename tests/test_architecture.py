from dataclasses import FrozenInstanceError

import pytest

from archrank import Architecture


def test_equal_rows_of_one_space_are_one_dictionary_key():
    values = {Architecture("a", (0, 1)): 0.5}
    assert values[Architecture("a", (0, 1))] == 0.5


def test_the_same_row_of_another_space_is_another_architecture():
    assert Architecture("a", (0, 1)) != Architecture("b", (0, 1))


def test_an_architecture_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Architecture("a", (0, 1)).choices = (1, 1)
