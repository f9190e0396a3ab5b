"""Other models that answer in place of the one asked for."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import (
    FallbackSettings,
    ModelRouteSettings,
    RetrySettings,
    RoutingSettings,
)
from inference_gateway.errors import GatewayError
from inference_gateway.exchange import Call, Principal, Reply
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderRejected,
    ProviderTimeout,
)
from inference_gateway.routing.roster import Roster
from inference_gateway.testing.doubles import FakeProvider, ManualBody, RecordingSink
from tests.garbage import collect_garbage
from tests.pipeline.chats import DONE, ROLE, STOP, answer, chat, text
from tests.pipeline.dispatching import dispatch_over
from tests.routing.rosters import entry

#: A choice that a filter emptied.
FILTERED = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}\n\n'


def filtered() -> bytes:
    """Return a whole answer of which a filter let nothing through."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": ""},
        "finish_reason": "content_filter",
    }
    return answer(choices=[choice])


def too_long() -> ProviderRejected:
    """Return what a provider says to a prompt that does not fit its model."""
    return ProviderRejected("too long", status=400, fallback_cause="context_length")


class FallbackTestCase(SynchronousTestCase):
    """A model with two others that stand in for it, each at a provider of its own."""

    fallbacks = FallbackSettings(
        error=("n", "o"), timeout=("o",), context_length=("n",), content_filter=("o",)
    )

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1.0)
        self.m, self.n, self.o = FakeProvider("pm"), FakeProvider("pn"), FakeProvider("po")
        routing = RoutingSettings(
            retry=RetrySettings(attempts=1),
            models={"m": ModelRouteSettings(fallbacks=self.fallbacks)},
        )
        self.roster = Roster(
            entry(provider.id, {name: f"own-{name}"}, provider=provider, clock=self.clock)
            for name, provider in (("m", self.m), ("n", self.n), ("o", self.o))
        )
        self.dispatch = dispatch_over(self.roster, self.clock, routing)

    def tearDown(self) -> None:
        self.clock.advance(1.0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual([one.in_flight for one in self.roster], [0, 0, 0])
        collect_garbage()

    def ask(self, call: Call | None = None) -> "Deferred[Reply]":
        """Send ``call``, or one that needs nothing special."""
        self.call = call or chat(received=self.clock.seconds())
        return Deferred.fromCoroutine(self.dispatch(self.call))

    def providers(self) -> list[str]:
        """Return who was asked."""
        return [attempt.provider for attempt in self.call.attempts]


class CauseTests(FallbackTestCase):
    """Which failures lead to which models."""

    def test_causes(self) -> None:
        """Each cause has its own models, and the answer bears the name of the one that answered."""
        cases: list[tuple[GatewayError, FakeProvider, str]] = [
            (ProviderError("500"), self.n, "n"),
            (ProviderTimeout("first_byte", 1.0), self.o, "o"),
            (too_long(), self.n, "n"),
            (ProviderRejected("no such model", status=404), self.n, "n"),
        ]
        for error, stand_in, name in cases:
            self.m.script, stand_in.script = [error], [answer("instead")]
            reply = self.successResultOf(self.ask())
            assert isinstance(reply.body, bytes)
            self.assertIn(b'"model":"%b"' % name.encode(), reply.body)
            self.assertEqual(self.providers(), ["pm", f"p{name}"])
            self.assertEqual((self.call.model, self.call.fallback), ("m", name))
            self.assertEqual([a.reason for a in self.call.attempts], ["first", "fallback"])

    def test_callers_fault(self) -> None:
        """A request that is at fault itself is asked of nobody else."""
        self.m.script = [ProviderRejected("bad", status=400)]
        self.failureResultOf(self.ask(), ProviderRejected)
        self.assertEqual(self.providers(), ["pm"])

    def test_in_order(self) -> None:
        """The next model is asked when the one before fails as well, whatever it says."""
        self.m.script = [ProviderError("500")]
        self.n.script = [ProviderRejected("unknown field", status=400)]
        self.o.script = [answer("o")]
        self.successResultOf(self.ask())
        self.assertEqual((self.providers(), self.call.fallback), (["pm", "pn", "po"], "o"))

    def test_all_failed(self) -> None:
        """When all have failed the client is told what became of the model that it asked for."""
        self.m.script = [ProviderOverloaded("busy")]
        self.n.script = [ProviderRejected("unknown field", status=400)]
        self.o.script = [ProviderError("500")]
        self.failureResultOf(self.ask(), ProviderOverloaded)
        self.assertEqual((self.providers(), self.call.fallback), (["pm", "pn", "po"], ""))

    def test_not_billed(self) -> None:
        """Of those who failed nothing is on the bill."""
        body = ManualBody(ROLE, b'data: {"choices":[],"usage":{"prompt_tokens":99}}\n\n')
        self.m.script, self.n.script = [body], [ManualBody(text("n"), STOP, DONE)]
        asked = self.ask(chat(stream=True, received=self.clock.seconds()))
        body.end()
        stream = self.successResultOf(asked).body
        assert not isinstance(stream, bytes)
        stream.start(RecordingSink())
        assert self.call.usage is not None
        self.assertNotEqual(self.call.usage.input_tokens, 99)
        self.assertEqual(self.call.finish_reason, "stop")

    def test_forbidden(self) -> None:
        """A model that the key may not use does not stand in."""
        self.m.script, self.o.script = [ProviderError("500")], [answer("o")]
        call = chat(received=self.clock.seconds())
        call.principal = Principal(id="alice", models=("m", "o"))
        self.successResultOf(self.ask(call))
        self.assertEqual(self.providers(), ["pm", "po"])

    def test_itself(self) -> None:
        """A model that a wildcard makes its own fallback does not stand in for itself."""
        routing = RoutingSettings(
            retry=RetrySettings(attempts=1),
            models={"*": ModelRouteSettings(fallbacks=FallbackSettings(error=("n",)))},
        )
        provider = entry("pm", {"*": "*"}, provider=self.m, clock=self.clock)
        self.dispatch = dispatch_over(Roster([provider]), self.clock, routing)
        self.m.script = [ProviderError("500"), answer("n")]
        self.failureResultOf(self.ask(chat("n", received=1.0)), ProviderError)
        self.successResultOf(self.ask(chat("other", received=1.0)))

    def test_deadline(self) -> None:
        """Past the deadline nobody stands in."""
        self.m.script = [Deferred()]
        call = chat(received=self.clock.seconds() - 599.0)
        asked = self.ask(call)
        self.clock.advance(1.0)
        self.failureResultOf(asked, ProviderTimeout)
        self.assertEqual(self.providers(), ["pm"])

    def test_dead_stand_in(self) -> None:
        """A stand-in that answers nobody costs what other retries cost, until that is spent."""
        for _ in range(20):
            self.m.script = [ProviderError("500")]
            self.n.script = [ProviderError("500")]
            self.o.script = [ProviderError("500")]
            self.failureResultOf(self.ask(), GatewayError)
        asked = len(self.n.attempts) + len(self.o.attempts)
        self.assertLessEqual(asked, 7)


class FilterTests(FallbackTestCase):
    """Answers that a provider's filter emptied."""

    def test_whole(self) -> None:
        """Another model answers in place of an answer without content."""
        self.m.script, self.o.script = [filtered()], [answer("o")]
        reply = self.successResultOf(self.ask())
        assert isinstance(reply.body, bytes)
        self.assertIn(b'"content":"o"', reply.body)
        self.assertEqual(self.call.finish_reason, "stop")

    def test_whole_and_nobody(self) -> None:
        """If none does the client gets what there is."""
        self.m.script, self.o.script = [filtered()], [ProviderError("500")]
        reply = self.successResultOf(self.ask())
        assert isinstance(reply.body, bytes)
        self.assertIn(b"content_filter", reply.body)
        self.assertEqual(self.call.finish_reason, "content_filter")

    def test_stream(self) -> None:
        """So it is with a stream that begins with its end."""
        empty = ManualBody(ROLE, FILTERED)
        self.m.script, self.o.script = [empty], [ManualBody(text("o"), STOP, DONE)]
        stream = self.successResultOf(self.ask(chat(stream=True, received=1.0))).body
        assert not isinstance(stream, bytes)
        sink = RecordingSink()
        stream.start(sink)
        self.assertIn(b'"content":"o"', sink.raw)
        self.assertTrue(empty.aborted)

    def test_stream_and_nobody(self) -> None:
        """If nobody else answers it is passed on."""
        self.m.script = [ManualBody(ROLE, FILTERED, DONE)]
        self.o.script = [ProviderError("500")]
        stream = self.successResultOf(self.ask(chat(stream=True, received=1.0))).body
        assert not isinstance(stream, bytes)
        sink = RecordingSink()
        stream.start(sink)
        self.assertIn(b"content_filter", sink.raw)
        self.assertEqual(sink.results, [None])

    def test_stream_and_gone(self) -> None:
        """A client that leaves while another model is asked leaves both."""
        empty = ManualBody(ROLE, FILTERED)
        self.m.script, self.o.script = [empty], [Deferred()]
        asked = self.ask(chat(stream=True, received=1.0))
        asked.cancel()
        self.failureResultOf(asked)
        self.assertEqual((empty.aborted, self.o.cancelled), (True, 1))

    def test_whole_and_gone(self) -> None:
        """So does one that would get a whole answer."""
        self.m.script, self.o.script = [filtered()], [Deferred()]
        asked = self.ask()
        asked.cancel()
        self.failureResultOf(asked)
        self.assertEqual(self.o.cancelled, 1)

    def test_partly(self) -> None:
        """A stream with content is an answer, whatever ended it."""
        self.m.script = [ManualBody(text("some"), FILTERED, DONE)]
        stream = self.successResultOf(self.ask(chat(stream=True, received=1.0))).body
        assert not isinstance(stream, bytes)
        sink = RecordingSink()
        stream.start(sink)
        self.assertEqual(sink.results, [None])
        self.assertEqual(self.providers(), ["pm"])


class UnnamedTests(FallbackTestCase):
    """Models that name nobody for a cause."""

    fallbacks = FallbackSettings(error=("n",))

    def test_filtered(self) -> None:
        """A filter's word stands unless somebody is named for it."""
        self.m.script = [filtered()]
        self.successResultOf(self.ask())
        self.assertEqual(self.providers(), ["pm"])

    def test_timeout(self) -> None:
        """So does a timeout."""
        self.m.script = [ProviderTimeout("first_byte", 1.0)]
        self.failureResultOf(self.ask(), ProviderTimeout)
        self.assertEqual(self.providers(), ["pm"])
