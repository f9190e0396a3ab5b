"""Which headers may travel through the gateway, and the few values that are read from them.

Names are lower-case bytes. Framing and the syntax of a head are the concern of `http1`.
"""

import re
from collections.abc import Iterable
from email.utils import parsedate_to_datetime

import attrs

#: Headers of one connection, never forwarded in either direction (RFC 9110 section 7.6.1).
HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)

#: What of a client's head its provider gets to see as it came; all else stays here.
FORWARDED_REQUEST = frozenset(
    (b"anthropic-beta", b"anthropic-version", b"idempotency-key", b"openai-beta", b"via")
)

#: What of a provider's head a client gets to see; all else stays here.
FORWARDED_RESPONSE = frozenset((b"openai-processing-ms", b"openai-version"))

#: Seconds; nobody is told to wait longer, whatever a provider says.
LONGEST_RETRY_AFTER = 3600.0

#: Headers whose values are never written down anywhere.
REDACTED = frozenset(
    (
        b"api-key",
        b"authorization",
        b"cookie",
        b"proxy-authorization",
        b"set-cookie",
        b"x-api-key",
        b"x-goog-api-key",
    )
)

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_MEDIA_TYPE = re.compile(rb"[ \t]*(" + _TOKEN + rb"/" + _TOKEN + rb")[ \t]*")
_PARAMETER = re.compile(
    rb";[ \t]*(?:(" + _TOKEN + rb")=(?:(" + _TOKEN + rb')|"((?:[^"\\\x00-\x1f\x7f])*)"))?[ \t]*'
)
_SECONDS = re.compile(rb"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


def connection_tokens(values: Iterable[bytes]) -> frozenset[bytes]:
    """Return the names that all ``Connection`` headers of one message list, in lower case."""
    return frozenset(
        token for value in values for part in value.split(b",") if (token := part.strip().lower())
    )


def valid_request_id(value: bytes) -> bool:
    """Whether a client's request id may be kept; any other is replaced, never repaired."""
    return _REQUEST_ID.fullmatch(value) is not None


def media_type(value: bytes) -> tuple[str, str] | None:
    """Split a ``Content-Type`` (RFC 9110 section 8.3.1) into type and charset, both in lower case.

    The charset is empty where there is none, and ``utf-8`` under each of its names. None means that
    the value is malformed, or names more than one charset.
    """
    head = _MEDIA_TYPE.match(value)
    if head is None:
        return None
    charset = ""
    position = head.end()
    while position < len(value):
        found = _PARAMETER.match(value, position)
        if found is None:
            return None
        if found[1] is not None and found[1].lower() == b"charset":
            if charset:
                return None
            charset = (found[2] or found[3] or b"?").decode("latin-1").lower()
        position = found.end()
    return head[1].decode("ascii").lower(), "utf-8" if charset == "utf8" else charset


def parse_retry_after(milliseconds: bytes | None, value: bytes | None, wall: float) -> float | None:
    """Return after how many seconds to come back, out of ``retry-after-ms`` or ``Retry-After``.

    ``Retry-After`` is a number of seconds, with a fraction or not, or a date (RFC 9110, section
    10.2.3), which ``wall``, seconds since the epoch, is subtracted from. None: nothing sensible is
    said. The result is at most `LONGEST_RETRY_AFTER`.
    """
    seconds: float | None = None
    if milliseconds is not None and _SECONDS.fullmatch(milliseconds):
        seconds = float(milliseconds) / 1000
    elif value is not None and _SECONDS.fullmatch(value):
        seconds = float(value)
    elif value is not None:
        seconds = _seconds_until(value, wall)
    return None if seconds is None else min(seconds, LONGEST_RETRY_AFTER)


def _seconds_until(date: bytes, wall: float) -> float | None:
    try:
        until = parsedate_to_datetime(date.decode("ascii")).timestamp() - wall
    except (ValueError, OverflowError):  # no date, or one that no clock shows
        return None
    return max(until, 0.0)


@attrs.frozen(kw_only=True)
class TraceParent:
    """A caller's place in a trace: ids in lower-case hexadecimal, and whether it is sampled."""

    trace_id: str
    parent_id: str
    sampled: bool


def parse_traceparent(value: bytes) -> TraceParent | None:
    """Read a ``traceparent`` (W3C Trace Context, section 3.2); None when a new trace must begin."""
    found = _TRACEPARENT.fullmatch(value)
    if found is None:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    # Only versions that do not exist yet may have more behind the flags.
    if version == b"ff" or (version == b"00" and more is not None):
        return None
    if not trace_id.strip(b"0") or not parent_id.strip(b"0"):
        return None
    return TraceParent(
        trace_id=trace_id.decode(), parent_id=parent_id.decode(), sampled=bool(int(flags, 16) & 1)
    )
