from collections import namedtuple

import numpy as np
import pandas as pd
import pytest

from archrank import Architecture
from archrank.benchmarks import as_architectures
from archrank.errors import ParseError, PredictorError, SpaceError
from archrank.given import architectures_of, rows_of
from archrank.spaces import Darts, NASBench201, NASBenchGraph

SPACE = NASBench201()
ARCHITECTURES = SPACE.sample(5, np.random.default_rng(0))
TEXTS = [SPACE.format(a) for a in ARCHITECTURES]
OPTIONS = [SPACE.options(a) for a in ARCHITECTURES]
ROWS = np.array([a.choices for a in ARCHITECTURES])

SEVERAL = {
    "architectures": ARCHITECTURES,
    "a tuple": tuple(ARCHITECTURES),
    "a generator": None,  # made anew in the test
    "texts": TEXTS,
    "options": OPTIONS,
    "rows": ROWS,
    "rows of small integers": ROWS.astype(np.uint8),
    "lists of indices": ROWS.tolist(),
    "several forms": [ARCHITECTURES[0], TEXTS[1], OPTIONS[2], tuple(ROWS[3].tolist()), ROWS[4]],
    "an array of texts": np.array(TEXTS),
    "an array of objects": np.array([*ARCHITECTURES, None], dtype=object)[:5],
    "a Series": pd.Series(TEXTS, index=[7, 3, 5, 1, 0]),
    "a Series of architectures": pd.Series(ARCHITECTURES),
    "a frame of one column": pd.DataFrame({"cell": TEXTS}),
    "a frame with a column of architectures": pd.DataFrame({"loss": range(5), "architecture": TEXTS}),
    "a frame with a column for each choice": pd.DataFrame(OPTIONS).assign(loss=1.0),
}


@pytest.mark.parametrize("form", SEVERAL)
def test_several_architectures_in_every_form(form):
    given = (a for a in ARCHITECTURES) if form == "a generator" else SEVERAL[form]
    rows = rows_of(SPACE, given)
    assert rows.dtype == np.int16
    assert np.array_equal(rows, ROWS)


@pytest.mark.parametrize(
    "given", [ARCHITECTURES[0], TEXTS[0], np.str_(TEXTS[0]), np.array(TEXTS[0]), OPTIONS[0]]
)
def test_one_architecture_in_every_form(given):
    assert architectures_of(SPACE, given) == ARCHITECTURES[:1]


def test_rows_of_the_space_are_not_copied():
    rows = SPACE.rows()
    assert rows_of(SPACE, rows) is rows


def test_texts_become_canonical():
    space = NASBenchGraph()
    rows = [row for row in space.all_encodings() if space.is_valid(row) and space.canonical(row) != row]
    other = {c.name: c.options[i] for c, i in zip(space.choices, rows[0], strict=True)}
    assert (
        rows_of(space, other).tolist()
        == rows_of(space, [list(rows[0])]).tolist()
        == [[*space.canonical(rows[0])]]
    )


WRONG = {
    "a number": (
        3,
        PredictorError,
        "3 is of the type int; expected an Architecture of the space 'nas-bench-201', its text",
    ),
    "nothing": (None, PredictorError, "None is of the type NoneType"),
    "bytes": (b"|none~0|", PredictorError, "is of the type bytes"),
    "a set, which has no order": (set(TEXTS), PredictorError, "is of the type set"),
    "a class": (Architecture, PredictorError, "is of the type type"),
    "a list with a number": ([TEXTS[0], 3], PredictorError, "architecture 1: 3 is of the type int"),
    "a list with a gap": ([TEXTS[0], None], PredictorError, "architecture 1: None is of the type NoneType"),
    "an empty list": ([], PredictorError, "no architecture was given"),
    "an empty array": (np.empty((0, 6), dtype=int), PredictorError, "no architecture was given"),
    "an empty frame": (pd.DataFrame({"architecture": []}), PredictorError, "no architecture was given"),
    "an empty generator": ((a for a in ()), PredictorError, "no architecture was given"),
    "a text of nothing": ("", ParseError, "nas-bench-201"),
    "a wrong text": ("|conv~0|", ParseError, r"\|conv~0\|"),
    "a wrong text among others": ([TEXTS[0], "|conv~0|"], ParseError, r"architecture 1: .*\|conv~0\|"),
    "another space": (
        NASBenchGraph().sample(1, np.random.default_rng(0)),
        PredictorError,
        "an architecture of the space 'nas-bench-graph' was given where the space is 'nas-bench-201'",
    ),
    "a made-up index": (
        Architecture(SPACE.name, (0, 0, 0, 0, 0, 9)),
        PredictorError,
        "option 9 of '2→3' does not",
    ),
    "a large index": (Architecture(SPACE.name, (10**6,) * 6), PredictorError, "6 choices"),
    "a short architecture": (
        [Architecture(SPACE.name, (0,)), ARCHITECTURES[0]],
        PredictorError,
        "architectures of 1 and 6 choices were given, but the space nas-bench-201 has 6",
    ),
    "a missing choice": ({"0→1": "none"}, ParseError, "no option for the choice '0→2'"),
    "an unknown option": (OPTIONS[0] | {"0→1": "conv"}, ParseError, "unknown option for '0→1' 'conv'"),
    "a row too long": (
        np.zeros((2, 7), dtype=int),
        PredictorError,
        r"shape \(2, 7\) were given, expected \(B, 6\)",
    ),
    "a single row": (np.zeros(6, dtype=int), PredictorError, r"shape \(6,\) were given, expected \(B, 6\)"),
    "an index too large": (
        ROWS + np.array([0, 0, 0, 0, 0, 5]),
        PredictorError,
        "of '2→3' does not exist; .* 0 to 4",
    ),
    "a negative index": (ROWS - 5, PredictorError, "row 0: option -. of '0→1' does not exist"),
    "numbers that are no indices": (ROWS + 0.5, PredictorError, "is of the type list"),
    "columns of something else": (
        pd.DataFrame({"depth": [1], "width": [2]}),
        PredictorError,
        "the columns 'depth', 'width' was given; expected a column 'architecture', or one for each choice",
    ),
}


@pytest.mark.parametrize(("given", "error", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_architecture_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        rows_of(SPACE, given)


def test_no_architecture_at_all_may_be_allowed():
    assert rows_of(SPACE, [], empty=True).shape == (0, 6)
    assert architectures_of(SPACE, (), empty=True) == []


def test_a_space_that_is_none_is_refused():
    with pytest.raises(SpaceError, match="'nas-bench-201' is no search space; expected a SearchSpace"):
        rows_of("nas-bench-201", TEXTS)


def test_the_named_tuple_of_darts_is_an_architecture():
    genotype = namedtuple("Genotype", "normal normal_concat reduce reduce_concat")
    space = Darts(1)
    pairs = [("skip_connect", 0), ("sep_conv_3x3", np.int64(1))]
    held = genotype(pairs, range(2, 3), pairs, [2])
    expected = space.parse(str(held))
    assert architectures_of(space, held) == architectures_of(space, [held]) == [expected]
    assert as_architectures(space, {"architecture": [held]}) == [expected]
    with pytest.raises(ParseError, match="unknown operation"):
        architectures_of(space, held._replace(normal=[("conv", 0), ("conv", 1)]))
