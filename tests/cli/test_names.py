import re
import sys

import pytest

from archrank.benchmarks import names as benchmark_names
from archrank.cli import names
from archrank.errors import SpaceError, TableError, UnknownName
from archrank.spaces import SPACES
from archrank.testing import check_space

OWN = """
from archrank import Cell, Choice, Graph, SearchSpace, Site

class Own(SearchSpace):
    operations = ("conv", "pool")

    def __init__(self, layers=2):
        self.name = f"own-{layers}"
        self.choices = tuple(Choice(f"layer {i}", self.operations) for i in range(layers))

    def graph(self, architecture):
        ops = self.options(architecture).values()
        sites = tuple(Site(op, (i,), i + 1) for i, op in enumerate(ops))
        return Graph((Cell(1, len(ops) + 1, sites, (len(ops),)),))

class Needs(Own):
    def __init__(self, layers):
        super().__init__(layers)

class Unfinished(SearchSpace):
    name = "unfinished"

large = Own(5)
number = 3
"""


@pytest.fixture
def own(tmp_path, monkeypatch, request):
    """A user's file under a name that no other test imports."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / f"own_space_{abs(hash(request.node.name))}.py"
    path.write_text(OWN)
    yield path
    sys.modules.pop(path.stem, None)


@pytest.mark.parametrize("name", SPACES)
def test_every_space_goes_by_its_name(name):
    assert names.space(name).name == name


@pytest.mark.parametrize("name", benchmark_names())
def test_a_benchmarks_name_stands_for_its_space(name):
    assert names.space(name).name in SPACES


def test_a_users_class_or_object(own):
    assert names.space(f"{own}:Own").name == "own-2"
    assert names.space(f"{own}:large").name == "own-5"
    check_space(names.space(f"{own}:large"))


def test_a_users_module(own, monkeypatch):
    monkeypatch.chdir(own.parent)
    assert names.space(f"{own.stem}:Own").name == "own-2"


def test_unknown_names_get_the_closest():
    with pytest.raises(UnknownName, match=r"did you mean 'nas-bench-201'.*path/to/file\.py:ClassName"):
        names.space("nas-bench-2001")
    with pytest.raises(UnknownName, match="did you mean 'analog-nasbench'"):
        names.table("analog-nas-bench")


def test_what_the_users_file_lacks(own):
    with pytest.raises(UnknownName, match="did you mean 'large'"):
        names.space(f"{own}:larg")
    with pytest.raises(SpaceError, match="number is 3, expected a subclass of SearchSpace"):
        names.space(f"{own}:number")
    with pytest.raises(SpaceError, match="Unfinished"):
        names.space(f"{own}:Unfinished")
    with pytest.raises(SpaceError, match=r"cannot be made without arguments.*layers"):
        names.space(f"{own}:Needs")
    with pytest.raises(SpaceError, match=r"py:MySpace"):
        names.space(str(own))


def test_files_that_cannot_be_imported(own):
    with pytest.raises(SpaceError, match=r"absent\.py: no such file"):
        names.space(f"{own.parent / 'absent.py'}:Own")
    for number, (text, message) in enumerate(
        [
            ("def broken(:\n", "SyntaxError"),
            (
                "import no_such_package_at_all\n",
                "ModuleNotFoundError: No module named 'no_such_package_at_all'",
            ),
            ("raise RuntimeError('two\\nlines')\n", "RuntimeError: two lines"),
            ("raise SystemExit(3)\n", "SystemExit: 3"),
        ]
    ):
        path = own.with_name(f"{own.stem}_{number}.py")
        path.write_text(text)
        with pytest.raises(SpaceError, match=message) as caught:
            names.space(f"{path}:Own")
        assert re.search(message, str(caught.value).splitlines()[0])
    with pytest.raises(SpaceError, match=r"no_such_package_at_all.sub cannot be imported"):
        names.space("no_such_package_at_all.sub:Own")


def test_a_file_named_like_a_loaded_module_is_not_mistaken_for_it(own):
    path = own.with_name("json.py")
    path.write_text(OWN)
    with pytest.raises(SpaceError, match=r"a module named 'json' is there already.*rename the file"):
        names.space(f"{path}:Own")


def test_a_missing_package_is_a_table_error(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(TableError, match="pip install nas-bench-graph"):
        names.table("nas-bench-graph-cora")


def test_an_error_in_a_users_module_shows_where_it_is(own):
    own.write_text("def helper():\n    raise ValueError('my mistake')\n\n\nhelper()\n")
    with pytest.raises(SpaceError, match="cannot be imported: ValueError: my mistake") as raised:
        names.space(f"{own}:Own")
    _, *lines = str(raised.value).splitlines()
    assert lines == [
        f"  {own}, line 5, in <module>: helper()",
        f"  {own}, line 2, in helper: raise ValueError('my mistake')",
    ]


def test_of_a_deep_error_in_a_users_module_the_last_lines_are_shown(own):
    own.write_text("def deep(n):\n    return 1 / n if not n else deep(n - 1)\n\n\ndeep(50)\n")
    with pytest.raises(SpaceError, match="ZeroDivisionError") as raised:
        names.space(f"{own}:Own")
    assert len(str(raised.value).splitlines()) == 5


def test_a_space_that_is_not_finished_names_what_it_lacks(own):
    with pytest.raises(SpaceError, match=r":Unfinished is not complete: it lacks graph$"):
        names.space(f"{own}:Unfinished")
