"""A fast upstream that does what a test tells it to, in a thread of the test process.

It speaks just enough HTTP/1.1, counts what it wrote and tells when each of its peers left, on the
same clock as the test. What it answers is decided by the model that is asked for; the answers
themselves are in `upstream_answers`.
"""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

#: Seconds that a test waits at most for something that happens at once on an idle machine.
PATIENCE = 20.0
#: Bytes that the kernel may hold of what is written here and the gateway does not read.
SEND_BUFFER = 128 * 1024


class Exchange:
    """One request, and the answer to it as it is being written."""

    def __init__(self, connection: "_Connection", head: bytes, body: bytes) -> None:
        #: The whole head as it came.
        self.request = head.decode("latin-1")
        self.line, *lines = self.request.split("\r\n")
        self.headers = {
            name.lower(): value.strip() for name, _, value in [x.partition(":") for x in lines]
        }
        #: The body as it came, and what it says; nothing where it is no JSON.
        self.content = body
        self.body: dict[str, Any] = json.loads(body) if body[:1] == b"{" else {}
        self.model: str = self.body.get("model", "")
        self.streamed: bool = self.body.get("stream", False)
        #: Whether the behaviour says that the test may go on.
        self.reached = False
        #: When the peer's end of the connection was seen, in monotonic seconds.
        self.left_at: float | None = None
        self._connection = connection
        self._chunked = False

    @property
    def text(self) -> str:
        """What the last message says."""
        text: str = self.body["messages"][-1]["content"]
        return text

    @property
    def sent(self) -> int:
        """How many bytes the kernel has taken on this connection."""
        return self._connection.sent

    def reach(self) -> None:
        """Let the test go on that waits in `Upstream.exchange`; idempotent."""
        if not self.reached:
            self.reached = True
            self._connection.upstream.change(self._connection.upstream.reached.append, self)

    async def released(self) -> None:
        """Wait until the test calls `Upstream.release`."""
        await self._connection.upstream.released.wait()

    async def head(
        self,
        media_type: str,
        fields: Mapping[str, str] = {},
        *,
        status: int = 200,
        length: int | None = None,
    ) -> None:
        """Write the head; without ``length`` the body is chunked."""
        self._chunked = length is None
        framing = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
        lines = [f"HTTP/1.1 {status} As Told", f"content-type: {media_type}", framing]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        await self._connection.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def write(self, data: bytes) -> None:
        """Write some of the body; returns when the kernel has taken all of it."""
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        await self._connection.write(data)

    async def end(self) -> None:
        """End the body."""
        if self._chunked:
            await self._connection.write(b"0\r\n\r\n")


Behaviour = Callable[[Exchange], Coroutine[Any, Any, None]]


class _Connection(asyncio.Protocol):
    """Serves one request after another; leaves when its peer does."""

    def __init__(self, upstream: "Upstream") -> None:
        self.upstream = upstream
        self._written = 0
        self._data = b""
        self._drained = asyncio.Event()
        self._drained.set()
        self._exchange: Exchange | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def sent(self) -> int:
        return self._written - self._transport.get_write_buffer_size()

    async def write(self, data: bytes) -> None:
        self._written += len(data)
        self._transport.write(data)
        await self._drained.wait()

    def abort(self) -> None:
        self._transport.abort()

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=0)
        opened: socket.socket = transport.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.upstream.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        if not end:
            return
        lengths = [int(x[15:]) for x in head.split(b"\r\n") if x[:15] == b"content-length:"]
        if len(body) < sum(lengths):
            return
        self._data = b""
        self._exchange = Exchange(self, head, body)
        self._task = asyncio.get_running_loop().create_task(self._answer(self._exchange))

    async def _answer(self, exchange: Exchange) -> None:
        upstream = self.upstream
        upstream.exchanges.append(exchange)
        try:
            await upstream.answer(exchange)
        except Exception as error:
            upstream.failures.append(error)
            self.abort()

    def pause_writing(self) -> None:
        self._drained.clear()

    def resume_writing(self) -> None:
        self._drained.set()

    def eof_received(self) -> None:
        self._leave()
        self.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._leave()
        if self._task is not None:
            self._task.cancel()
        self.upstream.change(self.upstream.connections.discard, self)

    def _leave(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            now = time.monotonic()
            self.upstream.change(setattr, exchange, "left_at", now)


class Upstream:
    """Listens on a port of this machine, from its making until `close`.

    ``answers`` are behaviours by the model that is asked for; ``otherwise`` answers for all other
    models.
    """

    def __init__(self, answers: Mapping[str, Behaviour], otherwise: Behaviour) -> None:
        self._answers = answers
        self._otherwise = otherwise
        #: All that was asked so far.
        self.exchanges: list[Exchange] = []
        #: Of these the ones that have got as far as their behaviours say.
        self.reached: list[Exchange] = []
        self.connections: set[_Connection] = set()
        #: What the behaviours raised: mistakes in a test.
        self.failures: list[Exception] = []
        self._changed = threading.Condition()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._listening.wait(PATIENCE)

    # --- for tests

    @property
    def base_url(self) -> str:
        """What to tell the gateway."""
        return "http://{}:{}/v1".format(*self.address)

    def exchange(self, request_id: str) -> Exchange:
        """Wait until the call with that id is here and has got as far as its behaviour says."""
        found: list[Exchange] = []

        def reached() -> bool:
            found[:] = [x for x in self.reached if x.headers["x-request-id"] == request_id]
            return bool(found)

        self.wait(reached, f"the upstream is not at {request_id}")
        return found[-1]

    def left(self, exchange: Exchange) -> float:
        """Wait until the peer has left in the middle of ``exchange``; return when that was."""
        self.wait(lambda: exchange.left_at is not None, "the upstream's connection stays open")
        assert exchange.left_at is not None
        return exchange.left_at

    def wait(self, check: Callable[[], bool], otherwise: str) -> None:
        """Wait until ``check`` is true, which is asked at every change here."""
        with self._changed:
            if not self._changed.wait_for(check, PATIENCE):
                raise AssertionError(otherwise)

    def forget(self) -> None:
        """Let go of all that was asked so far; answers are held again from now on."""
        self._loop.call_soon_threadsafe(self.released.clear)
        self.exchanges.clear()
        self.reached.clear()

    def release(self) -> None:
        """Let all answers go on that are held, and hold no more until `forget`."""
        self._loop.call_soon_threadsafe(self.released.set)

    def close(self) -> None:
        """Close everything; returns when the thread has ended."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(PATIENCE)

    # --- in the thread

    async def answer(self, exchange: Exchange) -> None:
        """Do what is to be done for the model."""
        await self._answers.get(exchange.model, self._otherwise)(exchange)

    def change(self, what: Callable[..., object], *arguments: object) -> None:
        """Do ``what``, and wake up whoever waits for it."""
        with self._changed:
            what(*arguments)
            self._changed.notify_all()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.released = asyncio.Event()
        self._closing = asyncio.Event()
        server = await self._loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, backlog=2048
        )
        self.address: tuple[str, int] = server.sockets[0].getsockname()
        self._listening.set()
        await self._closing.wait()
        server.close()
        for connection in list(self.connections):
            connection.abort()
        while self.connections:
            await asyncio.sleep(0)
