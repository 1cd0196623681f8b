"""Searches with several objectives and with constraints."""

import shutil

import numpy as np
import optuna
import pytest
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from archrank.errors import ArchrankError, RunFolderError
from archrank.spaces import NASBench201
from archrank.strategies import RegularizedEvolution, Scalarized, Strategy, unseen
from archrank.strategies.base import Proposal
from archrank.study import ArchrankSampler, Progress, RunFolder, result_record, search
from evaluators_for_workers import several

SPACE = NASBench201()
BOTH = {"good": "maximize", "costly": "minimize"}
WHERE = ["size <= 9"]


def strategy():
    made = RegularizedEvolution(SPACE, population=6, tournament=3)
    made.batch = 3
    return made


def find(budget=24, evaluate=several, objectives=BOTH, where=WHERE, **settings):
    return search(SPACE, evaluate, strategy(), budget=budget, objectives=objectives, where=where, **settings)


def rows(result):
    return [(e.number, e.architecture, e.values, e.violation, e.error, e.round) for e in result.evaluations]


def study(path):
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(path / "journal.log")))
    return optuna.load_study(study_name="archrank", storage=storage)


def test_the_front_is_optunas_and_no_infeasible_one_is_in_it(tmp_path):
    with RunFolder.open(tmp_path, {}) as folder:
        result = find(40, folder=folder)
    assert {e.violation > 0 for e in result.evaluations} == {True, False}
    assert result.infeasible == sum(several(e.architecture)["size"] > 9 for e in result.evaluations)
    assert all(several(e.architecture)["size"] <= 9 for e in result.front)
    kept = study(tmp_path)
    assert kept.metric_names == ["good", "costly"]
    assert sorted(e.number for e in result.front) == sorted(t.number for t in kept.best_trials)
    for trial in kept.trials:
        excess = (trial.user_attrs["result"]["values"]["size"] - 9) / 9
        assert trial.user_attrs["constraints"] == {"size <= 9": pytest.approx(excess)}
        assert list(trial.constraints.values()) == [pytest.approx(excess)]
    # The best of one number is that by the first objective.
    assert result.best.value == max(e.value for e in result.evaluations if not e.violation)


def test_with_one_objective_the_best_is_the_best_feasible_one():
    result = find(30, objectives={"costly": "maximize"}, where=["size < 9", "good > 0"])
    feasible = [e for e in result.evaluations if e.values["size"] < 9 and e.values["good"] > 0]
    assert 0 < len(feasible) < 30
    assert result.best.value == max(e.value for e in feasible)
    assert result.best.value < max(e.value for e in result.evaluations)
    record = result_record(result)
    assert (record["infeasible"], record["front"]) == (30 - len(feasible), None)
    assert [e["state"] == "infeasible" for e in record["evaluations"]] == [
        e not in feasible for e in result.evaluations
    ]


def test_where_nothing_is_feasible_nothing_is_best():
    shown = []
    result = find(6, where=["size < 0"], on_progress=shown.append)
    assert (result.best, result.front, result.infeasible) == (None, (), 6)
    assert shown[-1] == Progress(6, 6, None)
    record = result_record(result)
    assert (record["best"], record["front"], record["hypervolume"]) == (None, [], None)


def test_the_progress_is_that_of_the_feasible_ones():
    shown = []
    result = find(on_progress=shown.append)
    assert shown[-1].best == result.best.value


def test_evolution_is_led_to_what_is_feasible():
    found = find(60, where=["size <= 5"])
    share = np.mean([several(a)["size"] <= 5 for a in SPACE.sample(2000, np.random.default_rng(0))])
    assert np.mean([not e.violation for e in found.evaluations[30:]]) > 3 * share


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ((1.0,), "it gave 1 value (1.0), expected 3: good, costly, size"),
        (2.5, "it gave 1 value (2.5), expected 3"),
        ((1.0, 2.0, 3.0, 4.0), "it gave 4 values"),
        ("abc", "it gave 1 value ('abc')"),
        ((1.0, float("nan"), 3.0), "'costly' is nan, expected a finite number"),
        ({"good": 1.0, "size": 2.0}, "unknown value 'costly'"),
    ],
)
def test_what_is_not_a_number_for_each_fails_with_its_reason_and_the_search_goes_on(returned, said):
    result = find(6, evaluate=lambda a: returned if a.choices[0] % 2 else several(a))
    failed = [e for e in result.evaluations if e.architecture.choices[0] % 2]
    assert 0 < len(failed) < 6
    for evaluation in failed:
        assert said in evaluation.error
        assert (evaluation.value, evaluation.violation) == (None, 0.0)


def test_values_in_their_order_are_as_good_as_by_name():
    named = find(12)
    listed = find(12, evaluate=lambda a: tuple(several(a).values()))
    assert rows(named) == rows(listed)


@pytest.mark.filterwarnings("ignore:.*was set aside:UserWarning")
def test_cut_at_any_byte_it_goes_on_to_the_same_end(tmp_path):
    with RunFolder.open(tmp_path / "whole", {}) as folder:
        whole = find(10, folder=folder)
    journal = (tmp_path / "whole" / "journal.log").read_bytes()
    ends = [i + 1 for i, byte in enumerate(journal) if byte == ord("\n")]
    rng = np.random.default_rng(0)
    for cut in sorted({*rng.choice(len(journal), 4).tolist(), *rng.choice(ends, 12).tolist()}):
        path = tmp_path / "cut"
        path.mkdir()
        (path / "journal.log").write_bytes(journal[:cut])
        stored = journal[: journal.rfind(b"\n", 0, cut) + 1].count(b'"user_attr":{"result"')
        evaluated = []

        def counted(architecture, evaluated=evaluated):
            evaluated.append(architecture)
            return several(architecture)

        with RunFolder.open(path, {}, resume=True) as folder:
            assert rows(find(10, evaluate=counted, folder=folder)) == rows(whole), f"cut at byte {cut}"
        assert len(evaluated) == 10 - stored, f"cut at byte {cut}"
        assert all(len(trial.constraints) == 1 for trial in study(path).trials)
        shutil.rmtree(path)


def test_several_workers_find_the_same():
    assert rows(find(6, workers=2)) == rows(find(6))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"objectives": {"good": "maximize"}}, r"objectives\.costly: "),
        ({"objectives": {"good": "maximize", "costly": "maximize"}}, r"objectives\.costly: "),
        ({"where": ["size <= 8"]}, 'constraints: \\["size <= 9"\\] there'),
    ],
)
def test_another_goal_is_another_run(tmp_path, changed, said):
    with RunFolder.open(tmp_path, {}) as folder:
        find(3, folder=folder)
    with RunFolder.open(tmp_path, {}, resume=True) as folder, pytest.raises(RunFolderError, match=said):
        find(3, folder=folder, **changed)


def test_a_constraint_that_cannot_be_read_is_refused_before_anything_is_evaluated():
    with pytest.raises(ArchrankError, match="cannot be read"):
        find(where=["size is small"])


def test_a_multi_objective_strategy_is_shown_all_objectives():
    class Own(Strategy):
        space, batch, multi_objective = SPACE, 1, True
        seen = ()

        def propose(self, history, n, rng):
            Own.seen = list(history)
            return [Proposal(a, "random") for a in unseen(SPACE, history, n, rng)]

    result = search(SPACE, several, Own(), budget=5, objectives=BOTH, where=WHERE)
    for entry, evaluation in zip(Own.seen, result.evaluations, strict=False):
        values = evaluation.values
        assert (entry.score, entry.others) == (values["good"], (-values["costly"],))
        assert entry.violation == max(0.0, (values["size"] - 9) / 9)
    assert "Own" in result.strategy
    assert "Scalarized" not in result.strategy


def test_a_plain_search_is_not_wrapped():
    assert "Scalarized" not in find(2, objectives={"good": "maximize"}, where=()).strategy
    assert "Scalarized" in find(2).strategy


def test_the_sampler_serves_studies_with_several_directions_and_constraints():
    def objective(trial):
        values = several(SPACE.suggest(trial))
        trial.set_constraint("size", values["size"] - 9)
        return values["good"], values["costly"]

    def run(choosing):
        sampler = ArchrankSampler(SPACE, choosing, seed=0)
        made = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
        made.optimize(objective, n_trials=25)
        return made

    found = run(strategy())
    assert all(trial.state == TrialState.COMPLETE for trial in found.trials)
    assert len({tuple(trial.params.items()) for trial in found.trials}) == 25
    assert [t.params for t in found.trials] == [t.params for t in run(Scalarized(strategy())).trials]
    assert any(trial.constraints["size"] > 0 for trial in found.trials)
    assert all(trial.constraints["size"] <= 0 for trial in found.best_trials)
