"""Streamed calls whose provider is played by the test."""

from typing import Any

import orjson

from inference_gateway.testing.doubles import ManualBody
from tests.api.gateway import Client, GatewayTestCase
from tests.garbage import collect_garbage
from tests.pipeline import chats
from tests.pipeline.chats import text

CHAT = "/v1/chat/completions"
COMMENT = b": keepalive\n\n"


class StreamTestCase(GatewayTestCase):
    """A streamed call whose provider is played by the test."""

    def setUp(self) -> None:
        super().setUp()
        self.body = ManualBody()
        self.a.script = [self.body]

    def tearDown(self) -> None:
        collect_garbage()

    def ask_stream(self, *headers: tuple[str, str], version: str = "1.1", **fields: Any) -> Client:
        """Send a streamed call."""
        client = self.connect()
        body = chats.request(stream=True, **fields)
        client.send("POST", CHAT, body, *headers, version=version)
        return client

    def begin(self) -> Client:
        """Send a streamed call and let it begin."""
        client = self.ask_stream()
        self.body.feed(text("first"))
        self.assertEqual(client.answer.body, text("first"))
        return client

    def feed(self, *pieces: bytes) -> None:
        """Let the provider say ``pieces``, each in a read of its own."""
        for piece in pieces:
            self.body.feed(piece)

    def error_of(self, event: bytes) -> dict[str, object]:
        """Return the error object of an error event."""
        first, data, *rest = event.split(b"\n")
        self.assertEqual((first, rest), (b"event: error", [b"", b""]))
        error: dict[str, object] = orjson.loads(data.removeprefix(b"data: "))["error"]
        return error

    def assertFailed(self, client: Client, before: bytes, code: str) -> None:
        """The stream ended with an error event behind ``before``, visibly unfinished."""
        answer = client.answer
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.body.startswith(before))
        self.assertEqual(self.error_of(answer.body[len(before) :])["code"], code)
        self.assertFalse(answer.whole)
        self.assertTrue(client.connection.closed)
        self.assertNotIn(b"[DONE]", answer.body)
