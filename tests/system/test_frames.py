import sys

import pytest

from archrank.errors import ArchrankError
from archrank.system.frames import data_frame


def test_a_data_frame_of_rows():
    assert data_frame([(1, 2)], ["a", "b"]).to_dict() == {"a": {0: 1}, "b": {0: 2}}


def test_without_pandas_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ArchrankError, match="pip install pandas"):
        data_frame({"a": [1]})
