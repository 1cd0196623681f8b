"""Every name of the package's root can be had, and is what it is called."""

import archrank as ar


def test_every_name_of_the_root_can_be_had():
    for name in ar.__all__:
        found = getattr(ar, name)
        assert getattr(found, "__name__", name).split(".")[-1] == name
    assert {"search", "rank", "draw", "auto", "load_benchmark", "compare_strategies"} <= set(ar.__all__)


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(ar, "serach")
