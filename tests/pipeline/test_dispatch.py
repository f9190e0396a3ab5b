"""Trying providers one after another, until content is there."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import ModelRouteSettings, RoutingSettings
from inference_gateway.config.settings import TimeoutSettings
from inference_gateway.errors import InternalError, ModelNotFound, Verdict
from inference_gateway.exchange import Call, Principal, Reply
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderOverloaded,
    ProviderRejected,
    ProviderTimeout,
    ProviderTruncated,
    ProviderUnavailable,
)
from inference_gateway.routing.roster import Roster
from inference_gateway.testing.doubles import FakeProvider, ManualBody, RecordingSink
from tests.garbage import collect_garbage
from tests.pipeline.chats import ROLE, answer, chat, text
from tests.pipeline.dispatching import ONCE_EACH, dispatch_over
from tests.routing.rosters import entry


class DispatchTestCase(SynchronousTestCase):
    """Two providers of one model, ``a`` being tried first."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1.0)
        self.a = FakeProvider("a")
        self.b = FakeProvider("b")
        timeouts = TimeoutSettings(first_byte=10.0, first_token=10.0, total=10.0)
        self.roster = Roster(
            entry(provider.id, {"m": "m"}, provider=provider, clock=self.clock, timeouts=timeouts)
            for provider in (self.a, self.b)
        )
        routing = RoutingSettings(
            retry=ONCE_EACH, models={"m": ModelRouteSettings(aliases=("alias",))}
        )
        self.dispatch = dispatch_over(self.roster, self.clock, routing, request_timeout=15.0)

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual([entry.in_flight for entry in self.roster], [0, 0])
        collect_garbage()

    def send(self, call: Call) -> "Deferred[Reply]":
        """Dispatch ``call``."""
        return Deferred.fromCoroutine(self.dispatch(call))

    def tried(self, call: Call) -> list[tuple[str, Verdict | None]]:
        """Return who was tried, and how that ended."""
        return [
            (attempt.provider, attempt.outcome.verdict if attempt.outcome else None)
            for attempt in call.attempts
        ]


class DispatchTests(DispatchTestCase):
    """Who answers."""

    def test_first(self) -> None:
        """A provider that answers is the only one that is asked."""
        self.a.script = [answer("a")]
        call = chat(received=1.0)
        self.assertEqual(self.successResultOf(self.send(call)).body, answer("a"))
        self.assertEqual(self.tried(call), [("a", Verdict.COMPLETE)])

    def test_in_turn(self) -> None:
        """Calls of one model are spread over its providers."""
        self.a.script, self.b.script = [answer(), answer()], [answer(), answer()]
        for _ in range(4):
            self.successResultOf(self.send(chat(received=1.0)))
        self.assertEqual((len(self.a.attempts), len(self.b.attempts)), (2, 2))

    def test_label(self) -> None:
        """The call is known by the public name, whatever name it came under."""
        self.a.script = [answer()]
        call = chat("alias", received=1.0)
        self.successResultOf(self.send(call))
        self.assertEqual(call.model, "m")

    def test_unknown_model(self) -> None:
        """A model that does not exist asks nobody, and its name gets nowhere."""
        call = chat("unknown")
        self.failureResultOf(self.send(call), ModelNotFound)
        self.assertEqual((call.model, call.attempts), ("", []))

    def test_model_of_others(self) -> None:
        """Nor does one that the key may not use."""
        call = chat()
        call.principal = Principal(id="alice", models=("other",))
        self.failureResultOf(self.send(call), ModelNotFound)

    def test_no_request(self) -> None:
        """A call that carries no request is a bug."""
        call = Call(id="r", received=0.0, method="POST", path="/")
        self.failureResultOf(self.send(call), InternalError)


class FailOverTests(DispatchTestCase):
    """Who answers instead."""

    def test_failed(self) -> None:
        """After a failure the next provider answers, and both tries are known."""
        for error in (
            ProviderUnavailable("refused"),
            ProviderOverloaded("busy"),
            ProviderAuthFailed("our key"),
        ):
            self.setUp()
            self.a.script, self.b.script = [error], [answer("b")]
            call = chat(received=1.0)
            self.assertEqual(self.successResultOf(self.send(call)).body, answer("b"))
            self.assertEqual(
                self.tried(call), [("a", Verdict.PROVIDER_ERROR), ("b", Verdict.COMPLETE)]
            )

    def test_unusable_answer(self) -> None:
        """An answer that is none is a failure."""
        self.a.script, self.b.script = [b"<html>"], [answer("b")]
        self.assertEqual(self.successResultOf(self.send(chat(received=1.0))).body, answer("b"))

    def test_silent(self) -> None:
        """A provider that is silent until its limit is replaced."""
        self.a.script, self.b.script = [Deferred()], [answer("b")]
        call = chat(received=1.0)
        answered = self.send(call)
        self.clock.advance(10.0)
        self.assertEqual(self.successResultOf(answered).body, answer("b"))
        self.assertEqual(self.tried(call)[0], ("a", Verdict.TOTAL_TIMEOUT))

    def test_stream_before_content(self) -> None:
        """A stream that fails before its first content is replaced, and nothing of it is left."""
        broken, good = ManualBody(ROLE), ManualBody(text("b"))
        self.a.script, self.b.script = [broken], [good]
        call = chat(stream=True, received=1.0)
        answered = self.send(call)
        broken.end()
        stream = self.successResultOf(answered).body
        assert not isinstance(stream, bytes)
        sink = RecordingSink()
        stream.start(sink)
        self.assertEqual(sink.raw, text("b"))
        stream.abort()

    def test_stream_after_content(self) -> None:
        """A stream that fails after its first content is not replaced."""
        broken = ManualBody(text("a"))
        self.a.script = [broken]
        call = chat(stream=True, received=1.0)
        stream = self.successResultOf(self.send(call)).body
        assert not isinstance(stream, bytes)
        sink = RecordingSink()
        stream.start(sink)
        broken.end()
        self.assertIsInstance(sink.results[0], ProviderTruncated)
        self.assertEqual(self.tried(call), [("a", Verdict.TRUNCATED)])
        self.assertEqual(self.b.attempts, [])

    def test_everybody_failed(self) -> None:
        """When everybody failed the last failure is told."""
        self.a.script = [ProviderOverloaded("busy")]
        self.b.script = [ProviderUnavailable("refused")]
        self.failureResultOf(self.send(chat(received=1.0)), ProviderUnavailable)

    def test_callers_fault(self) -> None:
        """A provider that blames the request is believed: nobody else is asked."""
        self.a.script = [ProviderRejected("too long", status=400)]
        self.failureResultOf(self.send(chat(received=1.0)), ProviderRejected)
        self.assertEqual(self.b.attempts, [])

    def test_deadline(self) -> None:
        """At the call's deadline nobody else is asked."""
        self.a.script, self.b.script = [Deferred()], [Deferred()]
        call = chat(received=1.0)
        answered = self.send(call)
        self.clock.advance(10.0)
        self.assertNoResult(answered)
        self.clock.advance(5.0)
        self.failureResultOf(answered, ProviderTimeout)
        self.assertEqual(self.tried(call)[1], ("b", Verdict.TOTAL_TIMEOUT))

    def test_deadline_passed_at_the_first(self) -> None:
        """A first failure that comes at the deadline is final."""
        self.a.script = [Deferred()]
        answered = self.send(chat(received=-10.0))
        self.clock.advance(4.0)
        self.failureResultOf(answered, ProviderTimeout)
        self.assertEqual(self.b.attempts, [])

    def test_client_left(self) -> None:
        """A client that leaves is no reason to ask somebody else."""
        self.a.script = [Deferred()]
        answered = self.send(chat(received=1.0))
        answered.cancel()
        self.failureResultOf(answered)
        self.assertEqual((self.a.cancelled, self.b.attempts), (1, []))

    def test_bug(self) -> None:
        """A bug is not tried again elsewhere."""
        self.a.script = [KeyError("a bug")]
        self.failureResultOf(self.send(chat(received=1.0)), KeyError)
        self.assertEqual(self.b.attempts, [])
