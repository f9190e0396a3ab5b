"""The doubles that the package ships: they keep the promises of what they stand in for."""

from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import Attempt, Call, Principal, ProviderReply
from inference_gateway.interfaces import IKeyStore, IProvider
from inference_gateway.provider_errors import ProviderError
from inference_gateway.testing.doubles import (
    Answer,
    FakeProvider,
    ManualBody,
    MemoryConnection,
    MemoryKeyStore,
    RecordingSink,
)
from inference_gateway.wire.sse import Event


class FakeProviderTests(SynchronousTestCase):
    """A provider with a script."""

    def ask(self, provider: FakeProvider) -> "Deferred[ProviderReply]":
        call = Call(id="r", received=0.0, method="POST", path="/")
        attempt = Attempt(provider=provider.id, model="m", started=0.0)
        return Deferred.fromCoroutine(provider.send(call, attempt))

    def test_interface(self) -> None:
        """It is a provider."""
        verifyObject(IProvider, FakeProvider("p"))

    def test_answers_in_order(self) -> None:
        """Each asking gets the next answer of the script, wrapped if it is only a body."""
        body = ManualBody()
        whole = ProviderReply(status=201, body=b"whole")
        provider = FakeProvider("p", b"bytes", body, whole)
        replies = [self.successResultOf(self.ask(provider)) for _ in range(3)]
        self.assertEqual(replies[0], ProviderReply(status=200, body=b"bytes"))
        self.assertIs(replies[1].body, body)
        self.assertIs(replies[2], whole)
        self.assertEqual(len(provider.attempts), 3)

    def test_questions(self) -> None:
        """A question about a response is answered out of the same script."""
        provider = FakeProvider("p", b"about it")
        call = Call(id="r", received=0.0, method="GET", path="/")
        attempt = Attempt(provider="p", model="", started=0.0)
        asked = Deferred.fromCoroutine(provider.ask(call, attempt, b"GET", b"/resp_1"))
        self.assertEqual(self.successResultOf(asked).body, b"about it")
        self.assertEqual(provider.questions, [(b"GET", b"/resp_1")])
        self.assertEqual(provider.attempts, [attempt])

    def test_raises(self) -> None:
        """An exception in the script is raised."""
        error = ProviderError("broken")
        self.assertIs(self.failureResultOf(self.ask(FakeProvider("p", error))).value, error)

    def test_waits(self) -> None:
        """A Deferred in the script keeps the asker waiting for its answer."""
        answer: Deferred[Answer] = Deferred()
        asked = self.ask(FakeProvider("p", answer))
        self.assertNoResult(asked)
        answer.callback(b"late")
        self.assertEqual(self.successResultOf(asked).body, b"late")

    def test_cancelled(self) -> None:
        """Giving up while it waits is counted."""
        provider = FakeProvider("p", Deferred())
        asked = self.ask(provider)
        asked.cancel()
        self.failureResultOf(asked)
        self.assertEqual(provider.cancelled, 1)

    def test_asked_too_often(self) -> None:
        """Asking beyond the script fails the test."""
        self.failureResultOf(self.ask(FakeProvider("p")), AssertionError)


class Bytes:
    """A body's sink that keeps what comes."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.results: list[GatewayError | None] = []

    def received(self, data: bytes) -> None:
        self.data.append(data)

    def ended(self, error: GatewayError | None) -> None:
        self.results.append(error)


class ManualBodyTests(SynchronousTestCase):
    """A body that the test feeds."""

    def setUp(self) -> None:
        self.sink = Bytes()

    def test_feed(self) -> None:
        """What is fed is delivered, what came before the start with it, paused or not."""
        body = ManualBody(b"a")
        body.feed(b"b")
        body.start(self.sink)
        body.pause()
        body.feed(b"c")
        self.assertEqual(self.sink.data, [b"a", b"b", b"c"])

    def test_end(self) -> None:
        """The end is told once, and nothing follows it."""
        body = ManualBody()
        body.start(self.sink)
        body.end()
        body.feed(b"late")
        self.assertEqual((self.sink.data, self.sink.results), ([], [None]))

    def test_ended_before_the_start(self) -> None:
        """A body that is over already says so when it is started."""
        error = ProviderError("broken")
        body = ManualBody(b"a")
        body.end(error)
        body.start(self.sink)
        self.assertEqual((self.sink.data, self.sink.results), ([b"a"], [error]))

    def test_abort(self) -> None:
        """After an abort nothing is delivered, not even the end."""
        body = ManualBody()
        body.start(self.sink)
        body.abort()
        body.feed(b"late")
        body.end()
        self.assertEqual((self.sink.data, self.sink.results), ([], []))

    def test_records(self) -> None:
        """What the reader asks for is recorded."""
        body = ManualBody()
        body.start(self.sink)
        body.pause()
        self.assertTrue(body.paused)
        body.resume()
        self.assertFalse(body.paused)
        body.abort()
        self.assertTrue(body.aborted)
        self.assertEqual(body.asked, ["start", "pause", "resume", "abort"])


class RecordingSinkTests(SynchronousTestCase):
    """A sink of events that keeps them."""

    def test_keeps(self) -> None:
        """Batches, their bytes and the end are kept."""
        sink = RecordingSink()
        sink.events([Event(b"data: 1\n\n", b"1"), Event(b"data: 2\n\n", b"2")])
        sink.finished(None)
        self.assertEqual([len(batch) for batch in sink.batches], [2])
        self.assertEqual(sink.raw, b"data: 1\n\ndata: 2\n\n")
        self.assertEqual(sink.results, [None])


class MemoryKeyStoreTests(SynchronousTestCase):
    """Keys in a mapping."""

    def test_interface(self) -> None:
        """It is a store of keys."""
        verifyObject(IKeyStore, MemoryKeyStore())

    def test_open(self) -> None:
        """It is open while no caller has a key, whatever administrators have."""
        admin = {b"root": Principal(id="root", admin=True)}
        self.assertTrue(MemoryKeyStore().is_open)
        self.assertTrue(MemoryKeyStore(admin).is_open)
        self.assertTrue(MemoryKeyStore(admin).has_administrators)

    def test_find(self) -> None:
        """A key gives its principal and closes the store to strangers."""
        alice = Principal(id="alice")
        store = MemoryKeyStore({b"secret": alice})
        self.assertFalse(store.is_open)
        self.assertFalse(store.has_administrators)
        self.assertIs(store.find(b"secret"), alice)
        self.assertIsNone(store.find(b"wrong"))


class Server(Protocol):
    """A protocol that answers what it gets and remembers how it was lost."""

    lost: Failure | None = None
    told: tuple[str, ...] = ()

    def dataReceived(self, data: bytes) -> None:
        cast(ITransport, self.transport).write(b"got " + data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = reason

    def pauseProducing(self) -> None:
        self.told += ("pause",)

    def resumeProducing(self) -> None:
        self.told += ("resume",)

    def stopProducing(self) -> None:
        self.told += ("stop",)


class MemoryConnectionTests(SynchronousTestCase):
    """A connection without sockets."""

    def setUp(self) -> None:
        self.server = Server()
        self.connection = MemoryConnection(self.server)

    def test_both_ways(self) -> None:
        """The server gets what is sent, and what it writes is received."""
        self.connection.send(b"ping")
        self.assertEqual(self.connection.received, b"got ping")
        self.assertFalse(self.connection.closed)

    def test_pieces(self) -> None:
        """What is written in pieces is received as one."""
        self.connection.transport.writeSequence([b"a", b"b"])
        self.assertEqual(self.connection.transport.writes, [b"ab"])

    def test_closed(self) -> None:
        """Closing, cutting and half-closing count as closed, cutting alone as cut."""
        for close, cut in (
            ("loseConnection", False),
            ("abortConnection", True),
            ("loseWriteConnection", False),
        ):
            connection = MemoryConnection(Server())
            getattr(connection.transport, close)()
            self.assertEqual((connection.closed, connection.cut), (True, cut), close)

    def test_pause(self) -> None:
        """A client that stops reading pauses the producer, one that leaves stops it."""
        self.connection.transport.registerProducer(self.server, True)
        self.connection.pause()
        self.connection.resume()
        self.connection.leave()
        self.assertEqual(self.server.told, ("pause", "resume", "stop"))
        self.assertIsNotNone(self.server.lost)

    def test_reason(self) -> None:
        """A connection may be lost for a reason of its own."""
        self.connection.leave(OSError("cable pulled"))
        assert self.server.lost is not None
        self.assertIsNotNone(self.server.lost.check(OSError))

    def test_nobody_to_pause(self) -> None:
        """Pausing a server that registered no producer fails the test."""
        self.assertRaises(AssertionError, self.connection.pause)

    def test_hang_up(self) -> None:
        """The server learns that its closing took its course."""
        self.connection.hang_up()
        self.assertIsNotNone(self.server.lost)
