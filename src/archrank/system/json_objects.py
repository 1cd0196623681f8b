"""JSON that people and other programs wrote: an object that names a key twice is refused, not read by its last one."""

import json
from collections.abc import Sequence
from typing import Any

from archrank.system.foreign import shown

__all__ = ["read_json_text"]


def read_json_text(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: It is no JSON (then a ``json.JSONDecodeError``), or an object holds a key twice.
        RecursionError: Brackets without end.

    >>> read_json_text('{"a": 1, "b": {"a": 2}}')
    {'a': 1, 'b': {'a': 2}}
    """
    return _DECODER.decode(text)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"the key {shown(repeated, 60)} is there twice in one object; keep one of them")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object)
