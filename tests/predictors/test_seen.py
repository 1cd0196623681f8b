"""What predictors see beside graphs, and what they must not tell apart."""

import numpy as np
import pytest

import archrank as ar
from archrank import Cell, Choice, Graph, JointSpace, SearchSpace, Site
from archrank.encoders import GATES
from archrank.errors import PredictorError, UnknownName
from archrank.experiments.isomorphism import isomorphic_encodings, isomorphism_spread
from archrank.predictors import BoostedTrees, Ensemble, GaussianProcess, NeuralPredictor, auto, load_predictor
from archrank.predictors.choice_columns import choice_columns, seen_choices
from archrank.predictors.feature_map import feature_map
from archrank.ranking import kendall_tau
from archrank.spaces import Darts, Enas, EnasMacro, NASBench101, NASBench201, NASBenchGraph
from archrank.testing import check_predictor, check_space
from seen_spaces import OPERATIONS, Chain, Described, Trained, chain, drawn, trained_labels


class Edges(SearchSpace):
    """A cell of two inner nodes whose operations are written as they are, without rules or canonical rows."""

    name = "edges"
    choices = tuple(Choice(edge, ("none", "conv", "pool")) for edge in ("0-1", "0-2", "1-3", "2-3", "0-3"))
    operations = ("conv", "pool")

    def graph(self, architecture):
        sites = tuple(
            Site(option, (int(edge[0]),), int(edge[2]))
            for edge, option in self.options(architecture).items()
            if option != "none"
        )
        return Graph((Cell(1, 4, sites, (3,)),))


@pytest.mark.parametrize("make", [GaussianProcess, BoostedTrees, lambda space: auto(space, "fast")])
def test_a_choice_that_is_in_no_graph_is_ranked_by(make):
    space = Trained()
    check_space(space)
    known, rows = drawn(space, 120)
    predictor = make(space).fit(known, trained_labels(rows))
    others, rows = drawn(space, 200, seed=1)
    assert kendall_tau(predictor.predict(others), trained_labels(rows)) > 0.8
    sgd, adam, lion = (space.architecture((0, 1, 2, 1, optimizer, 4)) for optimizer in range(3))
    scores = predictor.predict([sgd, lion, adam])
    assert scores[0] < scores[1] < scores[2]


def quick(space):
    return NeuralPredictor(space, GATES(layers=2, width=16), hidden=(16,), epochs=20, learning_rate=5e-3)


def test_networks_lose_the_share_that_rests_on_what_no_graph_shows():
    space = Trained()
    known, rows = drawn(space, 80)
    others, tested = drawn(space, 200, seed=1)
    both, fair = (
        Ensemble(space, (GaussianProcess(space), quick(space)), discount=discount).fit(
            known, trained_labels(rows)
        )
        for discount in (True, False)
    )
    process, network = both.weights_
    assert network < 0.3
    assert process + network == pytest.approx(1)
    taus = [kendall_tau(each.predict(others), trained_labels(tested)) for each in (both, fair)]
    assert taus[0] > taus[1] + 0.05
    of_graphs = Ensemble(space, (GaussianProcess(space), quick(space)), discount=True)
    assert of_graphs.fit(known, (rows[:, :3] == 0).sum(axis=1)).weights_[1] > 2 * network


def test_networks_keep_their_weight_where_graphs_show_all():
    space = NASBench201()
    known, rows = drawn(space, 40)
    both = Ensemble(space, (GaussianProcess(space), quick(space)), discount=True).fit(
        known, (rows == 3).sum(axis=1)
    )
    assert both.weights_.tolist() == [0.5, 0.5]
    alone = Ensemble(space, (quick(space),), discount=True).fit(known, (rows == 3).sum(axis=1))
    assert alone.weights_.tolist() == [1.0]


def test_the_default_with_networks_discounts_them():
    assert auto(Trained(), "balanced").discount
    assert not auto(Trained(), "fast").discount


@pytest.mark.parametrize(
    "space", [NASBench101(vertices=6), NASBench201(), NASBenchGraph(), Darts(), Enas(), Edges()], ids=str
)
def test_choices_are_not_seen_where_several_encodings_are_one_cell(space):
    assert seen_choices(space) == ((), False)
    assert not feature_map(space).beside.any()


@pytest.mark.parametrize("space", [NASBench101(vertices=5), NASBenchGraph(), Edges()], ids=str)
@pytest.mark.parametrize("make", [GaussianProcess, BoostedTrees])
def test_isomorphic_cells_have_the_same_score(make, space):
    known, rows = drawn(space, 60)
    weights = np.random.default_rng(1).normal(size=rows.shape[1])
    predictor = make(space).fit(known, rows @ weights)
    groups = isomorphic_encodings(space, 20, np.random.default_rng(2))
    assert groups
    assert isomorphism_spread(predictor, groups) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("space", [Chain(), Described(), EnasMacro(layers=5)], ids=str)
def test_all_choices_are_seen_where_each_graph_has_one_encoding(space):
    assert seen_choices(space) == (tuple(range(len(space.choices))), True)


class MayRepeat(Chain):
    """Two stages of one to three layers; which of the two a layer is in does not show in the graph."""

    name = "stages"
    choices = tuple(
        Choice(f"stage {at} {what}", options)
        for at in range(2)
        for what, options in (("operation", OPERATIONS), ("layers", ("1", "2", "3")))
    )

    def graph(self, architecture):
        first, some, second, more = self.options(architecture).values()
        return chain([first] * int(some) + [second] * int(more))


def test_rows_with_the_very_same_graph_are_no_reason_to_see_no_choices():
    space = MayRepeat()
    assert space.graph(space.architecture((0, 0, 0, 1))) == space.graph(space.architecture((0, 1, 0, 0)))
    assert seen_choices(space) == ((0, 1, 2, 3), True)


class Placed(Described):
    """Its choices are not seen, so that only the graph says where an operation is."""

    name = "placed"

    def canonical(self, choices):
        return choices


def test_places_beyond_the_fifth_are_seen():
    for space in (Placed(), type("Plain", (Placed,), {"name": "plain", "attributes": {}})()):
        assert seen_choices(space) == ((), False)
        known, rows = drawn(space, 200)
        others, more = drawn(space, 300, seed=1)
        labels = [1.0 * (each[:, 7] == 2) - (each[:, 6] == 2) for each in (rows, more)]
        predictor = GaussianProcess(space).fit(known, labels[0])
        assert kendall_tau(predictor.predict(others), labels[1]) > 0.5, space.name


def test_an_attribute_says_what_an_operation_that_was_never_measured_is_worth():
    space = Described()
    rows = np.random.default_rng(0).choice([0, 2], size=(80, 9)).astype(np.int16)
    predictor = GaussianProcess(space).fit(rows, (rows == 2).sum(axis=1))
    small, middle, large = (np.full((1, 9), kind, dtype=np.int16) for kind in range(3))
    low, between, high = (float(predictor.predict(row)[0]) for row in (small, middle, large))
    assert low < between < high


def test_numbers_are_numbers_and_others_have_a_column_for_each_option():
    indices = np.array([0, 2, 1], dtype=np.int16)
    assert choice_columns(Choice("rate", ("0.001", "0.01", "0.1")), indices)[1][:, 0] == pytest.approx(
        np.log([0.001, 0.1, 0.01])
    )
    names, values = choice_columns(Choice("kind", ("a", "b", "c")), indices)
    assert names == ("kind=a", "kind=b", "kind=c")
    assert values.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert choice_columns(Choice("switch", ("off", "on")), indices[:1])[0] == ("switch=on",)


@pytest.mark.parametrize("make", [GaussianProcess, BoostedTrees])
@pytest.mark.parametrize("space", [Described(), Trained()], ids=str)
def test_conformance_where_more_is_seen(make, space):
    check_predictor(make, space)


def test_a_predictor_of_other_attributes_is_refused(tmp_path):
    known, rows = drawn(Described(), 30)
    GaussianProcess(Described()).fit(known, rows.sum(axis=1)).save(tmp_path)
    edited = type("Edited", (Described,), {"attributes": {"k3": {"kernel": 4.0}}})()
    with pytest.raises(PredictorError, match="is about the space"):
        load_predictor(tmp_path, edited)
    assert load_predictor(tmp_path, Described()).predict(known).shape == (30,)


def test_attributes_of_an_unknown_operation_are_refused():
    space = type("Odd", (Chain,), {"name": "odd", "attributes": {"k9": {"kernel": 9}}})()
    with pytest.raises(UnknownName, match="operation in attributes 'k9'"):
        auto(space, "fast").fit(drawn(space, 10)[0], range(10))


def test_hyper_parameters_beside_an_architecture_are_a_group_with_a_scale_for_each():
    space = JointSpace(Chain(), {"rate": ar.ordered(0.001, 0.01, 0.1), "lucky number": ar.ordered(*range(9))})
    found = {group.name: group for group in feature_map(space).groups}
    assert set(found) >= {"graph", "choices"}
    assert found["choices"].apart
    known = space.sample(100, np.random.default_rng(0))
    labels = [float(space.options(each)["rate"] == 0.01) for each in known]
    effects = GaussianProcess(space).fit(known, labels).explain().choices
    assert next(iter(effects)) == "rate"
    assert effects["lucky number"] < 0.05
