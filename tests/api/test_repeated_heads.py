"""A client that sends the same head again and again on one connection."""

from typing import Any, ClassVar

from inference_gateway.exchange import Call, Principal, Reply
from tests.api.gateway import Client, GatewayTestCase
from tests.pipeline import chats

CHAT = "/v1/chat/completions"
KEY = ("Authorization", "Bearer good-key")


class RepeatedHeadTests(GatewayTestCase):
    """What follows from a head is known the second time; what changes is asked again."""

    keys: ClassVar = {b"good-key": Principal(id="alice"), b"root": Principal(id="r", admin=True)}

    def call(self, client: Client, *headers: tuple[str, str], **fields: Any) -> int:
        """Send one more call and return its status."""
        self.a.script, self.b.script = [chats.answer()], [chats.answer()]
        client.send("POST", CHAT, chats.request(**fields), *headers)
        return client.answers[-1].status

    def test_served_again(self) -> None:
        """Each call is a call of its own, whatever the length of its body."""
        client = self.connect()
        for n in (1, 1, 100, 1):
            self.assertEqual(self.call(client, KEY, seed=n), 200)
        lines = self.log.records
        self.assertEqual(self.names(lines, "route"), [CHAT] * 4)
        self.assertEqual(self.names(lines, "key_id"), ["alice"] * 4)
        self.assertEqual(len({line["request_id"] for line in lines}), 4)
        self.assertEqual(len({line["bytes_in"] for line in lines}), 2)

    def test_key_revoked(self) -> None:
        """A key is asked for each time."""
        client = self.connect()
        self.assertEqual(self.call(client, KEY), 200)
        self.store.revoke(b"good-key")
        self.assertEqual(self.call(client, KEY), 401)

    def test_draining(self) -> None:
        """So is the gate."""
        client = self.connect()
        self.assertEqual(self.call(client, KEY), 200)
        self.gate.draining = True
        self.assertEqual(self.call(client, KEY), 503)

    def test_other_key(self) -> None:
        """Another key is another head."""
        client = self.connect()
        for key in ("good-key", "bad-key!", "good-key"):
            client.send("GET", "/v1/models", None, ("Authorization", f"Bearer {key}"))
        self.assertEqual([answer.status for answer in client.answers], [200, 401, 200])

    def test_refused_again(self) -> None:
        """A head that was refused is refused again, in the same words."""
        for headers in ([], [("X-API-Key", "root")], [("Authorization", "Digest x")]):
            client = self.connect()
            for _ in range(3):
                client.send("GET", "/v1/models", None, *headers)
            first, *others = [(a.status, a.error["message"]) for a in client.answers]
            self.assertEqual(others, [first] * 2)
            self.assertGreaterEqual(first[0], 400)

    def test_options(self) -> None:
        """A head that needs no key is answered each time."""
        client = self.connect()
        for _ in range(2):
            client.send("OPTIONS", CHAT)
            client.send("GET", "/healthz")
        self.assertEqual([answer.status for answer in client.answers], [204, 200] * 2)


class ForwardedTests(GatewayTestCase):
    """What goes on to the provider."""

    def setUp(self) -> None:
        self.seen: list[object] = []
        self.service = self.serve
        super().setUp()

    async def serve(self, call: Call) -> Reply:
        """Note what a provider would get to see of the head."""
        self.seen.append(call.forwarded)
        return Reply(status=200, body=b"{}")

    def test_forwarded_again(self) -> None:
        """What the provider gets to see of a head it gets each time."""
        client = self.connect()
        for _ in range(2):
            client.send("POST", CHAT, chats.request(), ("OpenAI-Beta", "x"))
        self.assertEqual(self.seen, [((b"openai-beta", b"x"),)] * 2)
