"""Facts of a study that somebody edited: each is refused by its name, or is harmless."""

import math

import pytest

from archrank.errors import ArchrankError, RunFolderError
from archrank.study import Objectives
from archrank.study.metadata import checked_metadata

METADATA = {
    "space": "darts",
    "space digest": "0123456789ab",
    "metric": "accuracy",
    "maximize": True,
    "objectives": {"accuracy": "maximize"},
    "constraints": ["size < 3"],
    "seed": 0,
    "patience": 60.0,
}
STRANGE = [
    None,
    -1,
    math.inf,
    math.nan,
    10**400,
    "",
    "x" * 10**5,
    [],
    [1],
    {},
    {"a": 1},
    {"a": []},
    ["a"],
    True,
    "\udcff",
]


def test_facts_of_a_search_are_as_they_were():
    assert checked_metadata({**METADATA, "ended": True}, "here", "go") == {**METADATA, "ended": True}
    needed = {key: METADATA[key] for key in ("space", "space digest", "metric")}
    assert checked_metadata(needed, "here", "go") == needed


@pytest.mark.parametrize("name", ["space", "space digest", "metric"])
def test_a_study_without_them_is_not_of_a_search(name):
    metadata = {key: value for key, value in METADATA.items() if key != name}
    with pytest.raises(RunFolderError, match="the study in here, was not made by a search: go"):
        checked_metadata(metadata, "here", "go")


@pytest.mark.parametrize("name", METADATA)
@pytest.mark.parametrize(
    "value", STRANGE, ids=lambda value: repr(value)[:12].encode("ascii", "replace").decode()
)
def test_an_edited_fact_is_refused_by_its_name_or_can_be_read(name, value):
    said, metadata = None, {}
    try:
        metadata = checked_metadata({**METADATA, name: value}, "here", "go")
    except RunFolderError as error:
        said = str(error)
    if said is not None:
        assert f"says {name} is " in said
        assert len(said) < 500
    elif name == "constraints" and value:
        with pytest.raises(ArchrankError, match="cannot be read"):
            Objectives.from_metadata(metadata)
    else:
        assert Objectives.from_metadata(metadata).needed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("space", ["darts"]),
        ("metric", 3),
        ("objectives", "accuracy"),
        ("constraints", 3),
        ("seed", "0"),
        ("patience", "x"),
    ],
)
def test_a_fact_of_another_kind_is_refused(name, value):
    with pytest.raises(RunFolderError, match=f"says {name} is .*expected"):
        checked_metadata({**METADATA, name: value}, "here", "go")
