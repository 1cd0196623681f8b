"""Searches that begin with evaluations of a space that has other choices now."""

import json
import warnings

import numpy as np
import pytest
from typer.testing import CliRunner

import archrank as ar
from archrank.cli.main import app
from archrank.errors import ArchrankError, RunFolderError
from archrank.graph import Cell, Graph, Site
from archrank.predictors import GaussianProcess
from archrank.space import Choice, SearchSpace
from archrank.spaces import NASBench201
from archrank.strategies import GuidedSearch, RandomSearch

BARE = NASBench201()
RATE, DECAY = {"lr": ar.log(1e-4, 1e-1)}, {"wd": ar.log(1e-6, 1e-2)}
ONE, BOTH = BARE & RATE, BARE & {**RATE, **DECAY}


def worth(architecture, params=None):
    kinds = (
        [option for _, option in architecture.choices]
        if not isinstance(architecture.choices[0], int)
        else None
    )
    kinds = kinds or list(BARE.options(architecture).values())
    return float(kinds.count("nor_conv_3x3") - kinds.count("none"))


def earlier(space, n=30):
    return ar.search(space, worth, "random", budget=n)


def begin(space, known, budget=8, strategy=None, **options):
    strategy = strategy or GuidedSearch(space, GaussianProcess(space), initial=5)
    return ar.search(space, worth, strategy, budget=budget, known=known, **options)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (ONE, BOTH, "have no value for the choice 'wd'"),
        (BOTH, ONE, "have values for the choice 'wd', which the space lacks"),
        (BARE, BOTH, "have no value for the choices 'lr', 'wd'"),
        (BOTH, BARE, "have values for the choices 'lr', 'wd', which the space lacks"),
    ],
    ids=["added", "removed", "joined", "parted"],
)
def test_evaluations_of_other_choices_are_a_hint(old, new, why):
    source = earlier(old)
    with pytest.warns(
        UserWarning, match=f"30 of 30 architectures of the earlier search {why}.*known_defaults="
    ):
        result = begin(new, source)
    assert result.known == ()
    (use,) = result.hints
    assert use.evaluations == 30
    assert [e.reason for e in result.evaluations].count("given") == 3
    first, cold = (max(e.value for e in r.evaluations[:5]) for r in (result, begin(new, None)))
    assert first > cold


def test_a_source_that_is_given_as_a_hint_may_have_other_choices_too():
    source = earlier(ONE)
    with pytest.warns(UserWarning, match="hints: 30 of 30 .* have no value for the choice 'wd'"):
        result = begin(BOTH, None, hints=source)
    with pytest.warns(UserWarning, match="a hint, which is used as long as"):
        other = begin(BOTH, source)
    assert [e.architecture for e in result.evaluations] == [e.architecture for e in other.evaluations]


def test_a_default_makes_them_evaluations():
    source = earlier(ONE, 12)
    result = begin(BOTH, source, known_defaults={"wd": 1e-4})
    assert result.hints == ()
    assert [BOTH.options(known.architecture) for known in result.known] == [
        ONE.options(e.architecture) | {"wd": 1e-4} for e in source.evaluations
    ]
    assert [known.value for known in result.known] == [e.value for e in source.evaluations]
    assert result.best_known.value == source.best_value


def test_the_default_of_a_removed_choice_tells_which_of_them_are_evaluations():
    rates = BARE & {"batch": ar.ordered(32, 64)}
    source = earlier(rates, 20)
    at = [e for e in source.evaluations if rates.options(e.architecture)["batch"] == 64]
    with pytest.warns(UserWarning, match=rf"{20 - len(at)} of 20 .*\(the other {len(at)} are evaluations\)"):
        result = begin(BARE, source, known_defaults={"batch": 64})
    assert {known.architecture for known in result.known} == {rates.split(e.architecture)[0] for e in at}
    assert result.hints[0].evaluations == 20 - len(at)


def test_a_choice_with_a_single_value_changes_nothing():
    single = BARE & {"optimizer": ar.options("sgd")}
    assert len(begin(single, earlier(BARE, 8)).known) == 8
    source = earlier(single, 8)
    assert len(begin(BARE, source).known) == 8


class Layers(SearchSpace):
    operations = ("conv", "pool")

    def __init__(self, depth):
        self.name = "layers"
        self.choices = tuple(Choice(f"layer {i + 1}", ("conv", "pool", "wide pool")) for i in range(depth))

    def graph(self, architecture):
        kinds = [option.split()[-1] for option in self.options(architecture).values()]
        sites = tuple(Site(kind, (i,), i + 1) for i, kind in enumerate(kinds))
        return Graph((Cell(1, len(sites) + 1, sites, (len(sites),)),))


def pools(architecture):
    return float(sum(architecture.choices))


@pytest.mark.parametrize(("old", "new"), [(Layers(5), Layers(4)), (Layers(4), Layers(5))])
def test_layers_of_a_space_of_rows(old, new):
    drawn = dict.fromkeys(old.sample(40, np.random.default_rng(0)))
    rows = [{"architecture": old.format(a), "value": pools(a)} for a in drawn]
    with pytest.warns(UserWarning, match="'layer 5'"):
        result = ar.search(new, pools, GuidedSearch(new, GaussianProcess(new)), budget=10, known=rows)
    assert result.hints[0].used
    longer = "conv" if len(new.choices) == 5 else "pool"
    options = {"strategy": RandomSearch(new), "budget": 1, "known_defaults": {"layer 5": longer}}
    if len(new.choices) == 5:
        known = ar.search(new, pools, known=rows, **options).known
        assert [new.options(k.architecture)["layer 5"] for k in known] == ["conv"] * len(rows)
    else:
        with pytest.warns(UserWarning, match="and are left out. To use them as evaluations"):
            known = ar.search(new, pools, known=rows, **options).known
        assert 0 < len(known) < len(rows)


def test_a_stage_of_an_open_space_is_removed():
    def staged(count):
        def choices(choose):
            for i in range(count):
                choose.within(f"stage {i}")("kernel", [3, 5, 7])

        return BARE & choices

    old, new = staged(3), staged(2)
    source = ar.search(old, lambda a, p: float(sum(p.values())), "random", budget=30)
    with pytest.warns(UserWarning, match="values for the choice 'stage 2/kernel', which the space lacks"):
        result = ar.search(
            new, lambda a, p: float(sum(p.values())), budget=8, predictor="gaussian-process", known=source
        )
    assert result.hints[0].evaluations == 30


def test_what_neither_a_hint_nor_an_evaluation_can_use_is_refused_with_the_way_out():
    source = earlier(ONE, 12)
    with pytest.raises(
        ArchrankError, match=r"none of 12 architectures .* RandomSearch has none.*known_defaults={'wd'"
    ):
        begin(BOTH, source, strategy=RandomSearch(BOTH))
    few = earlier(ONE, 3)
    with pytest.raises(
        ArchrankError, match=r"none of 3 architectures .*3 measurements.*--known-default wd=…"
    ):
        begin(BOTH, few)
    with pytest.raises(ArchrankError, match="the choice 'wd': 5 is not a number from"):
        begin(BOTH, source, known_defaults={"wd": 5})
    with pytest.warns(UserWarning, match="known_defaults gives 'decay', but"):
        begin(ONE, source, known_defaults={"decay": 5})


def test_a_run_with_such_a_hint_is_continued_with_the_same_one(tmp_path):
    source = earlier(ONE)
    with pytest.warns(UserWarning, match="a hint"):
        begin(BOTH, source, 10, folder=tmp_path / "run")
    with pytest.raises(RunFolderError, match="hints"):
        begin(BOTH, None, 12, folder=tmp_path / "run", resume=True)
    with pytest.warns(UserWarning, match="a hint"):
        later = begin(BOTH, source, 12, folder=tmp_path / "run", resume=True)
    with pytest.warns(UserWarning, match="a hint"):
        whole = begin(BOTH, source, 12)
    assert [e.architecture for e in later.evaluations] == [e.architecture for e in whole.evaluations]


def test_values_of_another_benchmark_are_refused(tmp_path):
    first = ar.search("nas-bench-201-cifar100", strategy="random", budget=8, folder=tmp_path / "run")
    interrupted = tmp_path / "run"
    said = "values of nas-bench-201-cifar100, and this search is of nas-bench-201-cifar10, .*hints= "
    for known in (first, interrupted, ar.load_benchmark("nas-bench-201-cifar100")):
        with pytest.raises(ArchrankError, match=said):
            ar.search("nas-bench-201-cifar10", strategy="random", budget=3, known=known)
    (interrupted / "result.json").unlink()
    with pytest.raises(ArchrankError, match=said):
        ar.search("nas-bench-201-cifar10", strategy="random", budget=3, known=interrupted)
    hinted = ar.search("nas-bench-201-cifar10", budget=12, predictor="gaussian-process", hints=interrupted)
    assert hinted.hints[0].evaluations == 8
    again = ar.search("nas-bench-201-cifar100", strategy="random", budget=3, known=interrupted)
    assert len(again.known) == 8


def test_a_file_of_values_of_something_else_is_said():
    cifar10, cifar100 = (ar.load_benchmark(f"nas-bench-201-{name}") for name in ("cifar10", "cifar100"))

    def begin_with(table):
        rows = [
            {"architecture": table.space.format(a), "validation_accuracy": table.value(a)}
            for a in table.architectures[::800]
        ]
        return ar.search(cifar10, strategy="random", budget=2, known=rows)

    assert len(begin_with(cifar10).known) == 20
    with pytest.warns(
        UserWarning, match="known values of 'validation_accuracy' differ by .*give them as hints="
    ):
        begin_with(cifar100)


@pytest.mark.parametrize(("old", "new"), [(ONE, BARE), (BARE, ONE)])
def test_architectures_of_the_other_space_are_read_as_objects_too(old, new):
    rows = [
        {"architecture": a, "value": worth(*parts(old, a))} for a in old.sample(12, np.random.default_rng(0))
    ]
    with pytest.warns(UserWarning, match="12 of 12 architectures of the records have"):
        assert begin(new, rows).hints[0].evaluations == 12


def parts(space, architecture):
    return space.split(architecture) if space is ONE else (architecture,)


def test_the_command_line(tmp_path):
    table = ar.load_benchmark("nas-bench-201-cifar10")
    rows = [
        {
            "architecture": json.dumps(table.space.options(a) | {"lr": lr}),
            table.metrics[0].name: table.value(a),
        }
        for a in table.architectures[::800]
        for lr in (0.1, 0.2)
    ]
    (tmp_path / "known.json").write_text(json.dumps(rows))
    words = ["search", "nas-bench-201-cifar10", "--strategy", "random", "--budget", "2"]
    words += [
        "--known",
        str(tmp_path / "known.json"),
        "--known-default",
        "lr=1e-1",
        "--out",
        str(tmp_path / "run"),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "run" / "result.json").read_text())
    assert len(record["known"]) == 20
    assert "--known-default lr=1e-1" in record["command"]
    assert "20 of 40 architectures" in " ".join(done.output.split())
    alone = CliRunner().invoke(app, [*words[:6], "--known-default", "lr=1"])
    assert "--known-default is about the choices of --known" in str(alone.exception)
