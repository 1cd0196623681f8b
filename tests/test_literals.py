import ast
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archrank.errors import ParseError
from archrank.system.literals import DEEPEST, LONGEST, Call, read_literal, read_printed

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=["Cc", "Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc '\"", max_size=3), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(plain)
@settings(max_examples=200)
def test_what_python_and_json_write_is_read(value):
    assert read_literal(repr(value)) == ast.literal_eval(repr(value)) == value
    assert (
        read_literal(json.dumps(value))
        == read_literal(json.dumps(value, indent=1, ensure_ascii=False))
        == value
    )


@given(st.text("()[]{},:='\"\\ab01.-# \n") | st.text())
@settings(max_examples=300)
def test_any_text_is_read_or_refused(text):
    for read in (read_literal, read_printed, lambda text: read_printed(text, "a")):
        try:
            read(text)
        except ParseError as error:
            assert len(str(error)) < 1_000  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("array([[0, 1],\n       [0, 0]], dtype=int8)", [[0, 1], [0, 0]]),
        ("[[0 1]\n [0 0]]", [[0, 1], [0, 0]]),
        ("[[0. 1.]]", [[0.0, 1.0]]),
        ("np.array(['a' 'b'], dtype='<U3')", ["a", "b"]),
        ("[np.int64(3), numpy.bool_(True), np.True_]", [3, True, True]),
        ("tensor([1, 2], device='cuda:0')", [1, 2]),
        ("list(range(1, 7, 2))", [1, 3, 5]),
        ("OrderedDict([('a', 1), ('b', (2,))])", {"a": 1, "b": (2,)}),
        ("dict({'a': 1}, b=2)", {"a": 1, "b": 2}),
        ("(3)", 3),
        ("'it\\'s \\u2192'", "it's →"),
        ("[1, 2,]  # two", [1, 2]),
    ],
)
def test_what_libraries_print_is_read(text, value):
    assert read_literal(text) == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("__import__('os').system('x')", "calls of '__import__' are not read"),
        ("lambda: 0", "the name 'lambda' is not known"),
        ("[x for x in [1]]", "the name 'x' is not known"),
        ("1 + 1", "more text follows"),
        ("f'{1}'", "is not known"),
        ("{'a': 1, 'a': 2}", "'a' is there twice"),
        ("{1: 2}", "a name in quotes and ':' are expected"),
        ("[1 2, 3]", "a comma is missing"),
        ("(1 2)", "',' or '\\)' is expected"),
        ("range(0, 10_000)", "expected"),
        ("range(0, 100000)", "a range of more than 1,000 numbers"),
        ("range(0, 5, 0)", "range takes"),
        ("range(-99999999999999999999, 99999999999999999999)", "a range of more than"),
        ("9" * 5_000, "a number of 5,000 characters"),
        ("(" * 10_000, f"more than {DEEPEST} brackets"),
        ("[" + "1, " * LONGEST + "]", "expected at most 20,000"),
        ("int8(1, 2)", "int8 with one value is expected"),
        ("array([1], dtype=)", "not expected"),
        ("f(a=1, 2)", "a value without a name follows"),
        ("'a", "no value"),
        ("", "the text ends too early"),
    ],
)
def test_all_else_is_refused_with_the_position(text, complaint):
    with pytest.raises(ParseError, match=complaint) as refused:
        read_literal(text)
    assert len(str(refused.value)) < 400


def test_calls_that_are_asked_for_are_given_back_and_others_refused():
    text = "best: models.Cell([1], ops=['a'])"
    assert read_printed(text, "Cell") == Call("Cell", ([1],), {"ops": ["a"]})
    assert read_printed(repr(text.partition(": ")[2]), "Cell") == Call("Cell", ([1],), {"ops": ["a"]})
    with pytest.raises(ParseError, match="holds 2 times"):
        read_printed(f"{text}; {text}", "Cell")
    with pytest.raises(ParseError):
        read_printed(text)
