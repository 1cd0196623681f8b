"""What becomes of studies and earlier rows when a grammar is edited, and rules that leave little."""

import pickle

import numpy as np
import optuna
import pytest

import archrank as ar
from archrank.errors import RunFolderError, SpaceError
from archrank.graph import Cell, Node
from archrank.spaces import Effect
from archrank.spaces.grammars import Topology
from archrank.testing import check_space

CHAINS = "S -> Linear2 S OP | OP; OP -> conv | pool | id"


def chains(rules=CHAINS, **options):
    return ar.GrammarSpace(rules, name="chains", max_depth=5, **options)


def length(space):
    return lambda architecture: float(len(space.format(architecture)))


def operations(architecture):
    return float(len(architecture.choices))


def operations_with(architecture, params):
    return operations(architecture)


def followed_by(operation):
    """A topology whose function is made by another one, so that all of them have the same code."""

    def wire(parts):
        return Cell(1, 3, (parts[0](0, 1), Node(operation, (1,), 2)), (2,))

    return Topology(1, wire)


def test_topologies_of_one_code_that_wire_differently_are_two_spaces(tmp_path):
    first, second = (
        chains("S -> Then OP; OP -> conv | pool", topologies={"Then": followed_by(operation)})
        for operation in ("relu", "gelu")
    )
    assert first.digest != second.digest
    ar.search(first, length(first), "random", budget=1, folder=tmp_path / "run")
    with pytest.raises(RunFolderError):
        ar.search(second, length(second), "random", budget=2, folder=tmp_path / "run", resume=True)


def test_a_study_of_a_grammar_with_other_options_is_not_gone_on_with():
    study, before = optuna.create_study(), chains()
    after = chains(CHAINS.replace("pool", "max_pool"))
    for _ in range(2):  # both ask for the operation of a chain of one
        study.enqueue_trial({"S": "OP", "S/1.OP": "id"})
    study.optimize(lambda trial: length(before)(before.suggest(trial)), n_trials=1)
    with pytest.raises(SpaceError, match="edited since the study began"):
        study.optimize(lambda trial: length(after)(after.suggest(trial)), n_trials=1)


def test_so_it_is_where_all_architectures_have_the_same_choices():
    study = optuna.create_study()
    study.optimize(lambda trial: float(trial.suggest_categorical("0→1", ["other", "none"]) == "none"), 1)
    space = ar.spaces.NASBench201()
    with pytest.raises(SpaceError, match="edited since the study began"):
        study.optimize(lambda trial: length(space)(space.suggest(trial)), n_trials=1)


@pytest.mark.parametrize("joint", [False, True])
def test_earlier_texts_are_read_with_present_names(tmp_path, joint):
    before, after = chains(), chains(CHAINS.replace("pool", '"max pool"'))
    measured = operations
    if joint:
        measured = operations_with
        before, after = (space & {"optimizer": ar.options("sgd", "adam")} for space in (before, after))
    ar.search(before, measured, "random", budget=12, folder=tmp_path / "run")
    found = ar.search(after, measured, budget=14, known=tmp_path / "run", renamed={"pool": "max pool"})
    assert len(found.known) == 12
    assert any("max pool" in after.format(each.architecture) for each in found.known)


def test_a_text_that_is_no_derivation_keeps_its_names():
    space = chains()
    assert space.renamed("Linear2(conv, pool)", {"pool": "max pool"}) == 'Linear2(conv, "max pool")'
    assert space.renamed("Linear2('conv', pool)", {"conv": "c", "Linear2": "Chain"}) == "Chain(c, pool)"
    assert space.renamed('"conv', {"conv": "c"}) == '"conv'


def test_a_single_derivation_is_a_space():
    space = ar.GrammarSpace("S -> Linear2 a b")
    check_space(space)
    (architecture,) = space.sample(1, np.random.default_rng(0))
    assert pickle.loads(pickle.dumps(space)).format(architecture) == "Linear2(a, b)"


@pytest.mark.parametrize(
    ("rules", "options", "valid"),
    [
        ("S -> Linear2 T a | b; T -> SplitConcat2 a b", {"max_widening": 1}, ["b"]),
        ("S -> Linear2 T a | b; T -> SplitConcat2 a b", {}, ["Linear2(SplitConcat2(a, b), a)", "b"]),
        ("S -> SplitJoin2 T id | b; T -> SplitConcat2 a b", {}, ["b"]),
        (
            "S -> Linear2 T half | b; T -> SplitConcat2 a b",
            {"max_widening": 1, "effects": {"half": Effect(widens=0.5)}},
            ["b"],
        ),
    ],
)
def test_concatenations_widen_without_any_effect(rules, options, valid):
    space = ar.GrammarSpace(rules, **options)
    assert sorted(map(space.format, space.architectures(space.rows()))) == valid


def test_a_fixed_alternative_that_is_hardly_ever_drawn():
    rules = """
    S -> Linear2 T T | Linear5 T T T T T
    T -> SplitJoin3 C C C
    C -> a | b | c | d | e | f
    """
    space = ar.GrammarSpace(rules)
    assert not any(space.format(a).startswith("Linear2") for a in space.sample(50, np.random.default_rng(0)))
    found = ar.search(space, length(space), budget=25, fix={"S": "Linear2 T T"})
    assert all(space.format(each.architecture).startswith("Linear2") for each in found.evaluations)
    assert len({each.architecture for each in found.evaluations}) == 25


def test_a_space_shows_its_rules_and_limits():
    described = ar.spaces.describe_space(chains())
    assert described["rules"] == CHAINS.split("; ")
    assert described["limits"] == {"depth": 5, "operations": None, "sampling": "uniform"}
