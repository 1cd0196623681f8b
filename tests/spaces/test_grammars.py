"""Search spaces from context-free grammars."""

import itertools
import json
import pickle
from collections import Counter

import numpy as np
import optuna
import pytest

import archrank as ar
from archrank.errors import ArchrankError, InvalidArchitecture, ParseError, SpaceError
from archrank.graph import Cell, Node
from archrank.spaces import Effect, GrammarSpace, HierarchicalNASBench201, NASBench201, Topology
from archrank.spaces.grammars.tree import places
from archrank.testing import check_space

CHAINS = "S -> Linear2 S OP | OP; OP -> conv | pool | id"
TREES = "S -> SplitJoin2 S S | Linear2 S OP | OP; OP -> conv | pool"


def chains(**options):
    return GrammarSpace(CHAINS, **{"max_depth": 5, "name": "chains"} | options)


def trees(**options):
    return GrammarSpace(TREES, **{"max_depth": 4, "name": "trees"} | options)


def every_text(space):
    return [space.format(a) for a in space.architectures(space.rows())]


def brute_force(depth):
    """The texts of the derivations of TREES, by their definition."""
    if depth == 0:
        return {"S": [], "OP": []}
    below = brute_force(depth - 1)
    split = [f"SplitJoin2({a}, {b})" for a, b in itertools.product(below["S"], repeat=2)]
    linear = [f"Linear2({a}, {b})" for a, b in itertools.product(below["S"], below["OP"])]
    return {"S": split + linear + below["OP"], "OP": ["conv", "pool"]}


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_counts_are_those_of_all_derivations(depth):
    space, expected = trees(max_depth=depth), brute_force(depth)["S"]
    assert space.size == len(expected) == len(space)
    assert sorted(every_text(space)) == sorted(expected)


def test_counts_are_exact_however_large():
    space = GrammarSpace("S -> Linear2 S S | a | b", max_depth=12)
    expected = 0
    for _ in range(12):
        expected = expected**2 + 2
    assert space.size == expected > 10**400
    assert space.encodings == float("inf")


def chi_square(counts, classes, n):
    return sum((counts[c] - n / len(classes)) ** 2 / (n / len(classes)) for c in classes)


@pytest.mark.parametrize("options", [{}, {"max_operations": 3}])
def test_sampling_is_uniform_over_derivations(options):
    space = trees(max_depth=3, **options)
    every, n = every_text(space), 6_000
    counts = Counter(map(space.format, space.sample(n, np.random.default_rng(0))))
    assert set(counts) <= set(every)
    freedom = len(every) - 1
    assert chi_square(counts, every, n) < freedom + 4 * (2 * freedom) ** 0.5


def test_sampling_by_depth_is_uniform_over_depths_and_within_them():
    space = trees(max_depth=4, sampling="depth")
    drawn, n = space.sample(6_000, np.random.default_rng(0)), 6_000
    depths = Counter(space.tree(a).depth for a in drawn)
    assert chi_square(depths, [2, 3, 4], n) < 15
    shallow = [space.format(a) for a in drawn if space.tree(a).depth == 3]
    classes = [t for t in brute_force(3)["S"] if "(" in t]
    freedom = len(classes) - 1
    assert chi_square(Counter(shallow), classes, len(shallow)) < freedom + 4 * (2 * freedom) ** 0.5


def test_sampling_choice_by_choice_takes_alternatives_alike():
    space = chains(sampling="choices")
    first = Counter(space.options(a)["S"] for a in space.sample(2_000, np.random.default_rng(0)))
    assert abs(first["OP"] - 1_000) < 150


@pytest.mark.parametrize("sampling", ["uniform", "depth", "choices"])
def test_a_thousand_mutations_do_not_bloat(sampling):
    space = GrammarSpace(TREES, max_depth=7, sampling=sampling)
    sampled = np.mean([size(space, a) for a in space.sample(400, np.random.default_rng(0))])
    rng, architecture, sizes = np.random.default_rng(1), space.parse("conv"), []
    for _ in range(1_000):
        architecture = space.mutate(architecture, rng)
        sizes.append(size(space, architecture))
    assert sampled / 2 < np.mean(sizes[200:]) < 1.5 * sampled


def test_crossovers_do_not_bloat():
    space, rng = GrammarSpace(TREES, max_depth=12, sampling="choices"), np.random.default_rng(0)
    population = space.sample(60, rng)
    before = np.mean([size(space, a) for a in population])
    for _ in range(1_000):
        a, b, old = (int(i) for i in rng.integers(len(population), size=3))
        if population[a] != population[b]:
            population[old] = space.crossover(population[a], population[b], rng)
    assert np.mean([size(space, a) for a in population]) < 4 * before


def size(space, architecture):
    return sum(1 for _ in places(space.tree(architecture)))


def test_a_mutation_leaves_the_space_never_and_the_architecture_always():
    space, rng = HierarchicalNASBench201(), np.random.default_rng(0)
    for architecture in space.sample(10, rng):
        other = space.mutate(architecture, rng)
        assert other != architecture
        assert space.parse(space.format(other)) == other


def test_a_crossover_takes_parts_of_both():
    space, rng = GrammarSpace(TREES, max_depth=6), np.random.default_rng(0)
    a, b = (
        space.parse("Linear2(Linear2(conv, conv), conv)"),
        space.parse("Linear2(Linear2(pool, pool), pool)"),
    )
    children = {space.format(space.crossover(a, b, rng)) for _ in range(60)}
    assert "Linear2(Linear2(pool, pool), conv)" in children
    assert "Linear2(Linear2(conv, conv), pool)" in children
    with pytest.raises(SpaceError, match="no different parts"):
        space.crossover(space.parse("conv"), space.parse("conv"), rng)


def test_neighbors_are_what_one_change_leads_to():
    space = trees(max_depth=3)
    found = [space.format(n) for n in space.neighbors(space.parse("Linear2(conv, pool)"))]
    assert found == [
        "SplitJoin2(conv, conv)",
        "conv",
        "Linear2(pool, pool)",
        "Linear2(conv, conv)",
    ]


def test_equal_seeds_give_equal_architectures():
    for space in (trees(), HierarchicalNASBench201()):
        one, other = (space.sample(5, np.random.default_rng(7)) for _ in range(2))
        assert one == other
        moved = [[space.mutate(a, np.random.default_rng(8)) for a in one] for _ in range(2)]
        assert moved[0] == moved[1]


@pytest.mark.parametrize(
    "space", [trees(), HierarchicalNASBench201(), HierarchicalNASBench201.fixed_blocks()]
)
def test_texts_and_choices_give_the_architecture_back(space):
    for architecture in space.sample(8, np.random.default_rng(3)):
        assert space.parse(space.format(architecture)) == architecture
        assert space.from_options(space.options(architecture)) == architecture
        assert space.parse(json.dumps(space.options(architecture))) == architecture


def test_a_text_of_several_derivations_needs_numbers():
    space = GrammarSpace("S -> A | B; A -> conv | Linear2 A A; B -> conv | pool", max_depth=4)
    texts = every_text(space)
    assert len(set(texts)) == space.size
    assert {"1:conv", "2:conv", "pool"} <= set(texts)
    assert [space.format(space.parse(text)) for text in texts] == texts
    with pytest.raises(ParseError, match="several derivations of S; write the number"):
        space.parse("conv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"line 1, column 1, at its end: expected a topology or an operation"),
        ("dense", r"line 1, column 1, at 'dense': expected S: SplitJoin2 S S \| Linear2 S OP \| OP"),
        ("Linear2(conv,\n  pol)", r"line 2, column 3, at 'pol\)': expected OP: conv \| pool"),
        ("Linear2(conv)", r"Linear2 has 1 parts, expected 2: Linear2 S OP"),
        ("Linear2(conv, pool", r"column 19, at its end: expected ',' or '\)'"),
        ("conv conv", r"column 6, at 'conv': expected the end"),
        ("Linear2('conv, pool)", r"column 9.*quotes must be closed"),
        ("9:conv", r"S has the alternatives 1 to 3"),
        ("x:conv", r"expected the number of an alternative"),
        ("(" * 1000, r"expected a topology"),
        ("Linear2(" * 1000, r"more than 200 parentheses"),
        ('{"S": "OP"}', r"no value for the choice 'S/1.OP'"),
    ],
)
def test_a_text_that_is_no_derivation_is_refused(text, message):
    with pytest.raises(ParseError, match=message):
        trees().parse(text)


def test_a_derivation_deeper_than_the_limit_is_refused():
    with pytest.raises(InvalidArchitecture, match="depth 5; max_depth is 4"):
        trees().parse("Linear2(Linear2(Linear2(conv, conv), conv), conv)")


@pytest.mark.parametrize(
    ("rules", "error", "message"),
    [
        ("", SpaceError, "no rules"),
        ("S", ParseError, r"line 1, column 2, at its end: expected '->' after the symbol 'S'"),
        ("S ->", ParseError, r"an alternative is empty"),
        ("S -> a |", ParseError, r"an alternative is empty"),
        ("S -> a | | b", ParseError, r"line 1, column 10, at '\| b': an alternative is empty"),
        ("S -> a\nT -> (b)", ParseError, r"line 2, column 6, at '\(b\)'"),
        ("S -> a\nS -> b", ParseError, r"line 2, column 1.*'S' is given twice"),
        ("S -> 'a", ParseError, r"column 6.*quotes must be closed"),
        ("S -> *3", ParseError, r"needs a word in front"),
        ("S -> a*0", ParseError, r"from 1 to 1000 parts"),
        ("S -> a b", SpaceError, r"rule S: 'a b' must begin with a topology: unknown topology 'a'"),
        ("S -> Lineer2 a b", SpaceError, r"did you mean 'LinearN'"),
        ("S -> Linear2 a", SpaceError, r"rule S: Linear2 takes 2 parts, but 'Linear2 a' has 1"),
        ("S -> Cell a*5", SpaceError, r"Cell takes 6 parts"),
        ("S -> Residual2 a b", SpaceError, r"Residual2 takes 3 parts"),
        ("S -> a | a", SpaceError, r"rule S lists the alternative 'a' twice"),
        ("S -> Linear2 S a", SpaceError, r"rule S has no finite derivation"),
        ("S -> a | T; T -> Linear2 T U; U -> T", SpaceError, r"rule T has no finite derivation.*T, U"),
        ("S -> T | a; T -> S | b", SpaceError, r"rule S may become S again without end"),
        ("S -> Linear2 S a | a", SpaceError, r"recursive.*give max_depth, at least 1"),
        ({"S": []}, SpaceError, r"rule S has no alternative"),
        ({"S": [3]}, SpaceError, r"rule S: the alternative is 3"),
        ({"S": 3}, SpaceError, r"rule S is 3"),
        ({3: "a"}, SpaceError, r"rule 3 needs a text"),
        ({"S": "a | ("}, ParseError, r"rule S: line 1, column 5"),
        (3, SpaceError, r"rules are 3; expected a text or a mapping"),
    ],
)
def test_rules_that_cannot_be_used_are_refused(rules, error, message):
    with pytest.raises(error, match=message):
        GrammarSpace(rules)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": "T"}, "unknown rule 'T'"),
        ({"operations": ["conv"]}, "unknown rule or operation 'pool'"),
        ({"max_depth": 1}, "shallowest derivation of S has the depth 2"),
        ({"max_depth": 30}, "give a smaller max_depth"),
        ({"max_depth": 101}, "up to 101 rules deep; give a max_depth of 100 or less"),
        ({"sampling": "fair"}, "unknown sampling 'fair'"),
        ({"effects": {"down": Effect(1)}}, "unknown operation 'down'"),
        ({"topologies": {"S": [(0, 1)]}}, "'S' is a rule and a topology"),
        ({"topologies": {"D": 3}}, "topology D is 3"),
        ({"topologies": {"D": [(0, 2), (1, 1)]}}, "wired wrongly"),
        ({"max_operations": 0}, "max_operations is 0; give 1 or more"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, message):
    with pytest.raises(ArchrankError, match=message):
        trees(**options)


def test_rules_that_nothing_reaches_are_named():
    with pytest.warns(UserWarning, match="no derivation from S reaches the rules T"):
        space = GrammarSpace("S -> a | b; T -> c")
    assert space.operations == ("a", "b")


def test_python_and_text_say_the_same_rules():
    text = "S -> Linear2 S OP | OP  # comment\n  | 'max pool'\nOP -> conv\n   | pool"
    python = {"S": ["Linear2 S OP", ["OP"], ("max pool",)], "OP": "conv | pool"}
    one, other = (GrammarSpace(rules, max_depth=3) for rules in (text, python))
    assert one.digest == other.digest
    assert every_text(one) == every_text(other)
    assert '"max pool"' in every_text(one)


def test_an_edited_grammar_has_another_digest():
    digests = {
        space.digest
        for space in (
            trees(),
            trees(max_depth=3),
            trees(max_operations=3),
            trees(effects={"conv": Effect(1)}),
            GrammarSpace(TREES.replace("pool", "max"), max_depth=4, name="trees"),
        )
    }
    assert len(digests) == 5


def wiring(cell):
    return [(site.operation, site.sources, site.target) for site in cell.sites]


@pytest.mark.parametrize(
    ("rule", "edges"),
    [
        ("Linear3 a b c", [("a", 0, 1), ("b", 1, 2), ("c", 2, 3)]),
        ("Residual2 a b c", [("a", 0, 1), ("b", 0, 2), ("c", 1, 2)]),
        ("Residual3 a b c d", [("a", 0, 1), ("b", 1, 2), ("c", 0, 3), ("d", 2, 3)]),
        ("SplitJoin2 a b", [("a", 0, 1), ("b", 0, 1)]),
        ("Cell a b c d e f", [("a", 0, 1), ("b", 0, 2), ("c", 1, 2), ("d", 0, 3), ("e", 1, 3), ("f", 2, 3)]),
    ],
)
def test_topologies_wire_their_parts(rule, edges):
    space = GrammarSpace(f"S -> {rule} | x")
    (cell,) = space.graph(space.architectures(space.rows())[0]).cells
    assert wiring(cell) == [(name, (source,), target) for name, source, target in edges]


def test_a_topology_of_ones_own_from_edges_or_a_function():
    def joined(parts):
        a, b = parts
        multiply = Node("mul", (1, 2), 3)
        return Cell(1, 4, (a(0, 1), b(0, 2), multiply), (3,))

    space = GrammarSpace(
        "S -> Diamond a b S a | Gate S b | a",
        topologies={"Diamond": [(0, 1), (0, 2), (1, 3), (2, 3)], "Gate": Topology(2, joined)},
        max_depth=3,
    )
    (cell,) = space.function(space.parse("Gate(Diamond(a, b, a, a), b)")).cells
    assert Counter(s.operation for s in cell.sites) == {"a": 3, "b": 2, "mul": 1, "output": 1}


def test_concatenations_are_in_order():
    space = GrammarSpace("S -> SplitConcat2 OP OP; OP -> conv | pool")
    keys = {space.function_key(space.parse(f"SplitConcat2({p})")) for p in ("conv, pool", "pool, conv")}
    assert len(keys) == 2


def test_a_graph_keeps_the_hierarchy_and_shares_equal_cells():
    space = HierarchicalNASBench201()
    (architecture,) = space.sample(1, np.random.default_rng(0))
    (cell,) = space.graph(architecture).cells
    assert [node.classes for node in cell.sites] in ([("D1",), ("D1",), ("D0",)], [("D0",), ("D1",), ("D1",)])
    text = "Linear2(Linear2(conv, pool), Linear2(conv, pool))"
    twice = GrammarSpace("S -> Linear2 A A; A -> Linear2 OP OP; OP -> conv | pool")
    first, second = twice.graph(twice.parse(text)).cells[0].sites
    assert first.inner is second.inner


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("Linear2(conv, id)", "conv", True),
        ("Linear2(id, conv)", "conv", True),
        ("Linear2(Linear2(conv, id), pool)", "Linear2(conv, pool)", True),
        ("SplitJoin2(conv, zero)", "conv", True),
        ("SplitJoin2(conv, pool)", "SplitJoin2(pool, conv)", True),
        ("SplitJoin2(conv, Linear2(zero, pool))", "conv", True),
        ("SplitJoin2(id, id)", "id", False),
        ("SplitJoin2(SplitJoin2(id, id), id)", "SplitJoin2(id, SplitJoin2(id, id))", True),
        ("SplitJoin2(conv, conv)", "conv", False),
        ("Linear2(conv, pool)", "Linear2(pool, conv)", False),
        ("SplitJoin2(conv, id)", "conv", False),
    ],
)
def test_derivations_of_one_function_are_one_architecture(one, other, equal):
    space = GrammarSpace(
        "S -> Linear2 S S | SplitJoin2 S S | OP; OP -> conv | pool | id | zero", max_depth=5, name="functions"
    )
    assert (space.function_key(space.parse(one)) == space.function_key(space.parse(other))) is equal


def test_sums_that_hold_a_result_very_often_stay_small_and_exact():
    space = GrammarSpace("S -> Linear2 S S | SplitJoin2 S S | id | conv", max_depth=10)
    doubled = "id"
    for _ in range(4):
        doubled = f"Linear2({doubled}, SplitJoin2(id, id))"
    (cell,) = space.function(space.parse(doubled)).cells
    (multiple, _) = cell.sites
    assert (multiple.operation, multiple.attributes) == ("multiple", (("factor", 16.0),))


def test_what_nothing_flows_through_is_no_architecture():
    rules = "S -> Cell OP*6; OP -> conv | zero"
    space, every = GrammarSpace(rules), GrammarSpace(rules, connected=False)
    assert (every.size, space.derivations) == (64, 64)
    empty = every.function_key(every.parse("Cell(zero, zero, zero, zero, zero, zero)"))
    through = [a for a in every.architectures(every.rows()) if every.function_key(a) != empty]
    assert [every.format(a) for a in through] == every_text(space)
    with pytest.raises(InvalidArchitecture, match="nothing reaches its output"):
        space.parse("Cell(conv, zero, zero, zero, zero, zero)")


def test_deep_derivations_are_like_all_others():
    space = GrammarSpace(CHAINS, max_depth=100, sampling="depth")
    deep = max(space.sample(60, np.random.default_rng(0)), key=lambda a: space.tree(a).depth)
    assert space.tree(deep).depth > 80
    assert space.parse(space.format(deep)) == deep
    assert space.mutate(deep, np.random.default_rng(0)) != deep
    assert space.graph(deep).key == pickle.loads(pickle.dumps(space)).graph(deep).key
    assert space.function_key(deep)


@pytest.mark.parametrize("space", [trees(), HierarchicalNASBench201.fixed_blocks()])
def test_it_keeps_what_every_space_must(space):
    check_space(space, samples=8)


def shaped(**options):
    rules = "S -> Linear2 S S | SplitJoin2 S S | conv | down | narrow"
    effects = {"down": Effect(halves=1, widens=2), "narrow": Effect(widens=0.5)}
    return GrammarSpace(rules, max_depth=4, effects=effects, name="shaped", **options)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("SplitJoin2(conv, down)", {}, "branches of different shapes are joined"),
        ("SplitJoin2(conv, narrow)", {}, "branches of different shapes are joined"),
        ("Linear2(Linear2(down, down), down)", {"max_halvings": 2}, "halved 3 times; at most 2"),
        ("Linear2(Linear2(down, down), narrow)", {"max_widening": 3}, "multiplied by 4; at most 3"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(text, options, message):
    space = shaped(**options)
    with pytest.raises(InvalidArchitecture, match=message):
        space.parse(text)
    refused = [a for a in space.sample(200, np.random.default_rng(0)) if space.format(a) == text]
    assert not refused


def test_shapes_that_fit_are_accepted():
    space = shaped(max_halvings=2, max_widening=2)
    for text in ("Linear2(Linear2(narrow, down), down)", "SplitJoin2(down, Linear2(conv, down))"):
        assert space.format(space.parse(text)) == text


def test_rules_that_refuse_everything_end_with_the_way_out():
    space = GrammarSpace("S -> SplitJoin2 OP down; OP -> conv | pool", effects={"down": Effect(halves=1)})
    with pytest.raises(SpaceError, match=r"different shapes are joined.*loosen the limits"):
        space.sample(1, np.random.default_rng(0))
    with pytest.raises(SpaceError, match="none of"):
        GrammarSpace("S -> Linear2 OP OP; OP -> conv | pool", max_operations=1).sample(
            1, np.random.default_rng(0)
        )


def test_the_hierarchical_space_is_as_published():
    space, fixed = HierarchicalNASBench201(), HierarchicalNASBench201.fixed_blocks()
    ops, cell_of = 5, 5**6
    down = cell_of + cell_of**2 + cell_of
    c = cell_of**2 + 2 * cell_of**3
    d1 = c**2 * down + c**3 * down + c**2 * down**2
    d0 = c**2 * cell_of + c**3 * cell_of + c**2 * cell_of**2
    assert ops == len(fixed.grammar.rules["OPS"])
    assert fixed.size == 2 * d1**2 * d0 + d1**2 * d0**2
    assert space.size > 10**300
    for architecture in space.sample(5, np.random.default_rng(0)):
        kinds = [n.operation for n in ar.unfold(space.graph(architecture)).cells[0].sites]
        assert "resBlock" in kinds
        assert set(kinds) <= set(space.operations)


def worth(architecture):
    """More convolutions are better."""
    return sum("conv" in str(value) for _, value in architecture.choices)


def test_guided_search_beats_random_search():
    space = GrammarSpace(
        "S -> Linear3 CELL*3 | Linear2 CELL*2; CELL -> Cell OP*6; OP -> id | conv | pool | zero"
    )
    best = {
        strategy: [
            ar.search(space, worth, budget=30, seed=seed, strategy=strategy).best_value for seed in range(3)
        ]
        for strategy in ("guided", "random")
    }
    assert sum(best["guided"]) > sum(best["random"])


def test_a_search_goes_on_from_its_folder(tmp_path):
    space = chains(max_depth=8)
    whole = ar.search(space, worth, budget=18, seed=3)
    ar.search(space, worth, budget=15, seed=3, folder=tmp_path / "run")
    again = ar.search(space, worth, budget=18, seed=3, folder=tmp_path / "run", resume=True)
    assert [e.architecture for e in again.evaluations] == [e.architecture for e in whole.evaluations]
    edited = GrammarSpace(CHAINS.replace("pool", "max"), max_depth=8, name="chains")
    with pytest.raises(ArchrankError):
        ar.search(edited, worth, budget=20, seed=3, folder=tmp_path / "run", resume=True)


def test_a_sampler_asks_only_for_what_is_reached():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = chains()
    study = optuna.create_study(sampler=ar.ArchrankSampler(space, seed=0), direction="maximize")
    study.optimize(lambda trial: worth(space.suggest(trial)), n_trials=12)
    whole = ar.search(space, worth, budget=12, seed=0)
    assert [space.from_options(t.params) for t in study.trials] == [e.architecture for e in whole.evaluations]


def test_optunas_own_sampler_may_be_used():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = chains(max_depth=3)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: worth(space.suggest(trial)), n_trials=10)
    assert len({space.from_options(t.params) for t in study.trials}) > 2


def test_a_pickled_space_is_the_same_space():
    space = HierarchicalNASBench201()
    again = pickle.loads(pickle.dumps(space))
    assert again.digest == space.digest
    assert again.sample(2, np.random.default_rng(5)) == space.sample(2, np.random.default_rng(5))


def test_a_derivation_is_drawn(tmp_path):
    space = HierarchicalNASBench201()
    (architecture,) = space.sample(1, np.random.default_rng(0))
    assert "D1" in ar.draw(space, architecture, level=1).svg
    ar.draw(space, architecture).save(tmp_path / "drawn.svg")
    with pytest.raises(ArchrankError, match="only networks have levels"):
        ar.draw(NASBench201(), "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", level=1)
