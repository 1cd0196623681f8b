"""The search of the front door: natural calls work, and mistakes are one clear error before any evaluation."""

import json
import warnings

import numpy as np
import optuna
import pandas as pd
import pytest

import archrank as ar
from archrank.benchmarks.table import Metric, Table
from archrank.errors import ArchrankError, RunFolderError, UnknownName
from archrank.spaces import Darts, NASBench201
from archrank.strategies import GuidedSearch, RandomSearch
from archrank.study import ArchrankSampler, TableEvaluator

SPACE = NASBench201()


@pytest.fixture(scope="module")
def table():
    """A quarter of the space, with an accuracy, a loss that is minimized, and a latency."""
    rows = SPACE.rows()[::4]
    worth = rows @ np.array([3.0, 1, 2, 1, 2, 3])
    return Table(
        "quarter",
        SPACE,
        rows,
        {"accuracy": worth, "loss": -worth, "latency": rows.sum(axis=1) + 1.0},
        (
            Metric("accuracy", "percent", "validation"),
            Metric("loss", "nats", "validation", higher_is_better=False),
            Metric("latency", "ms", "none", higher_is_better=False),
        ),
    )


def worth(architecture):
    return float(np.dot(architecture.choices, [3.0, 1, 2, 1, 2, 3]))


def evaluated(result):
    return [(e.architecture, e.value) for e in result.evaluations]


def never(architecture):
    raise AssertionError("nothing may be evaluated")


def test_a_table_needs_nothing_else(table):
    result = ar.search(table, budget=15)
    assert result.best_value == max(e.value for e in result.evaluations)
    assert result.best_architecture in table
    assert all(e.architecture in table for e in result.evaluations)  # an incomplete table is never left
    assert {e.reason for e in result.evaluations} == {"random", "predicted"}
    assert result.metric == "accuracy"


def test_a_benchmark_by_its_name():
    named = ar.search("nas-bench-graph-proteins", strategy="random", budget=4)
    assert evaluated(named) == evaluated(
        ar.search(ar.load_benchmark("nas-bench-graph-proteins"), strategy="random", budget=4)
    )


def test_the_defaults_are_those_of_guided_search():
    by_name = ar.search(SPACE, worth, budget=20)
    by_hand = ar.search(SPACE, worth, GuidedSearch(SPACE), budget=20)
    assert evaluated(by_name) == evaluated(by_hand)
    assert [e.round for e in by_name.evaluations] == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5


def test_a_folder_is_a_path_and_is_resumed_and_extended(tmp_path):
    folder = tmp_path / "runs" / "x"
    short = ar.search(SPACE, worth, "random", budget=6, folder=str(folder), resume=True)
    assert short.folder == folder
    assert (folder / "report.html").exists()
    with pytest.raises(RunFolderError, match="already holds a run"):
        ar.search(SPACE, never, "random", budget=6, folder=folder)
    with pytest.raises(RunFolderError, match="seed: 0 there, 1 now"):
        ar.search(SPACE, never, "random", budget=6, folder=folder, resume=True, seed=1)
    longer = ar.search(SPACE, worth, "random", budget=9, folder=folder, resume=True)
    assert evaluated(longer)[:6] == evaluated(short)
    assert len(longer.evaluations) == 9
    assert len(json.loads((folder / "result.json").read_text())["evaluations"]) == 9


def test_the_command_line_finds_what_python_finds(tmp_path, monkeypatch):
    from archrank.cli.main import main

    monkeypatch.chdir(tmp_path)
    words = "archrank search nas-bench-graph-proteins --budget 20 --seed 3 --out run"
    monkeypatch.setattr("sys.argv", words.split())
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    record = json.loads((tmp_path / "run/result.json").read_text())
    here = ar.search("nas-bench-graph-proteins", budget=20, seed=3)
    assert [e["value"] for e in record["evaluations"]] == [e.value for e in here.evaluations]
    assert [e["architecture"] for e in record["evaluations"]] == [
        here.space.format(e.architecture) for e in here.evaluations
    ]
    # And either goes on with what the other began.
    more = ar.search("nas-bench-graph-proteins", budget=25, seed=3, folder="run", resume=True)
    assert [e.value for e in more.evaluations][:20] == [e.value for e in here.evaluations]


def test_an_evaluator_says_what_it_measures():
    class Measured:
        metric = "loss"
        directions = {"loss": "minimize"}  # noqa: RUF012

        def __call__(self, architecture):
            return {"loss": -worth(architecture), "size": 1.0}

    result = ar.search(SPACE, Measured(), "evolution", budget=12)
    assert (result.metric, result.maximize) == ("loss", False)
    assert result.best_value == min(e.value for e in result.evaluations)


def test_a_look_into_a_table_says_so_too(table):
    result = ar.search(
        SPACE, TableEvaluator(table, "loss"), RandomSearch(SPACE, table.architectures), budget=3
    )
    assert (result.metric, result.maximize) == ("loss", False)
    assert all(e.error is None for e in result.evaluations)
    assert evaluated(ar.search(SPACE, table, budget=12)) == evaluated(ar.search(table, budget=12))


def test_another_metric_of_a_table_and_constraints(table):
    result = ar.search(table, metric="loss", where="latency < 9", strategy="random", budget=10)
    assert (result.maximize, result.objectives.needed) == (False, ("loss", "latency"))
    front = ar.search(table, objectives=["accuracy", "latency"], strategy="random", budget=10)
    assert front.objectives.directions == {"accuracy": "maximize", "latency": "minimize"}


def test_one_value_under_any_name_is_the_value():
    result = ar.search(SPACE, lambda a: {"accuracy": worth(a)}, "random", budget=3)
    assert [e.value for e in result.evaluations] == [worth(e.architecture) for e in result.evaluations]


def test_several_values_of_which_none_is_named_stop_the_search_at_once():
    calls = []

    def evaluate(architecture):
        calls.append(architecture)
        return {"accuracy": 1.0, "latency": 2.0}

    with pytest.raises(ArchrankError, match=r"unknown value 'value'.*accuracy, latency.*metric="):
        ar.search(SPACE, evaluate, "random", budget=20)
    assert len(calls) == 1


def test_a_result_is_a_data_frame_and_an_optuna_study():
    result = ar.search(SPACE, lambda a: {"value": worth(a), "size": 2.0}, "random", budget=4)
    frame = result.to_pandas()
    assert list(frame["value"]) == [e.value for e in result.evaluations]
    assert SPACE.parse(frame["architecture"][0]) == result.evaluations[0].architecture
    assert list(frame["size"]) == [2.0] * 4
    assert isinstance(result.study, optuna.Study)
    assert result.study.best_value == result.best_value


def test_nothing_is_printed_by_a_search(capfd):
    level = optuna.logging.get_verbosity()
    ar.search(SPACE, worth, "random", budget=2)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == level


def test_a_result_shows_itself_in_short():
    result = ar.search(SPACE, worth, "random", budget=4)
    assert (
        repr(result)
        == f"<SearchResult of nas-bench-201: best value {result.best_value:g} after 4 evaluations>"
    )
    html = result._repr_html_()
    assert html.count("<tr>") == 5
    assert f"<code>{SPACE.format(result.best_architecture)}</code>" in html
    hostile = ar.search(SPACE, lambda a: {"<b>": worth(a)}, "random", budget=2, metric="<b>")
    assert "<b>" not in hostile._repr_html_()


def test_a_sampler_chooses_what_a_search_chooses():
    study = optuna.create_study(direction="maximize", sampler=ArchrankSampler(SPACE, seed=4))
    study.optimize(lambda trial: worth(SPACE.suggest(trial)), n_trials=20)
    searched = ar.search(SPACE, worth, budget=20, seed=4)
    assert [t.value for t in study.trials] == [e.value for e in searched.evaluations]


def test_a_search_that_is_all_random_says_so():
    with pytest.warns(UserWarning, match="all 6 evaluations will be random"):
        ar.search(SPACE, worth, budget=6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ar.search(SPACE, worth, "random", budget=6)


class Large(NASBench201):
    name = "large"
    choices = tuple(ar.Choice(f"choice {i}", ("a", "b", "c", "d", "e", "f", "g", "h")) for i in range(40))


def test_a_space_that_is_too_large_to_count_is_true():
    assert Large()
    with pytest.raises(ArchrankError, match="too many to list"):
        len(Large())


class Mine(NASBench201):
    name = "mine"


@pytest.mark.parametrize(
    ("given", "settings", "said"),
    [
        ((SPACE,), {}, "nas-bench-201 is a space, where nothing was measured yet.*analog-nasbench"),
        ((NASBench201, never), {}, r"NASBench201 is a class, expected a space: give NASBench201\(\)"),
        ((42, never), {}, "42 is no search space"),
        (("nas-bench-21", never), {}, "unknown benchmark or space 'nas-bench-21'; did you mean 'nas-bench-201'"),
        ((SPACE, "analog-nasbensh"), {}, "did you mean 'analog-nasbench'"),
        ((SPACE, 0.5), {}, "0.5 is no evaluator"),
        ((SPACE, TableEvaluator), {}, "TableEvaluator is a class, expected an evaluator"),
        ((SPACE, never), {"n_trials": 5}, "no argument 'n_trials': it is called 'budget' here"),
        ((SPACE, never), {"direction": "minimize"}, "no argument 'direction': give maximize=True or maximize=False"),
        ((SPACE, never), {"minimize": True}, "no argument 'minimize': give maximize=False"),
        ((SPACE, never), {"verbose": True}, "no argument 'verbose': give on_progress="),
        ((SPACE, never), {"resume": True}, "resume=True needs folder="),
        ((SPACE, lambda: 1.0), {}, "cannot be called with one architecture .*too many positional arguments"),
        ((SPACE, lambda a, b: 1.0), {}, "cannot be called with one architecture .*missing a required argument: 'b'"),
        ((pd.DataFrame({"a": [1, 2]}), never), {}, "a DataFrame is no search space"),
        ((SPACE, never), {"bugdet": 5}, "unknown argument of search 'bugdet'; did you mean 'budget'"),
        ((SPACE, never), {"budget": 0}, "budget is 0; give 1 or more"),
        ((SPACE, never), {"budget": 2.5}, "budget is 2.5, expected a whole number"),
        ((SPACE, never), {"budget": "9"}, "budget is '9', expected a whole number"),
        ((SPACE, never), {"seed": -1}, "seed is -1; give 0 or more"),
        ((SPACE, never), {"workers": 0}, "workers is 0; give 1 or more"),
        ((SPACE, never, "guidet"), {}, "unknown strategy 'guidet'; did you mean 'guided'"),
        ((SPACE, never, GuidedSearch), {}, "GuidedSearch is a class, expected a strategy"),
        ((SPACE, never, 7), {}, "7 is no strategy"),
        ((SPACE, never, "random"), {"encoder": "gcn"}, "the strategy 'random' has no option 'encoder'"),
        ((SPACE, never, RandomSearch(SPACE)), {"round": 3}, "round is an option of a strategy that is given by name"),
        ((SPACE, never, RandomSearch(Mine())), {}, "the strategy is for the space mine"),
        ((SPACE, never), {"encoder": "gatez"}, "unknown encoder 'gatez'; did you mean 'gates'"),
        ((SPACE, never), {"folder": 3}, "folder is 3, expected a path"),
        ((SPACE, never), {"metric": 3}, "metric is 3, expected the name of a value"),
        ((SPACE, never), {"where": "latency"}, "the constraint 'latency' cannot be read"),
        ((SPACE, never), {"objectives": {"a": "up"}}, "unknown direction 'up'"),
        ((SPACE, never), {"metric": "a", "objectives": ["a", "b"]}, "give one of the two"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_before_anything_is_evaluated(given, settings, said):
    with pytest.raises(ArchrankError, match=said):
        ar.search(*given, **settings)


def test_a_table_refuses_what_it_cannot_do(table):
    for settings, said in [
        ({"budget": 10**6}, "there are 3,907 architectures; give 3907 or less"),
        ({"metric": "acc"}, "unknown metric of quarter 'acc'; did you mean 'accuracy'"),
        (
            {"where": ["latency < 0"]},
            "no architecture of quarter meets 'latency < 0': latency is between 1 and 25",
        ),
        ({"maximize": False}, "quarter knows that 'accuracy' is to maximize: leave minimize out"),
    ]:
        with pytest.raises(ArchrankError, match=said):
            ar.search(table, **settings)
    with pytest.raises(ArchrankError, match="the table quarter is about the space nas-bench-201, not darts"):
        ar.search(Darts(), table)


def test_unknown_names_are_lookup_errors():
    with pytest.raises(UnknownName):
        ar.search("nothing-like-it")


def test_a_file_is_searched_by_the_columns_and_directions_that_are_named(tmp_path):
    space = NASBench201()
    texts = [space.format(architecture) for architecture in space.architectures(space.rows()[100:120])]
    measured = {"architecture": texts, "accuracy": ["OOM", *range(19)], "loss": [*range(19), ""]}
    with pytest.warns(UserWarning, match="1 row of the columns without a number in 'loss' is left out"):
        result = ar.search(space, measured, "random", metric="loss:min", budget=19)
    assert (result.maximize, result.best_value) == (False, 0)
    with pytest.warns(UserWarning, match="without a number in 'accuracy'"):
        result = ar.search(space, measured, "random", objectives=["accuracy", "loss:min"], budget=5)
    assert result.objectives.directions == {"accuracy": "maximize", "loss": "minimize"}


@pytest.mark.parametrize("watched", [False, True])
def test_a_bar_is_shown_to_whom_sees_it(watched, table, monkeypatch):
    told = []
    monkeypatch.setattr("archrank.verbs.search.is_watched", lambda: watched)
    monkeypatch.setattr(
        "archrank.verbs.search.ProgressBar.update", lambda self, *given: told.append((self._quiet, *given))
    )
    ar.search(table, strategy="random", budget=3)
    ar.search(table, strategy="random", budget=3, progress=False)
    ar.search(table, strategy="random", budget=3, on_progress=lambda progress: None)
    best = [note.rpartition(", ")[0] for _, _, _, note in told]
    assert best[-1:] == (["3 of 3"] if watched else [])
    assert len({done for _, done, _, _ in told}) == len(told)
    ar.search(table, strategy="random", budget=3, progress=True)
    assert told[-1][:3] == (False, 3, 3)
    with pytest.raises(ArchrankError, match="give one"):
        ar.search(table, strategy="random", budget=3, progress=True, on_progress=print)


@pytest.mark.parametrize(
    ("kept", "said"), [(True, "the same call with resume=True goes on"), (False, "folder='run'")]
)
def test_an_interrupt_says_what_stands(tmp_path, kept, said):
    def interrupted(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        ar.search(
            SPACE,
            lambda a: 1.0,
            "random",
            budget=3,
            on_progress=interrupted,
            folder=tmp_path / "run" if kept else None,
        )
    how_far, how_on = caught.value.__notes__
    assert how_far == "interrupted after 0 of 3, best –"
    assert said in how_on
