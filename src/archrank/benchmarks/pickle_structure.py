"""The structure of a pickle, checked before anything in it is run: what it would allocate, and how deep tuples nest.

The machine that reads pickles fills its memory up to any index that an instruction names, makes an object of each
instruction, and takes the hash of a tuple by going into it: a million brackets around nothing end the process, and
forty tuples, each of the one before twice, keep it busy for years. So the instructions are walked over, and of every
object on the machine's stack it is known how many tuples it holds, counted as often as they would be gone into.
"""

import pickle
import pickletools
import re

__all__ = ["check_structure"]

MOST_OBJECTS = 10_000_000
"""Objects take 60 bytes and more; the tables that are read have less than a hundredth of these."""

MOST_TUPLES = 1_000
"""Within one tuple; an honest key, argument or state holds two or three."""

_OPCODES = {opcode.code.encode("latin-1")[0]: opcode for opcode in pickletools.opcodes}


def _fixed_length(code: int) -> int:
    opcode = _OPCODES.get(code)
    if opcode is None:
        return 0
    return 1 if opcode.arg is None else max(0, 1 + opcode.arg.n) if opcode.arg.n >= 0 else 0


_FIXED = [_fixed_length(code) for code in range(256)]
"""The length of each instruction; 0 where its own bytes hold it, or where there is no such instruction."""

_COUNT_BYTES = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_LINES = {ord("c"): 2, ord("i"): 2}
_STOP, _MEMOIZE, _DUP, _MARK, _POP, _POP_MARK = (ord(code) for code in ".\x942(01")
_PUT = {ord("q"): 1, ord("r"): 4, ord("p"): 0}
_GET = {ord("h"): 1, ord("j"): 4, ord("g"): 0}
_TUPLES = {ord("\x85"): 1, ord("\x86"): 2, ord("\x87"): 3}
_TUPLE_TO_MARK = ord("t")

_CHANGES = b"aesub\x90"
"""They add to an object, and leave it on the stack."""

_PUSHES = b"GKN\x88\x89MJI]}\x8f)"
"""Numbers, truth values and empty containers: instructions of a fixed length that put one object onto the stack."""

_OTHERS = b"q\x94\x80\x95"
"""Instructions of a fixed length that leave the stack alone: stores, and how the pickle is framed."""


_TEXTS = b"\x8cUC"
"""Short texts and bytes, whose length is the byte that follows."""


def _rest(codes: bytes) -> bytes:
    """What follows the first byte of one of these instructions, told by a look back at that byte."""
    by_length: dict[int, bytes] = {}
    for code in codes:
        if _FIXED[code]:
            by_length[_FIXED[code]] = by_length.get(_FIXED[code], b"") + re.escape(bytes([code]))
    ways = [b"(?<=[%b]).{%d}" % (those, length - 1) for length, those in by_length.items()]
    if _TEXTS[0] in codes:
        texts = b"|".join(re.escape(bytes([length])) + b".{%d}" % length for length in range(32))
        ways.append(b"(?<=[%b])(?:%b)" % (re.escape(_TEXTS), texts))
    return b"(?:%b)" % b"|".join(ways)


_PUSH, _ANY = (_rest(codes) for codes in (_PUSHES + _TEXTS, _PUSHES + _TEXTS + _OTHERS))
_RUN = re.compile(b".%b(?:.%b)*+" % (_PUSH, _ANY), re.DOTALL)
"""Instructions that most of a pickle consists of: the first one puts something plain onto the stack."""

_ONE = re.compile(b"(.)%b" % _ANY, re.DOTALL)


def check_structure(data: bytes) -> None:
    """Walk over the instructions of a pickle without running them.

    Args:
        data: The pickle.

    Raises:
        UnpicklingError: An index, a number of objects or a nest of tuples that no honest pickle has, an instruction
            that does not exist, or one that takes more from the stack than there is.
        EOFError: It is cut short.
    """
    stack: list[int] = []  # of each object how many tuples it holds
    marks: list[int] = []
    memo: dict[int, int] = {}
    stored = objects = position = 0
    by_count = by_index = False
    while position < len(data):
        if (run := _RUN.match(data, position)) is not None:
            position = run.end()
            codes = b"".join(_ONE.findall(run[0]))
            counted = codes.count(b"\x94")
            by_count, by_index = by_count or counted > 0, by_index or b"q" in codes
            pushed = len(codes) - sum(codes.count(bytes([code])) for code in _OTHERS)
            stored += counted
            objects += pushed
            stack.extend([0] * pushed)
        else:
            code = data[position]
            length = _FIXED[code] or _length(data, position)
            if code == _MARK:
                marks.append(len(stack))
            elif code == _MEMOIZE or code in _PUT:
                by_count, by_index = by_count or code == _MEMOIZE, by_index or code != _MEMOIZE
                index = stored if code == _MEMOIZE else _index(data, position, _PUT[code], length)
                if index > min(len(data), MOST_OBJECTS):
                    raise pickle.UnpicklingError(f"an impossible index at byte {position}")
                memo[index] = max(memo.get(index, 0), _top(stack, marks, position))
                stored += code == _MEMOIZE
            elif code in _GET:
                # Two ways of counting in one pickle: no honest one does that, so the worst is assumed.
                held = memo.get(_index(data, position, _GET[code], length), 0)
                stack.append(max(memo.values(), default=0) if by_count and by_index else held)
                objects += 1
            elif code == _DUP:
                stack.append(_top(stack, marks, position))
            else:
                _change(stack, marks, code, position)
                objects += 1
            position += length
            if code == _STOP:
                return
        if objects > MOST_OBJECTS:
            raise pickle.UnpicklingError(f"more than {MOST_OBJECTS:,} objects")
    raise EOFError("it is cut short")


def _change(stack: list[int], marks: list[int], code: int, position: int) -> None:
    """What any other instruction does to the stack."""
    opcode = _OPCODES[code]
    if code == _POP and marks and marks[-1] == len(stack):
        marks.pop()
        return
    floor = marks[-1] if marks else 0
    if pickletools.markobject in opcode.stack_before or code == _POP_MARK:
        if not marks:
            raise pickle.UnpicklingError(f"no mark for the instruction at byte {position}")
        begin = marks.pop()
        taken = stack[begin:]
        begin -= opcode.stack_before.index(pickletools.markobject) if opcode.stack_before else 0
        floor = marks[-1] if marks else 0
    else:
        count = _TUPLES.get(code, len(opcode.stack_before))
        begin = len(stack) - count
        taken = stack[max(begin, 0) :]
    if begin < floor:
        raise pickle.UnpicklingError(f"too little on the stack for the instruction at byte {position}")
    tuples = 0
    if code in _TUPLES or code == _TUPLE_TO_MARK:
        tuples = 1 + sum(taken)
    elif code in _CHANGES:  # what is changed stays what it is
        tuples = stack[begin]
    if tuples > MOST_TUPLES:
        raise pickle.UnpicklingError(f"more than {MOST_TUPLES:,} tuples in one another at byte {position}")
    del stack[begin:]
    made = len(opcode.stack_after) - (opcode.stack_after.count(pickletools.markobject))
    stack.extend([tuples] * made)


def _top(stack: list[int], marks: list[int], position: int) -> int:
    if len(stack) <= (marks[-1] if marks else 0):
        raise pickle.UnpicklingError(f"nothing on the stack at byte {position}")
    return stack[-1]


def _index(data: bytes, position: int, count: int, length: int) -> int:
    if count:
        return int.from_bytes(data[position + 1 : position + 1 + count], "little")
    digits = data[position + 1 : position + length - 1]
    if len(digits) > 20:
        raise pickle.UnpicklingError(f"an impossible index at byte {position}")
    return int(digits)


def _length(data: bytes, position: int) -> int:
    """The length of an instruction that holds it."""
    code = data[position]
    opcode = _OPCODES.get(code)
    if opcode is None or opcode.arg is None:
        raise pickle.UnpicklingError(f"no such instruction at byte {position}")
    arg = opcode.arg
    if arg.n == pickletools.UP_TO_NEWLINE:
        end = position
        for _ in range(_LINES.get(code, 1)):
            end = data.index(b"\n", end + 1)
        return end + 1 - position
    count = _COUNT_BYTES[arg.n]
    length = 1 + count + int.from_bytes(data[position + 1 : position + 1 + count], "little")
    if position + length > len(data):
        raise EOFError("it is cut short")
    return length
