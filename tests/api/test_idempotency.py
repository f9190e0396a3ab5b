"""Clients that repeat a request while it runs, through the whole gateway."""

from typing import Any, ClassVar

from twisted.internet.defer import Deferred

from inference_gateway.errors import Drained
from inference_gateway.exchange import Principal
from inference_gateway.testing.doubles import Answer
from tests.api.gateway import Client
from tests.api.streaming import CHAT, StreamTestCase
from tests.pipeline import chats
from tests.pipeline.chats import DONE, STOP, USAGE, text

KEY = ("Idempotency-Key", "one")


class RepeatTestCase(StreamTestCase):
    """Calls with a key."""

    def repeat(self, *headers: tuple[str, str], **fields: Any) -> Client:
        """Send a call with the key on a connection of its own."""
        client = self.connect()
        client.send("POST", CHAT, chats.request(**fields), KEY, *headers)
        return client

    def assertNothingLeft(self, calls: int) -> None:
        """So many calls ended, and nothing of them is left anywhere."""
        self.assertEqual(len(self.log.records), calls)
        self.assertEqual(self.metrics.calls_in_flight, 0)
        self.assertEqual([entry.in_flight for entry in self.roster], [0, 0])

    def told(self, field: str) -> list[object]:
        """Return a field of each line of the log."""
        return self.names(self.log.records, field)


class StreamTests(RepeatTestCase):
    """Streams."""

    def end(self) -> None:
        """Let the provider end the stream as it should."""
        self.feed(STOP, USAGE, DONE)
        self.body.end()

    def test_one_request(self) -> None:
        """Two clients read one stream, which is billed once."""
        first = self.repeat(stream=True)
        self.feed(text("1"))
        second = self.repeat(stream=True)
        self.assertEqual(second.answer.body, text("1"))
        self.feed(text("2"))
        self.end()
        for client in (first, second):
            self.assertEqual(client.answer.body, text("1") + text("2") + STOP + DONE)
            self.assertTrue(client.answer.whole)
        self.assertEqual(len(self.a.attempts), 1)
        self.assertEqual(self.told("gen_ai.usage.output_tokens"), [3, None])
        self.assertEqual(self.told("finish_reason"), ["stop", "stop"])
        self.assertEqual(self.told("gen_ai.provider.name"), ["a", None])
        self.assertNothingLeft(2)

    def test_first_leaves(self) -> None:
        """The first client's leaving ends nothing while another reads, who is then billed."""
        first, second = self.repeat(stream=True), self.repeat(stream=True)
        self.feed(text("1"))
        first.connection.leave()
        self.assertFalse(self.body.aborted)
        self.feed(text("2"))
        self.end()
        self.assertTrue(second.answer.whole)
        self.assertEqual(self.told("verdict"), ["client_gone", "complete"])
        self.assertEqual(self.told("gen_ai.usage.output_tokens"), [None, 3])
        self.assertNothingLeft(2)

    def test_all_leave(self) -> None:
        """With the last client the provider is left; what was said until then is billed once."""
        first, second = self.repeat(stream=True), self.repeat(stream=True)
        self.feed(text("1"))
        first.connection.leave()
        second.connection.leave()
        self.assertTrue(self.body.aborted)
        self.assertEqual(self.told("usage_source"), [None, "estimated"])
        self.assertNothingLeft(2)

    def test_slow_reader(self) -> None:
        """One client that does not read holds the provider back, until it leaves."""
        first, second = self.repeat(stream=True), self.repeat(stream=True)
        self.feed(text("1"))
        first.connection.pause()
        self.assertTrue(self.body.paused)
        first.connection.leave()
        self.assertFalse(self.body.paused)
        self.end()
        self.assertTrue(second.answer.whole)
        self.assertNothingLeft(2)

    def test_cut(self) -> None:
        """A stream that breaks off is told to all, each with an error event."""
        clients = [self.repeat(stream=True), self.repeat(stream=True)]
        self.feed(text("1"))
        self.body.end()
        for client in clients:
            self.assertFailed(client, text("1"), "provider_error")
        self.assertNothingLeft(2)

    def test_admission(self) -> None:
        """A repeat is let in, or not, as every call is."""
        first = self.repeat(stream=True)
        self.feed(text("1"))
        self.gate.draining = True
        self.assertEqual(self.repeat(stream=True).answer.error["code"], "draining")
        self.end()
        self.assertTrue(first.answer.whole)
        self.assertNothingLeft(2)

    def test_shutdown(self) -> None:
        """What runs at the very end of a shutdown is ended for all, and the provider is left."""
        clients = [self.repeat(stream=True), self.repeat(stream=True)]
        self.feed(text("1"))
        self.app.cut(Drained("the gateway is shutting down"))
        for client in clients:
            self.assertFailed(client, text("1"), "draining")
        self.assertTrue(self.body.aborted)
        self.assertNothingLeft(2)

    def test_shutdown_before_content(self) -> None:
        """The same before the answer has begun."""
        clients = [self.repeat(stream=True), self.repeat(stream=True)]
        self.app.cut(Drained("the gateway is shutting down"))
        self.assertEqual([client.answer.status for client in clients], [503, 503])
        self.assertTrue(self.body.aborted)
        self.assertNothingLeft(2)


class WholeTests(RepeatTestCase):
    """Whole answers."""

    keys: ClassVar = {b"k1": Principal(id="one"), b"k2": Principal(id="two")}

    def setUp(self) -> None:
        super().setUp()
        self.answers: list[Deferred[Answer]] = [Deferred(), Deferred()]
        for provider, answer in zip((self.a, self.b), self.answers, strict=True):
            provider.script = [answer]

    def ask_as(self, key: str, **fields: Any) -> Client:
        """Send a call with a client's key."""
        return self.repeat(("Authorization", f"Bearer {key}"), **fields)

    def test_first_leaves(self) -> None:
        """A repeat gets the answer that its client did not wait for the first time."""
        self.ask_as("k1").connection.leave()
        self.assertEqual(self.a.cancelled, 1)
        first, second = self.ask_as("k1"), self.ask_as("k1")
        first.connection.leave()
        self.assertEqual(self.b.cancelled, 0)
        self.answers[1].callback(chats.answer())
        self.assertEqual(second.answer.json["choices"][0]["message"]["content"], "hello")
        self.assertEqual(self.told("gen_ai.usage.output_tokens"), [None, None, 3])
        self.assertNothingLeft(3)

    def test_other_body(self) -> None:
        """Another request with the same key is refused, and its client need not try again."""
        first, other = self.ask_as("k1"), self.ask_as("k1", stream=True)
        self.assertEqual(other.answer.status, 422)
        self.assertEqual(other.answer.error["code"], "idempotency_key_reused")
        self.assertEqual(other.answer.headers["x-should-retry"], "false")
        self.answers[0].callback(chats.answer())
        self.assertEqual(first.answer.status, 200)
        self.assertNothingLeft(2)

    def test_strangers(self) -> None:
        """Clients with other keys share nothing, though they say the same."""
        clients = [self.ask_as("k1"), self.ask_as("k2")]
        for number, answer in enumerate(self.answers):
            answer.callback(chats.answer(str(number)))
        said = [client.answer.json["choices"][0]["message"]["content"] for client in clients]
        self.assertEqual(said, ["0", "1"])
        self.assertNothingLeft(2)
