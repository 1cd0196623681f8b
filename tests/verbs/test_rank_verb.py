"""The ranking of the front door: every form of measured data, the target's unit, and mistakes told before any fit."""

import warnings

import numpy as np
import pandas as pd
import pytest

import archrank as ar
from archrank.benchmarks import as_table, load_benchmark, write_table
from archrank.errors import ArchrankError, BudgetError, SpaceError, TableError, UnknownName
from archrank.predictors import BoostedTrees, GaussianProcess
from archrank.spaces import Darts, NASBench201
from seen_spaces import Trained, drawn, trained_labels

SPACE = NASBench201()
GP = {"predictor": "gaussian-process"}


@pytest.fixture(scope="module")
def table():
    return load_benchmark("analog-nasbench")


@pytest.fixture(scope="module")
def frame(table):
    chosen = np.random.default_rng(0).choice(len(table), 60, replace=False)
    return pd.DataFrame(
        {
            "architecture": [SPACE.format(table.architectures[i]) for i in chosen],
            "accuracy": table.column()[chosen],
        }
    )


def rows(ranking):
    return [
        tuple(row)
        for row in (ranking if isinstance(ranking, pd.DataFrame) else ranking.to_pandas()).to_numpy()
    ]


def test_a_frame_in_and_out(frame, table):
    best = ar.rank(SPACE, frame.assign(other=1.0), target="accuracy", top=20, effort="fast")
    assert list(best.columns) == ["architecture", "predicted", "std", "rank"]
    assert best["rank"].tolist() == list(range(1, 21))
    assert (np.diff(best["predicted"]) <= 0).all()
    assert (best["std"] > 0).all()
    assert not set(best["architecture"]) & set(frame["architecture"])
    truth = np.array([table.value(SPACE.parse(text)) for text in best["architecture"]])
    assert truth.mean() > np.quantile(table.column(), 0.8)
    assert abs(best["predicted"] - truth).max() < 5  # percent
    assert best.attrs["notes"] == []


def test_every_form_of_measured_data_gives_the_same(frame, tmp_path):
    few = {"candidates": SPACE.rows()[::50], **GP}
    expected = rows(ar.rank(SPACE, frame, **few))
    write_table(tmp_path / "measured.csv", frame.to_dict("list"))
    for form in (
        tmp_path / "measured.csv",
        str(tmp_path / "measured.csv"),
        frame.to_dict("list"),
        frame.to_dict("records"),
        frame.set_index("architecture"),
        as_table(SPACE, frame),
    ):
        assert rows(ar.rank(SPACE, form, **few)) == expected


def test_it_tells_how_many_fits_are_done(frame):
    told = []
    few = {"candidates": SPACE.rows()[::50], **GP}
    ar.rank(SPACE, frame, on_progress=lambda done, total: told.append((done, total)), **few)
    assert told == [(done, 6) for done in range(6)]


def test_many_candidates_are_scored_block_by_block(frame, monkeypatch):
    told = []
    few = {"candidates": SPACE.rows()[::50], **GP}
    whole = ar.rank(SPACE, frame, **few)
    monkeypatch.setattr("archrank.predictors.unit._BLOCK", 150)
    parts = ar.rank(SPACE, frame, on_progress=lambda done, total: told.append((done, total)), **few)
    n = told[-1][1]
    assert 300 < n < 450
    assert told[6:] == [(0, n), (150, n), (300, n)]
    assert parts["architecture"].tolist() == whole["architecture"].tolist()
    assert np.allclose(parts["predicted"], whole["predicted"])
    assert np.allclose(parts["std"], whole["std"])


def test_lower_is_better(frame, table):
    losses = frame.assign(loss=100 - frame["accuracy"])
    up = ar.rank(SPACE, losses, "accuracy", **GP)
    down = ar.rank(SPACE, losses, "loss", minimize=True, **GP)
    assert down["architecture"].tolist() == up["architecture"].tolist()
    assert np.allclose(down["predicted"], 100 - up["predicted"])
    assert np.allclose(down["std"], up["std"])
    # A table declares the direction.
    declared = as_table(SPACE, losses, metrics=["loss"], minimize=["loss"])
    assert ar.rank(SPACE, declared, **GP).columns["architecture"] == up["architecture"].tolist()


def test_predictions_are_calibrated_on_the_whole_space(table):
    """Over the space the predictions are about right, and the errors about as large as they are said to be."""
    chosen = np.random.default_rng(5).choice(len(table), 150, replace=False)
    measured = {"architecture": [table.architectures[i] for i in chosen], "y": table.column()[chosen]}
    ranking = ar.rank(SPACE, measured, top=len(table), effort="fast")
    truth = np.array([table.value(a) for a in ranking.architectures])
    errors = ranking.predicted - truth
    assert len(ranking) == len(table) - 150
    assert np.sqrt(np.mean(errors**2)) < 0.5 * truth.std()
    assert 0.6 < np.mean(abs(errors) < ranking.std) < 0.99
    assert np.mean(abs(errors) < 3 * ranking.std) > 0.9


def test_a_ranking_says_how_good_it_is(frame, table):
    ranking = ar.rank(SPACE, frame.to_dict("list"), top=2, **GP)
    low, high = ranking.quality.interval
    assert low < ranking.quality.tau < high
    chosen = SPACE.rows()[::10]
    truth = [table.value(architecture) for architecture in SPACE.architectures(chosen)]
    assert ranking.quality.tau == pytest.approx(ranking.predictor.score(chosen, truth), abs=0.15)
    assert str(ranking.quality) in repr(ranking)
    assert "from 60 measured architectures" in ranking.to_pandas().attrs["quality"]

    lower = ar.rank(SPACE, frame.assign(accuracy=-frame["accuracy"]).to_dict("list"), minimize=True, **GP)
    assert lower.quality.tau == pytest.approx(ranking.quality.tau)

    noise = frame.assign(accuracy=np.random.default_rng(3).normal(size=len(frame)))
    with pytest.warns(UserWarning, match="no correlation"):
        assert abs(ar.rank(SPACE, noise.to_dict("list"), **GP).quality.tau) < 0.3


def test_a_ranking_says_what_it_rests_on():
    space = Trained()
    known, encoded = drawn(space, 100)
    data = {"architecture": list(map(space.format, known)), "y": trained_labels(encoded).tolist()}
    ranking = ar.rank(space, data, effort="fast", top=5)
    found = ranking.explanation
    assert next(iter(found.groups)) == "choices"
    assert next(iter(found.choices)) == "optimizer"
    assert found.choices["lucky number"] < 0.02  # which means nothing
    assert found.choice_std.keys() == found.choices.keys()
    assert 0 < found.choice_std["optimizer"] < found.choices["optimizer"] / 3
    assert "choices optimizer" in str(found)
    assert str(found) in repr(ranking)
    assert ranking.to_pandas().attrs["explanation"] == str(found)


def test_a_hint_is_a_group_of_the_explanation(frame, table):
    random = np.random.default_rng(0).normal(size=len(frame))
    hinted = frame.assign(short=frame["accuracy"] + 0.1 * random, noise=random)
    measured = hinted.to_dict("list")
    found = ar.rank(
        SPACE, measured, target="accuracy", hints=["short", "noise"], candidates=SPACE.rows()[::99], **GP
    )
    groups = found.explanation.groups
    assert groups["hint short"] > 0.1
    assert groups["hint noise"] < 0.05


def test_few_architectures_are_too_few_to_say_how_good_a_ranking_is(frame):
    few = ar.rank(SPACE, frame[:19], **GP)
    assert few.attrs["quality"] == (
        "Fewer than 20 measured architectures (19) are too few to estimate how good the ranking is."
    )
    ranking = ar.rank(SPACE, frame[:19].to_dict("list"), **GP)
    assert (ranking.quality.tau, ranking.quality.interval) == (None, None)
    assert ar.rank(SPACE, frame[:20].to_dict("list"), **GP).quality.tau is not None


def test_a_ranking_is_a_sequence_that_shows_and_writes_itself(frame, tmp_path):
    ranking = ar.rank(SPACE, frame.to_dict("list"), top=12, **GP)
    assert isinstance(ranking, ar.Ranking)
    assert [each.rank for each in ranking] == list(range(1, 13))
    assert ranking[-1] == list(ranking)[11]
    assert "highest predicted accuracy, learned from 60" in repr(ranking)
    assert "and 2 more" in repr(ranking)
    assert ranking._repr_html_().count("<tr>") == 13
    ranking.write(tmp_path / "ranked.csv")
    assert len(pd.read_csv(tmp_path / "ranked.csv")) == 12
    scores = ranking.predictor.predict(list(ranking.architectures))
    assert (np.diff(scores) <= 0).all()


@pytest.mark.parametrize("form", ["texts", "objects", "frame", "rows", "table"])
def test_candidates_in_every_form(frame, table, form):
    some = [table.architectures[i] for i in range(7000, 7030)]
    texts = [SPACE.format(a) for a in some]
    given = {
        "texts": texts,
        "objects": some,
        "frame": pd.DataFrame({"architecture": texts}),
        "rows": np.array([a.choices for a in some]),
        "table": as_table(SPACE, {"architecture": texts, "y": list(range(30))}),
    }[form]
    best = ar.rank(SPACE, frame, candidates=given, top=100, **GP)
    assert set(best["architecture"]) == set(texts) - set(frame["architecture"])


def test_a_space_too_large_to_list_needs_candidates():
    space = Darts()
    known = space.sample(30, np.random.default_rng(0))
    measured = {"architecture": known, "y": [sum(a.choices) for a in known]}
    with pytest.raises(SpaceError, match="give candidates"):
        ar.rank(space, measured, **GP)
    others = space.sample(50, np.random.default_rng(1))
    assert len(ar.rank(space, measured, candidates=others, top=5, **GP)) == 5


def test_hints_by_column_by_data_and_fitted(frame, table):
    others = [table.architectures[i] for i in np.random.default_rng(2).choice(len(table), 300, replace=False)]
    cheap = pd.DataFrame(
        {"architecture": [SPACE.format(a) for a in others], "cheap": [table.value(a) for a in others]}
    )
    both = frame[:20].merge(cheap, on="architecture", how="outer")
    values = {text: table.value(SPACE.parse(text)) for text in both["architecture"]}
    both["cheap"] = both["architecture"].map(values)
    few = {"candidates": SPACE.rows()[::5], **GP}
    plain = ar.rank(SPACE, frame[:20], "accuracy", 100, **few)
    one = ar.rank(SPACE, both, "accuracy", 100, hints=["cheap"], **few)
    two = ar.rank(SPACE, frame[:20], "accuracy", 100, hints=[(both, "cheap")], **few)
    assert one["architecture"].tolist() == two["architecture"].tolist()
    worth = [np.mean([table.value(SPACE.parse(a)) for a in each["architecture"]]) for each in (one, plain)]
    assert worth[0] > worth[1]
    hint = ar.auto(SPACE, "fast").fit(both["architecture"].tolist(), both["cheap"])
    three = ar.rank(SPACE, frame[:20], "accuracy", 100, hints=[hint], **few)
    assert set(three["architecture"]) & set(one["architecture"])


def test_a_predictor_object_is_not_changed(frame):
    mine = GaussianProcess(SPACE)
    best = ar.rank(SPACE, frame, predictor=mine)
    assert best.equals(ar.rank(SPACE, frame, **GP))
    with pytest.raises(ArchrankError, match="not fitted"):
        mine.predict(frame["architecture"].tolist())


def test_without_torch_the_effort_is_fast_and_says_so_once(frame, monkeypatch):
    monkeypatch.setattr("archrank.verbs.rank.default_effort", lambda: ("fast", "no torch here"))
    few = {"candidates": SPACE.rows()[::50]}
    with pytest.warns(UserWarning, match="no torch here") as caught:
        best = ar.rank(SPACE, frame, **few)
    assert len(caught) == 1
    assert best.attrs["notes"] == ["no torch here"]
    assert rows(best) == rows(ar.rank(SPACE, frame, effort="fast", **few))


def test_without_correlation_there_is_a_warning_and_a_note(frame):
    noise = frame.assign(accuracy=np.random.default_rng(3).normal(size=60))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        best = ar.rank(SPACE, noise, **GP)
    if best["predicted"].nunique() == 1:
        assert "no correlation" in best.attrs["notes"][0]
        assert "no correlation" in str(caught[0].message)
    # The standard deviation is about that of the noise.
    assert 0.5 < best["std"].mean() < 2


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"top": 0}, BudgetError, "top is 0"),
        ({"top": 2.5}, BudgetError, "top is 2.5"),
        ({"target": "acuracy"}, TableError, "did you mean 'accuracy'"),
        ({"measured": 5}, TableError, "expected a Table"),
        ({"measured": "no.csv"}, TableError, "no such file"),
        ({"space": 3}, SpaceError, "is no search space"),
        ({"predictor": "tree"}, UnknownName, "did you mean 'trees'"),
        ({"predictor": 3}, ArchrankError, "expected a name or a Predictor"),
        ({"predictor": BoostedTrees(SPACE), "members": 2}, ArchrankError, "members: options of a predictor"),
        ({"hints": [3]}, TableError, "expected a column's name"),
        ({"hints": ["los"]}, TableError, "unknown column 'los'"),
        ({"hints": "accuracy"}, TableError, "a list"),
    ],
)
def test_mistakes_are_told_before_any_fit(frame, monkeypatch, change, error, message):
    monkeypatch.setattr(GaussianProcess, "fit", lambda *_, **__: pytest.fail("it was fitted"))
    given = {"space": SPACE, "measured": frame, "target": "accuracy", **GP} | change
    with pytest.raises(error, match=message):
        ar.rank(**given)


def test_what_was_measured_already_is_refused_before_any_fit(frame, monkeypatch):
    monkeypatch.setattr(GaussianProcess, "fit", lambda *_, **__: pytest.fail("it was fitted"))
    with pytest.raises(TableError, match="every candidate was measured already"):
        ar.rank(SPACE, frame, candidates=frame["architecture"].tolist(), **GP)
    with pytest.raises(TableError, match="has 4 architectures with a number in 'accuracy', too few"):
        ar.rank(SPACE, frame[:4], **GP)
    with pytest.raises(TableError, match="name the one to rank by as the target: accuracy, latency"):
        ar.rank(SPACE, frame.assign(latency=1.0), **GP)


def test_a_table_as_people_save_it_is_read_like_the_frame_and_what_was_left_out_is_noted(frame, tmp_path):
    few = {"candidates": SPACE.rows()[::50], **GP}
    expected = rows(ar.rank(SPACE, frame.iloc[2:], **few))
    failed = frame.accuracy.map(str).str.replace(".", ",").mask(frame.index < 2, "OOM")
    messy = frame.rename(columns={"architecture": "arch"}).assign(accuracy=failed)
    messy.to_csv(tmp_path / "messy.csv", sep=";", index=True, encoding="utf-16")
    for form in (messy, tmp_path / "messy.csv"):
        with pytest.warns(UserWarning, match="2 rows of .* without a number in 'accuracy' are left out"):
            found = ar.rank(SPACE, form, architecture_column="arch", **few)
        assert rows(found) == expected
    assert found.notes[0].endswith("('OOM' in 2)")
    seeds = pd.concat([frame.assign(accuracy=frame.accuracy + change) for change in (-0.5, 0.5)])
    with pytest.raises(TableError, match="average them"):
        ar.rank(SPACE, seeds, **few)
    with pytest.warns(UserWarning, match="120 rows of the DataFrame are averaged: 60 architectures"):
        averaged = ar.rank(SPACE, seeds, average=True, **few)
    assert np.allclose(averaged.predicted, ar.rank(SPACE, frame, **few).predicted)
