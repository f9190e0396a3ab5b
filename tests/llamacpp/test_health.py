"""What the gateway learns of a real llama.cpp by asking, while it runs."""

import json
from http.client import HTTPConnection
from typing import Any

from tests.acceptance.gateway import STANDARD, OwnGatewayTestCase, eventually
from tests.llamacpp.serve import SLOTS
from tests.llamacpp.server import shared
from tests.llamacpp.test_gateway import configuration

ADMIN_KEY = "administrator-of-llamas"


class HealthTests(OwnGatewayTestCase):
    """A gateway with an administrator, and a server that is well."""

    def setUp(self) -> None:
        admin = {"id": "root", "key": "${ADMIN}"}
        auth = {**STANDARD["middleware"]["auth"], "admin_keys": [admin]}
        self.gateway = self.start(
            {**configuration(shared()), "middleware": {"auth": auth}},
            environment={"ADMIN": ADMIN_KEY},
        )

    def provider(self) -> dict[str, Any]:
        """Return what an administrator sees of the server."""
        connection = HTTPConnection(*self.gateway.address, timeout=10)
        try:
            headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
            connection.request("GET", "/health/providers", headers=headers)
            (provider,) = json.loads(connection.getresponse().read())["providers"]
        finally:
            connection.close()
        return dict(provider)

    def test_health(self) -> None:
        """Soon after the start the server is known to be well, and how many slots it has."""
        self.assertTrue(eventually(lambda: self.provider()["max_in_flight"] == SLOTS))
        provider = self.provider()
        self.assertEqual(provider["status"], "healthy")
        self.assertGreater(provider["latency_ms"], 0)
