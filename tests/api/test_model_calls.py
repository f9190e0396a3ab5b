"""The routes that ask a model, each by the words of its own API."""

import orjson
from twisted.internet.defer import Deferred

from inference_gateway.exchange import ProviderReply
from inference_gateway.provider_errors import ProviderUnavailable
from inference_gateway.testing.doubles import Answer, ManualBody
from inference_gateway.wire.operations import OPERATIONS
from tests.api.gateway import GatewayTestCase
from tests.pipeline.test_operations import COMPLETED, CREATED, DELTA
from tests.wire.forms import FILE, MODEL, TYPE, field, form

#: The plain answer of each operation, by its route.
RELAYED = {
    "/v1/embeddings": ("embeddings", b'{"object":"list","data":[{"embedding":[1.0]}]}'),
    "/v1/responses": ("responses", b'{"id":"resp_1","object":"response","output":[]}'),
    "/v1/messages": ("messages", b'{"type":"message","content":[],"stop_reason":"end_turn"}'),
    "/v1/moderations": ("moderations", b'{"results":[]}'),
    "/v1/rerank": ("rerank", b'{"results":[]}'),
    "/v1/images/generations": ("image_generation", b'{"created":1,"data":[]}'),
    "/tokenize": ("tokenize", b'{"tokens":[1,2]}'),
    "/detokenize": ("detokenize", b'{"content":"a"}'),
}
#: The same for forms, and the name of the part with the file.
FORMS = {
    "/v1/audio/transcriptions": ("transcription", b'{"text":"a"}', b"file"),
    "/v1/audio/translations": ("translation", b'{"text":"a"}', b"file"),
    "/v1/images/edits": ("image_edit", b'{"created":1,"data":[]}', b"image[]"),
    "/v1/images/variations": ("image_variation", b'{"created":1,"data":[]}', b"image"),
}
FORM_TYPE = ("Content-Type", TYPE.decode())


class PlainTests(GatewayTestCase):
    """Calls that are answered whole."""

    def test_each_route(self) -> None:
        """Every route answers with the provider's bytes, and is counted under its own name."""
        for route, (label, body) in RELAYED.items():
            self.a.script, self.b.script = [body], [body]
            answer = self.ask("POST", route, b'{"model":"m","input":"text"}')
            self.assertEqual((answer.status, answer.body), (200, body), route)
            line = self.log.records[-1]
            self.assertEqual((line["gen_ai.operation.name"], line["route"]), (label, route))

    def test_completion(self) -> None:
        """Text completions are answered with choices that have texts."""
        body = b'{"object":"text_completion","choices":[{"text":"a","finish_reason":"stop"}]}'
        self.a.script = [body]
        answer = self.ask("POST", "/v1/completions", b'{"model":"m","prompt":"a"}')
        self.assertEqual((answer.status, answer.body), (200, body))

    def test_bytes_as_they_came(self) -> None:
        """What is not checked is sent as it was written."""
        body = b'{ "documents": [1e2, "\\u0041"], "model":"m" ,"query":"q"}'
        self.a.script = [b'{"results":[]}']
        self.ask("POST", "/v1/rerank", body)
        request = self.log.records[-1]
        self.assertEqual(request["status"], 200)
        self.assertEqual(self.a.attempts[0].model, "m")

    def test_no_model(self) -> None:
        """Without a model no provider can be found."""
        answer = self.ask("POST", "/v1/rerank", b'{"query":"q"}')
        self.assertEqual((answer.status, answer.error["param"]), (400, "model"))
        self.assertEqual(self.a.attempts, [])

    def test_route_that_nobody_has(self) -> None:
        """A model whose providers lack the route says so."""
        self.a.endpoints = self.b.endpoints = frozenset({"chat"})
        answer = self.ask("POST", "/v1/rerank", b'{"model":"m"}')
        self.assertEqual((answer.status, answer.error["code"]), (404, "endpoint_not_supported"))

    def test_stream_where_there_is_none(self) -> None:
        """Who asks for a stream of what has none is answered whole."""
        self.a.script = [b'{"results":[]}']
        answer = self.ask("POST", "/v1/moderations", b'{"model":"m","stream":true}')
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/json"))


class DialectTests(GatewayTestCase):
    """Errors in the words of the API that was called."""

    def test_messages(self) -> None:
        """Anthropic's clients read Anthropic's errors."""
        answer = self.ask("POST", "/v1/messages", b"{}")
        body = orjson.loads(answer.body)
        self.assertEqual(answer.status, 400)
        self.assertEqual((body["type"], body["error"]["type"]), ("error", "invalid_request_error"))
        self.assertEqual(body["request_id"], answer.headers["x-request-id"])

    def test_messages_nowhere(self) -> None:
        """So they do below the route, where there is nothing, and with another method."""
        for method, path, status in (
            ("POST", "/v1/messages/count_tokens", 404),
            ("GET", "/v1/messages", 405),
        ):
            answer = self.ask(method, path, b"{}" if method == "POST" else None)
            self.assertEqual((answer.status, orjson.loads(answer.body)["type"]), (status, "error"))

    def test_responses_stream(self) -> None:
        """The error event of the Responses API goes on counting."""
        body = ManualBody(CREATED + DELTA)
        self.a.script = [body]
        client = self.connect()
        client.send("POST", "/v1/responses", b'{"model":"m","stream":true}')
        body.end(ProviderUnavailable("gone"))
        events = client.connection.received.partition(b"event: error")[2]
        self.assertIn(b'"type":"error"', events)
        self.assertIn(b'"sequence_number":5', events)
        self.assertNotIn(b"0\r\n\r\n", client.connection.received)


class StreamTests(GatewayTestCase):
    """Streams of other APIs."""

    def test_responses(self) -> None:
        """Events pass as they came, and nothing is added behind the last."""
        self.a.script = [ManualBody(CREATED + DELTA + COMPLETED)]
        client = self.connect()
        client.send("POST", "/v1/responses", b'{"model":"m","stream":true}')
        answer = client.answer
        self.assertEqual((answer.body, answer.whole), (CREATED + DELTA + COMPLETED, True))
        self.assertEqual(answer.headers["content-type"], "text/event-stream; charset=utf-8")

    def test_speech(self) -> None:
        """Sound comes as the provider calls it, without comments, as it is made."""
        body = ManualBody()
        headers = ((b"content-type", b"audio/mpeg"),)
        self.a.script = [ProviderReply(status=200, body=body, headers=headers)]
        client = self.connect()
        client.send("POST", "/v1/audio/speech", b'{"model":"m","input":"hello","voice":"v"}')
        self.clock.advance(100.0)
        self.assertEqual(client.connection.received, b"")
        body.feed(b"\xff\xfb")
        self.assertIn(b"\xff\xfb", client.connection.received)
        body.feed(b"\x00")
        body.end()
        answer = client.answer
        self.assertEqual((answer.body, answer.whole), (b"\xff\xfb\x00", True))
        self.assertEqual(answer.headers["content-type"], "audio/mpeg")

    def test_speech_that_breaks(self) -> None:
        """Sound that breaks off looks broken, and no words are mixed into it."""
        body = ManualBody(b"\xff\xfb")
        self.a.script = [body]
        client = self.connect()
        client.send("POST", "/v1/audio/speech", b'{"model":"m","input":"hello"}')
        body.end(ProviderUnavailable("gone"))
        received = client.connection.received
        self.assertIn(b"application/octet-stream", received)
        self.assertTrue(received.endswith(b"\xff\xfb\r\n"), received)
        self.assertSettled("provider_error", 200)


class LeavingTests(GatewayTestCase):
    """Clients that leave, or read slowly, on the other routes."""

    def test_plain(self) -> None:
        """Whoever leaves a plain call has its provider left at once, whatever was asked."""
        for route in (*RELAYED, "/v1/completions"):
            waiting: list[Deferred[Answer]] = [Deferred(), Deferred()]
            self.a.script, self.b.script = [waiting[0]], [waiting[1]]
            before = self.a.cancelled + self.b.cancelled
            client = self.connect()
            client.send("POST", route, b'{"model":"m","input":"text","prompt":"a"}')
            client.connection.leave()
            self.assertEqual(self.a.cancelled + self.b.cancelled, before + 1, route)
            self.assertEqual(self.log.records[-1]["verdict"], "client_gone", route)

    def test_streams(self) -> None:
        """So it is in the middle of a stream, and before that its pace is the client's."""
        for route, begun in (
            ("/v1/responses", CREATED + DELTA),
            ("/v1/audio/speech", b"\xff\xfb"),
            ("/v1/images/generations", b"data: {}\n\n"),
        ):
            body = ManualBody(begun)
            self.a.script, self.b.script = [body], [body]
            client = self.connect()
            client.send("POST", route, b'{"model":"m","stream":true}')
            self.assertIn(begun, client.connection.received)
            client.connection.pause()
            self.assertTrue(body.paused, route)
            client.connection.resume()
            self.assertFalse(body.paused, route)
            client.connection.leave()
            self.assertTrue(body.aborted, route)
            self.assertEqual(self.log.records[-1]["verdict"], "client_gone", route)


class FormTests(GatewayTestCase):
    """Recordings and images."""

    def test_each_route(self) -> None:
        """Every route answers with the provider's bytes, and is counted under its own name."""
        for route, (label, said, name) in FORMS.items():
            self.a.script, self.b.script = [said], [said]
            file = FILE.replace(b'"file"', b'"%b"' % name)
            answer = self.ask("POST", route, form(field(b"model", b"m"), file), FORM_TYPE)
            self.assertEqual((answer.status, answer.body), (200, said), route)
            line = self.log.records[-1]
            self.assertEqual((line["gen_ai.operation.name"], line["route"]), (label, route))

    def test_no_file(self) -> None:
        """A form without what it is about is refused, and no provider is asked."""
        for route, param in (("/v1/audio/translations", "file"), ("/v1/images/edits", "image")):
            answer = self.ask("POST", route, form(MODEL), FORM_TYPE)
            self.assertEqual((answer.status, answer.error["param"]), (400, param))
        self.assertEqual(self.a.attempts, [])

    def test_transcription(self) -> None:
        """A form is asked about with its own type, and the answer may be any text."""
        text = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"
        headers = ((b"content-type", b"text/plain"),)
        self.a.script = [ProviderReply(status=200, body=text, headers=headers)]
        body = form(field(b"model", b"m"), FILE)
        answer = self.ask("POST", "/v1/audio/transcriptions", body, FORM_TYPE)
        self.assertEqual((answer.status, answer.body), (200, text))
        self.assertEqual(answer.headers["content-type"], "text/plain")

    def test_large(self) -> None:
        """A form may be larger than other bodies, up to its own limit."""
        self.a.script = [b'{"text":"a"}']
        large = form(field(b"model", b"m"), FILE + b"x" * 150_000)
        client = self.connect()
        client.send("POST", "/v1/audio/transcriptions", large, FORM_TYPE)
        self.assertEqual(client.answer.status, 200)
        self.b.script = [b'{"text":"a"}']
        client.send("POST", "/v1/audio/transcriptions", large, FORM_TYPE)
        self.assertEqual([answer.status for answer in client.answers], [200, 200])
        huge = form(field(b"model", b"m"), FILE + b"x" * 250_000)
        refused = self.ask("POST", "/v1/audio/transcriptions", huge, FORM_TYPE)
        self.assertEqual((refused.status, refused.error["code"]), (413, "payload_too_large"))

    def test_no_form(self) -> None:
        """JSON is no form, and a form is no JSON."""
        for route, headers in (
            *((route, ("Content-Type", "application/json")) for route in FORMS),
            ("/v1/chat/completions", FORM_TYPE),
        ):
            answer = self.ask("POST", route, form(MODEL, FILE), headers)
            self.assertEqual((answer.status, answer.error["code"]), (415, "unsupported_media_type"))

    def test_compressed_form(self) -> None:
        """A form comes as it is."""
        answer = self.ask(
            "POST",
            "/v1/audio/transcriptions",
            form(MODEL, FILE),
            FORM_TYPE,
            ("Content-Encoding", "gzip"),
        )
        self.assertEqual(answer.status, 415)


class TableTests(GatewayTestCase):
    """The table of operations."""

    def test_named(self) -> None:
        """Every operation is found under its own name."""
        for name, operation in OPERATIONS.items():
            self.assertEqual(operation.name, name)
