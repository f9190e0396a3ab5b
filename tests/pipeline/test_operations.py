"""Streams and answers of calls that are no chats."""

import attrs
from twisted.internet.defer import Deferred

from inference_gateway.errors import ResourceNotFound, Verdict
from inference_gateway.exchange import ProviderReply, Reply, Usage
from inference_gateway.pipeline.event_stream import AttemptStream
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderInvalidAnswer,
    ProviderTruncated,
    ProviderUnavailable,
)
from inference_gateway.testing.doubles import ManualBody
from tests.pipeline.asking import AttemptTestCase
from tests.pipeline.chats import asked, call_for, chat
from tests.pipeline.streaming import StreamTestCase
from tests.pipeline.test_dispatch import DispatchTestCase
from tests.routing.rosters import entry

CREATED = b'event: response.created\ndata: {"type":"response.created","response":{"model":"m"}}\n\n'
DELTA = (
    b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta",'
    b'"sequence_number":4,"delta":"hi"}\n\n'
)
COMPLETED = (
    b'event: response.completed\ndata: {"type":"response.completed","sequence_number":5,'
    b'"response":{"model":"m","usage":{"input_tokens":7,"output_tokens":3}}}\n\n'
)


class TypedStreamTests(StreamTestCase):
    """Streams whose last event is a part of the answer."""

    def setUp(self) -> None:
        super().setUp()
        self.first.cancel()
        self.failureResultOf(self.first)
        self.make(call_for("responses"), CREATED)
        self.assertNoResult(self.first)

    def test_complete(self) -> None:
        """The last event is delivered, and with it the stream is whole."""
        self.body.feed(DELTA + COMPLETED)
        self.successResultOf(self.first)
        self.stream.start(self.sink)
        self.body.end()
        self.assertEqual(self.sink.raw, CREATED + DELTA + COMPLETED)
        self.assertEqual((self.sink.results, self.call.usage), ([None], Usage(7, 3)))

    def test_without_content(self) -> None:
        """An answer may have no content at all."""
        self.body.feed(COMPLETED)
        self.successResultOf(self.first)
        self.stream.start(self.sink)
        self.body.end()
        self.assertEqual((self.sink.raw, self.sink.results), (CREATED + COMPLETED, [None]))

    def test_truncated(self) -> None:
        """Without its last event it is not whole, and the number of the next event is known."""
        self.body.feed(DELTA)
        self.successResultOf(self.first)
        self.stream.start(self.sink)
        self.body.end()
        self.assertIsInstance(self.sink.results[0], ProviderTruncated)
        self.assertEqual(self.call.sequence, 5)

    def test_failed(self) -> None:
        """A response that failed is a failure of the provider."""
        self.body.feed(b'event: response.failed\ndata: {"type":"response.failed"}\n\n')
        self.failureResultOf(self.first, ProviderError)


class OpaqueStreamTests(StreamTestCase):
    """Streams of bytes that say nothing."""

    def setUp(self) -> None:
        super().setUp()
        self.first.cancel()
        self.failureResultOf(self.first)
        self.make(call_for("speech"))

    def test_complete(self) -> None:
        """Bytes pass as they come, and a body that ended well was whole."""
        self.body.feed(b"\x00data: [DONE]\n\n")
        self.successResultOf(self.first)
        self.stream.start(self.sink)
        self.body.feed(b"\xff" * 3)
        self.body.end()
        self.assertEqual(self.sink.raw, b"\x00data: [DONE]\n\n\xff\xff\xff")
        self.assertEqual((self.sink.results, self.call.usage), ([None], None))

    def test_broken(self) -> None:
        """A body that broke off was not."""
        self.body.feed(b"\x00")
        self.successResultOf(self.first)
        self.stream.start(self.sink)
        self.body.end(ProviderUnavailable("gone"))
        self.assertIsInstance(self.sink.results[0], ProviderUnavailable)

    def test_nothing(self) -> None:
        """An empty body is no sound."""
        self.body.end()
        self.failureResultOf(self.first, ProviderTruncated)


class AnswerTests(AttemptTestCase):
    """Whole answers."""

    def test_document_for_a_stream(self) -> None:
        """A response that comes whole cannot be told as a stream."""
        self.call = call_for("responses")
        document = ProviderReply(status=200, body=b'{"object":"response"}', is_document=True)
        asked: Deferred[Reply] = self.ask(document)
        self.failureResultOf(asked, ProviderInvalidAnswer)
        self.assertIs(self.verdict(), Verdict.PROVIDER_ERROR)

    def test_no_estimate(self) -> None:
        """What is no text has no tokens that could be estimated."""
        self.call = call_for("tokenize", stream=False)
        reply = self.successResultOf(self.ask(b'{"tokens":[1,2]}'))
        self.assertEqual((reply.body, self.call.usage), (b'{"tokens":[1,2]}', None))

    def test_estimate(self) -> None:
        """The input of embeddings is text, and its tokens can be."""
        self.call = call_for("embeddings", stream=False)
        self.successResultOf(self.ask(b'{"data":[]}'))
        self.assertEqual(self.call.usage, Usage(4, 0, "estimated"))

    def test_sound(self) -> None:
        """Sound is relayed while it comes."""
        self.call = call_for("speech")
        body = ManualBody(b"\x00\x01")
        reply = self.successResultOf(self.ask(body))
        stream = reply.body
        assert isinstance(stream, AttemptStream)
        stream.abort()
        self.assertTrue(body.aborted)


class AbleTests(DispatchTestCase):
    """Who has the route."""

    def test_able(self) -> None:
        """Only a provider that has the route is asked."""
        self.a.endpoints = frozenset({"chat"})
        self.b.script = [b'{"data":[]}']
        call = call_for("embeddings", stream=False)
        self.successResultOf(self.send(call))
        self.assertEqual(self.tried(call), [("b", Verdict.COMPLETE)])

    def test_nobody(self) -> None:
        """Where none has it, that is said, and nobody is asked."""
        self.a.endpoints = self.b.endpoints = frozenset({"chat"})
        call = call_for("rerank", stream=False)
        error = self.failureResultOf(self.send(call), ResourceNotFound).value
        self.assertEqual((error.code, error.param), ("endpoint_not_supported", "model"))
        self.assertIn("/v1/any", error.message)
        self.assertEqual(call.attempts, [])

    def test_operators_word(self) -> None:
        """What the operator says a provider has goes before what its type has."""
        own = entry("p", endpoints=("rerank",))
        self.assertEqual((own.has("rerank"), own.has("chat")), (True, False))
        self.successResultOf(self.send_chat())

    def send_chat(self) -> "Deferred[Reply]":
        """Make a call that needs nothing special."""
        self.a.script = [b'{"choices":[{"message":{"content":"a"}}]}']
        return self.send(chat(received=1.0))

    def test_follows(self) -> None:
        """A response that goes on from another goes to whoever made that one."""
        self.dispatch.affinity.remember("resp_1", "b")
        call = call_for("responses", stream=False)
        call.request = attrs.evolve(asked(call), follows="resp_1")
        self.b.script = [b'{"object":"response","output":[]}']
        self.successResultOf(self.send(call))
        self.assertEqual(self.tried(call), [("b", Verdict.COMPLETE)])

    def test_follows_nobody(self) -> None:
        """Where nobody knows who made it, the order stays."""
        call = call_for("responses", stream=False)
        call.request = attrs.evolve(asked(call), follows="resp_1")
        self.a.script = [b'{"object":"response","output":[]}']
        self.successResultOf(self.send(call))
        self.assertEqual(self.tried(call), [("a", Verdict.COMPLETE)])
