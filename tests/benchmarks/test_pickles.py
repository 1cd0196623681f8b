import builtins
import importlib.metadata
import os
import pickle
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from archrank.benchmarks import pickles
from archrank.benchmarks.pickles import NUMPY_NUMBERS, package_pickle, record_class, restricted_loads
from archrank.errors import TableError

ALLOWED = {**NUMPY_NUMBERS, ("bench.data", "Record"): record_class}


def read(data, **options):
    return restricted_loads(data, ALLOWED, "a test", **options)


class Calls:
    """Pickles as a call of anything at all."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def stack_global(module, name):
    return b"".join(b"\x8c" + bytes([len(t)]) + t.encode() for t in (module, name)) + b"\x93"


RECORD = stack_global("bench.data", "Record")
NUMBER = stack_global("numpy.core.multiarray", "scalar")
DTYPE = stack_global("numpy", "dtype")


def text(value):
    return b"\x8c" + bytes([len(value)]) + value.encode()


@pytest.fixture
def untouched(tmp_path, monkeypatch):
    """A file that every hostile pickle here would make, were it run."""
    monkeypatch.chdir(tmp_path)
    yield Path("touched")
    assert not Path("touched").exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_back(protocol):
    value = {(0, 1): {"a": [1, -2, 2.5, None, True, 10**30], "b": ("x", "ü" * 300, (), {})}}
    for intact in (False, True):
        assert read(pickle.dumps(value, protocol), intact=intact) == value


@pytest.mark.parametrize("value", [0.123456789, -1e300, np.float32(0.5), np.int64(-7)])
def test_numpy_numbers_come_out_as_floats(value):
    number = np.float64(value) if isinstance(value, float) else value
    for intact in (False, True):
        found = read(pickle.dumps(number, 3), intact=intact)
        assert type(found) is float
        assert found == float(value)


def test_records_are_inert():
    pickled = b"\x80\x04" + RECORD + b")\x81}" + text("accuracy") + b"G" + struct.pack(">d", 0.5) + b"sb."
    record = read(pickled)
    assert vars(record) == {"accuracy": 0.5}
    assert not hasattr(record_class(), "__setstate__")


HOSTILE = {
    "os.system": Calls(os.system, "touch touched"),
    "eval": Calls(builtins.eval, "open('touched', 'w')"),
    "exec": Calls(builtins.exec, "open('touched', 'w')"),
    "open": Calls(builtins.open, "touched", "w"),
    "getattr": Calls(builtins.getattr, "", "join"),
    "import": Calls(builtins.__import__, "this"),
    "nested": {"cora": [0.5, (Calls(os.system, "touch touched"),)]},
    "as a key": {Calls(os.mkdir, "touched"): 1},
    "a class": Path,
    "numpy loader": Calls(np.load, "touched"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_nothing_that_is_not_on_the_list_is_found(name, protocol, untouched):
    data = pickle.dumps(HOSTILE[name], protocol)
    for intact in (False, True):
        with pytest.raises(TableError, match=r"asks for .* refused, nothing was run"):
            read(data, intact=intact)


def test_the_refusal_names_what_was_asked_for(untouched):
    with pytest.raises(TableError, match=rf"a test asks for {os.system.__module__}\.system"):
        read(pickle.dumps(Calls(os.system, "touch touched")))


def test_a_numpy_number_of_objects_is_refused(untouched):
    """NumPy's own scalar would unpickle what lies inside an object number."""
    inner = pickle.dumps(Calls(os.system, "touch touched"))
    kind = DTYPE + text("O8") + b"\x89\x88\x87R"
    data = b"\x80\x04" + NUMBER + kind + b"C" + bytes([len(inner)]) + inner + b"\x86R."
    for intact in (False, True):
        with pytest.raises(TableError, match="'O8'"):
            read(data, intact=intact)


BENT = {
    "attribute path": b"\x80\x04" + stack_global("numpy", "dtype.__init__.__globals__") + b".",
    "module path": b"\x80\x04" + stack_global("bench.data.Record", "__class__") + b".",
    "calling a record": b"\x80\x04" + RECORD + b")R.",
    "a number of a string": b"\x80\x04" + NUMBER + text("f8") + b"C\x08" + bytes(8) + b"\x86R.",
    "a short number": b"\x80\x04" + NUMBER + DTYPE + text("f8") + b"\x85R" + b"C\x07" + bytes(7) + b"\x86R.",
    "calling a text": b"\x80\x04" + text("print") + b")R.",
    "making a text": b"\x80\x04" + text("print") + b")\x81.",
    "state of a dictionary": b"\x80\x04}}" + text("__class__") + RECORD + b"sb.",
    "a persistent id": b"\x80\x04" + text("elsewhere") + b"Q.",
    "an extension": b"\x80\x04\x82\x01.",
    "old style instance": b"(ios\nsystem\n.",
    "out of band buffer": b"\x80\x05\x97.",
}


@pytest.mark.parametrize("name", BENT)
@pytest.mark.parametrize("intact", [False, True])
def test_the_machine_cannot_be_bent(name, intact, untouched):
    with pytest.raises(TableError):
        read(BENT[name], intact=intact)


def test_what_a_pickle_does_to_a_class_ends_with_it():
    """A pickle may hand a state to the class itself; the next pickle must see nothing of it."""
    state = b"N}" + text("accuracy") + b"K\x01s\x86"
    assert read(b"\x80\x04" + RECORD + state + b"b.").accuracy == 1
    assert not hasattr(read(b"\x80\x04" + RECORD + b"."), "accuracy")
    with pytest.raises(TableError):
        read(b"\x80\x04" + DTYPE + b"N}" + text("unpack") + b"K\x01s\x86b.")
    assert read(pickle.dumps(np.float64(2.5), 3)) == 2.5


def test_every_cut_is_noticed():
    data = pickle.dumps({i: {"perf": np.float64(i), "name": "x" * i} for i in range(20)}, 3)
    for length in range(len(data)):
        for intact in (False, True):
            with pytest.raises(TableError, match="damaged"):
                read(data[:length], intact=intact)


def test_a_damaged_byte_gives_data_or_a_table_error():
    data = pickle.dumps({i: {"perf": np.float64(i)} for i in range(5)}, 3)
    refused = 0
    for place in range(len(data)):
        for value in (0, ord("r"), ord("R"), ord("b"), 0x7F, 0xFF):
            try:
                read(data[:place] + bytes([value]) + data[place + 1 :])
            except TableError:
                refused += 1
    assert refused > len(data)


@pytest.mark.parametrize("store", [b"r\xff\xff\xff\x7f", b"p2147483647\n"])
def test_an_index_that_would_fill_the_memory_is_refused(store):
    with pytest.raises(TableError, match="impossible index"):
        read(b"\x80\x02}" + store + b".")


@pytest.mark.parametrize("data", [b"", b"\x00" * 100, b"PAR1" * 20, b"architecture,accuracy\n", b"\x80\x04."])
def test_nonsense_is_damaged(data):
    with pytest.raises(TableError, match="damaged"):
        read(data)


def test_an_oversized_file_is_refused(monkeypatch):
    monkeypatch.setattr(pickles, "LARGEST", 1000)
    with pytest.raises(TableError, match="2,000 bytes"):
        read(bytes(2000))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package that carries a pickle, and would fail if it were imported."""
    (tmp_path / "tiny_bench").mkdir()
    (tmp_path / "tiny_bench/__init__.py").write_text("raise RuntimeError('imported')\n")
    path = tmp_path / "tiny_bench/numbers.pickle"
    path.write_bytes(pickle.dumps({"a": 1}))
    about = tmp_path / "tiny_bench-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-bench\nVersion: 1.0\n")
    (about / "RECORD").write_text(
        f"tiny_bench/numbers.pickle,sha256={pickles._digest(path.read_bytes())},{path.stat().st_size}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return path


def test_a_package_is_read_but_not_imported(package):
    assert package_pickle("tiny-bench", "tiny_bench/numbers.pickle", {}) == {"a": 1}
    assert "tiny_bench" not in sys.modules


def test_a_file_other_than_the_installed_one_is_refused(package):
    package.write_bytes(package.read_bytes()[:-3])
    with pytest.raises(TableError, match=r"damaged or cut short: pip install --force-reinstall tiny-bench"):
        package_pickle("tiny-bench", "tiny_bench/numbers.pickle", {})


def test_without_a_record_the_file_is_checked_itself(package):
    (package.parents[1] / "tiny_bench-1.0.dist-info/RECORD").unlink()
    assert importlib.metadata.files("tiny-bench") is None
    assert package_pickle("tiny-bench", "tiny_bench/numbers.pickle", {}) == {"a": 1}
    package.write_bytes(package.read_bytes()[:-3])
    with pytest.raises(TableError, match="damaged"):
        package_pickle("tiny-bench", "tiny_bench/numbers.pickle", {})


def test_a_missing_package_says_what_to_install():
    with pytest.raises(TableError, match="pip install no-such-bench"):
        package_pickle("no-such-bench", "no_such_bench/data.pickle", {})


def test_a_missing_file_says_what_to_install(package):
    package.unlink()
    with pytest.raises(TableError, match="pip install --force-reinstall tiny-bench"):
        package_pickle("tiny-bench", "tiny_bench/numbers.pickle", {})


def doubled(again, count=60):
    """A tuple of the tuple before, twice, and so on: two to the power of the count of them."""
    return b")" + again * count


@pytest.mark.parametrize(
    "data",
    [
        b"})" + b"\x85" * 1_000_000 + b"Ns.",
        b"}" + doubled(b"2\x86") + b"Ns.",
        b")\x94" + b"".join(b"h%ch%c\x86\x94" % (i, i) for i in range(60)) + b"}h\x3cK\x01s.",
        b")q\x00" + b"h\x00h\x00\x86q\x00" * 60 + b"}h\x00K\x01s.",
        b"}" + doubled(b"2\x86NbN0") + b"K\x01s.",
        b"}" + doubled(b"2\x86(e") + b"K\x01s.",
        b"}" + doubled(b"(h\x00h\x00t", 0) + b"p0\n" + b"(g0\ng0\ntp0\n" * 60 + b"K\x01s.",
        b"}q\x05)\x94" + b"h\x01h\x01\x86q\x01\x94" * 60 + b"h\x01K\x01s.",
    ],
    ids=["deep", "twice", "memo", "index", "built", "appended", "text", "two ways to count"],
)
def test_tuples_that_would_be_gone_into_without_end_are_refused_first(data):
    for protocol in (b"", b"\x80\x04"):
        with pytest.raises(TableError, match=r"tuples in one another|the stack"):
            read(protocol + data)


def test_what_would_take_much_memory_is_refused_first(monkeypatch):
    monkeypatch.setattr("archrank.benchmarks.pickle_structure.MOST_OBJECTS", 1_000)
    with pytest.raises(TableError, match="more than 1,000 objects"):
        read(b"(" + b"]" * 1_001 + b"l.")
    for store in (b"r" + struct.pack("<I", 2_000), b"p2000\n", b"p" + b"9" * 5_000 + b"\n"):
        with pytest.raises(TableError, match="an impossible index"):
            read(b"N" + store + b" " * 5_000)
    assert read(pickle.dumps([[i] for i in range(300)])) == [[i] for i in range(300)]


@pytest.mark.parametrize(
    "data", [b"0.", b".", b"1.", b"\x86.", b"(\x85.", b"e.", b"]s.", b"\x94.", b"2.", b"R.", b"(N0000."]
)
def test_more_than_is_on_the_stack_is_refused(data):
    with pytest.raises(TableError, match=r"stack|mark"):
        read(data)


def test_honest_tuples_are_read():
    value = {
        ("cifar10", 777): (1, (2, (3, "x"))),
        "rows": [(i, str(i)) for i in range(5_000)],
        (1, (2, (3,))): {(): 0},
    }
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert read(pickle.dumps(value, protocol)) == value
