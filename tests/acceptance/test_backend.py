"""One provider named on the command line or by a variable, and what it gets to see of a client."""

from tests.acceptance.gateway import KEY, Gateway, free_port
from tests.acceptance.raw_client import RawConnection, chat_body, get, post
from tests.acceptance.relaying import OwnRelayTestCase
from tests.acceptance.upstream import Exchange, Upstream

UPSTREAM_KEY = "upstream-key-9f8a11"
KEEPALIVE = b": keepalive\n\n"
SILENT = {"server": {"listen": ["tcp:0:interface=127.0.0.1"], "keepalive_interval": "50ms"}}


class BackendTestCase(OwnRelayTestCase):
    """Tests that start gateways in front of one upstream, mostly without a file."""

    def serve(self, *arguments: str, **environment: str) -> Gateway:
        """Return a gateway without a file."""
        port = str(free_port())
        return self.start(None, arguments=arguments, environment={"PORT": port, **environment})

    def told(
        self,
        gateway: Gateway,
        upstream: Upstream,
        *headers: str,
        model: str = "any",
        request_id: str = "told",
    ) -> Exchange:
        """Make a call and return what the upstream saw of it."""
        client = self.connect(gateway)
        client.send(post(chat_body(model), f"X-Request-ID: {request_id}", *headers))
        self.assertEqual(client.answer().json()["model"], model)
        return upstream.exchanges[-1]


class OneLineTests(BackendTestCase):
    """What ``--backend URL`` alone is enough for."""

    def test_any_model(self) -> None:
        """Every model is asked for there under its own name, plain and streamed."""
        upstream = self.new_upstream()
        gateway = self.serve("--backend", upstream.base_url)
        for number, model in enumerate(("llama3:8b", "maker/small-v1", "通义千问")):
            exchange = self.told(gateway, upstream, model=model, request_id=f"model-{number}")
            self.assertEqual((exchange.model, exchange.streamed), (model, False))
            self.assertEqual(exchange.line, "POST /v1/chat/completions HTTP/1.1")
            self.assertEqual(gateway.call(f"model-{number}")["gen_ai.provider.name"], "backend")
        client = self.connect(gateway)
        client.ask("maker/small-v1", "streamed", stream=True)
        self.assertTrue(client.answer().body.endswith(b"data: [DONE]\n\n"))
        self.assertTrue(upstream.exchanges[-1].streamed)

    def test_models(self) -> None:
        """The list names no model, because the gateway knows of none by name."""
        upstream = self.new_upstream()
        gateway = self.serve("--backend", upstream.base_url)
        client = self.connect(gateway)
        client.send(get("/v1/models"))
        answer = client.answer()
        self.assertEqual((answer.status, answer.json()), (200, {"object": "list", "data": []}))
        self.assertEqual(upstream.exchanges, [])

    def test_origin_only(self) -> None:
        """An address without a path gets the usual one."""
        upstream = self.new_upstream()
        gateway = self.serve("--backend", upstream.base_url.removesuffix("/v1"))
        exchange = self.told(gateway, upstream)
        self.assertEqual(exchange.line, "POST /v1/chat/completions HTTP/1.1")


class CredentialTests(BackendTestCase):
    """Whose key the upstream sees."""

    def assertKey(self, gateway: Gateway, upstream: Upstream, sent: str | None) -> None:
        """Assert that the upstream sees that key, and nothing that the client has."""
        exchange = self.told(
            gateway,
            upstream,
            "Cookie: session=client-cookie",
            "OpenAI-Organization: client-organization",
            "X-Forwarded-For: 192.0.2.7",
        )
        self.assertEqual(exchange.headers.get("authorization"), sent and f"Bearer {sent}")
        for secret in (KEY, "client-cookie", "client-organization", "192.0.2.7"):
            self.assertNotIn(secret, exchange.request)
        gateway.call("told")
        self.assertEqual([line for line in gateway.lines if UPSTREAM_KEY in line], [])

    def test_variables_of_clients(self) -> None:
        """``OPENAI_API_KEY`` goes to ``OPENAI_BASE_URL``."""
        upstream = self.new_upstream()
        gateway = self.serve(OPENAI_BASE_URL=upstream.base_url, OPENAI_API_KEY=UPSTREAM_KEY)
        self.assertKey(gateway, upstream, UPSTREAM_KEY)

    def test_own_variables(self) -> None:
        """``BACKEND_API_KEY`` goes to ``BACKEND_URL``."""
        upstream = self.new_upstream()
        gateway = self.serve(BACKEND_URL=upstream.base_url, BACKEND_API_KEY=UPSTREAM_KEY)
        self.assertKey(gateway, upstream, UPSTREAM_KEY)

    def test_guarded(self) -> None:
        """The key that opens the gateway stays there."""
        upstream = self.new_upstream()
        gateway = self.serve(
            "--backend",
            upstream.base_url,
            INFERENCE_GATEWAY_API_KEY=KEY,
            BACKEND_API_KEY=UPSTREAM_KEY,
        )
        self.assertKey(gateway, upstream, UPSTREAM_KEY)

    def test_no_key(self) -> None:
        """Without a key for it the upstream sees none, least of all one that is for another."""
        upstream = self.new_upstream()
        gateway = self.serve("--backend", upstream.base_url, OPENAI_API_KEY=UPSTREAM_KEY)
        self.assertKey(gateway, upstream, None)


class SilenceTests(BackendTestCase):
    """Upstreams that take their time."""

    def stream(self, model: str) -> tuple[Upstream, RawConnection]:
        """Return an upstream, and a connection on which a stream from there was begun."""
        upstream = self.new_upstream()
        gateway = self.start(SILENT, arguments=["--backend", upstream.base_url])
        client = self.connect(gateway)
        client.ask(model, "silence", stream=True)
        return upstream, client

    def assertKeptAlive(self, upstream: Upstream, client: RawConnection) -> None:
        """Assert that comments come until the upstream speaks, and then the whole answer."""
        for _ in range(3):
            client.until(KEEPALIVE.strip())
        upstream.release()
        rest = client.until(b"[DONE]")
        self.assertIn(b'"content": "two"', rest)
        self.assertTrue(client.line() == b"\n" and client.line() == b"\r\n")

    def test_before_head(self) -> None:
        """Comments fill the time until an upstream begins to answer."""
        self.assertKeptAlive(*self.stream("held-back"))

    def test_between_tokens(self) -> None:
        """Comments fill the time between two tokens."""
        upstream, client = self.stream("held")
        client.until(b'"content": "one "')
        self.assertKeptAlive(upstream, client)
