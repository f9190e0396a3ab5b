"""One reader for each kind of single value: judges a node and returns what the settings hold.

Readers raise `Unfit`; they know neither the classes of the settings nor where problems go.
"""

import re
from collections.abc import Callable, Mapping

from inference_gateway.config import endpoints, extra_headers, model_names, units
from inference_gateway.config.kinds import Kind, Secret
from inference_gateway.config.node import Node
from inference_gateway.config.problem import did_you_mean
from inference_gateway.config.provider_url import parse_base_url

_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DIGEST = re.compile(r"sha256:[0-9A-Fa-f]{64}")
_ROOT_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
#: A token of RFC 9110 section 5.6.2.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_API_VERSION = re.compile(r"[A-Za-z0-9.-]{1,32}")
#: Members of a request that the gateway itself depends on.
_KEPT_FIELDS = ("model", "messages", "stream")
#: A year in seconds: a longer limit is a slip of the pen.
_LONGEST = 365 * 24 * 3600.0


class Unfit(Exception):
    """The value is not what its key needs; the text says what is wrong."""


def expected(what: str, node: Node, *, hint: str = "", secret: bool = False) -> Unfit:
    """Make the error for a value that should have been ``what``; a secret one is not shown."""
    return Unfit(f"expected {what}, got {node.kind() if secret else node.quoted()}{hint}")


def read_text(node: Node) -> str:
    """Read any string of one line."""
    if not isinstance(node.value, str):
        raise expected("a string", node, hint="; put it in quotes" if _is_scalar(node) else "")
    if not _is_line(node.value):
        raise expected("text of one line without control characters", node)
    return node.value


def read_boolean(node: Node) -> bool:
    """Read a truth value."""
    if not isinstance(node.value, bool):
        raise expected("true or false", node)
    return node.value


def read_secret(node: Node) -> Secret:
    """Read a secret, which may come from anywhere but the text of the file itself."""
    if not isinstance(node.value, str):
        raise expected("a string", node, secret=True)
    if node.written is None:
        raise Unfit(
            "a secret is not written into the file: use ${NAME} for an environment variable,"
            " the same key with _file for a file that holds it, or a digest where one is possible"
        )
    if not node.value.strip() or not _is_line(node.value):
        raise Unfit(f"{node.written} does not hold one line of text")
    return Secret(node.value)


def read_choice(node: Node, choices: tuple[str, ...]) -> str:
    """Read one of the given words."""
    # YAML 1.1 reads words such as "off" as truth values, so the value need not be a string.
    if node.value not in choices or not isinstance(node.value, str):
        hint = did_you_mean(node.value, choices) if isinstance(node.value, str) else ""
        raise expected(
            choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}", node, hint=hint
        )
    return node.value


def _is_line(text: str) -> bool:
    """Tell whether the text has neither control characters nor lone surrogates.

    Surrogates come from escapes in YAML and from variables that are not UTF-8.
    """
    return not any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text)


def _is_scalar(node: Node) -> bool:
    return isinstance(node.value, bool | int | float)


def _duration(node: Node) -> float:
    what = "a duration such as 30s, 250ms, 2m or 1h"
    if isinstance(node.value, str):
        try:
            seconds = units.parse_duration(node.value)
        except ValueError:
            raise expected(what, node) from None
        if seconds > _LONGEST:
            raise expected("a duration of at most 8760h", node)
        return seconds
    if node.value is False or node.value != 0:
        raise expected(what, node, hint="; a number needs a unit" if _is_scalar(node) else "")
    return 0.0


def _positive_duration(node: Node) -> float:
    seconds = _duration(node)
    if seconds == 0:
        raise expected("a duration above zero", node)
    return seconds


def _size(node: Node) -> int:
    what = "a size such as 10MiB, 512KiB, 1GiB or 100B"
    if not isinstance(node.value, str):
        raise expected(what, node, hint="; a number needs a unit" if _is_scalar(node) else "")
    try:
        size = units.parse_size(node.value)
    except ValueError:
        raise expected(what, node) from None
    if size == 0:
        raise expected("a size above zero", node)
    return size


def _count(node: Node) -> int:
    if isinstance(node.value, bool) or not isinstance(node.value, int) or node.value < 1:
        raise expected("a whole number above zero", node)
    return node.value


def _number(node: Node) -> int:
    if isinstance(node.value, bool) or not isinstance(node.value, int) or node.value < 0:
        raise expected("a whole number, 0 or more", node)
    return node.value


def _percent(node: Node) -> int:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        hint = "; leave out the %" if isinstance(value, str) and value.endswith("%") else ""
        raise expected("a whole number from 0 to 100", node, hint=hint)
    return value


def _timestamp(node: Node) -> float:
    what = "a date such as 2030-01-31 or a date-time such as 2030-01-31T12:00:00Z"
    try:
        return units.parse_timestamp(read_text(node))
    except (Unfit, ValueError, OverflowError):
        raise expected(what, node) from None


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[Node], str]:
    def read(node: Node) -> str:
        if not pattern.fullmatch(read_text(node)):
            raise expected(what, node)
        return read_text(node)

    return read


def _digest(node: Node) -> str:
    if not isinstance(node.value, str) or not _DIGEST.fullmatch(node.value):
        # Whoever mistakes this key for the place of the secret must not find it in a log.
        what = "sha256: and 64 hexadecimal digits, as --new-key prints them"
        raise expected(what, node, secret=True)
    return node.value.lower()


def _model(node: Node) -> str:
    if not model_names.is_model_name(read_text(node)):
        what = f"1 to {model_names.LONGEST} printable characters with at most one *"
        raise expected(what, node)
    return read_text(node)


def _endpoint(node: Node) -> str:
    try:
        endpoints.parse_endpoint(read_text(node))
    except ValueError as error:
        raise expected(
            "an endpoint such as tcp:8000:interface=127.0.0.1", node, hint=f": {error}"
        ) from None
    return read_text(node)


def _title(node: Node) -> str:
    if not 1 <= len(read_text(node).strip()) <= 200:
        raise expected("1 to 200 characters", node)
    return read_text(node)


def _file_path(node: Node) -> str:
    if not read_text(node):
        raise expected("the path of a file", node)
    return read_text(node)


def _base_url(node: Node) -> str:
    if not isinstance(node.value, str):
        raise expected("a URL such as http://127.0.0.1:8080/v1", node, secret=True)
    try:
        return str(parse_base_url(node.value))
    except ValueError as error:
        # Shown is only what is wrong: the URL may hold a password.
        raise Unfit(f"expected a URL such as http://127.0.0.1:8080/v1, but {error}") from None


def _extra_header(node: Node) -> str:
    name = READERS[Kind.HEADER_NAME](node)
    assert isinstance(name, str)
    if (reason := extra_headers.refusal(name)) is not None:
        raise Unfit(f"the header {name} cannot be set: {reason}")
    return name


def _header_value(node: Node) -> Secret:
    if not isinstance(node.value, str):
        hint = "; put it in quotes" if _is_scalar(node) else ""
        raise expected("a string", node, secret=True, hint=hint)
    if not extra_headers.is_value(node.value):
        raise Unfit("expected visible ASCII characters, with spaces only between them")
    return Secret(node.value)


def _dropped_field(node: Node) -> str:
    name = read_text(node)
    if name in _KEPT_FIELDS:
        raise Unfit(f"{name} cannot be dropped: the gateway needs it")
    if not 1 <= len(name) <= 128:
        raise expected("the name of a member, 1 to 128 characters", node)
    return name


READERS: Mapping[Kind, Callable[[Node], object]] = {
    Kind.DURATION: _duration,
    Kind.POSITIVE_DURATION: _positive_duration,
    Kind.SIZE: _size,
    Kind.COUNT: _count,
    Kind.NUMBER: _number,
    Kind.PERCENT: _percent,
    Kind.TIMESTAMP: _timestamp,
    Kind.IDENTIFIER: _matching(_IDENTIFIER, "1 to 64 of the characters A-Z a-z 0-9 . _ -"),
    Kind.MODEL: _model,
    Kind.ENDPOINT: _endpoint,
    Kind.ROOT_PATH: _matching(
        _ROOT_PATH, "a path such as /gateway that starts with a slash and does not end with one"
    ),
    Kind.HEADER_NAME: _matching(_HEADER_NAME, "the name of a header"),
    Kind.EXTRA_HEADER: _extra_header,
    Kind.HEADER_VALUE: _header_value,
    Kind.DIGEST: _digest,
    Kind.TITLE: _title,
    Kind.FILE_PATH: _file_path,
    Kind.BASE_URL: _base_url,
    Kind.API_VERSION: _matching(_API_VERSION, "a version such as 2024-10-21"),
    Kind.DROPPED_FIELD: _dropped_field,
}
