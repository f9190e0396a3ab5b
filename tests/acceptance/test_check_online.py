"""``--check-online``: real providers on this machine, asked by the real command."""

import json
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.acceptance.gateway import Gateway, OwnGatewayTestCase, free_port

UPSTREAM_KEY = "upstream-key-51d0c2"
MODELS = json.dumps({"object": "list", "data": [{"id": "small"}, {"id": "large"}]}).encode()
FINE = "the configuration is fine\n"


class _Provider(BaseHTTPRequestHandler):
    """Lists its models below ``/v1``, for those who have the key."""

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self._answer(404, b"")
        elif self.headers["Authorization"] != f"Bearer {UPSTREAM_KEY}":
            self._answer(401, b'{"error": {"message": "no such key"}}')
        else:
            self._answer(200, MODELS)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class CheckOnlineTests(OwnGatewayTestCase):
    """What is printed, and the status."""

    def serve(self) -> str:
        """Return the origin of a provider that is there until the test ends."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def begin(self, *providers: dict[str, Any], key: str = UPSTREAM_KEY) -> Gateway:
        """Start the check of a configuration with these providers."""
        configured = [
            {"type": "openai", "models": ["small"], "api_key": "${UPSTREAM_KEY}", **provider}
            for provider in providers
        ]
        gateway = Gateway(
            {"providers": configured or [{"id": "echo", "type": "echo"}]},
            arguments=["--check-online"],
            environment={"UPSTREAM_KEY": key},
        )
        self.addCleanup(gateway.stop)
        return gateway

    def check(self, *providers: dict[str, Any], key: str = UPSTREAM_KEY) -> tuple[int, str]:
        """Return the status and what is printed, in which there is no key, and no complaint."""
        gateway = self.begin(*providers, key=key)
        status = gateway.wait()
        printed = "".join(gateway.lines)
        self.assertEqual(gateway.errors, "")
        self.assertNotIn(key, printed)
        return status, printed

    def test_usable(self) -> None:
        """Every provider answers and takes the key: status 0."""
        url = self.serve()
        status, printed = self.check(
            {"id": "one", "base_url": url},
            {"id": "two", "base_url": f"{url}/v1", "models": {"a": "small", "b": "huge", "*": "*"}},
        )
        self.assertEqual(status, 0)
        self.assertEqual(
            printed,
            f"{FINE}one: reachable, lists 2 models\n"
            "two: reachable, lists 2 models; warning: not among them: huge\n",
        )

    def test_unusable(self) -> None:
        """One that is not there and one that is elsewhere: status 2, and the others are told of."""
        url = self.serve()
        status, printed = self.check(
            {"id": "gone", "base_url": f"http://127.0.0.1:{free_port()}"},
            {"id": "here", "base_url": url},
            {"id": "else", "base_url": f"{url}/api"},
        )
        self.assertEqual(status, 2)
        self.assertEqual(
            printed,
            f"{FINE}gone: unreachable: the provider refused the connection\n"
            "here: reachable, lists 2 models\n"
            "else: answered 404: is base_url right? OpenAI's convention ends in /v1\n",
        )

    def test_wrong_key(self) -> None:
        """A key that is not accepted: status 2."""
        status, printed = self.check({"id": "one", "base_url": self.serve()}, key="wrong-key-77")
        self.assertEqual((status, printed), (2, f"{FINE}one: credential refused (401)\n"))

    def test_echo(self) -> None:
        """With nobody to ask all is well."""
        self.assertEqual(self.check(), (0, f"{FINE}echo: built in, nothing to ask\n"))

    def test_signals(self) -> None:
        """An interruption ends it at once, and that is no success."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.settimeout(20)
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            for number in (signal.SIGINT, signal.SIGTERM):
                gateway = self.begin({"id": "silent", "base_url": url})
                with silent.accept()[0]:
                    gateway.signal(number)
                    self.assertEqual(gateway.wait(5.0), 2)
                self.assertEqual(("".join(gateway.lines), gateway.errors), (FINE, ""))
