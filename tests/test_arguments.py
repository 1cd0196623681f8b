"""Wrong arguments of public functions get one error of archrank's, before anything is computed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import archrank as ar
from archrank.errors import (
    ArchrankError,
    BudgetError,
    EvaluationError,
    FileError,
    InvalidArchitecture,
    ParseError,
    PredictorError,
    RunFolderError,
    SpaceError,
    TableError,
)
from archrank.spaces import NASBench201
from archrank.strategies import GuidedSearch
from archrank.system.arguments import checked_flag, checked_path, checked_texts, checked_whole

SPACE = NASBench201()
ARCHITECTURES = SPACE.sample(8, np.random.default_rng(0))
VALUES = [float(sum(a.choices)) for a in ARCHITECTURES]
MEASURED = {"architecture": ARCHITECTURES, "accuracy": VALUES}
SITE = ar.Site("conv", (0,), 1)


class Unknown:
    """A value whose text cannot be made."""

    def __repr__(self) -> str:
        raise RuntimeError


WRONG = [None, True, 1.5, float("nan"), "", "x", b"x", [], {}, {1}, (1, 2), np.array([1, 2]), int, Unknown()]


class Mine(ar.SearchSpace):
    name = "mine"
    choices = (ar.Choice("a", ("x", "y", "z")),)
    operations = ("conv",)

    def graph(self, architecture: ar.Architecture) -> ar.Graph:
        return ar.Graph((ar.Cell(1, 2, (SITE,), (1,)),))


def never(architecture: ar.Architecture) -> float:
    raise AssertionError("it was evaluated")


@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("name", ["budget", "seed", "workers", "retries", "initial", "round"])
def test_a_count_of_a_search_is_a_whole_number(name, value):
    with pytest.raises(BudgetError, match=name):
        ar.search(SPACE, never, **{"budget": 20, name: value})


@pytest.mark.parametrize("value", ["no", 2, 1.0, [], np.array([True, False])])
@pytest.mark.parametrize("name", ["maximize", "resume", "asynchronous"])
def test_what_is_true_or_false_is_nothing_else(name, value):
    with pytest.raises(ArchrankError, match=f"{name} is .*True or False"):
        ar.search(SPACE, never, budget=20, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("objectives", 3),
        ("objectives", {}),
        ("objectives", {"a", "b"}),
        ("objectives", [1, 2]),
        ("where", 3),
        ("where", [3]),
        ("where", {"latency": 3}),
        ("metric", ""),
        ("database", "postgresql://localhost"),
        ("executor", 4),
        ("timeout", "10"),
        ("timeout", True),
        ("on_progress", 3),
        ("on_progress", lambda: None),
        ("fingerprint", 3),
        ("command", 3),
        ("predictor", 0),
        ("predictor", []),
        ("encoder", 3),
        ("members", -1),
        ("members", "x"),
        ("workers", 10**30),
    ],
)
def test_other_arguments_of_a_search_are_checked_before_it_starts(name, value):
    with pytest.raises(ArchrankError):
        ar.search(SPACE, never, **{"budget": 20, name: value})


def test_a_folder_is_a_path_that_can_exist(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in (3, b"x", "", "caf\ud800", "a\0b", []):
        with pytest.raises(RunFolderError, match="folder is"):
            ar.search(SPACE, never, budget=20, folder=folder)
    with pytest.raises(RunFolderError, match="JSON"):
        ar.search(SPACE, never, budget=20, folder="run", fingerprint={"data": object()})
    with pytest.raises(RunFolderError, match="JSON"):
        ar.search(SPACE, never, budget=20, folder="run", fingerprint={"data": float("nan")})
    assert not [*tmp_path.iterdir()]


def test_a_budget_of_numpy_fits_a_run_folder(tmp_path):
    result = ar.search(SPACE, sum_of, "random", budget=np.int64(3), seed=np.uint8(1), folder=tmp_path / "run")
    assert len(result.evaluations) == 3


def sum_of(architecture: ar.Architecture) -> float:
    return float(sum(architecture.choices))


async def waits(architecture: ar.Architecture) -> float:
    await asyncio.sleep(0)
    return 1.0


class Waits:
    async def __call__(self, architecture: ar.Architecture) -> float:
        return 1.0


@pytest.mark.parametrize(
    "evaluate",
    [lambda: 1.0, lambda a, b: 1.0, partial(sum_of, 1), waits, Waits(), ar.SearchSpace.evaluator],
)
def test_an_evaluator_that_cannot_be_called_with_an_architecture_is_refused(evaluate):
    with pytest.raises(EvaluationError, match="evaluator"):
        ar.search(SPACE, evaluate, budget=20)


def test_a_single_number_in_an_array_is_not_several_values():
    with pytest.raises(EvaluationError, match="1 value"):
        ar.search(SPACE, lambda a: np.array(1.0), "random", budget=4, objectives=["a", "b"])


def test_any_executor_is_taken():
    with ThreadPoolExecutor(2) as executor:
        assert ar.search(SPACE, sum_of, "random", budget=4, executor=executor).best_value > 0


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": 3},
        {"name": "a\nb"},
        {"choices": ()},
        {"choices": ("a", "b")},
        {"choices": (ar.Choice("a", ()),)},
        {"choices": (ar.Choice("a", "xy"),)},
        {"choices": (ar.Choice("a", ("x", "x")),)},
        {"choices": (ar.Choice("a", ("x", "y")), ar.Choice("a", ("x", "y")))},
        {"operations": None},
        {"operations": "xy"},
        {"graph": lambda self, architecture: None},
        {"graph": lambda self, architecture: ar.Graph(ar.Cell(1, 2, (SITE,), (1,)))},
        {"graph": lambda self, architecture: 1 / 0},
    ],
)
def test_an_ill_made_space_is_refused_before_anything_is_evaluated(changed):
    space = type("IllMade", (Mine,), changed)()
    with pytest.raises(SpaceError):
        ar.search(space, never, budget=3, initial=2)


def test_a_space_says_what_its_other_methods_take():
    rng = np.random.default_rng(0)
    for n in (1.5, -1, "x", None):
        with pytest.raises(SpaceError, match="n is"):
            SPACE.sample(n, rng)
    with pytest.raises(SpaceError, match="default_rng"):
        SPACE.sample(1, 0)
    for row in (None, "xyzxyz", (1.5,) * 6, [None] * 6):
        with pytest.raises(InvalidArchitecture, match="6 whole numbers"):
            SPACE.architecture(row)
    for text in (None, b"x", 3):
        with pytest.raises(ParseError, match="expected a text"):
            Mine().parse(text)
    with pytest.raises(ParseError, match="mapping"):
        SPACE.from_options(["none"] * 6)
    with pytest.raises(SpaceError, match="trial"):
        SPACE.suggest(None)
    with pytest.raises(InvalidArchitecture, match="list of architectures"):
        SPACE.pack(["x"])


@pytest.mark.parametrize(
    "make",
    [
        lambda: ar.Cell(1, 2, [SITE], (1,)),
        lambda: ar.Cell(1, 2, (SITE,), [1]),
        lambda: ar.Cell(1, 2, (SITE,), 1),
        lambda: ar.Cell("1", 2, (SITE,), (1,)),
        lambda: ar.Cell(1, None, (SITE,), (1,)),
        lambda: ar.Cell(1, 2, ("conv",), (1,)),
        lambda: ar.Cell(1, 2, (ar.Site("conv", 1, 2),), (1,)),
        lambda: ar.Cell(1, 2, (ar.Site("conv", (0,), "1"),), (1,)),
        lambda: ar.fold("graph"),
        lambda: ar.unfold(ar.Graph((ar.Cell(1, 2, (SITE,), (1,)),)), levels=1.5),
    ],
)
def test_a_graph_is_made_of_tuples_of_the_right_things(make):
    with pytest.raises(
        SpaceError, match=r"expected a tuple|not made of whole numbers|expected a whole number|no graph"
    ):
        make()


@pytest.mark.parametrize(
    "arguments",
    [
        {"target": ["accuracy"]},
        {"top": 2.5},
        {"minimize": "no"},
        {"include_measured": "no"},
        {"hints": None},
        {"hints": 3},
        {"bootstrap": 10**30},
        {"bootstrap": "x"},
        {"seed": -1},
    ],
)
def test_arguments_of_rank_are_checked(arguments):
    with pytest.raises(ArchrankError, match=next(iter(arguments))):
        ar.rank(SPACE, MEASURED, **{"predictor": "gaussian-process", "include_measured": True} | arguments)


def test_paths_of_other_functions_are_checked():
    with pytest.raises(PredictorError, match="folder is 3"):
        ar.load_predictor(3, SPACE)
    with pytest.raises(PredictorError, match="derived from Predictor"):
        ar.load_predictor("missing", SPACE, also=("x",))
    with pytest.raises(TableError, match="folder is None"):
        ar.load_comparison(None)
    with pytest.raises(TableError, match="architecture_column"):
        ar.as_table(SPACE, MEASURED, architecture_column=3)
    with pytest.raises(ArchrankError, match="minimize"):
        ar.as_table(SPACE, MEASURED, minimize=3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"predictor": ar.auto},
        {"predictor": "auto"},
        {"predictor": ar.auto(ar.load_benchmark("nas-bench-graph-cora").space, "fast")},
        {"initial": None},
        {"batch": 1.5},
        {"explore": "x"},
        {"beta": None},
        {"inner": ["whole"]},
        {"acquisition": np.array(["ei", "mean"])},
        {"unique_by": np.array(["encoding"] * 2)},
    ],
)
def test_a_guided_search_is_not_made_of_what_it_cannot_use(arguments):
    with pytest.raises(ArchrankError):
        GuidedSearch(SPACE, **arguments)


def test_the_checks_return_plain_values():
    assert type(checked_whole("n", np.int64(3))) is int
    assert [checked_flag("flag", value) for value in (np.bool_(True), 1)] == [True, True]
    assert checked_path("path", "a/b") == Path("a/b")
    assert checked_texts("names", "one", "x") == ["one"]
    assert checked_texts("names", np.array(["a", "b"]), "x") == ["a", "b"]
    with pytest.raises(FileError, match="is empty"):
        checked_path("path", "")
