"""A fake OpenAI-compatible server that costs little, for measuring what stands before it.

It answers every ``POST .../chat/completions`` with the same words, whole or as a stream whose
chunks tell when they were written. Of a request it reads only what it needs: a prompt that holds
``chunks=N pace=MS`` sets the length and the pace of its own stream. It checks nothing, speaks no
TLS, and is no server for anything but measurements on one machine.
"""

import argparse
import asyncio
import json
import random
import re
import time
from contextlib import suppress

BACKLOG = 4096

#: How long one chunk and one whole answer are, in bytes; real ones are about as long.
CHUNK_BYTES = 230
ANSWER_BYTES = 600

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_STREAM = re.compile(rb'"stream"\s*:\s*true')
_SCRIPT = re.compile(rb"chunks=(\d+) pace=(\d+)")

_USAGE = b'"usage":{"prompt_tokens":10,"completion_tokens":100,"total_tokens":110}'
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def response(status: bytes, body: bytes) -> bytes:
    """Return a whole JSON response; ``status`` is code and phrase."""
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


def event(data: bytes) -> bytes:
    """Return one server-sent event in a chunk of HTTP/1.1."""
    return b"%x\r\ndata: %b\n\n\r\n" % (len(data) + 8, data)


def stream_event(choices: bytes, more: bytes = b"") -> bytes:
    """Return one ``chat.completion.chunk``; ``more`` starts with a comma."""
    return event(
        b'{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,'
        b'"model":"bench-model","choices":[' + choices + b"]" + more + b"}"
    )


def content_event() -> bytes:
    """Return a chunk of content that holds the monotonic nanoseconds of now, as ``@NS@``."""
    text = b"@%d@" % time.monotonic_ns()
    return stream_event(
        b'{"index":0,"delta":{"content":"%b"},"finish_reason":null}'
        % text.ljust(CHUNK_BYTES - _CHUNK_FRAME, b".")
    )


def whole_answer() -> bytes:
    """Return a ``chat.completion``."""
    start = (
        b'{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,'
        b'"model":"bench-model","choices":[{"index":0,"message":{"role":"assistant","content":"'
    )
    end = b'"},"finish_reason":"stop"}],' + _USAGE + b"}"
    return start + b"word " * ((ANSWER_BYTES - len(start) - len(end)) // 5) + end


_CHUNK_FRAME = len(stream_event(b'{"index":0,"delta":{"content":""},"finish_reason":null}'))
_ANSWER = response(b"200 OK", whole_answer())
_NOT_FOUND = response(b"404 Not Found", b'{"error":{"message":"no such page"}}')
_STREAM_END = (
    stream_event(b'{"index":0,"delta":{},"finish_reason":"stop"}')
    + stream_event(b"", b"," + _USAGE)
    + event(b"[DONE]")
    + b"0\r\n\r\n"
)


class Stats:
    """What the server has seen since it started."""

    def __init__(self) -> None:
        self.requests = 0
        self.open_streams = 0

    def as_json(self) -> bytes:
        """Return what ``GET /stats`` answers."""
        return json.dumps(vars(self)).encode()


class Connection(asyncio.Protocol):
    """One connection, kept alive until its client closes it or asks for that."""

    transport: asyncio.Transport

    def __init__(self, stats: Stats, chunks: int, pace: float) -> None:
        self._stats = stats
        self._chunks = chunks
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._closes = False
        # Of the stream under way: its next write and when that is due by the clock of the loop, its
        # pace in seconds, and the chunks to come.
        self._next_write: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._stream_pace = 0.0
        self._left = 0
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is complete; during a stream, keep it for later."""
        self._received += data
        while self._next_write is None and self._take_request():
            pass

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the stream under way."""
        if self._next_write is not None:
            self._end_stream()

    def pause_writing(self) -> None:
        """Skip chunks from now on, because the reader is slower than they come."""
        self._paused = True

    def resume_writing(self) -> None:
        """Go on with the chunks."""
        self._paused = False

    def _take_request(self) -> bool:
        """Answer the first request in the buffer; return whether there was a whole one."""
        head, separator, rest = self._received.partition(b"\r\n\r\n")
        if not separator:
            return False
        if _CHUNKED.search(head):
            # Good enough for clients that send one request at a time.
            end = rest.find(b"0\r\n\r\n") + 5 if rest.endswith(b"0\r\n\r\n") else len(rest) + 1
        else:
            length = _LENGTH.search(head)
            end = int(length[1]) if length else 0
        if len(rest) < end:
            return False
        self._received = rest[end:]
        self._closes = _CLOSE.search(head) is not None
        self._answer(head, rest[:end])
        return True

    def _answer(self, head: bytes, body: bytes) -> None:
        method, path = head.split(b" ", 2)[:2]
        if method == b"POST" and path.endswith(b"/chat/completions"):
            self._stats.requests += 1
            if _STREAM.search(body):
                self._start_stream(body)
                return
            self._write_last(_ANSWER)
        elif method == b"GET" and path == b"/stats":
            self._write_last(response(b"200 OK", self._stats.as_json()))
        else:
            self._write_last(_NOT_FOUND)

    def _write_last(self, data: bytes) -> None:
        """Write what ends an answer."""
        self.transport.write(data)
        if self._closes:
            self.transport.close()

    def _start_stream(self, body: bytes) -> None:
        script = _SCRIPT.search(body)
        self._left = int(script[1]) if script else self._chunks
        self._stream_pace = int(script[2]) / 1000 if script else self._pace
        self._stats.open_streams += 1
        self.transport.write(_STREAM_HEAD + content_event())
        self._left -= 1
        # Streams that start together shall not go on in step.
        self._due = self._loop.time()
        self._write_after(random.random() * self._stream_pace)

    def _write_after(self, seconds: float) -> None:
        """Write again so long after the last write was due; else late streams would bunch up."""
        self._due += seconds
        self._next_write = self._loop.call_at(self._due, self._write_chunk)

    def _write_chunk(self) -> None:
        if self._left > 0 or self._paused:
            if not self._paused:
                self.transport.write(content_event())
                self._left -= 1
            self._write_after(self._stream_pace)
            return
        self._end_stream()
        self._write_last(_STREAM_END)
        self.data_received(b"")

    def _end_stream(self) -> None:
        if self._next_write is not None:
            self._next_write.cancel()
            self._next_write = None
            self._stats.open_streams -= 1


async def serve(port: int, chunks: int, pace: float) -> None:
    """Serve on 127.0.0.1 until cancelled, and print the port first."""
    stats = Stats()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(stats, chunks, pace), "127.0.0.1", port, backlog=BACKLOG
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Read the command line and serve until interrupted."""
    parser = argparse.ArgumentParser(description="A fake OpenAI-compatible server.")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any that is free")
    parser.add_argument("--chunks", type=int, default=100, help="chunks of a stream (100)")
    parser.add_argument("--pace", type=int, default=20, help="ms between two chunks (20)")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, options.chunks, options.pace / 1000))


if __name__ == "__main__":
    main()
