import pytest

from archrank.errors import ParseError
from archrank.spaces import NATSBenchSize
from archrank.testing import check_space

SPACE = NATSBenchSize()


def test_it_keeps_what_every_space_must():
    check_space(SPACE)


def test_it_has_all_sizes():
    assert len(SPACE) == 32_768
    assert SPACE.format(SPACE.architecture((0, 7, 1, 2, 3))) == "8:64:16:24:32"


def test_the_official_order_is_the_order_of_its_rows():
    texts = [SPACE.format(a) for a in SPACE.architectures(SPACE.rows()[:9])]
    assert texts[:2] + texts[-1:] == ["8:8:8:8:8", "8:8:8:8:16", "8:8:8:16:8"]


def test_different_sizes_compute_different_functions():
    one, other = SPACE.parse("8:16:8:8:8"), SPACE.parse("16:8:8:8:8")
    assert SPACE.function_key(one) != SPACE.function_key(other)
    assert [site.operation for site in SPACE.graph(one).cells[0].sites][:2] == ["8 channels", "16 channels"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("8:8:8:8", "4 widths"),
        ("8:8:8:8:8:8", "6 widths"),
        ("", "1 widths"),
        ("8:8:8:8:9", r"unknown option for 'layer 5 channels' '9'"),
        ("8:8:8:8:72", "'72'"),
        ("8:8:8:8:", "''"),
        ("a:8:8:8:8", "'a'"),
    ],
)
def test_what_is_no_size_is_refused(text, complaint):
    with pytest.raises(ParseError, match=complaint):
        SPACE.parse(text)
