import pickle
import subprocess
import sys

import numpy as np
import pytest

import archrank as ar
from archrank.chooser import Chooser, Given, Record
from archrank.errors import EvaluationError, ParseError, SpaceError
from archrank.predictors import GaussianProcess
from archrank.spaces import NASBench101, NASBench201
from archrank.strategies import GuidedSearch, RandomSearch
from archrank.testing import check_space
from joint_spaces import conditional, worth
from open_spaces import Chains

HYPER = {"lr": ar.log(1e-4, 1e-1), "batch": ar.ordered(32, 64, 128), "optimizer": ar.options("adam", "sgd")}
SPACE = NASBench201() & HYPER


def drawn(space, n=1, seed=0):
    return space.sample(n, np.random.default_rng(seed))


@pytest.mark.parametrize(
    "space",
    [
        SPACE,
        NASBench101() & {"lr": ar.log(1e-4, 1e-1)},
        Chains("chains") & {"decay": ar.log(1e-6, 1e-2)},
    ],
    ids=lambda space: space.name,
)
def test_it_is_a_space(space):
    check_space(space)


def test_conditional_hyper_parameters_are_a_space():
    space = NASBench201() & conditional
    check_space(space)
    seen = [space.split(a)[1] for a in drawn(space, 40)]
    assert {("momentum" in params) == (params["optimizer"] == "sgd") for params in seen} == {True}
    assert {params["optimizer"] for params in seen} == {"adam", "sgd"}


def test_the_two_parts():
    (architecture,) = drawn(SPACE)
    base, params = SPACE.split(architecture)
    assert base.space == "nas-bench-201"
    assert list(params) == list(HYPER)
    assert SPACE.graph(architecture).key == SPACE.space.graph(base).key
    options = {**SPACE.space.options(base), **params}
    assert SPACE.from_options(options) == SPACE.parse(SPACE.format(architecture)) == architecture
    other = SPACE.from_options(options | {"lr": 0.05})
    assert SPACE.function_key(other) != SPACE.function_key(architecture)
    assert SPACE.digest != (NASBench201() & {**HYPER, "lr": ar.log(1e-4, 1)}).digest
    assert (
        NASBench201() & {"lr": HYPER["lr"]} & {"batch": HYPER["batch"]}
    ).name == "nas-bench-201 & lr, batch"


def test_a_row_that_is_not_canonical_is_read_as_its_canonical_one():
    space = NASBench101() & {"lr": ar.log(1e-4, 1e-1)}
    rng = np.random.default_rng(0)
    for architecture in drawn(space, 20):
        base, params = space.split(architecture)
        row = space.space.relabelled(base.choices, rng)
        if row != base.choices:
            break
    assert row != base.choices
    options = {c.name: c.options[i] for c, i in zip(space.space.choices, row, strict=True)}
    assert space.from_options(options | params) == architecture


def test_a_mutation_changes_one_part():
    (architecture,) = drawn(SPACE)
    base, params = SPACE.split(architecture)
    rng = np.random.default_rng(0)
    changed = {"space": 0, "params": 0}
    for _ in range(200):
        other, others = SPACE.split(SPACE.mutate(architecture, rng))
        assert (other == base) != (others == params)
        changed["space" if other != base else "params"] += 1
    assert 100 < changed["space"] < 170  # 6 of 9 choices


def test_guided_search_learns_both_parts():
    strategy = GuidedSearch(SPACE, predictor=GaussianProcess(SPACE))
    found = [ar.search(SPACE, worth, s, budget=40) for s in (strategy, RandomSearch(SPACE))]
    assert found[0].metric == "worth"
    assert found[0].best_value > found[1].best_value
    assert abs(np.log10(SPACE.split(found[0].best_architecture)[1]["lr"]) + 2.5) < 0.5


def test_workers_resuming_and_reports(tmp_path):
    whole = ar.search(SPACE, worth, "random", budget=12, workers=2, folder=tmp_path / "whole")
    ar.search(SPACE, worth, "random", budget=5, folder=tmp_path / "part")
    again = ar.search(SPACE, worth, "random", budget=12, folder=tmp_path / "part", resume=True)
    assert len(again.evaluations) == len(whole.evaluations) == 12
    assert "optimizer" in (tmp_path / "part" / "report.html").read_text()
    with pytest.raises(ar.ArchrankError, match="space"):
        ar.search(
            NASBench201() & {**HYPER, "lr": ar.log(1e-5, 1)},
            worth,
            "random",
            budget=12,
            folder=tmp_path / "part",
            resume=True,
        )
    known = ar.search(SPACE, worth, "random", budget=3, known=tmp_path / "whole")
    assert len(known.known) == 12


def test_optuna_suggests_both_parts():
    optuna = pytest.importorskip("optuna")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trial = study.ask()
    architecture = SPACE.suggest(trial)
    assert dict(architecture.choices) == trial.params
    assert trial.distributions["lr"] == optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True)
    strategy = GuidedSearch(SPACE, predictor=GaussianProcess(SPACE), initial=4, batch=2)
    study = optuna.create_study(direction="maximize", sampler=ar.ArchrankSampler(SPACE, strategy))
    study.optimize(lambda trial: worth(*SPACE.split(SPACE.suggest(trial))), n_trials=8)
    assert len(study.trials) == 8


def test_networks_get_their_hyper_parameters():
    torch = pytest.importorskip("torch")

    def net(choose):
        return torch.nn.Sequential(
            torch.nn.Linear(4, width := choose("width", [2, 4])), torch.nn.Linear(width, 1)
        )

    space = ar.ModuleSpace(net, (1, 4)) & {"lr": ar.log(1e-4, 1e-1)}
    seen = []

    def train(module, report):
        seen.append((module[0].out_features, report.params))
        return report.params["lr"]

    result = ar.search(space, train, "random", budget=4, where=["parameters < 100"])
    assert {width for width, _ in seen} <= {2, 4}
    assert all(params["width"] == width and params["lr"] > 0 for width, params in seen)
    assert isinstance(result.build_best(), torch.nn.Sequential)
    assert space.known_values(result.best_architecture)["parameters"] > 0


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({}, "no hyper-parameter"),
        ({"lr": [0.1, 0.2]}, r"'lr' is \[0.1, 0.2\]; expected a domain"),
        ({"": ar.log(1, 2)}, "named ''"),
        ({"0→1": ar.log(1, 2)}, "'0→1' has the name of a choice of the architecture"),
        (3, "hyper-parameters are 3"),
        (None, "hyper-parameters are None"),
    ],
)
def test_mistakes_are_named(choices, said):
    with pytest.raises(SpaceError, match=said):
        NASBench201() & choices


def broken(choose):
    return 1 / 0


def test_bounds_may_be_numbers_of_numpy():
    assert ar.number(np.float32(0), np.int64(1)) == ar.number(0.0, 1)
    assert type(ar.integer(np.int8(1), np.int64(3)).high) is int


def test_more_mistakes():
    with pytest.raises(SpaceError, match="above 0"):
        ar.log(0, 1)
    with pytest.raises(SpaceError, match="above the upper bound"):
        ar.integer(3, 1)
    with pytest.raises(SpaceError, match=r"within ±2\^53"):
        ar.integer(0, 10**30)
    for low, high in ((-1e308, 1e308), (5e-324, 1.0), (0, 10**400)):
        with pytest.raises(SpaceError, match=r"too wide|finite numbers"):
            (ar.log if low > 0 else ar.number)(low, high)
    with pytest.raises(
        SpaceError, match="the function broken, which asks for the hyper-parameters, fails: Zero"
    ):
        SPACE.space & broken
    with pytest.raises(SpaceError, match="given twice"):
        SPACE & {"lr": ar.log(1, 2)}
    with pytest.raises(EvaluationError, match=r"needs evaluate\(architecture, params\)"):
        ar.search(SPACE, lambda architecture: 1.0, "random", budget=3)
    with pytest.raises(ParseError, match="no value for the choice 'lr'"):
        SPACE.from_options(SPACE.space.options(SPACE.space.sample(1, np.random.default_rng(0))[0]))
    with pytest.raises(ar.ArchrankError, match="builds no networks"):
        SPACE.build(drawn(SPACE)[0])


def test_what_is_sent_to_workers_is_the_same_space():
    again = pickle.loads(pickle.dumps(SPACE))
    assert again.digest == SPACE.digest
    assert drawn(again, 3) == drawn(SPACE, 3)


def test_a_chooser_for_training_marks_its_choices():
    record = Record(Given({"a": 1, "b": 2}))
    choose = Chooser(record)
    choose("a", [1])
    choose.for_training()("b", [2])
    assert record.training == {"b"}


def test_the_operator_needs_no_other_import():
    code = (
        "from archrank.domains import Range\nfrom archrank.spaces import NASBench201\n"
        "print((NASBench201() & {'lr': Range(1e-4, 0.1)}).name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "nas-bench-201 & lr\n"


def test_a_function_joins_a_space_of_modules_before_anything_else_was_imported(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import archrank as ar\nfrom torch import nn\n"
        "def rate(choose): choose.number('lr', 1e-4, 1e-1, log=True)\n"
        "def net(choose): return nn.Sequential(nn.Linear(4, choose('width', [2, 4])))\n"
        "print((ar.ModuleSpace(net, (1, 4), name='net') & rate).name)\n"
    )
    command = [sys.executable, "mine.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "net & rate\n"
