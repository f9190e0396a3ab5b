"""A client of a measurement: one connection, the calls on it, and what they count.

It knows what the fake upstream says and reads nothing else out of an answer. It is written to cost
little, not to be a client for anything else: HTTP/1.1 without TLS, no redirects, no retries.
"""

import asyncio
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_STAMP = re.compile(rb"@(\d+)@")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Target:
    """Who is called; ``url`` is what OpenAI clients call ``base_url``, of scheme ``http``."""

    url: str
    model: str
    key: str = field(repr=False)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("the address must start with http://")
        return parts.hostname, parts.port or 80

    def request(self, script: str = "", *, stream: bool = False) -> bytes:
        """Return the bytes of a chat request whose prompt ends with ``script``."""
        host, port = self.address
        prompt = f"Tell me about the sea, its tides and its weather. {script}"
        fields = {"model": self.model, "messages": [{"role": "user", "content": prompt}]}
        body = json.dumps({**fields, "stream": True} if stream else fields)
        return (
            f"POST {urlsplit(self.url).path.rstrip('/')}/chat/completions HTTP/1.1\r\n"
            f"Host: {host}:{port}\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


@dataclass(kw_only=True)
class Numbers:
    """What one load measured.

    ``calls`` are those that succeeded; ``latencies`` are theirs, in milliseconds from when they
    were due to their last byte; ``delays`` are milliseconds from the upstream's writing of a chunk
    to its arrival here. ``problems`` counts the failed calls by reason.
    """

    seconds: float = 0.0
    calls: int = 0
    latencies: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)


class Response:
    """What has come of one response; ``text`` is its body after the last stamp."""

    def __init__(self, finished: asyncio.Future[None]) -> None:
        self.finished = finished
        self.status = 0
        self.text = b""
        self.stamps = 0
        self.closes = False
        self._raw = b""
        self._chunked = False
        self._left: int | None = None

    def feed(self, data: bytes) -> bool:
        """Take what has been read; return whether the response is complete."""
        self._raw += data
        if not self.status and not self._take_head():
            return False
        if self._chunked:
            return self._take_chunks()
        self.text += self._raw
        if self._left is not None:
            self._left -= len(self._raw)
        self._raw = b""
        return self._left is not None and self._left <= 0

    def lost(self) -> None:
        """End with the connection, which is an end only of a body without a length."""
        if self.finished.done():
            return
        if self.status and not self._chunked and self._left is None:
            self.finished.set_result(None)
        else:
            self.finished.set_exception(ConnectionResetError())

    def _take_head(self) -> bool:
        head, separator, rest = self._raw.partition(b"\r\n\r\n")
        if not separator:
            return False
        self.status = int(head[9:12])
        self._chunked = _CHUNKED.search(head) is not None
        self.closes = _CLOSE.search(head) is not None
        length = _LENGTH.search(head)
        self._left = int(length[1]) if length else None
        self._raw = rest
        return True

    def _take_chunks(self) -> bool:
        while (end := self._raw.find(b"\r\n")) > 0:
            size = int(self._raw[:end].partition(b";")[0], 16)
            if not size:
                return self._raw.find(b"\r\n\r\n", end) >= 0
            start = end + 2
            if len(self._raw) < start + size + 2:
                break
            self.text += self._raw[start : start + size]
            self._raw = self._raw[start + size + 2 :]
        return False


class Lane(asyncio.Protocol):
    """Calls one after another, on a connection that is opened anew when the server closed it.

    ``started`` is set by the first chunk of a call, and by its end.
    """

    def __init__(self, target: Target, numbers: Numbers) -> None:
        self.started = asyncio.Event()
        self._target = target
        self._numbers = numbers
        self._transport: asyncio.Transport | None = None
        self._response: Response | None = None

    async def connect(self) -> None:
        """Open the connection; raises ``OSError``."""
        await asyncio.get_running_loop().create_connection(lambda: self, *self._target.address)

    def leave(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def call(self, request: bytes, due: float, chunks: int = 0) -> bool:
        """Make a call that was ``due`` then, and return whether it went well.

        ``chunks`` is how many its stream has; 0 is for an answer that is no stream.
        """
        self.started.clear()
        try:
            if self._transport is None:
                await self.connect()
            assert self._transport is not None
            self._response = Response(asyncio.get_running_loop().create_future())
            self._transport.write(request)
            await self._response.finished
            problem = _problem(self._response, chunks)
        except OSError as error:
            problem = type(error).__name__
        finally:
            self.started.set()
        if problem:
            self._numbers.problems[problem] += 1
            return False
        self._numbers.calls += 1
        self._numbers.latencies.append((time.monotonic() - due) * 1000)
        return True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read on, and note how late the chunks are."""
        now = time.monotonic_ns()
        response = self._response
        if response is None or response.finished.done():
            return
        complete = response.feed(data)
        end = 0
        for stamp in _STAMP.finditer(response.text):
            self._numbers.delays.append((now - int(stamp[1])) / 1_000_000)
            response.stamps += 1
            end = stamp.end()
        if end:
            response.text = response.text[end:]
            self.started.set()
        if complete:
            if response.closes:
                self.leave()
            response.finished.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the call under way."""
        self._transport = None
        if self._response is not None:
            self._response.lost()


def _problem(response: Response, chunks: int) -> str:
    """Return what is wrong with a complete response, or nothing."""
    if response.status != 200:
        return f"status {response.status}"
    if (b"[DONE]" if chunks else b'"choices"') not in response.text:
        return "not a whole answer"
    if response.stamps != chunks:
        return "chunks are missing"
    return ""
