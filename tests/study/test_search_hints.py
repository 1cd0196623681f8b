"""Searches with hints: measurements of something else, which count as no evaluation."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import archrank as ar
from archrank.cli.main import app
from archrank.errors import ArchrankError, PredictorError, RunFolderError, TableError
from archrank.predictors import BoostedTrees, Ensemble, GaussianProcess, NeuralPredictor, auto
from archrank.predictors.hinted import Hinted, borne_out, with_hints
from archrank.spaces import Darts, NASBench201
from archrank.strategies import GuidedSearch, RandomSearch
from archrank.study import search

SPACE = NASBench201()
WORTH = {"nor_conv_3x3": 1.0, "nor_conv_1x1": 0.6, "avg_pool_3x3": -0.4, "none": -1.0}


def worth(architecture):
    return sum(WORTH.get(option, 0.0) for option in SPACE.options(architecture).values())


def other(architecture):
    """What was measured elsewhere: it correlates, and has another unit."""
    return 50 + 10 * worth(architecture) + (hash(architecture.choices) % 7)


DRAWN = list(dict.fromkeys(SPACE.sample(120, np.random.default_rng(5))))


def frame(values, name="accuracy"):
    return pd.DataFrame({"architecture": map(SPACE.format, DRAWN), name: values})


GOOD = frame([other(a) for a in DRAWN])
SHUFFLED = frame(np.random.default_rng(0).permutation([other(a) for a in DRAWN]))
OPPOSITE = frame([-other(a) for a in DRAWN])


def guided(**given):
    return GuidedSearch(SPACE, GaussianProcess(SPACE), **given)


def run(budget=20, strategy=None, **options):
    return search(SPACE, worth, strategy or guided(), budget=budget, **options)


def best(result, n):
    return max(e.value for e in result.evaluations[:n])


def test_a_hint_saves_evaluations_and_counts_as_none():
    plain, hinted = run(), run(hints=GOOD)
    assert len(hinted.evaluations) == 20
    assert hinted.known == ()
    assert [e.reason for e in hinted.evaluations[:5]].count("given") == 3
    assert best(hinted, 5) > best(plain, 10)
    (use,) = hinted.hints
    assert use.used
    assert use.tau > 0.5
    assert use.evaluations == len(DRAWN)
    assert "used, Kendall's tau" in str(use)
    assert plain.hints == ()


@pytest.mark.parametrize("source", [SHUFFLED, OPPOSITE])
def test_a_harmful_hint_is_switched_off(source):
    with_it = run(30, hints=source)
    (use,) = with_it.hints
    assert not use.used
    assert "switched off" in str(use)
    # From the eleventh evaluation on it is as if there were none.
    first = [
        {"architecture": SPACE.format(e.architecture), "value": e.value} for e in with_it.evaluations[:10]
    ]
    proposals = {
        hints is None: [e.architecture for e in run(5, known=first, hints=hints).evaluations]
        for hints in (None, source)
    }
    assert proposals[True] == proposals[False]


def test_only_what_agrees_with_the_labels_reaches_the_predictor():
    labeled = SPACE.sample(30, np.random.default_rng(1))
    hints = [GaussianProcess(SPACE).fit(DRAWN, source["accuracy"]) for source in (GOOD, SHUFFLED, OPPOSITE)]
    values = np.array([worth(a) for a in labeled])
    assert [borne_out(hint, labeled, values)[1] for hint in hints] == [True, False, False]
    fitted = Hinted(auto(SPACE, "fast"), hints).fit(labeled, values)
    alone = auto(SPACE, "fast", hints=[hints[0]]).fit(labeled, values)
    assert fitted.predict(DRAWN) == pytest.approx(alone.predict(DRAWN))
    none = Hinted(auto(SPACE, "fast"), hints[1:]).fit(labeled, values)
    assert none.predict(DRAWN) == pytest.approx(auto(SPACE, "fast").fit(labeled, values).predict(DRAWN))
    assert math.isnan(borne_out(hints[0], labeled[:1], values[:1])[0])


def test_hints_go_to_all_members_that_take_some():
    hint = GaussianProcess(SPACE).fit(DRAWN, GOOD["accuracy"])
    both = Ensemble(SPACE, (GaussianProcess(SPACE), BoostedTrees(SPACE), NeuralPredictor(SPACE)))
    assert [getattr(m, "hints", None) for m in with_hints(both, [hint]).predictors] == [
        (hint,),
        (hint,),
        None,
    ]
    assert both.predictors[0].hints == ()
    for predictor in (NeuralPredictor(SPACE), Ensemble(SPACE, (NeuralPredictor(SPACE),))):
        with pytest.raises(PredictorError, match="takes no hints: choose the predictor auto"):
            with_hints(predictor, [hint])


def test_every_form_of_a_source_is_the_same(tmp_path):
    GOOD.to_csv(tmp_path / "good.csv", index=False)
    table = ar.as_table(SPACE, GOOD)
    fitted = auto(SPACE, "fast").fit(DRAWN, GOOD["accuracy"])
    two = GOOD.assign(seconds=1.0)
    sources = [GOOD, tmp_path / "good.csv", table, fitted, (two, "accuracy"), [GOOD], GOOD.to_dict("records")]
    found = [[e.architecture for e in run(12, hints=source).evaluations] for source in sources]
    assert all(each == found[0] for each in found)


def test_an_earlier_search_is_read_with_its_own_direction(tmp_path):
    earlier = ar.search(
        SPACE,
        lambda a: -other(a),
        "random",
        budget=60,
        metric="loss",
        maximize=False,
        folder=tmp_path / "run",
    )
    found = [run(12, hints=source) for source in (earlier, tmp_path / "run")]
    assert [e.architecture for e in found[0].evaluations] == [e.architecture for e in found[1].evaluations]
    assert all(result.hints[0].used for result in found)


def test_several_hints_are_judged_one_by_one():
    result = run(25, hints=[GOOD, OPPOSITE])
    assert [use.used for use in result.hints] == [True, False]


def test_rules_and_large_spaces_bind_what_comes_first():
    edge = SPACE.choices[0].name
    ruled = run(10, hints=GOOD, forbid=[{edge: "nor_conv_3x3"}])
    assert all(SPACE.options(e.architecture)[edge] != "nor_conv_3x3" for e in ruled.evaluations)
    large = Darts()
    drawn = large.sample(40, np.random.default_rng(0))
    rows = [{"architecture": large.format(a), "value": float(sum(a.choices))} for a in drawn]
    small = {"population": 10, "generations": 2}
    result = search(
        large,
        lambda a: float(sum(a.choices)),
        GuidedSearch(large, GaussianProcess(large), **small),
        budget=12,
        hints=rows,
    )
    assert [e.reason for e in result.evaluations[:5]].count("given") == 3


def test_several_objectives_and_fidelities():
    two = search(
        SPACE,
        lambda a: {"x": worth(a), "y": float(a.choices[0])},
        guided(),
        budget=12,
        objectives={"x": "maximize", "y": "minimize"},
        hints=(GOOD, "accuracy"),
    )
    assert two.hints[0].used
    rungs = ar.search(
        SPACE, lambda a, epochs: worth(a) * epochs, guided(), budget=10, fidelities=[1, 3], hints=GOOD
    )
    assert len(rungs.hints) == 1


def test_a_run_is_continued_with_the_same_hints(tmp_path):
    run(10, hints=GOOD, folder=tmp_path / "run")
    with pytest.raises(RunFolderError, match="hints"):
        run(15, hints=SHUFFLED, folder=tmp_path / "run", resume=True)
    later = run(15, hints=GOOD, folder=tmp_path / "run", resume=True)
    assert [e.architecture for e in later.evaluations] == [
        e.architecture for e in run(15, hints=GOOD).evaluations
    ]


@pytest.mark.parametrize(
    ("hints", "error", "said"),
    [
        (
            GOOD.assign(seconds=1.0).rename(columns={"accuracy": "acc"}),
            TableError,
            "has the columns acc, seconds",
        ),
        ((GOOD, "acc"), TableError, "unknown column with numbers 'acc'; did you mean 'accuracy'"),
        (frame([1.0] * len(DRAWN)), ArchrankError, "are not all equal"),
        (GOOD[:3], ArchrankError, "has 3 measurements"),
        (
            pd.DataFrame({"architecture": ["x", "y"], "accuracy": [1.0, 2.0]}),
            ArchrankError,
            "hints: none of 2",
        ),
        (GaussianProcess(SPACE), PredictorError, "was not fitted yet"),
    ],
)
def test_sources_that_tell_nothing_are_refused(hints, error, said):
    with pytest.raises(error, match=said):
        run(12, hints=hints)


def test_strategies_and_predictors_that_take_none_are_refused():
    with pytest.raises(ArchrankError, match="RandomSearch has none: leave them out"):
        run(5, RandomSearch(SPACE), hints=GOOD)
    with pytest.raises(PredictorError, match="takes no hints"):
        run(12, GuidedSearch(SPACE, NeuralPredictor(SPACE, members=2)), hints=GOOD)


def test_the_command_line(tmp_path):
    GOOD.assign(seconds=1.0).to_csv(tmp_path / "good.csv", index=False)
    words = ["search", "nas-bench-201-cifar10", "--budget", "12", "--predictor", "gaussian-process"]
    words += ["--out", str(tmp_path / "run"), "--hints", f"{tmp_path / 'good.csv'}:accuracy"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "Kendall's tau" in done.output
    record = json.loads((tmp_path / "run" / "result.json").read_text())
    assert record["hints"][0]["evaluations"] == len(DRAWN)
    assert "--hints" in record["command"]
    assert "Hints" in (tmp_path / "run" / "report.html").read_text()
