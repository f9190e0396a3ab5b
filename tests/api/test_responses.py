"""Questions about stored responses, from a client's side."""

from typing import ClassVar

import orjson

from inference_gateway.exchange import Principal
from inference_gateway.testing.doubles import ManualBody
from tests.api.gateway import HOP, Client, GatewayTestCase
from tests.api.http import Answer
from tests.api.test_chat import STREAM, answering
from tests.pipeline.questions import missing, stored

RESPONSES = "/v1/responses"
ONE = f"{RESPONSES}/resp_1"
KEY = ("Authorization", "Bearer good-key")
CREATED = (
    b'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_1",'
    b'"model":"m"},"sequence_number":0}\n\n'
)
DELTA = b'data: {"type":"response.output_text.delta","delta":"hi","sequence_number":1}\n\n'
COMPLETED = (
    b'data: {"type":"response.completed","response":{"id":"resp_1","status":"completed"},'
    b'"sequence_number":2}\n\n'
)


def made(**fields: object) -> bytes:
    """Return a response as it is when it has been made."""
    return stored(output=[], model="m", usage={"input_tokens": 1, "output_tokens": 2}, **fields)


class ResponsesTestCase(GatewayTestCase):
    """Two providers; ``b`` has the response ``resp_1``, and who has it is known."""

    def setUp(self) -> None:
        super().setUp()
        self.affinity.remember("resp_1", "b")


class RouteTests(ResponsesTestCase):
    """What becomes of each route."""

    def test_retrieve(self) -> None:
        """A response is answered as its provider tells it."""
        self.b.script = [stored()]
        answer = self.ask("GET", ONE + "?include%5B%5D=a&secret=b")
        self.assertEqual((answer.status, answer.body), (200, stored()))
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertEqual(self.b.questions, [(b"GET", b"/resp_1?include%5B%5D=a")])
        self.assertSettled("complete", 200)

    def test_recorded(self) -> None:
        """The call is recorded under the API's name, without its query."""
        self.a.script, self.b.script = [stored()], [missing()]
        self.ask("GET", ONE + "?after=in-the-query")
        line = self.line()
        self.assertEqual(line["gen_ai.operation.name"], "responses")
        self.assertEqual(line["route"], "/v1/responses/<response_id>")
        self.assertEqual(
            [(tried["provider"], tried["verdict"]) for tried in line["attempts"]],
            [("b", "provider_error"), ("a", "complete")],
        )
        self.assertNotIn("in-the-query", self.log.text)
        self.assertNotIn("gen_ai.usage.input_tokens", line)

    def test_head(self) -> None:
        """HEAD has the head of GET and no body."""
        self.b.script = [stored()]
        answer = self.ask("HEAD", ONE)
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(self.b.questions, [(b"GET", b"/resp_1")])

    def test_input_items(self) -> None:
        """What a response was made from is asked for by page."""
        self.b.script = [b'{"object":"list","data":[]}']
        answer = self.ask("GET", ONE + "/input_items?limit=2&order=asc")
        self.assertEqual(answer.json, {"object": "list", "data": []})
        self.assertEqual(self.b.questions, [(b"GET", b"/resp_1/input_items?limit=2&order=asc")])

    def test_delete(self) -> None:
        """A deleted response is forgotten here, too."""
        self.b.script = [stored(object="response.deleted")]
        self.assertEqual(self.ask("DELETE", ONE).status, 200)
        self.assertEqual(self.b.questions, [(b"DELETE", b"/resp_1")])
        self.assertIsNone(self.affinity.provider("resp_1"))

    def test_missing(self) -> None:
        """A response that nobody has is not found."""
        self.a.script, self.b.script = [missing()], [missing()]
        answer = self.ask("GET", ONE)
        self.assertEqual((answer.status, answer.error["code"]), (404, "provider_invalid_request"))
        self.assertEqual(answer.headers["x-should-retry"], "false")
        self.assertSettled("provider_error", 404)

    def test_odd_ids(self) -> None:
        """An id that no response has asks nobody."""
        for odd in ("x" * 129, "a%20b", "a.b", "%F0%9F%98%80"):
            answer = self.ask("GET", f"{RESPONSES}/{odd}")
            self.assertEqual((answer.status, answer.error["code"]), (404, "resource_not_found"))
        self.assertEqual(self.a.attempts + self.b.attempts, [])

    def test_below(self) -> None:
        """Nothing else is there."""
        for target in (ONE + "/", ONE + "/output", f"{RESPONSES}/a%2Fb", f"{RESPONSES}/"):
            self.assertEqual(self.ask("GET", target).status, 404, target)

    def test_methods(self) -> None:
        """Other methods are told which there are."""
        for method, target, allowed in (
            ("POST", ONE, "DELETE, GET, HEAD"),
            ("GET", ONE + "/cancel", "POST"),
            ("DELETE", ONE + "/input_items", "GET, HEAD"),
        ):
            answer = self.ask(method, target, b"{}" if method == "POST" else None)
            self.assertEqual((answer.status, answer.headers["allow"]), (405, allowed))

    def test_circle(self) -> None:
        """A question that has come back to the gateway goes round no more."""
        answer = self.ask("GET", ONE, None, ("Via", f"1.1 {HOP.decode()}"))
        self.assertEqual((answer.status, answer.error["code"]), (500, "configuration_error"))
        self.assertEqual(self.b.questions, [])


class CancelTests(ResponsesTestCase):
    """Cancelling, which needs no body."""

    def cancel(self, body: bytes | None, *headers: tuple[str, str]) -> Answer:
        """Cancel the response."""
        self.b.script = [stored(status="cancelled")]
        return self.ask("POST", ONE + "/cancel", body, *headers)

    def test_without_body(self) -> None:
        """Without a body no media type is asked for, be the length told or not."""
        for headers in ([], [("Content-Length", "0")]):
            answer = self.cancel(None, *headers)
            self.assertEqual((answer.status, answer.json["status"]), (200, "cancelled"))
        self.assertEqual(self.b.questions, [(b"POST", b"/resp_1/cancel")] * 2)

    def test_empty(self) -> None:
        """An empty body may say that it is JSON, as OpenAI's own client does."""
        self.assertEqual(self.cancel(b"").status, 200)

    def test_json(self) -> None:
        """A body may be there if it is JSON; it goes nowhere."""
        self.assertEqual(self.cancel(b"{}").status, 200)
        self.assertEqual(self.cancel(b'{"a":1}').status, 200)

    def test_no_json(self) -> None:
        """Any other body is refused, by its type or by what it is."""
        answer = self.cancel(b"a=b", ("Content-Type", "application/x-www-form-urlencoded"))
        self.assertEqual(answer.status, 415)
        answer = self.cancel(b"{")
        self.assertEqual((answer.status, answer.error["code"]), (400, "json_parse_error"))
        self.assertEqual(self.b.questions, [])

    def test_chunked(self) -> None:
        """Chunks may hold a body, so their type has to be told."""
        self.assertEqual(self.cancel(None, ("Transfer-Encoding", "chunked")).status, 415)

    def test_repeated(self) -> None:
        """A head that was welcome without a body is judged again when one follows it."""
        self.b.script = [stored()]
        client = self.connect()
        client.send("POST", ONE + "/cancel", None, ("Content-Length", "0"))
        client.send("POST", ONE + "/cancel", None, ("Content-Length", "3"))
        self.assertEqual([answer.status for answer in client.answers], [200, 415])

    def test_other_routes(self) -> None:
        """Other routes want their media type, body or not."""
        self.assertEqual(self.ask("POST", RESPONSES).status, 415)


class WrongReplyTests(GatewayTestCase):
    """Replies of the wrong kind."""

    def test_streamed(self) -> None:
        """A question that is answered with a stream does not hang."""
        self.service = answering(STREAM)
        self.setUp()
        answer = self.ask("GET", ONE)
        self.assertEqual((answer.status, answer.error["code"]), (500, "internal_error"))
        self.assertSettled("internal", 500)


class StreamTests(ResponsesTestCase):
    """A stored response as a stream."""

    def begin(self) -> Client:
        """Ask for the stream and let it begin."""
        self.body = ManualBody()
        self.b.script = [self.body]
        client = self.connect()
        client.send("GET", ONE + "?stream=true&starting_after=5")
        self.body.feed(CREATED)
        return client

    def tearDown(self) -> None:
        self.clock.advance(1.0)  # for which a body may go on behind its last event

    def test_relayed(self) -> None:
        """Events pass as they came; nothing is added to them."""
        client = self.begin()
        self.assertEqual(client.answer.body, CREATED)
        self.body.feed(COMPLETED)
        answer = client.answer
        self.assertEqual((answer.status, answer.body), (200, CREATED + COMPLETED))
        self.assertTrue(answer.whole)
        self.assertEqual(answer.headers["content-type"], "text/event-stream; charset=utf-8")
        self.assertEqual(self.b.questions, [(b"GET", b"/resp_1?stream=true&starting_after=5")])
        self.assertSettled("complete", 200)
        self.assertTrue(self.line()["stream"])

    def test_truncated(self) -> None:
        """A stream that breaks off ends with an error event of the API, and not as a whole one."""
        client = self.begin()
        self.body.end()
        answer = client.answer
        self.assertFalse(answer.whole)
        error = orjson.loads(answer.body.removeprefix(CREATED).partition(b"data: ")[2])
        self.assertEqual((error["type"], error["sequence_number"]), ("error", 1))
        self.assertSettled("truncated", 200)

    def test_not_found(self) -> None:
        """Before the first event an error is an answer of its own."""
        self.a.script, self.b.script = [missing()], [missing()]
        answer = self.ask("GET", ONE + "?stream=true")
        self.assertEqual((answer.status, answer.headers["content-type"]), (404, "application/json"))

    def test_left(self) -> None:
        """A client that leaves takes the provider with it."""
        client = self.begin()
        client.connection.leave()
        self.assertTrue(self.body.aborted)
        self.assertSettled("client_gone", 499)


class LearningTests(GatewayTestCase):
    """How it is known who has a response."""

    def make(self, **fields: object) -> Client:
        """Ask for a response."""
        client = self.connect()
        client.send("POST", RESPONSES, orjson.dumps({"model": "m", "input": "hi", **fields}))
        return client

    def test_whole(self) -> None:
        """Whoever makes a response has it."""
        self.a.script = [made(id="resp_a")]
        self.b.script = [made(id="resp_b")]
        for _ in range(2):
            self.assertEqual(self.make().answer.status, 200)
        self.assertEqual(self.affinity.provider("resp_a"), "a")
        self.assertEqual(self.affinity.provider("resp_b"), "b")

    def test_stream(self) -> None:
        """It is known while the response is still being made, so that it can be cancelled."""
        body = ManualBody()
        self.a.script = [body, stored(status="cancelled")]
        client = self.make(stream=True)
        body.feed(CREATED + DELTA)
        self.assertEqual(client.answer.body, CREATED + DELTA)
        self.assertEqual(self.ask("POST", ONE + "/cancel").status, 200)
        self.assertEqual(self.a.questions, [(b"POST", b"/resp_1/cancel")])
        client.connection.leave()

    def test_failed_over(self) -> None:
        """Of two attempts each is known for its own response."""
        body = ManualBody(CREATED)
        self.a.script, self.b.script = [body], [made(id="resp_b")]
        self.make(stream=True)
        body.end()
        self.assertEqual(self.affinity.provider("resp_1"), "a")
        self.assertEqual(self.affinity.provider("resp_b"), "b")

    def test_other_operations(self) -> None:
        """Ids of other answers are not kept."""
        self.a.script = [b'{"id":"resp_1","data":[]}']
        self.ask("POST", "/v1/moderations", b'{"model":"m","input":"hi"}')
        self.assertEqual(len(self.affinity), 0)


class KeyTests(GatewayTestCase):
    """Whose questions are answered."""

    keys: ClassVar = {
        b"good-key": Principal(id="alice"),
        b"small-key": Principal(id="bob", models=("nothing",)),
    }

    def test_stranger(self) -> None:
        """A key is needed, for every one of the routes."""
        for method, target in (
            ("GET", ONE),
            ("DELETE", ONE),
            ("GET", ONE + "/input_items"),
            ("POST", ONE + "/cancel"),
        ):
            self.assertEqual(self.ask(method, target).status, 401, target)

    def test_friend(self) -> None:
        """With a key they are answered."""
        self.a.script = [stored()]
        self.assertEqual(self.ask("GET", ONE, None, KEY).status, 200)
        self.assertEqual(self.line()["key_id"], "alice")

    def test_key_without_provider(self) -> None:
        """A key that may use no provider's models finds nothing."""
        answer = self.ask("GET", ONE, None, ("Authorization", "Bearer small-key"))
        self.assertEqual((answer.status, answer.error["code"]), (404, "endpoint_not_supported"))

    def test_draining(self) -> None:
        """A gateway that shuts down answers no more of them."""
        self.gate.draining = True
        self.assertEqual(self.ask("GET", ONE, None, KEY).status, 503)
