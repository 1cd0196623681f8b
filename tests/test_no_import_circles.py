"""No two modules of archrank import each other: not at the top, not inside a function, not by a name in a text."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src"
LAZY_NAME = re.compile(r"(archrank[\w.]*):\w+")
"""What ``LazyNames`` imports when it is first used, such as ``archrank.encoders.gates:GATES``."""


def imports(sources):
    """What each module imports, but for annotations: under TYPE_CHECKING nothing runs.

    A package without a stub imports what its ``__init__.py`` says. One with a stub also passes on, when they are first
    used, the names of ``__init__.pyi``.
    """
    files = {
        path: _module(path.relative_to(sources))
        for path in sorted(sources.rglob("*.py*"))
        if path.suffix[:3] == ".py"
    }
    modules = set(files.values())
    found = {module: set() for module in modules}
    for path, module in files.items():
        for name in _named(ast.parse(path.read_text(encoding="utf-8")), module):
            # ``from archrank.study import driver`` imports a module, ``from archrank.study import search`` a package.
            target = next(
                (name.rsplit(".", cut)[0] for cut in (0, 1) if name.rsplit(".", cut)[0] in modules), None
            )
            if target not in (None, module):
                found[module].add(target)
    return found


def _module(path):
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _named(tree, module):
    for node in _run(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # Relative imports stand in stubs of packages only, where the module is the package.
            package = ".".join(filter(None, (module, node.module))) if node.level else node.module
            yield from (f"{package}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (lazy := LAZY_NAME.fullmatch(node.value))
        ):
            yield lazy[1]


def _run(node):
    """The nodes of what runs."""
    yield node
    children = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        children = node.orelse
    for child in children:
        yield from _run(child)


def circle(sources):
    """Modules of which each imports the one before it, from a module to itself; None where there are none."""
    try:
        TopologicalSorter(imports(sources)).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def test_no_modules_import_each_other():
    assert len(imports(SOURCES)) > 200
    assert circle(SOURCES) is None


@pytest.mark.parametrize(
    "back",
    [
        "from archrank.one import a",
        "import archrank.one",
        "from archrank import one",
        "def later():\n    from archrank.one import a",
        "if True:\n    from archrank.one import a",
        "names = {'a': 'archrank.one:a'}",
    ],
)
def test_a_circle_is_found_however_it_is_written(tmp_path, back):
    package = tmp_path / "archrank"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("from archrank.two import b\na = 1\n")
    (package / "two.py").write_text(f"b = 2\n{back}\n")
    assert set(circle(tmp_path)) == {"archrank.one", "archrank.two"}


def test_annotations_make_no_circle_and_stubs_do(tmp_path):
    package = tmp_path / "archrank"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("from archrank.two import b\na = 1\n")
    (package / "two.py").write_text("if TYPE_CHECKING:\n    from archrank.one import a\nelse:\n    b = 2\n")
    assert circle(tmp_path) is None
    (package / "__init__.pyi").write_text("from .one import a\n")
    assert circle(tmp_path) is None
    (package / "one.py").write_text("def later():\n    from archrank import c\n")
    assert set(circle(tmp_path)) == {"archrank", "archrank.one"}
