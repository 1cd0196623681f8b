"""The choices of an architecture as people and programs write them: a JSON object, or what Python prints."""

import json
from collections.abc import Mapping
from typing import Any

from archrank.errors import ParseError
from archrank.system.foreign import shown
from archrank.system.json_objects import read_json_text
from archrank.system.literals import LONGEST, read_printed

__all__ = ["parse_json_object"]

_LONGEST_TEXT = 1_000_000
"""Characters of an architecture's text; a space of a thousand choices needs a tenth."""


def parse_json_object(text: str, space: str) -> Mapping[str, Any]:
    """Read a JSON object, or a dictionary as Python prints it; ParseError with the place where it stops being one."""
    if not isinstance(text, str):
        raise ParseError(f"{shown(text)} is a {type(text).__name__}, expected a text of the space {space}")
    if len(text) > _LONGEST_TEXT:
        raise ParseError(
            f"{shown(text)} is not an architecture of {space}: {len(text):,} characters, expected at most "
            f"{_LONGEST_TEXT:,}"
        )
    try:
        record = read_json_text(text)
    except json.JSONDecodeError as error:
        if ("'" not in text and "(" not in text) or len(text) > LONGEST:
            raise ParseError(
                f"{shown(text)} is not an architecture of {space}: expected a JSON object, but {error.msg} at "
                f"character {error.pos}"
            ) from None
        try:
            record = read_printed(text)
        except ParseError as second:
            raise ParseError(f"{shown(text)} is not an architecture of {space}: {second}") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets without end
        raise ParseError(f"{shown(text)} is not an architecture of {space}: {error}") from None
    if not isinstance(record, dict):
        raise ParseError(f"{shown(text)} is not an architecture of {space}: expected a JSON object in braces")
    return record
