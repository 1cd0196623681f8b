"""Searches in which some trainings stop early."""

import json
import math
import signal
import warnings

import numpy as np
import pytest
from optuna.trial import TrialState

import archrank as ar
from archrank.errors import ArchrankError, BudgetError, EvaluationError, RunFolderError, UnknownName
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch
from archrank.study.fidelity import PROMOTIONS

SPACE = NASBench201()
LEVELS = [1, 3, 9]


def evaluate(architecture, epochs):
    quality = sum(choice == 3 for choice in architecture.choices) + 0.1 * architecture.choices[0]
    return quality * (1 - 0.9**epochs)


def search(budget=8, evaluator=evaluate, **options):
    options = {"strategy": "random", "fidelities": LEVELS, **options}
    return ar.search(SPACE, evaluator, budget=budget, **options)


def rows(result):
    return [(e.number, e.architecture, e.fidelity, e.epochs, e.value, e.reason) for e in result.evaluations]


@pytest.mark.parametrize("promotion", PROMOTIONS)
@pytest.mark.parametrize("continued", [False, True])
def test_the_budget_is_paid_in_epochs(promotion, continued):
    result = search(promotion=promotion, continued=continued)
    trained = {}
    for e in result.evaluations:
        before = trained.setdefault(e.architecture, [])
        assert e.fidelity in LEVELS
        assert e.epochs == e.fidelity - (max(before, default=0) if continued else 0)
        before.append(e.fidelity)
        assert e.value == evaluate(e.architecture, e.fidelity)
    assert result.epochs == sum(e.epochs for e in result.evaluations)
    assert 8 * 9 - 9 < result.epochs <= 8 * 9
    whole = [e for e in result.evaluations if e.fidelity == 9]
    assert result.best_value == max(e.value for e in whole) == result.study.best_value
    assert len({(e.architecture, e.fidelity) for e in result.evaluations}) == len(result.evaluations)


def test_only_whole_trainings_count():
    """The value falls with the epochs, so that every shorter training looks better than all whole ones."""
    result = search(6, lambda architecture, epochs: -evaluate(architecture, epochs))
    assert result.best.fidelity == 9
    assert {e.fidelity for e in result.front} == {9}
    assert any(e.value > result.best_value for e in result.evaluations)
    states = {e.fidelity: result.study.trials[e.number].state for e in result.evaluations}
    assert states == {1: TrialState.PRUNED, 3: TrialState.PRUNED, 9: TrialState.COMPLETE}
    first = result.study.trials[0]
    assert first.intermediate_values == {first.user_attrs["fidelity"]: result.evaluations[0].value}


def test_any_number_of_workers_gives_the_same_search():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as executor:
        several = search(executor=executor, workers=3, strategy="guided")
    assert rows(several) == rows(search(strategy="guided"))


def test_an_asynchronous_search_spends_its_budget():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as executor:
        result = search(executor=executor, workers=3, asynchronous=True)
    assert 8 * 9 - 9 < result.epochs <= 8 * 9
    assert result.best is not None


@pytest.mark.parametrize("promotion", PROMOTIONS)
def test_a_search_that_is_stopped_anywhere_pays_no_epoch_twice(tmp_path, promotion):
    options = {"promotion": promotion, "continued": True, "strategy": "guided", "initial": 4, "round": 5}
    paid = []

    def moody(architecture, epochs):
        paid.append((architecture, epochs))
        if len(paid) % 7 == 0:
            signal.raise_signal(signal.SIGINT)
        return evaluate(architecture, epochs)

    whole, stopped, result = search(**options), 0, None
    while result is None:
        assert stopped <= len(whole.evaluations), "it does not go on"
        try:
            result = search(evaluator=moody, folder=tmp_path / "run", resume=True, **options)
        except KeyboardInterrupt:
            stopped += 1
    assert stopped >= 3
    assert rows(result) == rows(whole)
    assert len(paid) == len(whole.evaluations) + stopped
    assert rows(search(folder=tmp_path / "run", resume=True, **options)) == rows(whole)


def test_a_larger_budget_goes_on(tmp_path):
    options = {"strategy": "guided", "initial": 4, "continued": True}
    search(4, folder=tmp_path, **options)
    longer = search(10, folder=tmp_path, resume=True, **options)
    assert rows(longer)[:5] == rows(search(10, **options))[:5]
    assert 10 * 9 - 9 < longer.epochs <= 10 * 9


def test_a_run_goes_on_with_its_own_fidelities_only(tmp_path):
    search(4, folder=tmp_path)
    for changed in (
        {"fidelities": [1, 9]},
        {"fidelities": None},
        {"continued": True},
        {"promotion": "halving"},
    ):
        evaluator = evaluate if changed.get("fidelities", LEVELS) else (lambda a: evaluate(a, 9))
        with pytest.raises(RunFolderError, match="another configuration"):
            search(4, evaluator, folder=tmp_path, resume=True, **changed)


def test_the_journal_is_checked(tmp_path):
    search(4, folder=tmp_path)
    journal = tmp_path / "journal.log"
    lines = journal.read_text().splitlines(keepends=True)
    for find, wrong in (
        ('"fidelity":1', '"fidelity":2'),
        ('"fidelity":1', '"fidelity":9'),
        ('"fidelities":[1', '"fidelities":["a"'),
    ):
        place = next(i for i, line in enumerate(lines) if find in line)
        # Without checks in the lines, as other programs write them.
        plain = [
            line if i < place else line.split(',"check"')[0].rstrip("}\n") for i, line in enumerate(lines)
        ]
        changed = [*lines[:place], lines[place].replace(find, wrong).split(',"check"')[0] + "}\n"]
        changed += [line.split(',"check"')[0] + "}\n" for line in lines[place + 1 :]]
        del plain
        journal.write_text("".join(changed))
        with pytest.raises(RunFolderError, match="is damaged: line"):
            search(4, folder=tmp_path, resume=True)
    journal.write_text("".join(lines))
    assert search(4, folder=tmp_path, resume=True).best is not None


def test_the_record_says_what_each_rung_cost(tmp_path):
    result = search(folder=tmp_path)
    record = json.loads((tmp_path / "result.json").read_text())
    rungs = record["fidelities"]["rungs"]
    assert [rung["fidelity"] for rung in rungs] == LEVELS
    assert sum(rung["trainings"] for rung in rungs) == len(result.evaluations)
    assert sum(rung["epochs"] for rung in rungs) == record["epochs"] == result.epochs
    assert record["best"]["number"] == result.best.number
    frame = result.to_pandas()
    assert frame["epochs"].sum() == result.epochs
    assert f"{result.epochs} epochs" in repr(result)
    assert (tmp_path / "report.html").exists()


def test_progress_counts_epochs():
    told = []
    result = search(on_progress=told.append)
    assert {(p.budget, p.unit) for p in told} == {(72, "epochs")}
    assert [p.done for p in told] == [0, *np.cumsum([e.epochs for e in result.evaluations])]
    assert told[-1].best == result.best_value
    assert told[1].best is None


def test_known_evaluations_are_whole_trainings(tmp_path):
    before = search(folder=tmp_path)
    for known in (before, tmp_path):
        later = search(5, known=known)
        whole = {e.architecture for e in before.evaluations if e.fidelity == 9}
        assert {k.architecture for k in later.known} == whole
        assert not whole & {e.architecture for e in later.evaluations}


def test_given_architectures_begin_first():
    start = [
        SPACE.format(SPACE.architecture((3, 3, 3, 3, 3, 3))),
        SPACE.format(SPACE.architecture((0, 1, 2, 3, 0, 1))),
    ]
    result = search(start=start)
    assert [SPACE.format(e.architecture) for e in result.evaluations[:2]] == start
    assert [e.fidelity for e in result.evaluations[:2]] == [1, 1]


def test_failures_and_bounds(tmp_path):
    def fails(architecture, epochs):
        if architecture.choices[5] == 0:
            raise RuntimeError("out of memory")
        if architecture.choices[5] == 1 and epochs > 1:
            return math.nan
        return {"value": evaluate(architecture, epochs), "latency": float(sum(architecture.choices))}

    result = search(12, fails, where=["latency < 14"], strategy="guided", initial=5)
    trained = {}
    for e in result.evaluations:
        trained.setdefault(e.architecture, []).append((e.fidelity, e.state))
    for trainings in trained.values():
        states = [state for _, state in trainings]
        assert "failed" not in states[:-1]
        assert "infeasible" not in states[:-1]
    assert {"failed", "infeasible"} <= {e.state for e in result.evaluations}
    assert result.best.values["latency"] < 14


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"evaluator": lambda a: 1.0}, r"cannot stop early.*expected evaluate\(architecture, epochs\)"),
        ({"evaluator": lambda a, verbose=True: 1.0}, "cannot stop early"),
        ({"fidelities": [9, 3, 1]}, "ascending"),
        ({"fidelities": {1: "a", 9: "b"}}, "names columns, and no table is searched"),
        ({"fidelities": None, "continued": True}, "continued is given without fidelities"),
        ({"fidelities": None, "promotion": "halving"}, "promotion is given without fidelities"),
        ({"fidelities": LEVELS, "continued": "yes"}, "continued is 'yes'"),
        ({"promotion": "havling"}, "unknown promotion 'havling'; did you mean 'halving'"),
        ({"objectives": ["a", "b:min"]}, "fidelities compare trainings by one value"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_trained(options, said):
    called = []

    def count(architecture, epochs):
        called.append(architecture)
        return 1.0

    with pytest.raises(ArchrankError, match=said):
        search(**{"evaluator": count, **options})
    assert called == []


def test_tables_have_a_column_for_each_fidelity():
    architectures = SPACE.architectures(SPACE.rows()[::50])
    columns = {
        "architecture": architectures,
        **{f"acc_{n}": [evaluate(a, n) for a in architectures] for n in LEVELS},
        "first": [evaluate(a, 1) for a in architectures],
    }
    table = ar.as_table(SPACE, columns)
    by_name = ar.search(table, strategy="random", metric="acc_9", fidelities=LEVELS, budget=6)
    mapped = ar.search(
        SPACE, columns, strategy="random", fidelities={1: "first", 3: "acc_3", 9: "acc_9"}, budget=6
    )
    for result in (by_name, mapped):
        assert result.metric == "acc_9"
        assert all(e.value == evaluate(e.architecture, e.fidelity) for e in result.evaluations)
        assert sum(e.fidelity == 9 for e in result.evaluations) >= 1
        assert {e.architecture for e in result.evaluations} <= set(architectures)
    with pytest.raises(ArchrankError, match=r"has no values of 'acc_9' after 4 epochs; it has acc_1, acc_3"):
        ar.search(table, strategy="random", metric="acc_9", fidelities=[4, 9], budget=6)
    with pytest.raises(
        ArchrankError, match="names 'acc_3' as the values after 9 epochs, and the search is by 'acc_9'"
    ):
        ar.search(table, strategy="random", metric="acc_9", fidelities={1: "acc_1", 9: "acc_3"}, budget=6)
    with pytest.raises(UnknownName, match="acc_2"):
        ar.search(table, strategy="random", fidelities={1: "acc_2", 9: "acc_9"}, budget=6)


def test_a_table_knows_after_how_many_epochs_it_was_measured():
    table = ar.load_benchmark("nas-bench-201-cifar10")
    with pytest.raises(
        ArchrankError, match=r"the last of the fidelities \[12, 100\] is 100.*after 200 epochs"
    ):
        ar.search(table, fidelities=[12, 100], budget=5)
    with pytest.raises(ArchrankError, match="no values of 'validation_accuracy' after 12 epochs"):
        ar.search(table, fidelities=[12, 200], budget=5)


def test_a_strategy_without_a_predictor_and_hyper_parameters_work():
    space = SPACE & {"lr": ar.log(1e-4, 1e-1)}

    def tuned(architecture, params, epochs):
        return evaluate(architecture, epochs) - abs(math.log10(params["lr"]) + 2)

    result = ar.search(space, tuned, "evolution", budget=5, fidelities=LEVELS)
    assert result.best.fidelity == 9
    with pytest.raises(EvaluationError, match=r"expected evaluate\(architecture, params, epochs\)"):
        ar.search(space, lambda architecture, params: 1.0, "evolution", budget=5, fidelities=LEVELS)
    with pytest.raises(EvaluationError, match="cannot be called with one architecture"):
        ar.search(space, tuned, "evolution", budget=5)


def test_a_budget_is_still_checked():
    with pytest.raises(BudgetError, match="budget is 0"):
        search(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search(4, strategy="guided")


@pytest.mark.parametrize("promotion", PROMOTIONS)
@pytest.mark.parametrize("continued", [False, True])
@pytest.mark.parametrize(("levels", "budget"), [([1, 3, 9], 2), ([1, 2, 3], 4), ([1, 2, 4], 2), ([8, 9], 4)])
def test_what_pays_a_whole_training_ends_with_one(promotion, continued, levels, budget):
    result = search(budget, fidelities=levels, promotion=promotion, continued=continued)
    assert result.best.fidelity == levels[-1]
    assert result.epochs <= budget * levels[-1]
    assert f"{result.epochs} epochs of {budget * levels[-1]}" in repr(result)


def test_a_whole_training_that_fails_is_followed_by_another_one():
    """The epochs of one are kept until one gives a value."""
    failed = []

    def fails(architecture, epochs):
        if epochs == 9 and not failed:
            failed.append(architecture)
            raise RuntimeError("out of memory")
        return evaluate(architecture, epochs)

    result = search(4, fails)
    whole = [e for e in result.evaluations if e.fidelity == 9]
    assert [e.state for e in whole] == ["failed", "measured"]
    assert result.best is whole[-1]


def test_a_budget_of_one_whole_training_is_one_and_is_said():
    with pytest.warns(
        UserWarning, match=r"budget=1 is 9 epochs, which pay 0 trainings to epoch 1 .*budget=2"
    ):
        (only,) = search(1).evaluations
    assert (only.fidelity, only.value) == (9, evaluate(only.architecture, 9))
    with pytest.warns(UserWarning, match="pay 1 training to epoch 8 and one to epoch 9"):
        search(2, fidelities=[8, 9])


def test_an_asynchronous_search_waits_with_its_whole_training():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as executor:
        result = search(2, executor=executor, workers=3, asynchronous=True)
    *shorter, last = result.evaluations
    assert last is result.best
    assert last.architecture in {e.architecture for e in shorter}


@pytest.mark.parametrize(
    ("from_epochs", "failed"), [(3, r"\d of 3 epochs, .*mostly by ZeroDivisionError"), (9, "of 9 epochs")]
)
def test_a_rung_that_fails_is_named_with_its_reason(from_epochs, failed):
    def fails(architecture, epochs):
        return 1.0 if epochs < from_epochs else 1 / 0

    said = rf"no training of 9 epochs ended with a value.*\d+ of \d+ trainings failed \(.*{failed}"
    with pytest.warns(UserWarning, match=said):
        assert search(4, fails).best is None


def test_a_strategy_object_is_taken_too():
    result = search(strategy=RandomSearch(SPACE))
    assert rows(result) == rows(search())
