"""One client connection, in memory."""

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.errors import (
    GatewayError,
    InternalError,
    InvalidRequest,
    Unauthenticated,
    UnreadableBody,
)
from inference_gateway.http1.channel import HTTPChannel
from inference_gateway.http1.limits import Limits
from inference_gateway.http1.refusals import HeadTooLarge, PayloadTooLarge, RequestReadTimeout
from inference_gateway.http1.request import Request
from tests.http1.server import GET, HEAD, Connection, Recorder, answers, chunked, outcome, post

DENIED = Unauthenticated("no key", code="missing_api_key")


class ChannelTestCase(SynchronousTestCase):
    """Ends each connection and asserts that nothing is left of it."""

    def connect(self, limits: Limits | None = None, app: Recorder | None = None) -> Connection:
        connection = Connection(limits, app)
        self.addCleanup(self.check_clean, connection)
        return connection

    def check_clean(self, connection: Connection) -> None:
        if connection.app.open:
            connection.lose()
        self.assertEqual(connection.clock.getDelayedCalls(), [])
        self.assertEqual(connection.app.open, [])

    def assert_refused(self, connection: Connection, error: type[GatewayError]) -> None:
        """Assert that ``error`` was the only answer, and that the connection is being ended."""
        self.assertEqual([type(found) for _, found in connection.app.refused], [error])
        self.assertEqual(connection.app.dispatched, [])
        [answer] = answers(connection.sent)
        self.assertEqual(answer.status, error.status)
        self.assertEqual(answer.headers[b"connection"], b"close")
        self.assertTrue(connection.ended)


class ReadingTests(ChannelTestCase):
    """Requests are read as they were sent, however they arrive."""

    def test_interface(self) -> None:
        """The channel hears of half-closed connections."""
        self.assertTrue(verifyObject(IHalfCloseableProtocol, self.connect().channel))

    def test_every_split(self) -> None:
        """Two reads, cut anywhere, are the same requests as one."""
        wire = post(b"hello") + GET + chunked(b"a", b"bc\r\n\r\nd", trailers=b"X: y\r\n") + GET
        whole = self.connect()
        whole.send(wire)
        self.assertEqual(
            [request.body for request in whole.app.dispatched],
            [b"hello", b"", b"abc\r\n\r\nd", b""],
        )
        for cut in range(1, len(wire)):
            connection = Connection()
            connection.send(wire[:cut])
            connection.send(wire[cut:])
            self.assertEqual(connection.sent, whole.sent, cut)

    def test_bytewise(self) -> None:
        """A body may come one byte at a time."""
        connection = self.connect()
        wire = post(b"x" * 1000) + chunked(b"y" * 300)
        for byte in wire:
            connection.send(bytes((byte,)))
        self.assertEqual(
            [request.body for request in connection.app.dispatched], [b"x" * 1000, b"y" * 300]
        )
        self.assertEqual(sum(request.bytes_in for request in connection.app.dispatched), len(wire))

    def test_pipelined_in_order(self) -> None:
        """Requests that come together are answered one after another."""
        connection = self.connect()
        connection.app.hold = True
        connection.send(post(b"1") + post(b"2") + post(b"3"))
        for number in range(3):
            self.assertEqual(len(connection.app.dispatched), number + 1)
            connection.app.answer(connection.app.dispatched[number])
            connection.clock.advance(0)
        self.assertEqual([answer.body for answer in answers(connection.sent)], [b"1", b"2", b"3"])

    def test_many_pipelined(self) -> None:
        """A thousand requests in one read need no deeper stack than one."""
        connection = self.connect()
        connection.app.hold = True
        connection.send(GET * 1000)
        connection.app.hold = False
        connection.app.answer(connection.app.dispatched[0])
        connection.clock.advance(0)
        self.assertEqual(connection.statuses, [200] * 1000)

    def test_upgrade(self) -> None:
        """The body of a request that offers an upgrade is its body, and no request."""
        connection = self.connect()
        inner = b"GET /admin/config HTTP/1.1\r\nHost: a\r\n\r\n"
        connection.send(post(inner, b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"))
        self.assertEqual([request.body for request in connection.app.dispatched], [inner])
        self.assertEqual(connection.statuses, [200])

    def test_bytes_beyond_length(self) -> None:
        """What follows a declared length is a request of its own, judged like any other."""
        connection = self.connect()
        connection.send(post(b"12345") + GET)
        self.assertEqual([r.path for r in connection.app.judged][1], b"/healthz")

    def test_read_ahead_bounded(self) -> None:
        """During an answer reading goes on, but pauses once enough was read ahead."""
        connection = self.connect()
        connection.app.hold = True
        connection.send(post(b"1") + b"\r\n")
        connection.send(GET)
        self.assertEqual(connection.transport.producerState, "producing")
        connection.send(post(b"x" * 16384))
        self.assertEqual(connection.transport.producerState, "paused")
        connection.app.answer(connection.app.dispatched[0])
        connection.clock.advance(0)
        self.assertEqual(connection.transport.producerState, "paused")
        connection.app.answer(connection.app.dispatched[1])
        connection.clock.advance(0)
        self.assertEqual(connection.transport.producerState, "producing")
        connection.app.answer(connection.app.dispatched[2])
        self.assertEqual([len(r.body) for r in connection.app.dispatched], [1, 0, 16384])

    def test_idle(self) -> None:
        """A connection is idle while no request is on its way in or out."""
        connection = self.connect()
        self.assertTrue(connection.channel.idle)
        connection.app.hold = True
        for piece in (GET[:1], GET[1:]):
            connection.send(piece)
            self.assertFalse(connection.channel.idle)
        connection.app.answer(connection.app.dispatched[0])
        self.assertTrue(connection.channel.idle)
        connection.send(HEAD + b"Content-Length: 1\r\n\r\n")
        self.assertFalse(connection.channel.idle)


class RefusalTests(ChannelTestCase):
    """What is refused is answered once, and nothing behind it is read."""

    def test_malformed(self) -> None:
        """A malformed head is answered, and whoever follows is not."""
        connection = self.connect()
        connection.send(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n" + GET)
        self.assert_refused(connection, InvalidRequest)
        self.assertEqual(connection.app.refused[0][0].method, b"")

    def test_second_malformed(self) -> None:
        """A malformed head behind a good request is answered in its turn."""
        connection = self.connect()
        connection.send(GET + b"\x00")
        self.assertEqual(connection.statuses, [200, 400])
        self.assertEqual(connection.app.refused[0][0].bytes_in, 1)

    def test_large_head(self) -> None:
        """A head beyond its limits is refused."""
        connection = self.connect(Limits(headers=1))
        connection.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n")
        self.assert_refused(connection, HeadTooLarge)

    def test_judged_without_body(self) -> None:
        """A refused request without a body leaves the connection usable."""
        connection = self.connect()
        connection.app.error = DENIED
        connection.send(GET + GET)
        self.assertEqual(connection.statuses, [401, 401])
        self.assertFalse(connection.ended)

    def test_judged_with_body(self) -> None:
        """A request is refused at its head, and its body is neither read nor taken for requests."""
        connection = self.connect()
        connection.app.error = DENIED
        connection.send(post(GET * 3) + GET)
        self.assert_refused(connection, Unauthenticated)
        self.assertEqual(connection.app.refused[0][0].body, b"")

    def test_declared_too_large(self) -> None:
        """A body that is declared too large is refused before any of it came."""
        for length in (b"%d" % (10 * 2**20 + 1), b"9" * 4000, b"%d" % 2**63, b"9" * 5000):
            connection = self.connect()
            connection.send(HEAD + b"Content-Length: " + length + b"\r\n\r\n")
            self.assert_refused(connection, PayloadTooLarge)

    def test_limit_kept(self) -> None:
        """A body of exactly the limit is taken, in either framing."""
        connection = self.connect(Limits(body=5))
        connection.send(post(b"12345") + chunked(b"123", b"45"))
        self.assertEqual(connection.statuses, [200, 200])

    def test_chunks_too_large(self) -> None:
        """Chunks are refused within the read that crosses the limit."""
        connection = self.connect(Limits(body=5))
        connection.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n")
        self.assertEqual(connection.sent, b"")
        connection.send(b"1\r\n6")
        self.assert_refused(connection, PayloadTooLarge)

    def test_malformed_chunks(self) -> None:
        """Malformed chunks are refused, and the bytes so far are counted."""
        connection = self.connect()
        connection.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        connection.send(b"5\r\nabc")
        connection.send(b"0x5\r\n")
        self.assert_refused(connection, UnreadableBody)
        size = len(HEAD + b"Transfer-Encoding: chunked\r\n\r\n") + 6
        self.assertEqual(connection.app.refused[0][0].bytes_in, size)

    def test_continue(self) -> None:
        """A client that waits to be told gets its 100, but only behind the judgement."""
        connection = self.connect()
        connection.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        self.assertEqual(connection.sent, b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.send(b"hello")
        self.assertEqual(connection.statuses, [200])

    def test_no_continue_after_refusal(self) -> None:
        """A refused client is not told to go on."""
        for error, length in ((DENIED, 5), (None, 2**30)):
            connection = self.connect()
            connection.app.error = error
            connection.send(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % length)
            self.assertNotIn(b" 100 ", connection.sent)
            self.assertTrue(connection.ended)

    def test_no_continue_behind_body(self) -> None:
        """A client that did not wait is not told to go on."""
        connection = self.connect()
        connection.send(post(b"hello", b"Expect: 100-continue"))
        self.assertNotIn(b" 100 ", connection.sent)

    def test_refused_later(self) -> None:
        """An application may take its time to refuse; meanwhile nothing is kept of the body."""

        class Slow(Recorder):
            def refuse(self, request: Request, error: GatewayError) -> None:
                self.refused.append((request, error))

        app = Slow()
        app.error = DENIED
        connection = self.connect(app=app)
        connection.send(post(b"x" * 99))
        connection.send(b"y" * 99999)
        self.assertEqual(connection.transport.producerState, "producing")
        Recorder.refuse(app, *app.refused[0])
        self.assertEqual(connection.statuses, [401])

    def test_bugs_are_answered(self) -> None:
        """What the application raises is logged and answered as a bug of ours."""

        class Broken(Recorder):
            def __init__(self, part: str) -> None:
                super().__init__()
                self.part = part

            def judge(self, request: Request) -> None:
                if self.part == "judge":
                    raise ZeroDivisionError

            def dispatch(self, request: Request) -> None:
                raise ZeroDivisionError

        for part in ("judge", "dispatch"):
            connection = self.connect(app=Broken(part))
            connection.send(post(b"hello"))
            self.assertEqual([type(error) for _, error in connection.app.refused], [InternalError])
            self.assertEqual(connection.statuses, [500])
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_bug_behind_answer(self) -> None:
        """A bug behind a finished answer costs nothing but its log line."""

        class Broken(Recorder):
            def dispatch(self, request: Request) -> None:
                self.answer(request)
                raise ZeroDivisionError

        connection = self.connect(app=Broken())
        connection.send(GET)
        self.assertEqual(connection.statuses, [200])
        self.assertFalse(connection.ended)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_bug_in_mid_answer(self) -> None:
        """A bug in the middle of an answer cuts the connection."""

        class Broken(Recorder):
            def dispatch(self, request: Request) -> None:
                request.write(b"half")
                raise ZeroDivisionError

        connection = self.connect(app=Broken())
        connection.send(GET)
        self.assertTrue(connection.transport.disconnected)
        self.assertEqual(connection.app.refused, [])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_bug_in_refusal(self) -> None:
        """An application that cannot even refuse loses the connection."""

        class Broken(Recorder):
            def refuse(self, request: Request, error: GatewayError) -> None:
                raise ZeroDivisionError

        connection = self.connect(app=Broken())
        connection.send(b"\x00")
        self.assertTrue(connection.transport.disconnected)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class EndTests(ChannelTestCase):
    """A connection is ended so that the client can read its last answer."""

    def test_kept(self) -> None:
        """An ordinary connection stays."""
        connection = self.connect()
        connection.send(GET)
        self.assertFalse(connection.ended)

    def test_close_asked(self) -> None:
        """A client that asks for the end gets it, behind its answer and said in it."""
        connection = self.connect()
        connection.send(post(b"", b"Connection: keep-alive", b"Connection: x, close"))
        self.assertIn(b"Connection: close\r\n", connection.sent)
        self.assertTrue(connection.transport.disconnecting)

    def test_http_1_0(self) -> None:
        """HTTP/1.0 ends behind one answer unless it asked to stay."""
        for fields, ended in ((b"", True), (b"Connection: keep-alive\r\n", False)):
            connection = self.connect()
            connection.send(b"GET / HTTP/1.0\r\n" + fields + b"\r\n")
            self.assertEqual(connection.ended, ended)
            [answer] = answers(connection.sent)
            self.assertEqual(answer.headers[b"connection"], b"close" if ended else b"keep-alive")

    def test_staged(self) -> None:
        """With input unread, only our side is closed, and the rest is read for a while."""
        connection = self.connect()
        connection.send(b"\x00")
        self.assertTrue(connection.transport.half_closed)
        self.assertFalse(connection.transport.disconnecting)
        connection.channel.writeConnectionLost()
        connection.send(GET)
        self.assertEqual(connection.app.dispatched, [])
        connection.clock.advance(1)
        self.assertTrue(connection.transport.disconnecting)

    def test_staged_until_client_closes(self) -> None:
        """The client's own end ends the reading."""
        connection = self.connect()
        connection.send(b"\x00")
        connection.channel.readConnectionLost()
        self.assertTrue(connection.transport.disconnecting)

    def test_staged_until_too_much(self) -> None:
        """No more than so many bytes are thrown away."""
        connection = self.connect(Limits(linger_bytes=100))
        connection.send(b"\x00")
        connection.send(b"x" * 100)
        self.assertFalse(connection.transport.disconnecting)
        connection.send(b"x")
        self.assertTrue(connection.transport.disconnecting)
        connection.send(b"x")

    def test_staged_resumes_reading(self) -> None:
        """Behind an answer that ends the connection, a paused socket is read again and emptied."""
        connection = self.connect()
        connection.app.hold = True
        connection.send(post(b"", b"Connection: close"))
        connection.send(GET * 1000)
        self.assertEqual(connection.transport.producerState, "paused")
        connection.app.answer(connection.app.dispatched[0])
        self.assertEqual(connection.transport.producerState, "producing")
        self.assertTrue(connection.transport.half_closed)
        self.assertEqual(len(connection.app.dispatched), 1)

    def test_close_not_heard(self) -> None:
        """A connection that does not close by itself is cut."""
        connection = self.connect()
        connection.send(post(b"", b"Connection: close"))
        connection.clock.advance(60)
        self.assertTrue(connection.transport.disconnected)

    def test_refused_connection(self) -> None:
        """A connection that the application does not want is closed, and nothing is read of it."""
        app = Recorder()
        app.welcome = False
        connection = self.connect(app=app)
        connection.send(GET)
        self.assertTrue(connection.transport.disconnecting)
        self.assertEqual(app.judged, [])

    def test_bugs_at_the_ends(self) -> None:
        """Bugs in taking and leaving a connection are logged, and the connection is refused."""

        class Broken(Recorder):
            def opened(self, channel: HTTPChannel) -> bool:
                raise ZeroDivisionError

            def closed(self, channel: HTTPChannel) -> None:
                raise ZeroDivisionError

        connection = Connection(app=Broken())
        self.assertTrue(connection.transport.disconnecting)
        connection.lose()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_used_up(self) -> None:
        """The last request that a connection may serve is answered with its end."""
        connection = self.connect(Limits(requests_per_connection=2))
        connection.send(GET + GET)
        first, second = answers(connection.sent)
        self.assertNotIn(b"connection", first.headers)
        self.assertEqual(second.headers[b"connection"], b"close")
        self.assertTrue(connection.ended)

    def test_too_old(self) -> None:
        """A connection of age serves one more request, or is closed when idle."""
        limits = Limits(connection_age=100, idle_timeout=75)
        connection = self.connect(limits)
        connection.send(GET)
        connection.clock.advance(70)
        connection.send(GET)
        connection.clock.advance(29)
        self.assertFalse(connection.ended)
        connection.clock.advance(1)
        self.assertTrue(connection.ended)
        busy = self.connect(limits)
        busy.app.hold = True
        busy.send(GET)
        busy.clock.advance(101)
        busy.app.answer(busy.app.dispatched[0])
        busy.send(GET)
        busy.app.answer(busy.app.dispatched[1])
        self.assertTrue(busy.ended)

    def test_close_asked_early(self) -> None:
        """A pipelined request may ask for the end too."""
        connection = self.connect()
        connection.app.hold = True
        connection.send(GET + post(b"", b"Connection: close"))
        connection.app.hold = False
        connection.app.answer(connection.app.dispatched[0])
        connection.clock.advance(0)
        self.assertEqual(connection.statuses, [200, 200])
        self.assertTrue(connection.transport.disconnecting)

    def test_drain_idle(self) -> None:
        """An idle connection is closed at once."""
        connection = self.connect()
        connection.channel.drain()
        self.assertTrue(connection.transport.disconnecting)

    def test_drain_busy(self) -> None:
        """A running answer is finished and says that it is the last."""
        connection = self.connect()
        connection.app.hold = True
        connection.send(GET + GET)
        connection.channel.drain()
        self.assertFalse(connection.ended)
        connection.app.answer(connection.app.dispatched[0])
        [answer] = answers(connection.sent)
        self.assertEqual(answer.headers[b"connection"], b"close")
        self.assertTrue(connection.ended)
        self.assertEqual(len(connection.app.dispatched), 1)

    def test_drain_behind_head(self) -> None:
        """An answer whose head is out ends the connection all the same."""
        connection = self.connect()
        connection.app.hold = True
        connection.send(GET)
        request = connection.app.dispatched[0]
        request.write(b"1")
        connection.channel.drain()
        request.finish()
        self.assertTrue(connection.transport.disconnecting)

    def test_drain_during_head(self) -> None:
        """A request that is being read is judged, and answered as the last."""
        connection = self.connect()
        connection.send(GET[:5])
        connection.channel.drain()
        connection.send(GET[5:])
        [answer] = answers(connection.sent)
        self.assertEqual(answer.headers[b"connection"], b"close")

    def test_abort_in_judgement(self) -> None:
        """An application may cut the connection while it judges."""

        class Harsh(Recorder):
            def judge(self, request: Request) -> None:
                request.channel.abort()

        connection = self.connect(app=Harsh())
        connection.send(GET)
        self.assertTrue(connection.transport.disconnected)
        self.assertEqual(connection.app.dispatched, [])

    def test_finish_behind_abort(self) -> None:
        """Finishing what was cut changes nothing."""
        connection = self.connect()
        connection.app.hold = True
        connection.send(GET)
        request = connection.app.dispatched[0]
        request.abort()
        request.finish()
        self.assertTrue(connection.transport.disconnected)


class TimeTests(ChannelTestCase):
    """Time is kept absolutely: a byte now and then buys nothing."""

    def test_silent(self) -> None:
        """A connection on which nothing comes is closed without a word."""
        connection = self.connect()
        connection.clock.advance(9.9)
        self.assertFalse(connection.ended)
        connection.clock.advance(0.1)
        self.assertTrue(connection.transport.disconnecting)
        self.assertEqual(connection.sent, b"")

    def test_slow_head(self) -> None:
        """A head that is not whole in time is answered 408, however it drips."""
        connection = self.connect()
        for byte in GET[:9]:
            connection.clock.advance(1)
            connection.send(bytes((byte,)))
        connection.clock.advance(1)
        self.assert_refused(connection, RequestReadTimeout)

    def test_slow_next_head(self) -> None:
        """The time of a later head runs from its first byte, not from the idle time's end."""
        connection = self.connect()
        connection.send(GET)
        connection.clock.advance(70)
        connection.send(GET[:3])
        connection.clock.advance(9.9)
        self.assertEqual(connection.statuses, [200])
        connection.clock.advance(0.1)
        self.assertEqual(connection.statuses, [200, 408])

    def test_idle(self) -> None:
        """A kept connection is closed when it was idle for long, empty lines or not."""
        connection = self.connect()
        connection.send(GET)
        connection.clock.advance(50)
        connection.send(GET + b"\r\n")
        connection.clock.advance(74.9)
        self.assertFalse(connection.ended)
        connection.clock.advance(0.1)
        self.assertTrue(connection.transport.disconnecting)
        self.assertEqual(connection.statuses, [200, 200])

    def test_slow_body(self) -> None:
        """A body below the rate is refused once the grace is over."""
        connection = self.connect()
        connection.send(HEAD + b"Content-Length: 1000000\r\n\r\n")
        for _ in range(9):
            connection.clock.advance(1)
            connection.send(b"x")
        self.assertEqual(connection.sent, b"")
        connection.clock.advance(1)
        self.assert_refused(connection, RequestReadTimeout)
        self.assertEqual(connection.app.refused[0][0].method, b"POST")

    def test_steady_body(self) -> None:
        """A body at the rate is taken until its absolute time is over."""
        connection = self.connect()
        connection.send(HEAD + b"Content-Length: 1000000\r\n\r\n")
        for _ in range(59):
            connection.clock.advance(1)
            connection.send(b"x" * 1500)
        self.assertEqual(connection.sent, b"")
        connection.clock.advance(1)
        self.assert_refused(connection, RequestReadTimeout)

    def test_stopping_body(self) -> None:
        """What came early counts for the average, and only so long."""
        connection = self.connect()
        connection.send(HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 20480)
        connection.clock.advance(19.9)
        self.assertEqual(connection.sent, b"")
        connection.clock.advance(0.1)
        self.assert_refused(connection, RequestReadTimeout)

    def test_slow_chunks(self) -> None:
        """Chunks keep the same time."""
        connection = self.connect()
        connection.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n")
        connection.clock.advance(10)
        self.assert_refused(connection, RequestReadTimeout)

    def test_answer_takes_its_time(self) -> None:
        """Nothing expires while the application answers."""
        connection = self.connect()
        connection.app.hold = True
        connection.send(post(b"hello"))
        connection.clock.advance(100000)
        connection.app.answer(connection.app.dispatched[0])
        self.assertEqual(connection.statuses, [200])
        self.assertFalse(connection.ended)

    def test_few_timers(self) -> None:
        """Requests in a row share one delayed call."""
        connection = self.connect()
        for _ in range(10):
            connection.send(GET)
            connection.clock.advance(1)
        self.assertEqual(len(connection.clock.getDelayedCalls()), 1)


class LeavingTests(ChannelTestCase):
    """A client that leaves is noticed, whatever is going on."""

    def test_in_head(self) -> None:
        """Leaving in a head leaves nothing behind."""
        for half in (True, False):
            connection = self.connect()
            connection.send(GET[:9])
            if half:
                connection.channel.readConnectionLost()
                self.assertTrue(connection.transport.disconnecting)
            self.assertEqual((connection.app.judged, connection.sent), ([], b""))

    def test_in_body(self) -> None:
        """Leaving in a body is told to whoever asked at the head, and nothing is dispatched."""
        seen: list[list[object]] = []

        class Curious(Recorder):
            def judge(self, request: Request) -> None:
                seen.append(outcome(request.notifyFinish()))

        connection = self.connect(app=Curious())
        connection.send(HEAD + b"Content-Length: 10\r\n\r\n12345")
        connection.channel.readConnectionLost()
        [[failure]] = seen
        assert isinstance(failure, Failure)
        self.assertTrue(failure.check(ConnectionDone))
        self.assertEqual((connection.app.dispatched, connection.sent), ([], b""))
        self.assertTrue(connection.transport.disconnecting)

    def test_lost_while_answering(self) -> None:
        """A lost connection fails what waits for the answer's end, and writing does nothing."""
        connection = self.connect()
        connection.app.hold = True
        connection.send(GET)
        request = connection.app.dispatched[0]
        finished = request.notifyFinish()
        connection.channel.connectionLost(Failure(ConnectionLost()))
        self.failureResultOf(finished, ConnectionLost)
        request.write(b"x")
        request.finish()
        request.abort()
        self.assertEqual(connection.sent, b"")

    def test_half_closed_while_answering(self) -> None:
        """By default a half-closed client is gone."""
        connection = self.connect()
        connection.app.hold = True
        connection.send(GET)
        finished = connection.app.dispatched[0].notifyFinish()
        connection.channel.readConnectionLost()
        self.failureResultOf(finished, ConnectionDone)
        self.assertTrue(connection.transport.disconnected)

    def test_half_closed_behind_answer(self) -> None:
        """An answer that is complete is delivered."""
        connection = self.connect()
        connection.send(GET)
        connection.channel.readConnectionLost()
        self.assertTrue(connection.transport.disconnecting)
        self.assertFalse(connection.transport.disconnected)
        self.assertEqual(connection.statuses, [200])

    def test_half_closed_finish(self) -> None:
        """If the operator wants it so, everything asked for is answered before the end."""
        connection = self.connect(Limits(half_close="finish"))
        connection.app.hold = True
        connection.send(GET + GET + GET[:9])
        connection.channel.readConnectionLost()
        for request in range(2):
            self.assertFalse(connection.ended)
            connection.app.answer(connection.app.dispatched[request])
            connection.clock.advance(0)
        self.assertTrue(connection.transport.disconnecting)
        self.assertEqual(connection.statuses, [200, 200])

    def test_half_closed_finish_with_end(self) -> None:
        """A last answer to a half-closed client needs no staged end."""
        connection = self.connect(Limits(half_close="finish"))
        connection.app.hold = True
        connection.send(post(b"", b"Connection: close") + GET)
        connection.channel.readConnectionLost()
        connection.app.answer(connection.app.dispatched[0])
        self.assertTrue(connection.transport.disconnecting)

    def test_left_in_the_body(self) -> None:
        """A client that leaves before its body is complete is reported, once, and not served."""
        for half in (True, False):
            connection = Connection()
            connection.send(post(b"12345")[:-2])
            if half:
                connection.channel.readConnectionLost()
            connection.lose()
            self.assertEqual(
                [request for request, _ in connection.app.lefts], connection.app.judged
            )
            self.assertEqual(connection.app.dispatched, [])

    def test_left_behind_an_answer(self) -> None:
        """Nobody is reported to have left a request that was answered."""
        connection = Connection()
        connection.send(GET)
        connection.lose()
        self.assertEqual(connection.app.lefts, [])

    def test_close_counted_once(self) -> None:
        """The application hears of the end of a connection once."""
        connection = Connection()
        connection.send(GET)
        connection.lose()
        self.assertEqual(connection.app.closings, 1)
