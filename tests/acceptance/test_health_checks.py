"""Health checks by a real gateway: whom it asks while a server is not well, and what it says."""

import json
import time
from typing import Any

from tests.acceptance.gateway import Gateway, OwnGatewayTestCase, eventually, free_port
from tests.acceptance.raw_client import get
from tests.acceptance.relaying import RelayConnection, provider, relaying
from tests.acceptance.upstream import Exchange
from tests.acceptance.upstream_answers import documented, serve

#: Seconds between two questions, and the bad answers after which a server gets no more calls.
INTERVAL = 0.2
FALL = 3
HEALTH = {"interval": f"{INTERVAL * 1000:.0f}ms", "rise": 2, "fall": FALL}
#: Seconds that a busy machine may take for what takes no time.
SLACK = 2.0


class LlamaServer:
    """An upstream that tells its health and its slots as llama.cpp does; the test says which."""

    def __init__(self, name: str, *, slots: int = 8) -> None:
        self.name = name
        self.is_well = True
        self.slots = slots
        #: What names no model is asked about the server itself.
        self.upstream = serve({"": self._tell})

    async def _tell(self, exchange: Exchange) -> None:
        if exchange.line.startswith("GET /props "):
            answer = documented(b'{"total_slots":%d}' % self.slots)
        elif self.is_well:
            answer = documented(b'{"status":"ok"}')
        else:
            answer = documented(b'{"error":{"message":"no"}}', status=503)
        await answer(exchange)

    @property
    def calls(self) -> int:
        """How many calls came here."""
        return sum(1 for exchange in self.upstream.exchanges if exchange.model)

    @property
    def settings(self) -> dict[str, Any]:
        """Its part of a configuration."""
        return provider(self.upstream.base_url, self.name, type="llamacpp", health=HEALTH)


class HealthCheckTests(OwnGatewayTestCase):
    """Servers that turn ill, and get well again."""

    def serve(self, name: str, **settings: Any) -> LlamaServer:
        """Return a server; it is there for the test."""
        server = LlamaServer(name, **settings)
        self.addCleanup(server.upstream.close)
        return server

    def gateway(self, *servers: LlamaServer) -> Gateway:
        """Start a gateway in front of ``servers``; those that come back get their share at once."""
        configuration = relaying(*(server.settings for server in servers))
        return self.start({**configuration, "routing": {"slow_start": "0s"}})

    def connect(self, gateway: Gateway) -> RelayConnection:
        """Return a connection of its own."""
        client = RelayConnection(gateway.address)
        self.addCleanup(client.close)
        return client

    def call(self, gateway: Gateway, times: int = 1) -> None:
        """Make so many calls; each is answered."""
        client = self.connect(gateway)
        for number in range(times):
            client.ask("m", f"call-{number}")
            self.assertEqual(client.answer().status, 200)

    def readiness(self, gateway: Gateway) -> tuple[int, dict[str, Any]]:
        """Return the status of the probe and what it says."""
        client = self.connect(gateway)
        client.send(get("/health/ready"))
        answer = client.answer()
        return answer.status, json.loads(answer.body)

    def told(self, gateway: Gateway, text: str) -> int:
        """Return how often the log says ``text``."""
        return sum(text in line for line in gateway.lines)

    def test_turned_away(self) -> None:
        """A server that is not well gets no call while another is, and some once it is well."""
        ill, other = self.serve("ill"), self.serve("other")
        gateway = self.gateway(ill, other)
        gateway.said("provider ill is healthy")
        self.call(gateway, 4)
        self.assertEqual((ill.calls, other.calls), (2, 2))
        turned = time.monotonic()
        ill.is_well = False
        gateway.said("provider ill is unhealthy: it answered 503")
        self.assertLess(time.monotonic() - turned, INTERVAL * FALL + SLACK)
        self.call(gateway, 10)
        self.assertEqual((ill.calls, other.calls), (2, 12))
        ill.is_well = True
        self.assertTrue(eventually(lambda: self.told(gateway, "provider ill is healthy") == 2))
        self.call(gateway, 10)
        self.assertEqual((ill.calls, other.calls), (7, 17))

    def test_readiness(self) -> None:
        """The gateway is not ready while its only server is not well, and does not name it."""
        only = self.serve("only")
        gateway = self.gateway(only)
        self.assertEqual(self.readiness(gateway)[0], 200)
        turned = time.monotonic()
        only.is_well = False
        self.assertTrue(eventually(lambda: self.readiness(gateway)[0] == 503))
        self.assertLess(time.monotonic() - turned, INTERVAL * FALL + SLACK)
        status, said = self.readiness(gateway)
        self.assertEqual((status, said["status"]), (503, "not_ready"))
        self.assertEqual(said["checks"]["providers"], "failed")
        self.assertNotIn("only", json.dumps(said))
        only.is_well = True
        self.assertTrue(eventually(lambda: self.readiness(gateway)[0] == 200))
        self.call(gateway)

    def test_away(self) -> None:
        """A server that is gone is told of in one line, however often it is asked."""
        base_url = f"http://127.0.0.1:{free_port()}/v1"
        gateway = self.start(relaying(provider(base_url, "gone", type="vllm", health=HEALTH)))
        gateway.said("provider gone is unhealthy: the provider refused the connection")
        more = eventually(lambda: self.told(gateway, "provider gone") > 1, within=3 * INTERVAL)
        self.assertFalse(more)
        self.assertEqual(self.readiness(gateway)[0], 503)

    def test_slots(self) -> None:
        """A server gets no more calls at a time than it says that it has slots."""
        small = self.serve("small", slots=2)
        gateway = self.gateway(small)
        gateway.said("provider small is healthy")
        clients = [self.connect(gateway) for _ in range(3)]
        for number, client in enumerate(clients):
            client.ask("held-back", f"held-{number}")
        self.assertTrue(eventually(lambda: small.calls == 2))
        self.assertFalse(eventually(lambda: small.calls > 2, within=INTERVAL))
        small.upstream.release()
        self.assertEqual([client.answer().status for client in clients], [200] * 3)
