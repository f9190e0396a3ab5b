"""A request body to the JSON object it must be, or a precise refusal.

Only what holds for every JSON route: UTF-8, syntax, depth and size. What the members mean is the
concern of the module of each route.
"""

from typing import Any

import orjson

from inference_gateway.errors import InvalidJSON
from inference_gateway.wire.edit import check_structure
from inference_gateway.wire.fields import kind_of

MAX_TOP_LEVEL = 1000
MAX_DEPTH = 64

_LONG = 262_144
_TOO_DEEP = f"the body is nested deeper than {MAX_DEPTH} levels"

_CONTAINERS = frozenset((dict, list))

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def load_object(body: bytes) -> dict[str, Any]:
    """Return the members of the JSON object ``body``; raises `InvalidJSON` when it is none.

    Stricter than most parsers (RFC 8259): no byte order mark, no NaN or Infinity, no lone
    surrogate, no number beyond a double. Of a name that occurs twice the last member is returned.
    """
    check_structure(body)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidJSON(_explain(body, error)) from None
    if type(value) is not dict:
        raise InvalidJSON(f"the body must be a JSON object, got {kind_of(value)}")
    if len(value) > MAX_TOP_LEVEL:
        raise InvalidJSON(f"the body has more than {MAX_TOP_LEVEL} top-level members")
    # So few brackets cannot be deep; counting them in a long body costs more than going deep.
    if (len(body) > _LONG or body.count(b"{") + body.count(b"[") > MAX_DEPTH) and _is_deep(value):
        raise InvalidJSON(_TOO_DEEP)
    return value


def _is_deep(value: dict[str, Any]) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [item for container in level for item in _containers_in(container)]
        if not level:
            return False
    return True


def _containers_in(container: Any) -> list[Any]:
    """Return the arrays and objects right inside ``container``.

    Most long arrays hold none, which is found without a step of ours for each of a million items.
    """
    items = container.values() if type(container) is dict else container
    if _CONTAINERS.isdisjoint(map(type, items)):
        return []
    return [item for item in items if type(item) in _CONTAINERS]


def _explain(body: bytes, error: orjson.JSONDecodeError) -> str:
    """Say what is wrong with the body without showing any of it."""
    if not body.strip(b" \t\r\n"):
        return "the body is empty, expected a JSON object"
    if body.startswith(_BYTE_ORDER_MARKS):
        return "the body begins with a byte order mark, expected plain UTF-8"
    if body.startswith(b"\x00") or body[1:2] == b"\x00":
        return "the body is not UTF-8 (UTF-16 or UTF-32?)"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as fault:
        return f"the body is not valid UTF-8 at byte {fault.start}"
    # The parser's own limit is higher than ours, and protects the stack before ours is checked.
    if error.msg.startswith("depth limit"):
        return _TOO_DEEP
    return f"the body is not valid JSON at line {error.lineno} column {error.colno}: {error.msg}"
