"""Responses of two servers that keep what they make, asked about with the ``openai`` package."""

from collections.abc import Iterable

from openai import InternalServerError, NotFoundError, OpenAI
from openai.types.responses import ResponseStreamEvent

from tests.acceptance.gateway import KEY, PROMPT, Configuration, Gateway, free_port
from tests.acceptance.raw_client import AUTH, RawConnection
from tests.acceptance.relaying import OwnRelayTestCase, provider, relaying
from tests.acceptance.response_keeper import Keeper

SAID = "naïve 你好"


def text_of(events: Iterable[ResponseStreamEvent]) -> str:
    """Return what the model says in a stream."""
    return "".join(e.delta for e in events if e.type == "response.output_text.delta")


class ByIdTestCase(OwnRelayTestCase):
    """A gateway in front of ``first``, which has the model ``one``, and ``second``."""

    def setUp(self) -> None:
        self.first, self.second = self.keeper("first"), self.keeper("second")
        self.gateway = self.start(self.configured())
        self.client = self.open(self.gateway)

    def keeper(self, name: str) -> Keeper:
        """Return a new upstream; it is closed with the test."""
        keeper = Keeper(name)
        self.addCleanup(lambda: self.assertEqual(keeper.upstream.failures, []))
        self.addCleanup(keeper.upstream.close)
        return keeper

    def configured(self, first: str = "") -> Configuration:
        """Return what the gateway is to be told; ``first`` is where else the first one is."""
        return relaying(
            provider(first or self.first.upstream.base_url, "first", models=["one"]),
            provider(self.second.upstream.base_url, "second", models=["two"]),
        )

    def open(self, gateway: Gateway) -> OpenAI:
        """Return a client that tries once."""
        client = OpenAI(base_url=gateway.base_url, api_key=KEY, max_retries=0)
        self.addCleanup(client.close)
        return client

    def make(self, model: str = "two") -> str:
        """Have a response made, and return its id."""
        response = self.client.responses.create(model=model, input=PROMPT)
        self.assertEqual(response.output_text, SAID)
        return response.id


class KnownTests(ByIdTestCase):
    """Responses that were made through this gateway."""

    def test_retrieve(self) -> None:
        """A response is asked for where it was made, and nowhere else."""
        for model, keeper, other in (
            ("two", self.second, self.first),
            ("one", self.first, self.second),
        ):
            before = len(other.lines)
            made = self.make(model)
            found = self.client.responses.retrieve(made, include=["reasoning.encrypted_content"])
            self.assertEqual((found.id, found.output_text), (made, SAID))
            self.assertEqual(
                keeper.lines[-1],
                f"GET /v1/responses/{made}?include%5B%5D=reasoning.encrypted_content",
            )
            self.assertEqual(len(other.lines), before)

    def test_input_items(self) -> None:
        """What it was made from is asked for by page."""
        made = self.make()
        items = self.client.responses.input_items.list(made, limit=5, order="asc")
        self.assertEqual([item.id for item in items], ["msg_0"])
        self.assertEqual(
            self.second.lines[-1], f"GET /v1/responses/{made}/input_items?limit=5&order=asc"
        )

    def test_cancel(self) -> None:
        """It is cancelled there, by a client with a body and by one without."""
        made = self.make()
        self.assertEqual(self.client.responses.cancel(made).status, "cancelled")
        with RawConnection(self.gateway.address) as raw:
            target = f"POST /v1/responses/{made}/cancel HTTP/1.1"
            raw.send("\r\n".join([target, "Host: localhost", AUTH, "", ""]).encode())
            answer = raw.answer()
        self.assertEqual((answer.status, answer.json()["status"]), (200, "cancelled"))
        self.assertEqual(self.second.lines[1:], [f"POST /v1/responses/{made}/cancel"] * 2)
        self.assertEqual(self.first.lines, [])

    def test_delete(self) -> None:
        """What was deleted is not found any more."""
        made = self.make()
        self.client.responses.delete(made)
        self.assertEqual(self.first.lines, [])
        with self.assertRaises(NotFoundError) as raised:
            self.client.responses.retrieve(made)
        self.assertEqual(raised.exception.code, "provider_invalid_request")

    def test_stream(self) -> None:
        """A response that was streamed is known, and its stream can be taken up again."""
        with self.client.responses.create(model="two", input=PROMPT, stream=True) as stream:
            events = list(stream)
        self.assertEqual(text_of(events), SAID)
        last = events[-1]
        assert last.type == "response.completed"
        with self.client.responses.retrieve(
            last.response.id, stream=True, starting_after=1
        ) as stream:
            again = list(stream)
        self.assertEqual([event.type for event in again], [event.type for event in events[2:]])
        self.assertEqual(text_of(again), "你好")
        self.assertEqual(self.first.lines, [])


class UnknownTests(ByIdTestCase):
    """Responses that this gateway knows nothing of."""

    def test_restart(self) -> None:
        """After a restart whoever has a response is found, and asked alone from then on."""
        made = self.make()
        self.gateway.stop()
        client = self.open(self.start(self.configured()))
        for _ in range(2):
            self.assertEqual(client.responses.retrieve(made).output_text, SAID)
        self.assertEqual(self.first.lines, [f"GET /v1/responses/{made}"])
        self.assertEqual(self.second.lines[1:], [f"GET /v1/responses/{made}"] * 2)

    def test_nowhere(self) -> None:
        """A response that nobody has is not found, after everybody was asked."""
        with self.assertRaises(NotFoundError):
            self.client.responses.retrieve("resp_unknown")
        asked = ["GET /v1/responses/resp_unknown"]
        self.assertEqual((self.first.lines, self.second.lines), (asked, asked))

    def test_server_down(self) -> None:
        """While a server is down the others' responses are found, and its own are not denied."""
        made = self.make()
        nobody = f"http://127.0.0.1:{free_port()}/v1"
        client = self.open(self.start(self.configured(nobody)))
        self.assertEqual(client.responses.retrieve(made).output_text, SAID)
        with self.assertRaises(InternalServerError) as raised:
            client.responses.retrieve("resp_first_0")
        self.assertEqual(raised.exception.code, "provider_unavailable")
