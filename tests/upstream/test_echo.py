"""The echo provider: good answers, and every fault, plain and streamed."""

from typing import Any

import orjson
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import Attempt, Call, ProviderReply
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderInvalidAnswer,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from inference_gateway.upstream.echo import EchoProvider
from inference_gateway.upstream.scripted_body import BATCH
from inference_gateway.wire.chat import parse_chat
from inference_gateway.wire.inspect import Kind, StreamInspector, inspect_answer
from inference_gateway.wire.sse import Event, SSEParser
from tests.upstream.recording import RecordingSink


class EchoTestCase(SynchronousTestCase):
    """A provider on a clock of its own."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.provider = EchoProvider("echo", self.clock, lambda: 1700000000.9)
        self.sink = RecordingSink()

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def send(
        self, model: str, *, stream: bool = False, text: str = "hi", **fields: object
    ) -> "Deferred[ProviderReply]":
        """Send a request for ``model``."""
        request = parse_chat(
            orjson.dumps(
                {"model": model, "messages": [{"role": "user", "content": text}], **fields}
            )
        )
        call = Call(
            id="r-1",
            received=0.0,
            method="POST",
            path="/v1/chat/completions",
            request=request,
            stream=stream,
        )
        attempt = Attempt(provider="echo", model=model, started=0.0, stream=stream)
        return Deferred.fromCoroutine(self.provider.send(call, attempt))

    def read(self, reply: ProviderReply) -> bytes:
        """Return the body of a reply as far as it comes without waiting."""
        if isinstance(reply.body, bytes):
            return reply.body
        reply.body.start(self.sink)
        self.clock.advance(0)
        return self.sink.data

    def plain(self, model: str) -> bytes:
        """Return the body of a plain answer that comes at once."""
        return self.read(self.successResultOf(self.send(model)))

    def events(self, model: str) -> list[Event]:
        """Return the events of a stream that come at once."""
        return SSEParser().feed(self.read(self.successResultOf(self.send(model, stream=True))))


def kinds(events: list[Event]) -> list[Kind]:
    """Return what each event is."""
    inspector = StreamInspector()
    return [inspector.inspect(event) for event in events]


def told(events: list[Event]) -> str:
    """Return the content that ``events`` tell."""
    return "".join(
        choice["delta"].get("content", "")
        for event, kind in zip(events, kinds(events), strict=True)
        if kind is Kind.CONTENT
        for choice in orjson.loads(event.data or b"")["choices"]
    )


#: A stream of ``Echo: hi`` without anything wrong.
OPENING = [Kind.EMPTY, Kind.CONTENT, Kind.CONTENT]
GOOD = [*OPENING, Kind.CONTENT, Kind.FINISH, Kind.USAGE, Kind.DONE]


class GoodAnswerTests(EchoTestCase):
    """Answers without a fault."""

    def test_plain(self) -> None:
        """A plain call gets a whole JSON answer that names the call, the time and the model."""
        reply = self.successResultOf(self.send("echo"))
        self.assertEqual(reply.status, 200)
        assert isinstance(reply.body, bytes)
        answer = orjson.loads(reply.body)
        self.assertEqual(answer["choices"][0]["message"]["content"], "Echo: hi")
        self.assertEqual(
            (answer["id"], answer["created"], answer["model"]),
            ("chatcmpl-r-1", 1700000000, "echo"),
        )

    def test_streamed(self) -> None:
        """A stream opens with the role, tells the text, its end and its usage, and is done."""
        events = self.events("echo")
        self.assertEqual(kinds(events), GOOD)
        self.assertEqual(told(events), "Echo: hi")
        self.assertEqual(self.sink.results, [None])

    def test_plain_as_stream(self) -> None:
        """A plain call rides on a stream only if the operator wants it."""
        request = parse_chat(b'{"model":"echo","messages":[{"role":"user","content":"hi"}]}')
        always = EchoProvider("echo", Clock(), lambda: 0.0, always_streams=True)
        self.assertTrue(always.rides_on_stream(request))
        self.assertFalse(self.provider.rides_on_stream(request))

    def test_other_name(self) -> None:
        """Any other model name is echoed in the answer."""
        self.assertEqual(orjson.loads(self.plain("my-model"))["model"], "my-model")

    def test_long_stream(self) -> None:
        """A long text is told in bounded pieces, and a paused sink stops it."""
        reply = self.successResultOf(self.send("echo", stream=True, text="word " * 20_000))
        body = reply.body
        assert not isinstance(body, bytes)
        body.start(self.sink)
        body.pause()
        self.clock.advance(10)
        self.assertEqual(len(self.sink.deliveries), 1)
        self.assertLess(len(self.sink.data), BATCH + 1000)
        body.resume()
        self.clock.advance(10)
        self.assertEqual(kinds(SSEParser().feed(self.sink.data))[-2:], GOOD[-2:])
        self.assertLess(max(map(len, self.sink.deliveries)), BATCH + 1000)

    def test_no_request(self) -> None:
        """A call that is no chat cannot be echoed: that is a bug, not a provider's failure."""
        call = Call(id="r-1", received=0.0, method="GET", path="/v1/models")
        attempt = Attempt(provider="echo", model="echo", started=0.0)
        sent = Deferred.fromCoroutine(self.provider.send(call, attempt))
        self.failureResultOf(sent, ValueError)


class RefusalTests(EchoTestCase):
    """Faults that come instead of an answer, whether it is to be streamed or not."""

    def refused(self, model: str, kind: type[GatewayError]) -> list[Any]:
        """Return the errors that the plain and the streamed call end with."""
        return [
            self.failureResultOf(self.send(model, stream=stream), kind).value
            for stream in (False, True)
        ]

    def test_error_400(self) -> None:
        """``error-400`` blames the request."""
        for error in self.refused("echo/error-400", ProviderRejected):
            self.assertEqual(error.status, 400)

    def test_error_401(self) -> None:
        """``error-401`` blames the gateway's credential."""
        self.refused("echo/error-401", ProviderAuthFailed)

    def test_error_429(self) -> None:
        """``error-429`` says when to come back."""
        for model, seconds in (("echo/error-429", 1.0), ("echo/error-429:7.5", 7.5)):
            for error in self.refused(model, ProviderRateLimited):
                self.assertEqual(error.retry_after, seconds)

    def test_error_500(self) -> None:
        """``error-500`` is a failure of no special kind."""
        for error in self.refused("echo/error-500", ProviderError):
            self.assertIs(type(error), ProviderError)

    def test_error_503(self) -> None:
        """``error-503`` is a provider that is too busy."""
        self.refused("echo/error-503", ProviderOverloaded)

    def test_reset(self) -> None:
        """``reset`` is a connection that broke before the head."""
        self.refused("echo/reset", ProviderUnavailable)

    def test_fresh_errors(self) -> None:
        """Each call gets an error of its own, because an error gathers tracebacks."""
        first, second = self.refused("echo/reset", ProviderUnavailable)
        self.assertIsNot(first, second)

    def test_unknown(self) -> None:
        """A fault that does not exist is the request's fault."""
        for error in self.refused("echo/no-such-fault", ProviderRejected):
            self.assertEqual(error.status, 400)


class SilenceTests(EchoTestCase):
    """Faults of time."""

    def test_silent(self) -> None:
        """``silent`` never answers, and cancelling it is how it ends."""
        for stream in (False, True):
            sent = self.send("echo/silent", stream=stream)
            self.clock.advance(100_000)
            self.assertNoResult(sent)
            sent.cancel()
            self.failureResultOf(sent, CancelledError)

    def test_slow_first_token_plain(self) -> None:
        """``slow-first-token`` keeps a plain answer back for its seconds."""
        for model, seconds in (("echo/slow-first-token", 5), ("echo/slow-first-token:2", 2)):
            sent = self.send(model)
            self.clock.advance(seconds - 0.1)
            self.assertNoResult(sent)
            self.clock.advance(0.1)
            inspect_answer(self.read(self.successResultOf(sent)))

    def test_slow_first_token_streamed(self) -> None:
        """``slow-first-token`` sends the head and the role at once, and the content late."""
        self.assertEqual(kinds(self.events("echo/slow-first-token")), [Kind.EMPTY])
        self.clock.advance(4.9)
        self.assertEqual(len(self.sink.deliveries), 1)
        self.clock.advance(0.1)
        self.assertEqual(kinds(SSEParser().feed(self.sink.data)), GOOD)

    def test_slow_plain(self) -> None:
        """``slow`` keeps a plain answer back as long as its stream would take."""
        sent = self.send("echo/slow:2", n=2)
        self.clock.advance(5.9)
        self.assertNoResult(sent)
        self.clock.advance(0.1)
        inspect_answer(self.read(self.successResultOf(sent)))

    def test_slow_streamed(self) -> None:
        """``slow`` lets its seconds pass before each piece of content."""
        self.assertEqual(kinds(self.events("echo/slow:2")), [Kind.EMPTY])
        self.clock.pump([2, 2])
        self.assertEqual(told(SSEParser().feed(self.sink.data)), "Echo:")
        self.clock.advance(2)
        self.assertEqual(kinds(SSEParser().feed(self.sink.data)), GOOD)
        self.assertEqual(self.sink.results, [None])

    def test_stall_plain(self) -> None:
        """``stall`` never answers a plain call."""
        sent = self.send("echo/stall")
        self.clock.advance(100_000)
        self.assertNoResult(sent)
        sent.cancel()
        self.failureResultOf(sent, CancelledError)

    def test_stall_streamed(self) -> None:
        """``stall`` falls silent after some content, and the stream does not end."""
        self.assertEqual(kinds(self.events("echo/stall")), OPENING)
        self.clock.advance(100_000)
        self.assertEqual(kinds(SSEParser().feed(self.sink.data)), OPENING)
        self.assertEqual(self.sink.results, [])

    def test_cancelled(self) -> None:
        """Cancelling a call that waits leaves no timer."""
        sent = self.send("echo/slow-first-token")
        sent.cancel()
        self.failureResultOf(sent, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_aborted(self) -> None:
        """Aborting a stream that waits leaves no timer and ends nothing."""
        reply = self.successResultOf(self.send("echo/slow", stream=True))
        self.read(reply)
        assert not isinstance(reply.body, bytes)
        reply.body.abort()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.sink.results, [])


class BrokenAnswerTests(EchoTestCase):
    """Faults of what is said."""

    def test_cut_plain(self) -> None:
        """``cut`` breaks the connection of a plain call before its head."""
        self.failureResultOf(self.send("echo/cut"), ProviderUnavailable)

    def test_cut_streamed(self) -> None:
        """``cut`` breaks the connection after some content."""
        self.assertEqual(kinds(self.events("echo/cut")), OPENING)
        self.assertIsInstance(self.sink.results[0], ProviderUnavailable)

    def test_malformed_plain(self) -> None:
        """``malformed`` ends a plain answer in the middle of its JSON."""
        body = self.plain("echo/malformed")
        self.assertRaises(orjson.JSONDecodeError, orjson.loads, body)

    def test_malformed_streamed(self) -> None:
        """``malformed`` puts one broken event into a stream that is good otherwise."""
        events = self.events("echo/malformed")
        self.assertEqual(kinds(events), [*OPENING, Kind.MALFORMED, *GOOD[3:]])
        self.assertEqual(told(events), "Echo: hi")

    def test_no_done_plain(self) -> None:
        """``no-done`` changes nothing about a plain answer."""
        self.assertEqual(inspect_answer(self.plain("echo/no-done")).finish_reason, "stop")

    def test_no_done_streamed(self) -> None:
        """``no-done`` ends the stream cleanly after its usage."""
        self.assertEqual(kinds(self.events("echo/no-done")), GOOD[:-1])
        self.assertEqual(self.sink.results, [None])

    def test_no_usage_plain(self) -> None:
        """``no-usage`` leaves the usage out of a plain answer."""
        self.assertIsNone(inspect_answer(self.plain("echo/no-usage")).usage)

    def test_no_usage_streamed(self) -> None:
        """``no-usage`` leaves the usage out of the stream."""
        self.assertEqual(kinds(self.events("echo/no-usage")), [*GOOD[:-2], Kind.DONE])

    def test_error_event_plain(self) -> None:
        """``error-event`` answers 200 with an error object."""
        body = orjson.loads(self.plain("echo/error-event"))
        self.assertEqual(set(body["error"]), {"message", "type", "param", "code"})

    def test_error_event_streamed(self) -> None:
        """``error-event`` ends the stream with an error object after some content."""
        self.assertEqual(kinds(self.events("echo/error-event")), [*OPENING, Kind.ERROR])
        self.assertEqual(self.sink.results, [None])

    def test_html(self) -> None:
        """``html`` answers 200 with a page, whatever was asked for."""
        for stream in (False, True):
            reply = self.successResultOf(self.send("echo/html", stream=stream))
            self.assertEqual(reply.status, 200)
            assert isinstance(reply.body, bytes)
            self.assertIn(b"</html>", reply.body)

    def test_huge_plain(self) -> None:
        """``huge`` answers with more than the gateway takes, piece by piece."""
        body = self.plain("echo/huge")
        self.assertGreater(len(body), 33 * 1024 * 1024)
        self.assertLess(max(map(len, self.sink.deliveries)), 3 * BATCH)
        self.assertEqual(inspect_answer(body).finish_reason, "stop")

    def test_huge_streamed(self) -> None:
        """``huge`` puts one event into the stream that is larger than the gateway takes."""
        reply = self.successResultOf(self.send("echo/huge", stream=True))
        data = self.read(reply)
        self.assertRaises(ProviderInvalidAnswer, SSEParser().feed, data)
        events = SSEParser(max_event=4 * 1024 * 1024).feed(data)
        self.assertEqual(kinds(events), GOOD)
        self.assertGreater(max(len(event.raw) for event in events), 1024 * 1024)
