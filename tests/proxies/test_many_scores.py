"""Scores of many architectures: built, kept in a file, and ranked."""

import json
import math
import sys

import numpy as np
import pytest
from torch import nn

import archrank as ar
from archrank.errors import ArchrankError, ProxyError, SpaceError, UnknownName
from archrank.networks import NASBench201Skeleton
from archrank.predictors import GaussianProcess, WithPrior, load_predictor
from archrank.proxies import BUILDABLE, PROXIES, builder_for, rank_product, score_all, standardized_ranks
from archrank.ranking import kendall_tau
from archrank.spaces import NASBench201, NASBenchGraph
from archrank.spaces.named import SPACES, named_space

SPACE = NASBench201()
SMALL = {"builder": builder_for(SPACE, NASBench201Skeleton(channels=2, cells=1)), "batch": (3, 3, 8, 8)}
CELLS = list(dict.fromkeys(SPACE.sample(5, np.random.default_rng(0))))


def test_kept_scores_are_not_computed_again(tmp_path):
    file, built = tmp_path / "folder" / "scores.jsonl", []
    counted = SMALL["builder"]

    def build(architecture, seed):
        built.append(architecture)
        return counted.build(architecture, seed)

    how = {**SMALL, "builder": type(counted)(build, counted.shape, counted.settings), "file": file}
    first = score_all(SPACE, CELLS[:3], proxies=["naswot", "parameters"], **how)
    assert built == CELLS[:3]
    content = file.read_bytes()
    file.write_bytes(content[: content.rindex(b"\n", 0, -1) + 20])  # killed while the last line was written
    again = score_all(SPACE, CELLS, proxies=["naswot", "parameters"], **how)
    assert built[3:] == CELLS[2:]
    assert again["naswot"][:3].tolist() == first["naswot"].tolist()
    assert (
        again["parameters"].tolist()
        == score_all(SPACE, CELLS, proxies=["parameters"], **SMALL)["parameters"].tolist()
    )
    built.clear()
    score_all(SPACE, CELLS, proxies=["layers", "naswot"], **how)  # adds a score
    assert built == CELLS
    built.clear()
    score_all(SPACE, CELLS, proxies=["layers", "naswot", "parameters"], **how)
    assert built == []
    score_all(SPACE, CELLS, proxies=["naswot"], **{**how, "batch": (4, 3, 8, 8)})  # another batch
    assert built == CELLS
    assert all(json.loads(line)["scores"] for line in file.read_bytes().splitlines() if line.endswith(b"}}"))


def test_kept_scores_of_a_function_are_not_those_of_another_of_its_name(monkeypatch, tmp_path):
    def mine(probe):
        called.append(1)
        return 1.0

    first, called = mine, []

    def mine(probe):
        called.append(2)
        return 2.0

    def scored(function):
        called.clear()
        file = tmp_path / "scores.jsonl"
        found = score_all(
            SPACE, CELLS[:2], proxies={"mine": function, "naswot": PROXIES["naswot"]}, file=file, **SMALL
        )
        return found["mine"].tolist()

    # These use a variable of another function, so that nothing tells what they compute: they are called again.
    assert scored(first) == scored(first) == [1.0, 1.0]
    assert called == [1, 1]
    assert scored(mine) == [2.0, 2.0]
    assert scored(lambda probe: 3.0) == [3.0, 3.0]
    assert scored(lambda probe: 4.0) == [4.0, 4.0]
    one, two = [lambda probe: 5.0, lambda probe: 6.0]  # of one line, so of one source
    assert scored(one) + scored(two) == [5.0, 5.0, 6.0, 6.0]
    assert scored(_lazy) == [7.0, 7.0]
    lines = (tmp_path / "scores.jsonl").read_text().count("\n")
    assert scored(one) == [5.0, 5.0]  # kept, so nothing is written
    monkeypatch.setattr(sys.modules[__name__], "SEVEN", 8.0)
    assert scored(_lazy) == [8.0, 8.0]
    assert (tmp_path / "scores.jsonl").read_text().count("\n") == lines


SEVEN = 7.0


def _lazy(probe):
    return SEVEN


def test_worst_scores_survive_the_file(tmp_path):
    dead = SPACE.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    for _ in range(2):
        found = score_all(SPACE, [dead], proxies=["naswot"], file=tmp_path / "scores.jsonl", **SMALL)
        assert found["naswot"].tolist() == [-math.inf]


def test_progress_is_told():
    told = []
    score_all(SPACE, CELLS, proxies=["layers"], on_progress=lambda *now: told.append(now), **SMALL)
    assert told == [(done, len(CELLS)) for done in range(len(CELLS) + 1)]


def test_ranks_share_ties_and_constant_scores_say_nothing():
    scores = {"a": np.array([-math.inf, 5.0, 5.0, 9.0]), "b": np.full(4, 7.0)}
    ranks = standardized_ranks(scores)
    assert ranks[1] == ranks[2]
    assert ranks.argsort(kind="stable").tolist() == [0, 1, 2, 3]
    assert standardized_ranks({"b": scores["b"]}).tolist() == [0.0] * 4


def test_a_rank_product_is_low_where_one_score_is():
    scores = {"a": np.array([1.0, 2.0, 3.0, 4.0]), "b": np.array([9.0, 2.0, 7.0, 8.0])}
    expected = np.log([1 / 4 * 4 / 4, 2 / 4 * 1 / 4, 3 / 4 * 2 / 4, 4 / 4 * 3 / 4])
    assert rank_product(scores) == pytest.approx(expected)
    # The order of two ranks whose mean is equal: what is extreme in one score comes last.
    assert np.ptp(standardized_ranks({"a": scores["a"], "b": scores["a"][::-1]})) == pytest.approx(0)
    product = rank_product({"a": scores["a"], "b": scores["a"][::-1]})
    assert product[0] == product[3] < product[1] == product[2]
    assert np.ptp(rank_product({"b": np.full(4, 7.0)})) == 0
    lowest = rank_product({**scores, "c": np.array([-math.inf, 1.0, 1.0, 1.0])})
    assert np.isfinite(lowest).all()


@pytest.mark.parametrize("name", SPACES)
def test_spaces_that_can_be_built_are_named(name):
    space = named_space(name)
    if name in BUILDABLE:
        network = builder_for(space).build(space.sample(1, np.random.default_rng(1))[0], 0)
        assert isinstance(network, nn.Module)
    else:
        with pytest.raises(
            ProxyError, match=f"{name} cannot be built; they can for a ModuleSpace, and for nas-bench"
        ):
            builder_for(space)


def test_modules_with_choices_are_scored():
    def net(choose):
        width = choose("width", [4, 8, 16])
        layers = [
            layer
            for _ in range(choose.integer("depth", 0, 2))
            for layer in (nn.Linear(width, width), nn.ReLU())
        ]
        return nn.Sequential(nn.Linear(4, width), *layers, nn.Linear(width, 2))

    space = ar.ModuleSpace(net, (1, 4))
    ranking = ar.rank(space, zero_cost=True, sample=4, proxies=["parameters", "synflow"], top=3)
    assert ranking.candidates == 4
    assert [len(ranking), *map(len, ranking.scores.values())] == [3, 3, 3]
    best = ranking[0].architecture
    counted = sum(p.numel() for p in space.build(best).parameters())
    assert ranking.scores["parameters"][0] == counted


def narrow(monkeypatch):
    """Score the cells of NAS-Bench-201 by small networks."""
    monkeypatch.setattr("archrank.proxies.builder.SKELETONS", (NASBench201Skeleton(channels=2, cells=1),))
    monkeypatch.setattr("archrank.proxies.builder.IMAGES", 2)


def test_ranking_without_a_label(monkeypatch, tmp_path):
    narrow(monkeypatch)
    how = {"zero_cost": True, "sample": 6, "proxies": ["naswot", "parameters"], "folder": tmp_path}
    ranking = ar.rank("nas-bench-201", **how, seed=3)
    assert (tmp_path / "zero-cost.jsonl").read_bytes().count(b"\n") == ranking.candidates == 6
    assert [each.rank for each in ranking] == [1, 2, 3, 4, 5, 6]
    assert (np.diff(ranking.score) <= 0).all()
    frame = ranking.to_pandas()
    assert list(frame.columns) == ["architecture", "score", "rank", "naswot", "parameters"]
    ranking.write(tmp_path / "ranked.csv")
    again = ar.rank(
        "nas-bench-201", zero_cost=True, candidates=frame["architecture"], proxies=["naswot"], top=2, seed=3
    )
    assert again.candidates == 6
    assert again.scores["naswot"].tolist() == sorted(frame["naswot"])[:-3:-1]
    assert "naswot" in repr(again)
    assert "<table>" in again._repr_html_()


def test_ranks_are_combined_as_asked(monkeypatch):
    narrow(monkeypatch)
    how = {"zero_cost": True, "sample": 8, "proxies": ["naswot", "zen"]}
    for name, combination in (("mean", standardized_ranks), ("az-nas", rank_product)):
        ranking = ar.rank("nas-bench-201", combine=name, **how)
        assert ranking.score.tolist() == combination(ranking.scores).tolist()
        assert (np.diff(ranking.score) <= 0).all()
    with pytest.raises(UnknownName, match="unknown combination of zero-cost scores 'az'"):
        ar.rank("nas-bench-201", combine="az", **how)


def test_scores_that_are_all_equal_are_told(monkeypatch):
    narrow(monkeypatch)
    for value in (1.0, math.inf):
        with pytest.warns(UserWarning, match="mine: all scores are equal, so the order says nothing"):
            ranking = ar.rank(SPACE, zero_cost=True, sample=3, proxies={"mine": lambda probe, v=value: v})
        assert len(ranking) == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"batch": (4, 1, 8, 8)},
            r"~2\|: the network cannot be called with inputs of the shape \(1, 1, 8, 8\)",
        ),
        ({"batch": np.zeros((4, 3, 8, 8))}, "expected a tensor .* or its shape"),
        ({"batch": (4, 3)}, "the network cannot be called with inputs"),
        ({"batch": (1, 3, 8, 8)}, "two inputs or more"),
        ({"labels": [0, 1, 2]}, r"expected \(2,\)"),
        ({"proxies": {"mine": lambda probe: 1 / 0}}, r"~2\|: the zero-cost score 'mine' cannot be computed"),
    ],
)
def test_batches_and_scores_that_cannot_be_used(monkeypatch, given, message):
    narrow(monkeypatch)
    with pytest.raises(ProxyError, match=message):
        ar.rank(SPACE, zero_cost=True, sample=2, **given)


def test_a_network_that_cannot_be_built_is_named():
    def build(architecture, seed):
        raise SpaceError("no such layer")

    builder = type(SMALL["builder"])(build, (2, 3, 8, 8), None)
    with pytest.raises(ProxyError, match=r"^\|.*\|: no such layer"):
        score_all(SPACE, CELLS, builder=builder)


def test_modules_that_cannot_be_built_are_no_candidates():
    def net(choose):
        width = choose("width", [4, 8, 16])
        if width == 8:
            raise ValueError("no such width")
        return nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 2))

    ranking = ar.rank(ar.ModuleSpace(net, (1, 4)), zero_cost=True, sample=3, proxies=["parameters"])
    assert [dict(each.architecture.choices) for each in ranking] == [{"width": 16}, {"width": 4}]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"target": "y"}, "target is .*zero_cost ranks without measurements"),
        (
            {"zero_cost": "naswot"},
            "zero_cost is 'naswot'; expected True to compute scores, or a list of columns",
        ),
        ({"zero_cost": ["naswot"], "proxies": ["zen"], "measured": {}}, "only zero_cost=True uses it"),
        ({"effort": "fast"}, "leave effort out"),
        ({"hints": ["y"]}, "leave hints out"),
        ({"candidates": CELLS, "sample": 3}, "not both"),
        ({"candidates": []}, "no candidates"),
        ({"zero_cost": False, "proxies": ["naswot"]}, "only zero_cost=True uses it"),
        ({"zero_cost": False, "combine": "az-nas"}, "only zero_cost=True uses it"),
        ({"zero_cost": False}, "zero_cost=True to rank by the scores of untrained networks"),
    ],
)
def test_arguments_that_do_not_fit_together(given, message):
    with pytest.raises(ArchrankError, match=message):
        ar.rank(SPACE, **{"zero_cost": True, **given})


def test_a_guided_search_begins_with_the_best_of_a_sample(monkeypatch, tmp_path):
    narrow(monkeypatch)
    monkeypatch.setattr("archrank.verbs.zero_cost.SAMPLE", 8)

    def count(architecture):
        return float(sum(option == 3 for option in architecture.choices))

    run = {"budget": 7, "initial": 6, "round": 3, "first": "zero-cost", "folder": tmp_path / "run"}
    result = ar.search(SPACE, count, **run)
    reasons = [evaluation.reason for evaluation in result.evaluations]
    assert reasons == ["zero-cost", "zero-cost", "random", "zero-cost", "random", "random", "predicted"]
    best = ar.rank(SPACE, zero_cost=True, sample=8, top=3, folder=tmp_path / "run")
    assert [e.architecture for e in result.evaluations if e.reason == "zero-cost"] == [*best.architectures]
    alone = ar.search(SPACE, count, **{**run, "first": "random", "folder": None})
    assert alone.evaluations[0].reason == "random"
    longer = ar.search(SPACE, count, **{**run, "budget": 8}, resume=True)
    assert [e.architecture for e in longer.evaluations][:7] == [e.architecture for e in result.evaluations]


def test_a_search_begins_with_the_best_of_what_its_rules_allow(monkeypatch):
    narrow(monkeypatch)
    monkeypatch.setattr("archrank.verbs.zero_cost.SAMPLE", 6)
    told = []
    rules = {"fix": {"0→1": "nor_conv_1x1"}, "forbid": [{"1→2": "none"}]}
    result = ar.search(
        SPACE, counted, budget=5, initial=4, first="zero-cost", on_progress=told.append, **rules
    )
    begun = [e.architecture for e in result.evaluations if e.reason == "zero-cost"]
    assert len(begun) == 2
    assert all(SPACE.options(a)["0→1"] == "nor_conv_1x1" for a in begun)
    assert [now.done for now in told if now.unit == "networks scored"] == [*range(7)]
    assert told[2].words == "1 of 6 networks scored, best –"


def test_no_warning_of_random_ones_where_a_search_begins_with_zero_cost_scores(monkeypatch, recwarn):
    narrow(monkeypatch)
    monkeypatch.setattr("archrank.verbs.zero_cost.SAMPLE", 4)
    ar.search(SPACE, counted, budget=3, first="zero-cost")
    assert not [each for each in recwarn if "will be random" in str(each.message)]


def test_a_folder_that_is_none_is_refused_before_anything_is_scored():
    with pytest.raises(ArchrankError, match="folder is 3"):
        ar.search(SPACE, counted, budget=3, first="zero-cost", folder=3)


def counted(architecture):
    return float(sum(option == 3 for option in architecture.choices))


def test_scores_are_a_prior_where_few_architectures_are_measured(monkeypatch, tmp_path):
    narrow(monkeypatch)
    measured = {"architecture": list(map(SPACE.format, CELLS)), "y": list(map(counted, CELLS))}
    how = {"zero_cost": True, "sample": 4, "proxies": ["parameters"], "folder": tmp_path, "effort": "fast"}
    ranking = ar.rank(SPACE, measured, **how)
    assert isinstance(ranking.predictor, WithPrior)
    assert 0.5 < ranking.predictor.weight_ < 1
    assert (tmp_path / "zero-cost.jsonl").read_bytes().count(b"\n") == len(CELLS) + 4
    assert ranking.explanation.groups["prior of zero-cost scores"] > 0.1


def test_scores_of_your_own_are_columns():
    drawn = SPACE.sample(60, np.random.default_rng(0))
    frame = {
        "architecture": list(map(SPACE.format, drawn)),
        "y": [counted(a) if i < 6 else None for i, a in enumerate(drawn)],
        "good": list(map(counted, drawn)),
        "same": [1.0] * len(drawn),
        "infinite": [math.inf if counted(a) > 1 else counted(a) for a in drawn],
    }
    how = {"target": "y", "effort": "fast", "candidates": drawn, "top": 60}
    by_score = ar.rank(SPACE, frame, zero_cost=["good"], **how)
    plain = ar.rank(SPACE, {name: column[:6] for name, column in frame.items()}, **how)
    taus = [
        kendall_tau(-np.arange(len(r)), [counted(each.architecture) for each in r]) for r in (by_score, plain)
    ]
    assert taus[0] > taus[1] + 0.05
    with pytest.warns(UserWarning, match="the zero-cost scores are all equal"):
        useless = ar.rank(SPACE, frame, zero_cost=["same"], **how)
    assert useless.predicted.tolist() == plain.predicted.tolist()
    with pytest.warns(UserWarning, match="have no finite number in the scores 'infinite'"):
        assert np.isfinite(ar.rank(SPACE, frame, zero_cost=["infinite"], **how).predicted).all()


def test_architectures_that_differ_in_training_only_are_one_network_of_a_sample():
    def net(choose):
        width = choose("width", [2, 4, 8])
        choose.number("learning rate", 1e-4, 1e-1, log=True, training=True)
        return nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 2))

    space = ar.ModuleSpace(net, (1, 4))
    ranking = ar.rank(space, zero_cost=True, sample=20, proxies=["parameters"])
    assert ranking.scores["parameters"].tolist() == [58.0, 30.0, 16.0]
    assert ranking.candidates == 3
    same = [f'{{"learning rate": {rate}, "width": 2}}' for rate in (0.001, 0.01)]
    with pytest.warns(UserWarning, match="all scores are equal"):
        assert len(ar.rank(space, candidates=same, zero_cost=True, proxies=["parameters"])) == 2


def test_scores_that_cancel_each_other_out_are_not_used_and_said_to_be():
    drawn = SPACE.sample(40, np.random.default_rng(0))
    noise = np.random.default_rng(1).normal(size=40)
    table = {
        "architecture": drawn,
        "y": [*map(counted, drawn[:6]), *[None] * 34],
        "up": noise,
        "down": -noise,
    }
    how = {"target": "y", "effort": "fast", "candidates": drawn}
    with pytest.warns(UserWarning, match="or cancel each other out, so they are not used"):
        ranking = ar.rank(SPACE, table, zero_cost=["up", "down"], **how)
    assert not isinstance(ranking.predictor, WithPrior)


def test_a_hint_and_a_score_of_one_name_have_an_effect_each(tmp_path):
    drawn = SPACE.sample(40, np.random.default_rng(0))
    table = {
        "architecture": drawn,
        "y": [*map(counted, drawn[:12]), *[None] * 28],
        "x": [counted(a) + a.choices[0] for a in drawn],
    }
    ranking = ar.rank(
        SPACE, table, target="y", hints=["x"], zero_cost=["x"], effort="fast", candidates=drawn, top=3
    )
    assert {"hint x", "score x", "prior of zero-cost scores"} <= ranking.explanation.groups.keys()
    ranking.predictor.save(tmp_path / "saved")
    groups = load_predictor(tmp_path / "saved", SPACE).explain().groups
    assert {"hint x", "score x", "prior of zero-cost scores"} <= groups.keys()


def test_settings_of_scores_are_checked_also_where_no_network_is_scored():
    drawn = list(dict.fromkeys(SPACE.sample(230, np.random.default_rng(0))))
    measured = {"architecture": drawn, "y": list(map(counted, drawn))}
    for wrong, message in (
        ({"proxies": ["no"]}, "unknown zero-cost score"),
        ({"combine": "no"}, "unknown"),
        ({"batch": (1, 3)}, "two inputs or more"),
    ):
        with pytest.raises(ArchrankError, match=message):
            ar.rank(SPACE, measured, zero_cost=True, candidates=drawn[:9], include_measured=True, **wrong)


def test_from_200_measured_architectures_on_no_network_is_scored():
    drawn = list(dict.fromkeys(SPACE.sample(230, np.random.default_rng(0))))
    measured = {"architecture": drawn, "y": list(map(counted, drawn))}
    with pytest.warns(UserWarning, match="with 200 measured architectures or more, zero-cost scores are not"):
        ranking = ar.rank(
            SPACE, measured, zero_cost=True, predictor="gaussian-process", candidates=SPACE.rows()[:9]
        )
    assert isinstance(ranking.predictor, GaussianProcess)


def test_a_search_of_what_cannot_be_built_is_refused_before_any_evaluation():
    with pytest.raises(ProxyError, match="they can for a ModuleSpace"):
        ar.search(NASBenchGraph(), lambda architecture: 1.0, budget=12, first="zero-cost")


def test_a_graph_space_has_no_networks():
    with pytest.raises(ProxyError, match="nas-bench-graph cannot be built"):
        ar.rank(NASBenchGraph(), zero_cost=True)
