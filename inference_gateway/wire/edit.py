"""JSON bodies as bytes: bounds before parsing, and changes that leave every other byte alone.

`check_structure` is for bytes nobody has looked at. Everything else expects a body that has been
parsed: one whole JSON object, not nested too deep. What the members mean is not known here.
"""

import json
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import islice

import attrs

from inference_gateway.errors import InvalidJSON

#: Objects and arrays together; also object members.
MAX_CONTAINERS = 100_000
MAX_MEMBERS = 100_000
#: Strings, member names included.
MAX_STRINGS = 300_000
#: What commas separate: members and array elements.
MAX_ELEMENTS = 1_000_000

# Possessive, so that a string of a million escapes leaves no million ways back in memory.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_NAME = re.compile(rb"[\s,{]*+(" + _STRING + rb")\s*+:\s*+", re.DOTALL)
_SCALAR = re.compile(_STRING + rb"|[^\s,}\[{]++", re.DOTALL)
_STRING_OR_BRACKET = re.compile(_STRING + rb"|[\[\]{}]", re.DOTALL)
_EMPTY_OBJECT = re.compile(rb"\s*+\{\s*+\}")
#: An ASCII letter, digit or sign written as an escape, as no serializer does.
_ESCAPED_ASCII = re.compile(rb"\\u00[2-7]")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")
_LONG_NAME = 64
#: From so many members on, reading the body once is cheaper than searching it for each.
_MANY_MEMBERS = 32
_ENOUGH_REPEATS = 64


def check_structure(body: bytes) -> None:
    """Refuse a body that has too many parts, before a parser spends memory on them.

    Raises `InvalidJSON`. Bytes that are no JSON may pass; whatever is good JSON is judged exactly.
    """
    if len(body) < MAX_MEMBERS:
        return
    separators = body.count(b",")
    containers = body.count(b"[") + body.count(b"{")
    # Every member and every string but a few stands behind one of these.
    if separators + containers < MAX_MEMBERS:
        return
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if body.count(b'"') > 2 * MAX_STRINGS:
        raise InvalidJSON(f"the body has more than {MAX_STRINGS} strings")
    outside = b"".join(body.split(b'"')[::2])
    if outside.count(b",") >= MAX_ELEMENTS:
        raise InvalidJSON(f"the body has more than {MAX_ELEMENTS} elements")
    if outside.count(b":") > MAX_MEMBERS:
        raise InvalidJSON(f"the body has more than {MAX_MEMBERS} object members")
    if outside.count(b"[") + outside.count(b"{") > MAX_CONTAINERS:
        raise InvalidJSON(f"the body has more than {MAX_CONTAINERS} objects and arrays")


@attrs.frozen
class Member:
    """Where one top-level member is: its name begins at ``start``, its value is ``value:end``."""

    name: str
    start: int
    value: int
    end: int


def member_spans(body: bytes) -> Iterator[Member]:
    """Find the top-level members of a good JSON object one by one, duplicates included."""
    position = 0
    while (found := _NAME.match(body, position)) is not None:
        value = found.end()
        position = _end_of_value(body, value)
        quoted = found[1]
        name = json.loads(quoted) if b"\\" in quoted else quoted[1:-1].decode()
        yield Member(name, found.start(1), value, position)


def _end_of_value(body: bytes, start: int) -> int:
    scalar = _SCALAR.match(body, start)
    if scalar is not None:
        return scalar.end()
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(body, start):
        first = body[found.start()]
        if first in b"[{":
            depth += 1
        elif first in b"]}":
            depth -= 1
            if not depth:
                return found.end()
    raise ValueError("not a JSON object")


def duplicate_members(body: bytes, members: Collection[str]) -> list[str]:
    """Return the names that occur more than once at the top level of ``body``, in order.

    ``members`` are the names a parser found there. A search for each of them nearly always settles
    the question without reading the body again.
    """
    if not _may_repeat(body, members):
        return []
    seen: set[str] = set()
    repeated: dict[str, None] = {}
    # One name a hundred thousand times is known after a few.
    for member in islice(member_spans(body), len(members) + _ENOUGH_REPEATS):
        if member.name in seen:
            repeated[member.name] = None
        seen.add(member.name)
    return list(repeated)


def _may_repeat(body: bytes, members: Collection[str]) -> bool:
    # Searching backwards is several times faster: the first byte of what is searched is rare, the
    # last is not.
    if len(members) > _MANY_MEMBERS:
        return True
    # most bodies have no backslash at all, and one byte is found much faster than four
    if b"\\" in body and body.rfind(b"\\u00") >= 0 and _ESCAPED_ASCII.search(body):
        return True
    for name in members:
        if len(name) > _LONG_NAME or (quoted := _quoted(name)) is None:
            return True
        last = body.rfind(quoted)
        if body.rfind(quoted, 0, last) >= 0 and _named_twice(body, quoted):
            return True
    return False


def _named_twice(body: bytes, quoted: bytes) -> bool:
    return len(re.findall(quoted + rb"\s*+:", body)) > 1


@lru_cache(maxsize=256)
def _quoted(name: str) -> bytes | None:
    """Return the only way to write a name without escapes, or None if there may be others."""
    return b'"%b"' % name.encode() if _PLAIN_NAME.fullmatch(name) else None


def set_member(body: bytes, name: str, value: bytes) -> bytes:
    """Return ``body`` with ``value``, which is JSON, as its top-level member ``name``.

    An existing value is replaced in its place, a new member becomes the first.
    """
    if _may_occur(body, name):
        for member in member_spans(body):
            if member.name == name:
                return body[: member.value] + value + body[member.end :]
    start = body.index(b"{") + 1
    separator = b"" if _EMPTY_OBJECT.match(body) else b","
    return b"".join((body[:start], json.dumps(name).encode(), b":", value, separator, body[start:]))


def _may_occur(body: bytes, name: str) -> bool:
    quoted = _quoted(name)
    return quoted is None or body.rfind(quoted) >= 0 or body.rfind(b"\\u00") >= 0


def remove_members(body: bytes, names: Collection[str]) -> bytes:
    """Return ``body`` without the top-level members called ``names``, however often they occur."""
    kept: list[bytes] = []
    start = end = 0
    for member in member_spans(body):
        if not end:
            start = end = member.start
        if member.name not in names:
            # The first that stays takes the place of the first there was, without the comma.
            kept.append(body[end if kept else member.start : member.end])
        end = member.end
    return b"".join((body[:start], *kept, body[end:]))
