"""Server-sent events: bytes in any pieces to whole events, and back.

The grammar is that of the WHATWG HTML standard, section 9.2. It works on bytes only, because
U+2028, U+0085 and their like are data. What the data of an event means is `wire.inspect`.
"""

import re

import attrs

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.record import record

_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = b"\r\n"

#: The end of a line and the empty line behind it. A CR that ends the event does not wait for the LF
#: that may belong to it: coming late, that is an empty line before the next event, and dropped.
#: What the group does not take are more empty lines.
_EVENT_END = re.compile(rb"([\r\n]\r\n?|\n\n)[\r\n]*+")


@record
class Event:
    """One event as it came: ``raw`` can be forwarded unchanged, ``data`` is what it says.

    ``raw`` includes the empty line that ended it, but neither a byte order mark nor superfluous
    empty lines before it. ``data`` is None without a data field: comments, an ``id`` alone.
    Neither is shown when an event is printed.
    """

    raw: bytes = attrs.field(repr=False)
    data: bytes | None = attrs.field(repr=False)
    name: bytes = b""


#: What ends a stream of chat completion chunks.
DONE = Event(raw=b"data: [DONE]\n\n", data=b"[DONE]")

#: A comment, which every client skips; it shows proxies in between that the connection lives.
KEEPALIVE = b": keepalive\n\n"


def encode(data: bytes, name: bytes = b"") -> bytes:
    """Return the event with this data; every kind of line end in ``data`` arrives as LF.

    Raises `ValueError` when ``name`` contains a line end, which no event name can.
    """
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\n" in data:
        data = data.replace(b"\n", b"\ndata: ")
    if not name:
        return b"data: " + data + b"\n\n"
    if b"\r" in name or b"\n" in name:
        raise ValueError("the name of an event is one line")
    return b"event: " + name + b"\ndata: " + data + b"\n\n"


class SSEParser:
    """Cuts one stream into events, in time linear in its bytes however they are split.

    Comments come out as events without data; superfluous empty lines are dropped. What is
    unfinished when the stream ends is no event: ask ``pending``.
    """

    __slots__ = ("_beginning", "_held", "_max_event", "_searched")

    def __init__(self, max_event: int = 1 << 20) -> None:
        """``max_event`` bounds the bytes of one event, and so the memory held here."""
        self._max_event = max_event
        #: The bytes before the first that cannot belong to a byte order mark; then None.
        self._beginning: bytes | None = b""
        self._held = bytearray()
        #: How far ``_held`` is known to hold no end of an event.
        self._searched = 0

    @property
    def pending(self) -> bool:
        """Whether bytes of an unfinished event are held."""
        return bool(self._held or self._beginning)

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes and return the events they complete, in order.

        Raises `ProviderInvalidAnswer` when one event, whole or not, is longer than ``max_event``;
        what else these bytes complete is lost then, and the parser is of no use afterwards.
        """
        if self._beginning is not None:
            data = self._beginning + data
            if len(data) < len(_BOM) and _BOM.startswith(data):
                self._beginning = data
                return []
            self._beginning = None
            data = data.removeprefix(_BOM)
        if self._held:
            held = self._held
            held += data
            if _EVENT_END.search(held, self._searched) is None:
                if len(held) > self._max_event:
                    raise self._too_long()
                self._searched = len(held) - 1
                return []
            data = bytes(held)
            held.clear()
        return self._cut_at_any(data) if b"\r" in data else self._cut_at_lf(data)

    def _cut_at_lf(self, data: bytes) -> list[Event]:
        """Cut bytes without any CR, which is what nearly all servers send."""
        if (
            data[:6] == b"data: "
            and data.find(b"\n") == len(data) - 2
            and data[-1:] == b"\n"
            and len(data) <= self._max_event
        ):  # one event with one line, which is what nearly all reads bring
            return [Event(data, data[6:-2])]
        blocks = data.split(b"\n\n")
        rest = blocks.pop()
        if rest:
            self._hold(rest.lstrip(b"\n"))
        if len(data) > self._max_event and len(max(blocks, key=len, default=b"")) > self._max_event:
            raise self._too_long()
        events = []
        for block in blocks:
            if block[:6] == b"data: " and b"\n" not in block:
                events.append(Event(block + b"\n\n", block[6:]))
            elif block := block.lstrip(b"\n"):
                events.append(_read_fields(block + b"\n\n", block))
        return events

    def _cut_at_any(self, data: bytes) -> list[Event]:
        """Cut bytes whose lines end in CR, CRLF or a mixture."""
        events = []
        start = len(data) - len(data.lstrip(_LINE_ENDS))
        while (found := _EVENT_END.search(data, start)) is not None:
            end = found.end(1)
            if end - start > self._max_event:
                raise self._too_long()
            lines = data[start : found.start()].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            events.append(_read_fields(data[start:end], lines))
            start = found.end()
        self._hold(data[start:])
        return events

    def _hold(self, rest: bytes) -> None:
        """Keep the beginning of an event that the next bytes go on with."""
        if len(rest) > self._max_event:
            raise self._too_long()
        self._held += rest
        # The last byte may be the line end that the next byte makes an empty line of.
        self._searched = max(len(rest) - 1, 0)

    def _too_long(self) -> ProviderInvalidAnswer:
        self._held.clear()
        return ProviderInvalidAnswer(
            f"the provider sent an event of more than {self._max_event} bytes"
        )


def _read_fields(raw: bytes, lines: bytes) -> Event:
    """Read the fields of one event whose ``lines`` are separated by LF."""
    values: list[bytes] = []
    name = b""
    for line in lines.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            values.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return Event(raw, b"\n".join(values) if values else None, name)
