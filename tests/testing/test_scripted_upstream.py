"""An upstream that plays faults: its requests, its timing, and its life on a socket."""

import json
import socket
from typing import Any

from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from inference_gateway.testing.doubles import MemoryConnection
from inference_gateway.testing.scripted_upstream import ScriptedUpstream


def request(model: str, *headers: str, **fields: Any) -> bytes:
    """Return a chat call."""
    messages = [{"role": "user", "content": "one two"}]
    body = json.dumps({"model": model, "messages": messages, **fields}).encode()
    lines = ["POST /v1/chat/completions HTTP/1.1", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class UpstreamTests(SynchronousTestCase):
    """One connection, in memory."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.upstream = ScriptedUpstream(self.clock)
        self.client = self.connect()

    def connect(self) -> MemoryConnection:
        """Return a new connection."""
        return MemoryConnection(self.upstream.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1)))

    def statuses(self) -> list[bytes]:
        """Return the statuses of all answers so far."""
        return [part[:3] for part in self.client.received.split(b"HTTP/1.1 ")[1:]]

    def test_answers(self) -> None:
        """Requests on one connection are answered one after the other."""
        self.client.send(request("ok"))
        self.client.send(request("status-503"))
        self.assertEqual(self.statuses(), [b"200", b"503"])
        self.assertFalse(self.client.closed)

    def test_ids(self) -> None:
        """No two answers are called the same."""
        ids = set()
        other = ScriptedUpstream(self.clock)
        for upstream in (self.upstream, self.upstream, other):
            self.client = MemoryConnection(upstream.buildProtocol(IPv4Address("TCP", "::1", 1)))
            self.client.send(request("ok"))
            ids.add(json.loads(self.client.received.rpartition(b"\r\n")[2])["id"])
        self.assertEqual(len(ids), 3)

    def test_pieces(self) -> None:
        """A request that comes byte by byte is answered when all of it is there."""
        data = request("ok")
        for position in range(len(data) - 1):
            self.client.send(data[position : position + 1])
        self.assertEqual(self.client.received, b"")
        self.client.send(data[-1:])
        self.assertEqual(self.statuses(), [b"200"])

    def test_pipelined(self) -> None:
        """A request that comes while another is answered waits for its turn."""
        self.client.send(request("slow:1"))
        self.client.send(request("status-503"))
        self.assertEqual(self.statuses(), [])
        self.clock.advance(1.0)
        self.assertEqual(self.statuses(), [b"200", b"503"])

    def test_requests(self) -> None:
        """What was asked is there to be looked at."""
        self.clock.advance(3.0)
        self.client.send(request("ok", "Authorization: Bearer key-1", "X-Some: thing", stream=True))
        self.client.send(request("status-500", "Authorization: Basic abc"))
        first, second = self.upstream.requests
        self.assertEqual(first.line, "POST /v1/chat/completions HTTP/1.1")
        self.assertEqual((first.model, first.streamed, first.credential), ("ok", True, "key-1"))
        self.assertEqual((first.headers["x-some"], first.body["stream"]), ("thing", True))
        self.assertEqual((first.arrived, first.ended, first.left), (3.0, 3.0, None))
        self.assertEqual((second.streamed, second.credential), (False, ""))
        self.assertEqual(self.upstream.asked_for("ok"), [first])

    def test_no_object(self) -> None:
        """A body that is no JSON object asks for no model."""
        for body in (b"[]", b"{", b""):
            self.client.send(b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        self.assertEqual([seen.model for seen in self.upstream.requests], [""] * 3)
        self.assertEqual(self.statuses(), [b"404"] * 3)

    def test_pause(self) -> None:
        """What comes late comes when its time is there."""
        self.client.send(request("slow-first-token:0.5", stream=True))
        self.clock.advance(0.4)
        self.assertNotIn(b"one", self.client.received)
        self.clock.advance(0.1)
        self.assertIn(b"one", self.client.received)
        self.assertEqual(self.upstream.requests[0].ended, 0.5)

    def test_close(self) -> None:
        """A connection is closed in order behind what was sent."""
        self.client.send(request("cut:1", stream=True))
        self.assertIn(b"one", self.client.received)
        self.assertTrue(self.client.closed and not self.client.cut)
        self.client.hang_up()
        self.assertIsNone(self.upstream.requests[0].left)

    def test_reset(self) -> None:
        """A connection is reset without a word."""
        self.client.send(request("reset"))
        self.assertEqual(self.client.received, b"")
        self.assertTrue(self.client.cut)

    def test_left(self) -> None:
        """Who leaves before the end of the answer is noticed, and nothing is played to nobody."""
        for model in ("silent", "slow:9"):
            client = self.connect()
            client.send(request(model))
            self.clock.advance(2.0)
            client.leave()
        self.assertEqual([seen.left for seen in self.upstream.requests], [2.0, 4.0])
        self.assertEqual([seen.ended for seen in self.upstream.requests], [None, None])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_left_between(self) -> None:
        """Who leaves between two requests has left none."""
        self.client.send(request("ok"))
        self.client.leave()
        self.assertIsNone(self.upstream.requests[0].left)

    def test_counts(self) -> None:
        """Faults are counted for each model, whatever the connection."""
        self.client.send(request("500-once"))
        self.client.send(request("fails:1:status-503"))
        other, self.client = self.client, self.connect()
        self.client.send(request("500-once"))
        self.assertEqual(self.statuses(), [b"200"])
        self.assertIn(b"HTTP/1.1 500", other.received)

    def test_elapsed(self) -> None:
        """What comes and goes is timed from the first request for its model."""
        for _ in range(4):
            self.clock.advance(1.0)
            self.client.send(request("flap:2:1"))
        self.assertEqual(self.statuses(), [b"200", b"200", b"503", b"200"])

    def test_not_listening(self) -> None:
        """An upstream has no port before it listens."""
        with self.assertRaises(ValueError):
            self.upstream.base_url  # noqa: B018


class _Client(Protocol):
    """Sends one request, and waits for the end of the connection."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.begun: Deferred[None] = Deferred()
        self.lost: Deferred[Failure] = Deferred()

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self.data)

    def dataReceived(self, data: bytes) -> None:
        if not self.begun.called:
            self.begun.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.errback(reason)


class SocketTests(TestCase):
    """On a real socket."""

    async def test_life(self) -> None:
        """It listens on a port of its own, and closing it ends every connection with a reset."""
        clock: Any = reactor
        upstream = ScriptedUpstream(clock)
        await upstream.listen(TCP4ServerEndpoint(clock, 0, interface="127.0.0.1"))
        self.assertEqual(upstream.base_url, f"http://127.0.0.1:{upstream.port}/v1")
        port = upstream.port
        client = _Client(request("stall:1", stream=True))
        await connectProtocol(TCP4ClientEndpoint(clock, "127.0.0.1", port), client)
        await client.begun
        await upstream.close()
        await self.assertFailure(client.lost, ConnectionLost)
        self.assertIsNotNone(upstream.requests[0].left)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    async def test_close(self) -> None:
        """Closing one that never listened, or that nobody talks to, is over at once."""
        clock: Any = reactor
        upstream = ScriptedUpstream(clock)
        await upstream.close()
        await upstream.listen(TCP4ServerEndpoint(clock, 0, interface="127.0.0.1"))
        await upstream.close()
        with self.assertRaises(ValueError):
            upstream.port  # noqa: B018
