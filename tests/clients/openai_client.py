"""A test case with a client of the ``openai`` package that keeps the bytes it sent."""

from typing import Any

from openai import DefaultHttpxClient, OpenAI

from tests.acceptance.gateway import KEY
from tests.clients.surface import SurfaceTestCase


class OpenAITestCase(SurfaceTestCase):
    """Tests with a client that tries once."""

    def setUp(self) -> None:
        super().setUp()
        #: The bodies that the client sent.
        self.sent: list[bytes] = []
        self.client = self.connect()

    def connect(self, key: str = KEY) -> OpenAI:
        """Return a new client; it is closed with the test."""

        def record(request: Any) -> None:
            self.sent.append(request.read())

        client = OpenAI(
            base_url=self.gateway.base_url,
            api_key=key,
            max_retries=0,
            http_client=DefaultHttpxClient(event_hooks={"request": [record]}),
        )
        self.addCleanup(client.close)
        return client

    def assertForwarded(self) -> None:
        """Assert that the provider got each body byte for byte as the client sent it."""
        self.assertEqual([exchange.content for exchange in self.upstream.exchanges], self.sent)
