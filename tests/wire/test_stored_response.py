"""Requests about stored responses, and the answers to them."""

import orjson
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidJSON, ResourceNotFound
from inference_gateway.provider_errors import ProviderInvalidAnswer, ProviderRateLimited
from inference_gateway.wire.inspect import Kind
from inference_gateway.wire.sse import DONE, Event
from inference_gateway.wire.stored_response import (
    STORED,
    StoredRequest,
    check_no_message,
    inspect_stored,
    parse_stored,
)
from tests.wire.test_response_ids import event


class RequestTests(SynchronousTestCase):
    """From a path and a query to a request."""

    def parse(
        self, query: bytes = b"", *, method: bytes = b"GET", part: bytes = b""
    ) -> StoredRequest:
        """Read a request about one response."""
        return parse_stored("resp_1", method, query, part=part)

    def test_plain(self) -> None:
        """Without a query the request is the id, below the path of the API."""
        request = self.parse()
        self.assertEqual(
            (request.response_id, request.method, request.rest), ("resp_1", b"GET", b"/resp_1")
        )
        self.assertFalse(request.stream)

    def test_part(self) -> None:
        """What is below the id follows it."""
        self.assertEqual(self.parse(method=b"POST", part=b"/cancel").rest, b"/resp_1/cancel")

    def test_stream(self) -> None:
        """A stream is asked for in the words of the API, whatever the client's spelling."""
        for value in (b"true", b"1"):
            request = self.parse(b"starting_after=7&stream=" + value)
            self.assertTrue(request.stream)
            self.assertEqual(request.rest, b"/resp_1?stream=true&starting_after=7")

    def test_no_stream(self) -> None:
        """What is no such wish, or cannot have a stream, has none."""
        for request in (
            self.parse(b"stream=false"),
            self.parse(b"stream="),
            self.parse(b"stream=true", method=b"DELETE"),
            self.parse(b"stream=true", method=b"HEAD"),
            self.parse(b"stream=true", part=b"/input_items"),
        ):
            self.assertFalse(request.stream)
            self.assertNotIn(b"?", request.rest)

    def test_head(self) -> None:
        """The head of an answer is asked for with the answer."""
        self.assertEqual(self.parse(method=b"HEAD").method, b"GET")

    def test_query(self) -> None:
        """Known parameters are passed on, each value of them, encoded again."""
        request = self.parse(
            b"before=b&after=item%5F1&order=asc&limit=5&include%5B%5D=a.b&include[]=c&include=d%26e"
            b"&include_obfuscation=false",
            part=b"/input_items",
        )
        self.assertEqual(
            request.rest,
            b"/resp_1/input_items?include=d%26e&include%5B%5D=a.b&include%5B%5D=c"
            b"&include_obfuscation=false&limit=5&order=asc&after=item_1&before=b",
        )

    def test_hostile_query(self) -> None:
        """Other parameters, and values that are not printable ASCII, stay here."""
        request = self.parse(
            b"api-version=x&url=http://x&limit=1%0d%0aHost:%20x&order=&after=%ff&before=%C3%A9"
        )
        self.assertEqual(request.rest, b"/resp_1")

    def test_encoded(self) -> None:
        """A value ends neither its parameter nor the request line."""
        request = self.parse(b"after=a%20b%23c%3Fd%26limit%3D9%2B%25")
        self.assertEqual(request.rest, b"/resp_1?after=a%20b%23c%3Fd%26limit%3D9%2B%25")
        self.assertEqual(self.parse(b"after=a+b=c&limit").rest, b"/resp_1?after=a%20b%3Dc")

    def test_odd_ids(self) -> None:
        """An id that no response has is not found, and goes nowhere."""
        for response_id in ("", "x" * 129, "..", "a/b", "resp_1\n", "a?b", "é"):
            error = self.assertRaises(ResourceNotFound, parse_stored, response_id, b"GET", b"")
            self.assertEqual((error.status, error.code), (404, "resource_not_found"))

    def test_no_message(self) -> None:
        """A body that nobody needs may be any JSON, and nothing else."""
        for body in (b"{}", b" {}\n", b'{"a":1}', b"null"):
            check_no_message(body)
        for body in (b"{", b"x", b" ", b"\xff"):
            self.assertRaises(InvalidJSON, check_no_message, body)


class AnswerTests(SynchronousTestCase):
    """Whole answers."""

    def test_answers(self) -> None:
        """A response is an answer however it ended, and so is any other object."""
        for answer in (
            {"id": "resp_1", "object": "response", "status": "in_progress", "error": None},
            {"id": "resp_1", "object": "response", "status": "failed", "error": {"code": "x"}},
            {"id": "resp_1", "object": "response.deleted", "deleted": True},
            {"object": "list", "data": []},
            {},
        ):
            facts = inspect_stored(orjson.dumps(answer))
            self.assertEqual((facts.usage, facts.output_chars), (None, 0))

    def test_no_answers(self) -> None:
        """What is no JSON object, or nothing but an error, is none."""
        for body in (b"", b"{", b"[]", b"null", b'{"error":{"message":"no"}}'):
            self.assertRaises(ProviderInvalidAnswer, inspect_stored, body)

    def test_told(self) -> None:
        """An error that says what it means is that error."""
        self.assertRaises(ProviderRateLimited, inspect_stored, b'{"error":{"code":429}}')


class StreamTests(SynchronousTestCase):
    """Streams of stored responses."""

    def setUp(self) -> None:
        self.inspector = STORED.inspector(parse_stored("resp_1", b"GET", b""))

    def test_everything_counts(self) -> None:
        """Every event is worth passing on at once, but it costs nobody anything."""
        for kind in ("response.queued", "response.output_text.delta", "response.new_thing"):
            members = {"type": kind, "delta": "text", "response": {"usage": {"input_tokens": 1}}}
            self.assertIs(self.inspector.inspect(event(members)), Kind.CONTENT)
        self.assertFalse(self.inspector.complete)
        self.assertEqual((self.inspector.usage, self.inspector.output_chars), (None, 0))

    def test_ends(self) -> None:
        """However a response ended, its stream is whole then."""
        for ending in ("completed", "incomplete", "failed", "cancelled"):
            self.setUp()
            kind = self.inspector.inspect(event({"type": f"response.{ending}", "response": {}}))
            self.assertIs(kind, Kind.LAST, ending)
            self.assertTrue(self.inspector.complete)

    def test_others(self) -> None:
        """Errors of the provider, comments and malformed data are what they are everywhere."""
        for said, kind in (
            (event({"type": "error", "message": "no"}), Kind.ERROR),
            (Event(b": hi\n\n", None), Kind.COMMENT),
            (Event(b"data: {\n\n", b"{"), Kind.MALFORMED),
            (DONE, Kind.DONE),
        ):
            self.assertIs(self.inspector.inspect(said), kind)
        self.assertFalse(self.inspector.complete)

    def test_sequence(self) -> None:
        """The next event's number follows that of the last, or their count where none is told."""
        self.inspector.inspect(event({"type": "response.queued", "sequence_number": 41}))
        self.assertEqual(self.inspector.sequence, 42)
        self.inspector.inspect(event({"type": "response.new_thing"}))
        self.assertEqual(self.inspector.sequence, 43)
