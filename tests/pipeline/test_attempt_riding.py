"""Plain calls that ride on streams, and streams that turn out to be documents."""

import orjson
from twisted.internet.defer import Deferred

from inference_gateway.errors import Verdict
from inference_gateway.exchange import ProviderReply, Reply
from inference_gateway.pipeline.event_stream import WholeStream
from inference_gateway.provider_errors import ProviderInvalidAnswer, ProviderTimeout
from inference_gateway.testing.doubles import Answer, ManualBody, RecordingSink
from tests.pipeline.asking import AttemptTestCase
from tests.pipeline.chats import DONE, ROLE, STOP, USAGE, answer, chat, text


class RidingTests(AttemptTestCase):
    """A provider whose plain calls are asked for as streams."""

    def setUp(self) -> None:
        super().setUp()
        self.call = chat(received=1.0)
        self.body = ManualBody()

    def ride(self, said: Answer) -> "Deferred[Reply]":
        """Ask a provider that rides on streams."""
        self.rides = True
        return self.ask(said)

    def test_put_together(self) -> None:
        """The client gets a plain answer under the name it asked for."""
        self.own_name = "upstream-model"
        asked = self.ride(self.body)
        self.assertTrue(self.provider.attempts[0].stream)
        for piece in (ROLE, text("a"), text("b"), STOP, USAGE, DONE):
            self.assertNoResult(asked)
            self.body.feed(piece)
        body = self.successResultOf(asked).body
        assert isinstance(body, bytes)
        whole = orjson.loads(body)
        self.assertEqual(whole["choices"][0]["message"]["content"], "ab")
        self.assertEqual(whole["model"], "public-name")
        self.assertEqual(self.call.response_model, "upstream-model")
        self.assertEqual(self.verdict(), Verdict.COMPLETE)

    def test_first_token(self) -> None:
        """It has the time limits of a stream."""
        asked = self.ride(self.body)
        self.body.feed(ROLE)
        self.clock.advance(20.0)
        self.assertEqual(self.limit(asked), "first_token")

    def test_idle(self) -> None:
        """Silence in the middle of the answer ends it."""
        asked = self.ride(self.body)
        self.body.feed(text("a"))
        self.clock.advance(5.0)
        self.assertEqual(self.limit(asked), "idle")

    def test_total(self) -> None:
        """The call's own deadline holds until the end of the answer."""
        self.rides = True
        asked = self.ask(self.body, deadline=7.0)
        self.body.feed(text("a"))
        self.clock.advance(4.0)
        self.body.feed(text("a"))
        self.clock.advance(3.5)
        self.failureResultOf(asked, ProviderTimeout)

    def test_left(self) -> None:
        """A client that leaves takes the provider's stream along."""
        asked = self.ride(self.body)
        self.body.feed(text("a"))
        asked.addErrback(lambda failure: None)
        asked.cancel()
        self.assertTrue(self.body.aborted)
        self.assertEqual(self.verdict(), Verdict.CLIENT_GONE)

    def test_document(self) -> None:
        """A provider that has no streams is taken at its word."""
        asked = self.ride(ProviderReply(status=200, body=answer(), is_document=True))
        self.assertEqual(self.successResultOf(asked).body, answer())


class DocumentTests(AttemptTestCase):
    """A client that wants a stream, and a provider that has none."""

    def test_in_pieces(self) -> None:
        """A document that comes bit by bit is told as events."""
        body = ManualBody()
        asked = self.ask(ProviderReply(status=200, body=body, is_document=True))
        body.feed(answer()[:20])
        self.assertNoResult(asked)
        body.feed(answer()[20:])
        body.end()
        stream = self.successResultOf(asked).body
        assert isinstance(stream, WholeStream)
        sink = RecordingSink()
        stream.start(sink)
        self.assertIn(b"hello", sink.raw)
        self.assertEqual(sink.results, [None])

    def test_no_answer(self) -> None:
        """A document that is no answer fails before anything is sent."""
        asked = self.ask(ProviderReply(status=200, body=b'{"a":1}', is_document=True))
        self.failureResultOf(asked, ProviderInvalidAnswer)

    def test_too_slow(self) -> None:
        """A document has as long as a first token."""
        body = ManualBody()
        asked = self.ask(ProviderReply(status=200, body=body, is_document=True))
        body.feed(answer()[:20])
        self.clock.advance(20.0)
        self.assertEqual(self.limit(asked), "first_token")
        self.assertTrue(body.aborted)
