"""The Gaussian process with a Weisfeiler–Lehman kernel, against a plain implementation."""

import numpy as np
import pytest
import torch
from naive_wl import kernels, log_likelihood, posterior
from torch import nn

import archrank as ar
from archrank.errors import PredictorError
from archrank.graph import Cell, Graph, Node, Site
from archrank.predictors import WeisfeilerLehman, load_predictor, named_predictor
from archrank.predictors.targets import normal_scores
from archrank.predictors.wl_kernel import LevelCounts, tuned_weights, wl_map
from archrank.predictors.wl_labels import wl_counts
from archrank.spaces import Darts, FreeForm, HierarchicalNASBench201, NASBench101, NASBench201
from archrank.spaces.named import named_space
from archrank.testing import check_predictor

GRAMMAR = ar.GrammarSpace(
    "S -> Linear2 B S | Linear2 B B; B -> Cell OP*6 | SplitConcat2 OP OP | Residual2 OP id OP; "
    "OP -> id | zero | conv | pool",
    name="blocks",
    max_depth=5,
    sampling="choices",
)
FLAT = (NASBench201(), NASBench101(), Darts(), named_space("enas-macro"))


def computed(space, architectures, levels, iterations):
    counts = wl_map(space).counts(architectures, levels, iterations)
    known = [LevelCounts.of(found) for found in counts]
    return np.stack([each.kernel(each) for each in known])


@pytest.mark.parametrize("space", FLAT, ids=lambda space: space.name)
def test_of_flat_cells_it_is_the_plain_kernel(space):
    drawn = space.sample(12, np.random.default_rng(0))
    assert wl_map(space).depth(drawn) == 1
    for iterations in range(4):
        np.testing.assert_allclose(
            computed(space, drawn, 1, iterations), kernels(space, drawn, 1, iterations), atol=1e-12
        )


@pytest.mark.parametrize("space", [GRAMMAR, FreeForm(max_depth=6)], ids=lambda space: space.name)
def test_of_hierarchies_it_is_the_plain_kernel_of_every_level(space):
    drawn = space.sample(6, np.random.default_rng(0))
    levels = wl_map(space).depth(drawn)
    assert levels >= 3
    for iterations in (0, 2):
        found = computed(space, drawn, levels, iterations)
        np.testing.assert_allclose(found, kernels(space, drawn, levels, iterations), atol=1e-12)
    assert len({round(float(value), 6) for value in found[:, 0, 1]}) > 1


def test_labels_are_the_same_in_every_process():
    """Saved predictors hold them."""
    counts = wl_counts(Graph((Cell(1, 2, (Site("conv", (0,), 1),), (1,)),)), 1)
    assert [sorted(each) for each in counts] == [
        [7053622699199012, 7761756303299002, 8616106488979235],
        [1699625879379086, 1819813094221860, 2270934713240196],
    ]


def test_the_order_of_ordered_arguments_counts_and_no_other():
    def cell(operation, sources, ordered):
        return Graph((Cell(2, 3, (Node(operation, sources, 2, ordered=ordered),), (2,)),))

    for ordered in (True, False):
        first, second = (wl_counts(cell("op", sources, ordered), 2) for sources in ((0, 1), (1, 0)))
        assert (first == second) != ordered


def test_weights_and_noise_are_the_most_likely():
    rng = np.random.default_rng(0)
    points = [rng.normal(size=(40, 3)) for _ in range(3)]
    stack = [np.exp(-((p[:, None] - p[None]) ** 2).sum(2) / 4) for p in points]
    y = np.linalg.cholesky(0.9 * stack[1] + 0.1 * np.eye(40)) @ rng.normal(size=40)
    found = tuned_weights(stack, y)
    assert found.weights[1] == max(found.weights) > 0.5
    best = log_likelihood(stack, found.weights, found.noise, y)
    for weights in rng.dirichlet([1, 1, 1], 200):
        for noise in (0.01, 0.03, 0.1, 0.3, 1.0):
            assert log_likelihood(stack, weights, noise, y) < best + 1e-4
    others = [tuned_weights(stack, y).likelihood - log_likelihood(stack, found.weights, found.noise, y)]
    assert others[0] == pytest.approx(20 * (1 + np.log(2 * np.pi)))  # the constant that is left out


@pytest.mark.parametrize("space", [NASBench201(), GRAMMAR], ids=lambda space: space.name)
def test_predictions_are_those_of_the_plain_process(space):
    drawn = list(dict.fromkeys(space.sample(40, np.random.default_rng(1))))[:30]
    known, others = drawn[:20], drawn[20:]
    targets = np.random.default_rng(2).normal(size=20)
    predictor = WeisfeilerLehman(space).fit(known, targets)
    levels = kernels(space, drawn, len(predictor.weights_), predictor.iterations_)
    whole = np.tensordot(predictor.weights_, levels, axes=1)
    y, noise = normal_scores(targets), predictor.noise_ / (1 - predictor.noise_)
    variance = y @ np.linalg.solve(whole[:20, :20] + noise * np.eye(20), y) / 20
    mean, std = posterior(whole[:20, :20], whole[20:, :20], np.ones(10), noise, variance, y)
    found = predictor.predict_distribution(others)
    np.testing.assert_allclose(found[0], mean, atol=1e-8)
    np.testing.assert_allclose(found[1], std, atol=1e-6)
    np.testing.assert_allclose(predictor.predict(others), mean, atol=1e-8)


@pytest.mark.parametrize("space", [NASBench201(), GRAMMAR], ids=lambda space: space.name)
def test_it_keeps_what_every_predictor_must(space):
    check_predictor(WeisfeilerLehman, space)


def test_it_ranks_better_than_chance_on_hierarchies():
    space = HierarchicalNASBench201(fixed_macro=True)
    drawn = space.sample(90, np.random.default_rng(0))
    values = [space.format(a).count("conv3x3") - space.format(a).count("avg_pool") for a in drawn]
    predictor = named_predictor(space, "wl-kernel").fit(drawn[:60], values[:60])
    assert predictor.score(drawn[60:], values[60:]) > 0.4
    assert len(predictor.weights_) == 5


def test_networks_of_a_module_are_hierarchies_too(tmp_path):
    def net(choose):
        def block(number):
            kernel = choose(f"kernel {number}", [1, 3])
            return nn.Sequential(nn.Conv2d(4, 4, kernel, padding="same"), nn.ReLU())

        blocks = [block(number) for number in range(choose.integer("depth", 1, 4))]
        return nn.Sequential(nn.Conv2d(3, 4, 1), *blocks)

    space = ar.ModuleSpace(net, torch.zeros(1, 3, 8, 8))
    drawn = list(dict.fromkeys(space.sample(60, np.random.default_rng(0))))
    values = [sum(str(value) == "3" for _, value in a.choices) for a in drawn]
    predictor = WeisfeilerLehman(space).fit(drawn[:-6], values[:-6])
    assert len(predictor.weights_) > 1
    predictor.save(tmp_path)
    loaded = load_predictor(tmp_path, space)
    np.testing.assert_array_equal(loaded.predict(drawn), predictor.predict(drawn))


def test_settings_that_cannot_be_used_are_refused():
    space = NASBench201()
    drawn = space.sample(5, np.random.default_rng(0))
    with pytest.raises(PredictorError, match="max_train is 20000; it must be 10000 or less"):
        WeisfeilerLehman(space, max_train=20_000).fit(drawn, range(5))
    few = WeisfeilerLehman(space, max_train=3).fit(drawn, range(5))
    assert np.isfinite(few.predict(drawn)).all()
