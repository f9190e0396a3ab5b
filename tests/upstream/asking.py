"""A provider over a network in memory, whose upstream is played by the test."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.dialects.registry import dialect_for
from inference_gateway.exchange import Attempt, ByteStream, Call, ProviderReply
from inference_gateway.http1.agent import Agent
from inference_gateway.upstream.provider import HTTPProvider
from tests.garbage import collect_garbage
from tests.http1.fake_upstream import FakeSocket, MemoryNetwork
from tests.pipeline.chats import chat
from tests.upstream.recording import RecordingSink

#: Wall time of the tests, in seconds since the epoch.
WALL = 1_700_000_000.0


def response(status: int = 200, *lines: bytes, body: bytes = b"") -> bytes:
    """Return a whole answer."""
    head = [b"HTTP/1.1 %d OK" % status, *lines, b"content-length: %d" % len(body)]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


class ProviderTestCase(SynchronousTestCase):
    """A provider and the sockets it opens."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.agent = Agent(self.network.reactor)
        self.sink = RecordingSink()
        self.make()

    def tearDown(self) -> None:
        self.agent.close()
        self.network.turn()
        self.assertEqual(self.network.reactor.getDelayedCalls(), [])
        collect_garbage()

    def make(self, **settings: object) -> None:
        """Configure the provider; what is not said is as an operator would have it."""
        configured = {"id": "p", "type": "openai", "base_url": "http://127.0.0.1:8001/v1"}
        made = ProviderSettings(**{**configured, **settings})  # type: ignore[arg-type]
        self.provider = HTTPProvider(
            made, dialect_for(made), self.agent, via=b"hop-1", wall=lambda: WALL
        )

    def ask(
        self,
        call: Call | None = None,
        *,
        stream: bool = False,
        model: str = "m",
        **attempted: Any,
    ) -> "Deferred[ProviderReply]":
        """Begin an attempt for ``call``, a plain chat of its own making if there is none."""
        attempt = Attempt(provider="p", model=model, started=0.0, stream=stream, **attempted)
        return Deferred.fromCoroutine(self.provider.send(call or chat(stream=stream), attempt))

    def answered(self, *pieces: bytes, stream: bool = False) -> "Deferred[ProviderReply]":
        """Ask, and let the upstream send ``pieces`` one by one."""
        asked = self.ask(stream=stream)
        socket = self.network.accept()
        for piece in pieces:
            socket.answer(piece)
        return asked

    @property
    def socket(self) -> FakeSocket:
        """The connection that was opened last."""
        return self.network.sockets[-1]

    def read(self, reply: ProviderReply) -> RecordingSink:
        """Start the body of ``reply``."""
        body = reply.body
        assert not isinstance(body, bytes)
        stream: ByteStream = body
        stream.start(self.sink)
        return self.sink
