import re
import time
from pathlib import Path

import numpy as np
import optuna
import pytest

import archrank as ar
from archrank import Cell, Choice, Graph, SearchSpace, Site
from archrank.errors import ArchrankError
from archrank.predictors import GaussianProcess
from archrank.spaces import NASBench201
from archrank.strategies import GuidedSearch, RandomSearch, RegularizedEvolution
from archrank.study import ArchrankSampler, search
from archrank.study.parameters import distributions, from_parameters, to_parameters

SPACE = NASBench201()
GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "your-own-objective.md"


class Few(SearchSpace):
    """Six encodings, three of them valid."""

    name = "few"
    choices = (Choice("a", ("conv", "pool")), Choice("b", ("conv", "pool", "skip")))
    operations = ("conv", "pool", "skip")

    def is_valid(self, choices):
        return sum(choices) % 2 == 0

    def graph(self, architecture):
        names = self.options(architecture).values()
        return Graph((Cell(1, 3, tuple(Site(o, (i,), i + 1) for i, o in enumerate(names)), (2,)),))


def total(trial):
    return float(sum(SPACE.suggest(trial).choices))


def chosen(study, space=SPACE):
    return [tuple(t.params[c.name] for c in space.choices) for t in study.trials]


def test_the_strategy_chooses_and_the_direction_is_the_studys():
    found = {}
    for direction in ("maximize", "minimize"):
        sampler = ArchrankSampler(SPACE, RegularizedEvolution(SPACE, 8, 4), seed=1)
        study = optuna.create_study(direction=direction, sampler=sampler)
        study.optimize(total, n_trials=60)
        assert len(set(chosen(study))) == 60
        found[direction] = study.best_value
    assert found["maximize"] >= 20
    assert found["minimize"] <= 4


def test_same_seed_same_trials():
    studies = []
    for _ in range(2):
        studies.append(
            optuna.create_study(sampler=ArchrankSampler(SPACE, RegularizedEvolution(SPACE, 4), seed=5))
        )
        studies[-1].optimize(total, n_trials=15)
    assert chosen(studies[0]) == chosen(studies[1])


def test_a_sampler_takes_nothing_from_one_study_into_another():
    def sampler():
        strategy = RegularizedEvolution(SPACE, 4)
        strategy.batch = 5
        return ArchrankSampler(SPACE, strategy, seed=5)

    shared, studies = sampler(), []
    for each in (shared, shared, sampler()):
        studies.append(optuna.create_study(sampler=each))
        studies[-1].optimize(total, n_trials=7)
    assert chosen(studies[0]) == chosen(studies[1]) == chosen(studies[2])


def test_threads_never_get_the_same_architecture():
    def slow(trial):
        time.sleep(0.002)  # the others ask while this pick is not yet stored
        return total(trial)

    few = SPACE.architectures(SPACE.rows())[:60]
    study = optuna.create_study(sampler=ArchrankSampler(SPACE, RandomSearch(SPACE, candidates=few)))
    study.optimize(slow, n_trials=60, n_jobs=6)
    assert len(set(chosen(study))) == 60


def test_a_used_up_space_stops_the_study():
    space = Few()
    study = optuna.create_study(sampler=ArchrankSampler(space, RandomSearch(space)))
    study.optimize(lambda trial: float(sum(space.suggest(trial).choices)), n_trials=50)
    assert len(study.trials) == 4
    assert len(set(chosen(study, space))) == 3
    assert all(trial.state.is_finished() for trial in study.trials)


def test_failed_and_pruned_trials_are_not_given_again():
    space = Few()

    def objective(trial):
        architecture = space.suggest(trial)
        if architecture.choices[0]:
            raise optuna.TrialPruned
        return float("nan") if architecture.choices[1] else 1.0

    study = optuna.create_study(sampler=ArchrankSampler(space, RandomSearch(space)))
    study.optimize(objective, n_trials=3)
    assert len(set(chosen(study, space))) == 3


def test_infinite_values_are_failures():
    def objective(trial):
        architecture = SPACE.suggest(trial)
        return float("-inf") if trial.number % 3 == 0 else float(sum(architecture.choices))

    study = optuna.create_study(
        direction="maximize",
        sampler=ArchrankSampler(SPACE, GuidedSearch(SPACE, GaussianProcess(SPACE), initial=4)),
    )
    study.optimize(objective, n_trials=14)
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 14
    assert study.best_value > 15


def test_pruned_trials_are_learned_from_at_the_last_common_step():
    seen = []

    class Watching(RandomSearch):
        def propose(self, history, n, rng):
            seen[:] = history
            return super().propose(history, n, rng)

    curves = iter(
        [[0.1, 0.2], [0.3], [0.2, 0.3, 0.4], [0.25, 0.35], [0.05, float("nan")], [], [0.15, 0.1, 0.5]]
    )

    def objective(trial):
        SPACE.suggest(trial)
        curve = next(curves)
        for step, value in enumerate(curve):
            trial.report(value, step)
        if len(curve) < 3:
            raise optuna.TrialPruned
        return curve[-1]

    study = optuna.create_study(direction="maximize", sampler=ArchrankSampler(SPACE, Watching(SPACE), seed=0))
    study.optimize(objective, n_trials=7)
    study.sampler.sample_relative(study, study.ask(), {})
    assert [entry.failed for entry in seen if not entry.pending] == [False] * 5 + [True, False]
    scores = [entry.score for entry in seen if entry.score is not None]
    assert scores == [2 / 5, 5 / 5, 2 / 5, 4 / 5, 0.0, 2 / 5]  # of the five others


def test_where_nothing_was_pruned_scores_are_the_values():
    seen = []

    class Watching(RandomSearch):
        def propose(self, history, n, rng):
            seen[:] = history
            return super().propose(history, n, rng)

    def objective(trial):
        trial.report(total(trial), 1)
        return total(trial)

    study = optuna.create_study(sampler=ArchrankSampler(SPACE, Watching(SPACE), seed=0))
    study.optimize(objective, n_trials=4)
    assert [e.score for e in seen] == [-float(sum(e.architecture.choices)) for e in seen]


def test_guided_search_learns_under_successive_halving():
    def objective(trial):
        top = SPACE.suggest(trial).choices.count(3)
        for epoch in range(1, 10):
            trial.report(top * (1 - 0.5**epoch), epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return top * (1 - 0.5**9)

    strategy = GuidedSearch(SPACE, GaussianProcess(SPACE))
    study = optuna.create_study(
        direction="maximize",
        sampler=ArchrankSampler(SPACE, strategy, seed=0),
        pruner=optuna.pruners.SuccessiveHalvingPruner(),
    )
    study.optimize(objective, n_trials=40)
    assert sum(trial.state.name == "PRUNED" for trial in study.trials) >= 5
    assert study.best_value > 4.9  # five or six convolutions of six


def test_another_parameter_is_drawn_beside_the_space():
    def objective(trial):
        return total(trial) * trial.suggest_float("lr", 1e-4, 1e-1, log=True)

    study = optuna.create_study(sampler=ArchrankSampler(SPACE, RandomSearch(SPACE), seed=3))
    study.optimize(objective, n_trials=5)
    rates = {trial.params["lr"] for trial in study.trials}
    assert len(rates) == 5
    assert all(1e-4 <= rate <= 1e-1 for rate in rates)


def test_trials_of_an_earlier_part_are_known(tmp_path):
    from optuna.storages.journal import JournalFileBackend

    def study():
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(tmp_path / "journal.log")))
        sampler = ArchrankSampler(Few(), RandomSearch(Few()))
        return optuna.create_study(storage=storage, study_name="s", sampler=sampler, load_if_exists=True)

    for _ in range(3):
        study().optimize(lambda trial: float(sum(Few().suggest(trial).choices)), n_trials=1)
    assert len(set(chosen(study(), Few()))) == 3


def test_the_guides_example_works():
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 2
    for block in blocks:
        scope = {"__name__": "guide"}
        exec(compile(block, str(GUIDE), "exec"), scope)  # noqa: S102
        if "study" in scope:
            assert len(scope["study"].trials) == 20
            assert len(set(chosen(scope["study"]))) == 20
        if "result" in scope:
            assert len(scope["result"].evaluations) == 30


class Spy(RandomSearch):
    """Remembers what it was shown."""

    multi_objective = True

    def propose(self, history, n, rng):
        self.seen = {e.architecture: e for e in history}
        return super().propose(history, n, rng)


def options(architecture, space=SPACE):
    return dict(space.options(architecture))


def test_enqueued_and_added_trials_are_what_the_strategy_sees():
    first, known = SPACE.architecture((3,) * 6), SPACE.architecture((1,) * 6)
    spy = Spy(SPACE)
    study = optuna.create_study(direction="maximize", sampler=ArchrankSampler(SPACE, spy))
    study.enqueue_trial(options(first))
    study.enqueue_trial({SPACE.choices[0].name: "none"})  # the others are the strategy's
    study.add_trial(
        optuna.trial.create_trial(
            value=40.0, params=options(known), distributions=distributions(SPACE, known)
        )
    )
    asked = []

    def objective(trial):
        asked.append(SPACE.suggest(trial))
        return float(sum(asked[-1].choices))

    study.optimize(objective, n_trials=4)
    assert asked[0] == first
    assert asked[1].choices[0] == SPACE.choices[0].options.index("none")
    assert len(set(asked)) == 4
    assert spy.seen[known].score == 40
    assert [spy.seen[each].score for each in asked[:3]] == [sum(each.choices) for each in asked[:3]]
    assert set(spy.seen) == {known, *asked[:3]}


def test_an_architecture_that_is_evaluated_again_has_the_mean_of_its_values():
    spy = Spy(SPACE)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=ArchrankSampler(SPACE, spy))
    values = iter([1.0, 5.0, 9.0, 0.0])

    def objective(trial):
        SPACE.suggest(trial)
        value = next(values)
        trial.set_constraint("ms", value - 4)
        return value, 2 * value

    study.optimize(objective, n_trials=2)
    study.enqueue_trial(study.trials[0].params)
    study.optimize(objective, n_trials=2)
    again = from_parameters(SPACE, study.trials[0].params)
    assert study.trials[2].params == study.trials[0].params
    assert (spy.seen[again].score, spy.seen[again].others, spy.seen[again].excesses) == (
        5.0,
        (-10.0,),
        (1.0,),
    )


def test_rules_beliefs_and_hints_of_a_sampler():
    drawn = SPACE.sample(80, np.random.default_rng(0))
    hint = GaussianProcess(SPACE).fit(drawn, [float(sum(a.choices)) for a in drawn])
    edge = SPACE.choices[0].name
    guided = GuidedSearch(SPACE, GaussianProcess(SPACE))
    wishes = {"forbid": [{edge: "avg_pool_3x3"}], "likely": {edge: {"nor_conv_1x1": 9.0}}, "hints": [hint]}
    study = optuna.create_study(direction="maximize", sampler=ArchrankSampler(SPACE, guided, **wishes))
    study.optimize(total, n_trials=15)
    kinds = [trial.params[edge] for trial in study.trials]
    assert "avg_pool_3x3" not in kinds
    assert kinds.count("nor_conv_1x1") >= 5
    assert study.trials[0].value >= 19  # the best by the hint
    run = search(SPACE, lambda a: float(sum(a.choices)), guided, budget=15, **{**wishes, "hints": [hint]})
    assert [to_parameters(SPACE, e.architecture) for e in run.evaluations] == [t.params for t in study.trials]
    fixed = optuna.create_study(sampler=ArchrankSampler(SPACE, "random", fix={edge: "none"}))
    fixed.optimize(total, n_trials=5)
    assert {trial.params[edge] for trial in fixed.trials} == {"none"}


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"fix": {"0→1": "conv"}}, "option of '0→1' in fix 'conv'"),
        ({"likely": {"0→1": {"conv": 2}}}, "option of '0→1' in likely 'conv'"),
        ({"likely": {"0→1": {"none": 2}}}, "RandomSearch has none"),
        ({"hints": [GaussianProcess(SPACE)], "strategy": "guided"}, "not fitted"),
        ({"hints": ["runs/old"]}, "expected a fitted predictor"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(wishes, said):
    with pytest.raises(ArchrankError, match=said):
        ArchrankSampler(SPACE, **{"strategy": "random", **wishes})


def test_joint_spaces_have_their_true_distributions_and_enqueued_numbers():
    space = SPACE & {"lr": ar.log(1e-3, 1), "steps": ar.integer(1, 5)}
    guided = GuidedSearch(space, GaussianProcess(space), initial=4, batch=2)
    study = optuna.create_study(direction="maximize", sampler=ArchrankSampler(space, guided))
    some = space.sample(1, np.random.default_rng(0))[0]
    study.enqueue_trial({**options(some, space), "lr": 0.5})
    study.optimize(lambda trial: space.options(space.suggest(trial))["lr"], n_trials=8)
    assert study.trials[0].params["lr"] == 0.5
    found = study.trials[0].distributions
    assert found["lr"] == optuna.distributions.FloatDistribution(1e-3, 1, log=True)
    assert found["steps"] == optuna.distributions.IntDistribution(1, 5)
    assert max(t.value for t in study.trials[4:]) > max(t.value for t in study.trials[:4])


def test_an_enqueued_trial_that_breaks_a_rule_is_evaluated_and_named():
    edge = SPACE.choices[0].name
    study = optuna.create_study(sampler=ArchrankSampler(SPACE, "random", forbid=[{edge: "none"}]))
    for option in ("none", "skip_connect"):
        study.enqueue_trial({choice.name: option for choice in SPACE.choices})
    with pytest.warns(
        UserWarning, match="trial 0 was enqueued and is evaluated, though it breaks forbid"
    ) as said:
        study.optimize(lambda trial: float(sum(SPACE.suggest(trial).choices)), n_trials=3)
    assert len([each for each in said if "enqueued" in str(each.message)]) == 1
    assert study.trials[0].params[edge] == "none"
