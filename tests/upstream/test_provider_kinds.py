"""Providers that are asked for more than chat, or that speak otherwise than their client."""

import orjson
from twisted.internet.defer import CancelledError, Deferred

from inference_gateway.config.kinds import Secret
from inference_gateway.exchange import Call, ProviderReply
from inference_gateway.provider_errors import ProviderInvalidAnswer
from tests.pipeline.chats import call_for, chat
from tests.upstream.asking import ProviderTestCase, response

JSON = b"content-type: application/json"
MESSAGE = (
    b'{"type":"message","id":"msg_1","model":"claude","role":"assistant","stop_reason":"end_turn",'
    b'"content":[{"type":"text","text":"Hi"}],"usage":{"input_tokens":3,"output_tokens":1}}'
)


class KindTestCase(ProviderTestCase):
    """A provider that is asked for something of any kind."""

    def reply(self, call: Call, *pieces: bytes) -> "Deferred[ProviderReply]":
        """Ask, and let the upstream send ``pieces`` one by one."""
        asked = self.ask(call, stream=call.stream)
        socket = self.network.accept()
        for piece in pieces:
            socket.answer(piece)
        return asked

    def head(self, call: Call) -> list[bytes]:
        """Return the lines of the head that is sent."""
        asked = self.ask(call, stream=call.stream)
        head: bytes = self.network.accept().value().partition(b"\r\n\r\n")[0]
        asked.addErrback(lambda failure: failure.trap(CancelledError))
        asked.cancel()
        return head.split(b"\r\n")


class OpaqueTests(KindTestCase):
    """Answers that are no JSON."""

    def test_sound(self) -> None:
        """Sound is asked for as anything, and comes with its own type."""
        self.assertIn(b"accept: */*", self.head(call_for("speech")))
        reply = self.successResultOf(
            self.reply(call_for("speech"), response(200, b"content-type: audio/mpeg", body=b"\xff"))
        )
        self.assertEqual(reply.headers, ((b"content-type", b"audio/mpeg"),))
        self.read(reply)
        self.assertEqual(self.sink.data, b"\xff")

    def test_json_instead(self) -> None:
        """JSON is passed on like everything else where nobody knows what to expect."""
        reply = self.successResultOf(
            self.reply(call_for("speech"), response(200, JSON, body=b'{"audio":"a"}'))
        )
        self.assertFalse(reply.is_document)

    def test_text(self) -> None:
        """A transcript is whole, and of whatever type it is."""
        call = call_for("transcriptions", stream=False)
        reply = self.successResultOf(
            self.reply(call, response(200, b"content-type: text/vtt", body=b"WEBVTT"))
        )
        self.assertEqual(reply.body, b"WEBVTT")
        self.assertEqual(reply.headers, ((b"content-type", b"text/vtt"),))

    def test_headers_by_kind(self) -> None:
        """Anthropic's headers matter to the Messages API alone."""
        for operation, sent in (("messages", True), ("responses", False)):
            call = call_for(operation)
            call.forwarded = ((b"anthropic-beta", b"x"),)
            self.assertIs(b"anthropic-beta: x" in self.head(call), sent)


class TranslatedTests(KindTestCase):
    """A provider with another API than its client's."""

    def setUp(self) -> None:
        super().setUp()
        self.make(type="anthropic", api_key=Secret("sk-ant"))

    def test_request(self) -> None:
        """A chat is sent as messages, with what Anthropic wants to hear of its callers."""
        lines = self.head(chat())
        self.assertEqual(lines[0], b"POST /v1/messages HTTP/1.1")
        self.assertIn(b"x-api-key: sk-ant", lines)
        self.assertIn(b"anthropic-version: 2023-06-01", lines)

    def test_own_version(self) -> None:
        """The operator's version beats the usual one, and the client's is not sent beside it."""
        self.make(type="anthropic", headers={"Anthropic-Version": Secret("2099-01-01")})
        call = call_for("messages")
        call.forwarded = ((b"anthropic-version", b"2000-01-01"),)
        versions = [line for line in self.head(call) if b"nthropic-" in line[:10]]
        self.assertEqual(versions, [b"Anthropic-Version: 2099-01-01"])

    def test_whole(self) -> None:
        """A message is told as a chat completion."""
        reply = self.successResultOf(self.reply(chat(), response(200, JSON, body=MESSAGE)))
        assert isinstance(reply.body, bytes)
        answer = orjson.loads(reply.body)
        self.assertEqual(answer["choices"][0]["message"]["content"], "Hi")

    def test_bit_by_bit(self) -> None:
        """So it is when it comes in pieces."""
        whole = response(200, JSON, body=MESSAGE)
        asked = self.reply(chat(), whole[:-20])
        reply = self.successResultOf(asked)
        self.read(reply)
        self.socket.answer(whole[-20:])
        answer = orjson.loads(self.sink.data)
        self.assertEqual(answer["object"], "chat.completion")

    def test_stream(self) -> None:
        """Its events are told as chunks."""
        events = (
            b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1",'
            b'"model":"claude","usage":{"input_tokens":3,"output_tokens":1}}}\n\n'
            b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
            b'"delta":{"type":"text_delta","text":"Hi"}}\n\n'
            b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
        )
        reply = self.successResultOf(
            self.reply(
                chat(stream=True), response(200, b"content-type: text/event-stream", body=events)
            )
        )
        self.read(reply)
        said = self.sink.data
        self.assertIn(b'"content":"Hi"', said)
        self.assertTrue(said.endswith(b"data: [DONE]\n\n"), said)

    def test_messages(self) -> None:
        """Who speaks its API gets its answer as it came."""
        call = call_for("messages", stream=False)
        reply = self.successResultOf(self.reply(call, response(200, JSON, body=MESSAGE)))
        self.assertEqual(reply.body, MESSAGE)

    def test_no_answer(self) -> None:
        """What is no message is no answer, and the connection goes with it."""
        asked = self.reply(chat(), response(200, JSON, body=b"[]"))
        self.failureResultOf(asked, ProviderInvalidAnswer)
