"""Discovery of models by a real gateway, as the ``openai`` package and plain sockets see it."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from openai import NotFoundError, OpenAI

from tests.acceptance.gateway import KEY, STANDARD, Gateway, OwnGatewayTestCase, eventually
from tests.acceptance.raw_client import RawConnection, get

UPSTREAM_KEY = "upstream-key-c2b7f0"
FILE = "/srv/models/tiny.gguf"


class _Provider(BaseHTTPRequestHandler):
    """Lists and serves the models of its server, for those who have the key."""

    server: "_Server"

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.headers["Authorization"] != f"Bearer {UPSTREAM_KEY}":
            self._answer(401, {})
        elif self.path == "/v1/models" and self.server.models is not None:
            self._answer(200, {"data": [{"id": name} for name in self.server.models]})
        else:
            self._answer(503, {})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message = {"role": "assistant", "content": f"I am {asked['model']}"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._answer(
            200,
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": asked["model"],
                "choices": [choice],
            },
        )

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    """A provider on this machine; it has no list yet while ``models`` is None."""

    daemon_threads = True

    def __init__(self, *models: str) -> None:
        super().__init__(("127.0.0.1", 0), _Provider)
        self.models: tuple[str, ...] | None = models or None
        self.asked = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a gateway that left: it may stop at any time."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class DiscoveryTests(OwnGatewayTestCase):
    """One provider that is asked what it serves."""

    def serve(self, *models: str) -> _Server:
        """Return a provider with these models, or without a list; it is there for the test."""
        server = _Server(*models)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def gateway(self, upstream: _Server, **settings: Any) -> Gateway:
        """Return a gateway that asks ``upstream``."""
        provider = {
            "id": "gpu",
            "type": "openai",
            "base_url": f"http://127.0.0.1:{upstream.server_address[1]}/v1",
            "api_key": "${UPSTREAM_KEY}",
            "discover": True,
            **settings,
        }
        return self.start(
            {**STANDARD, "providers": [provider], "server": {"root_path": "/gw"}},
            environment={"UPSTREAM_KEY": UPSTREAM_KEY},
        )

    def client(self, gateway: Gateway) -> OpenAI:
        """Return a client that tries once."""
        client = OpenAI(base_url=gateway.base_url, api_key=KEY, max_retries=0)
        self.addCleanup(client.close)
        return client

    def test_list(self) -> None:
        """What the provider lists is listed beside what is configured, found, and served."""
        gateway = self.gateway(self.serve("org/model-a", "b", "two\nlines", FILE), models=["own"])
        gateway.said("provider gpu lists 3 models")
        client = self.client(gateway)
        listed = list(client.models.list())
        self.assertEqual([model.id for model in listed], ["own", "org/model-a", "b", FILE])
        self.assertEqual({model.owned_by for model in listed}, {"gpu"})
        for name in ("own", "org/model-a", FILE):
            self.assertEqual(client.models.retrieve(name).id, name)
        self.assertRaises(NotFoundError, client.models.retrieve, "org/model-b")
        answer = client.chat.completions.create(
            model="org/model-a", messages=[{"role": "user", "content": "who are you?"}]
        )
        self.assertEqual(answer.choices[0].message.content, "I am org/model-a")

    def test_spellings(self) -> None:
        """Slashes in an id may be escaped or not, also below the root path."""
        gateway = self.gateway(self.serve("org/model-a", FILE))
        gateway.said("provider gpu lists 2 models")
        with RawConnection(gateway.address) as client:
            for path, id in (
                ("/v1/models/org/model-a", "org/model-a"),
                ("/gw/v1/models/org/model-a", "org/model-a"),
                ("/v1/models/org%2Fmodel-a", "org/model-a"),
                ("/gw/v1/models/org%2fmodel%2Da", "org/model-a"),
                (f"/v1/models/{FILE}", FILE),
                ("/gw/v1/models/%2Fsrv%2Fmodels%2Ftiny.gguf", FILE),
            ):
                client.send(get(path))
                answer = client.answer()
                self.assertEqual((answer.status, answer.json()["id"]), (200, id), path)

    def test_labels(self) -> None:
        """Calls of discovered models are counted under one name, and their number is told."""
        gateway = self.gateway(self.serve("org/model-a", "b"))
        gateway.said("provider gpu lists 2 models")
        for model in ("org/model-a", "b"):
            self.client(gateway).chat.completions.create(
                model=model, messages=[{"role": "user", "content": "who are you?"}]
            )
        exposed = gateway.get("/metrics")
        self.assertIn('inference_gateway_discovered_models{provider="gpu"} 2.0', exposed)
        self.assertIn('gen_ai_request_model="discovered"', exposed)
        self.assertNotIn("model-a", exposed)

    def test_later(self) -> None:
        """A provider that has no list at first is asked again soon."""
        upstream = self.serve()
        gateway = self.gateway(upstream)
        gateway.said("provider gpu does not list its models: the provider is overloaded")
        client = self.client(gateway)
        self.assertEqual(list(client.models.list()), [])
        upstream.models = ("late",)
        self.assertTrue(eventually(lambda: bool(list(client.models.list())), within=20.0))
        self.assertEqual(client.models.retrieve("late").owned_by, "gpu")
        failures = gateway.metric('inference_gateway_discovery_failures_total{provider="gpu"}')
        self.assertEqual(failures + 1, upstream.asked)
