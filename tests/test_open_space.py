"""Spaces whose choices depend on each other."""

import json
import pickle
from itertools import count

import numpy as np
import optuna
import pytest

import archrank as ar
from archrank.errors import InvalidArchitecture, ParseError, PredictorError, SpaceError
from archrank.open_space import OpenSpace
from archrank.predictors import GaussianProcess
from open_spaces import Chains, worth


@pytest.fixture
def space():
    return Chains("chains")


class Asking(OpenSpace):
    """A space around one function."""

    source = "asking"

    def __init__(self, construct, check=None):
        super().__init__("asking")
        self._construct, self._check = construct, check

    def construct(self, choose):
        return self._construct(choose)

    def check(self, architecture, built):
        if self._check is not None:
            self._check(dict(architecture.choices))

    def graph(self, architecture):
        chain = (ar.Node("op", (0,), 1, attributes=(("n", float(len(architecture.choices))),)),)
        return ar.Graph((ar.Cell(1, 2, chain, (1,)),))


def drawn(space, seed=0):
    return space.sample(1, np.random.default_rng(seed))[0]


def test_only_what_is_reached_is_a_choice(space):
    for architecture in space.sample(50, np.random.default_rng(0)):
        options = space.options(architecture)
        for index in range(4):
            assert (f"layer {index}/kind" in options) == (index < options["depth"])
            is_conv = options.get(f"layer {index}/kind") == "conv"
            assert (f"layer {index}/kernel" in options) == is_conv


def test_text_and_mapping_give_the_architecture_back(space):
    for architecture in space.sample(20, np.random.default_rng(1)):
        assert space.parse(space.format(architecture)) == architecture
        assert space.from_options(space.options(architecture)) == architecture
        assert space.architecture(space.options(architecture)) == architecture


def test_a_data_frame_gives_numbers_as_texts_and_integers_as_floats(space):
    architecture = drawn(space)
    spelled = {name: str(v) if isinstance(v, int) else v for name, v in space.options(architecture).items()}
    assert space.from_options(spelled) == architecture
    floats = {name: float(v) if isinstance(v, int) else v for name, v in space.options(architecture).items()}
    assert space.from_options(floats) == architecture


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "no value for the choice 'depth'; it takes an integer from 1 to 4"),
        ('{"depth": 9}', "9 is not an integer from 1 to 4"),
        ('{"depth": 1.5}', "1.5 is not an integer"),
        ('{"depth": 1, "layer 0/kind": "dense"}', "'dense' is none of the options 'conv', 'pool'"),
        (
            '{"depth": 1, "layer 0/kind": "pool", "learning rate": 0.01, "layer 1/kind": "conv"}',
            "layer 1/kind",
        ),
        ("[1, 2]", "expected a JSON object"),
    ],
)
def test_a_text_that_is_no_architecture_is_refused(space, text, message):
    with pytest.raises(ParseError) as caught:
        space.parse(text)
    assert message in str(caught.value)


def test_a_row_of_indices_is_refused(space):
    with pytest.raises(InvalidArchitecture, match="no rows of option indices"):
        space.architecture([0, 1, 2])


def test_a_mutation_changes_one_choice_and_keeps_what_is_still_active(space):
    rng = np.random.default_rng(2)
    for architecture in space.sample(50, rng):
        before, after = space.options(architecture), space.options(space.mutate(architecture, rng))
        changed = [name for name in before if name in after and before[name] != after[name]]
        assert len(changed) == 1
        new = [name for name in after if name not in before]
        if new:
            assert changed[0] == "depth" or changed[0].endswith("kind")


def test_neighbors_are_what_one_change_leads_to(space):
    architecture = space.from_options(
        {"depth": 1, "layer 0/kind": "conv", "layer 0/kernel": 3, "learning rate": 0.01}
    )
    neighbors = space.neighbors(architecture)
    assert neighbors == space.neighbors(architecture)
    kernels = [n for n in neighbors if space.options(n).get("layer 0/kernel") in (1, 5)]
    assert len(kernels) == 2
    assert {space.options(n)["depth"] for n in neighbors} == {1, 2}
    assert sum(space.options(n)["learning rate"] != 0.01 for n in neighbors) == 2


def test_equal_names_are_one_choice():
    space = Asking(lambda choose: (choose("width", [8, 16]), choose("width", [8, 16])))
    assert all(len(a.choices) == 1 for a in space.sample(5, np.random.default_rng(0)))


def test_a_choice_asked_twice_with_other_options_is_refused():
    space = Asking(lambda choose: (choose("width", [8, 16]), choose("width", [8, 32])))
    with pytest.raises(
        SpaceError, match="'width' is asked twice with different options, first 8, 16, then 8, 32;"
    ):
        drawn(space)


def test_options_that_differ_between_architectures_are_refused():
    space = Asking(lambda choose: choose("width", [8, 16] if choose("wide", [False, True]) else [8, 32]))
    with pytest.raises(SpaceError, match="'width' has different options in different architectures"):
        space.sample(50, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda choose: choose("kind", []), "'kind'.*at least one"),
        (lambda choose: choose("kind", ["a", "a"]), "'a' is listed twice"),
        (lambda choose: choose("n", [3, 3.0]), "'n'.*the options 3 and 3.0 are equal"),
        (lambda choose: choose("n", [True, 1, 2]), "the options True and 1 are equal"),
        (lambda choose: choose("n", {1, 2}), "are a set"),
        (lambda choose: [choose(f"n {i}", [1, 2]) for i in count()], "does the code that builds it ever end"),
        (lambda choose: choose("kind", [object()]), "mapping of names"),
        (lambda choose: choose("kind", "relu"), "expected a list or a mapping"),
        (lambda choose: choose("", [1, 2]), "not empty"),
        (lambda choose: choose.integer("n", 3, 1), "above the upper bound"),
        (lambda choose: choose.number("x", 0.0, 1.0, log=True), "above 0"),
        (lambda choose: choose.number("x", 0.0, float("inf")), "finite"),
        (lambda choose: None, "asks for no choice"),
    ],
)
def test_a_choice_that_cannot_be_asked_is_refused(ask, message):
    with pytest.raises(SpaceError, match=message):
        drawn(Asking(ask))


def test_a_choice_after_building_is_refused():
    kept = []
    drawn(Asking(lambda choose: kept.append(choose) or choose("width", [8, 16])))
    with pytest.raises(SpaceError, match="not into forward"):
        kept[0]("depth", [1, 2])


def test_options_may_stand_for_anything_by_name():
    seen = []
    space = Asking(lambda choose: seen.append(choose("layer", {"list": list, "dict": dict})))
    architecture = space.parse('{"layer": "dict"}')
    assert space.options(architecture) == {"layer": "dict"}
    assert seen == [dict]


def test_what_does_not_fit_is_never_drawn():
    def fits(values):
        if values["a"] > values["b"]:
            raise InvalidArchitecture("a must not be above b")

    space = Asking(lambda choose: (choose.integer("a", 1, 9), choose.integer("b", 1, 9)), fits)
    rng = np.random.default_rng(0)
    for architecture in [*space.sample(20, rng), *space.neighbors(drawn(space))]:
        assert space.options(architecture)["a"] <= space.options(architecture)["b"]
    assert len(space) == 45
    with pytest.raises(InvalidArchitecture, match="a must not be above b"):
        space.from_options({"a": 5, "b": 2})


def test_a_space_in_which_nothing_fits_says_why():
    def never(values):
        raise InvalidArchitecture("the channels do not divide")

    with pytest.raises(SpaceError, match="the channels do not divide"):
        drawn(Asking(lambda choose: choose("a", [1, 2]), never))


def test_a_continuous_space_is_sampled_never_listed(space):
    with pytest.raises(SpaceError, match="'learning rate' is continuous"):
        len(space)
    assert space.size is None
    assert space


def test_architectures_that_differ_in_training_only_are_two(space):
    a, b = (
        space.from_options({"depth": 1, "layer 0/kind": "pool", "learning rate": rate})
        for rate in (0.01, 0.02)
    )
    assert space.graph(a).key == space.graph(b).key
    assert space.function_key(a) != space.function_key(b)


def test_equal_graphs_are_one_architecture():
    """What kind the layer is of leaves no trace in the graph."""
    space = Asking(lambda choose: choose("kind", ["a", "b"]))
    result = ar.search(space, lambda architecture: 1.0, budget=2, strategy="random")
    assert len(result.evaluations) == 1


def test_guided_search_learns_choices_that_are_in_no_graph(space):
    best = [
        ar.search(space, worth, budget=30, seed=seed, strategy=strategy).best_value
        for strategy in ("guided", "random")
        for seed in range(3)
    ]
    assert sum(best[:3]) > sum(best[3:])


def test_a_search_goes_on_from_its_folder(space, tmp_path):
    whole = ar.search(space, worth, budget=20, seed=3)
    ar.search(space, worth, budget=15, seed=3, folder=tmp_path / "run")
    again = ar.search(space, worth, budget=20, seed=3, folder=tmp_path / "run", resume=True)
    assert [e.architecture for e in again.evaluations] == [e.architecture for e in whole.evaluations]
    spelled = json.loads((tmp_path / "run" / "result.json").read_text())
    assert spelled


def test_a_sampler_asks_only_for_what_is_reached(space):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=ar.ArchrankSampler(space, seed=0), direction="maximize")
    study.optimize(lambda trial: worth(space.suggest(trial)), n_trials=14)
    whole = ar.search(space, worth, budget=14, seed=0)
    assert [space.from_options(t.params) for t in study.trials] == [e.architecture for e in whole.evaluations]
    rates = study.trials[0].distributions["learning rate"]
    assert (rates.low, rates.high, rates.log) == (1e-4, 1e-1, True)


def test_predictors_take_what_users_have(space, tmp_path):
    known = space.sample(30, np.random.default_rng(0))
    predictor = GaussianProcess(space).fit([space.format(a) for a in known], [worth(a) for a in known])
    new = space.sample(5, np.random.default_rng(1))
    expected = predictor.predict(new)
    assert np.array_equal(predictor.predict([space.options(a) for a in new]), expected)
    predictor.save(tmp_path / "saved")
    assert np.array_equal(ar.load_predictor(tmp_path / "saved", Chains("chains")).predict(new), expected)
    with pytest.raises(PredictorError, match="of the space 'other'"):
        predictor.predict([ar.Architecture("other", new[0].choices)])


def test_an_encoder_of_cells_is_refused(space):
    pytest.importorskip("torch")
    from archrank.predictors.neural import NeuralPredictor

    known = space.sample(10, np.random.default_rng(0))
    with pytest.raises(PredictorError, match="hierarchical-gates"):
        NeuralPredictor(space, "gcn").fit(known, range(10))


def test_a_pickled_space_is_the_same_space(space):
    again = pickle.loads(pickle.dumps(space))
    assert (again.digest, again.name) == (space.digest, space.name)
    assert again.sample(3, np.random.default_rng(5)) == space.sample(3, np.random.default_rng(5))
