"""Clients that leave: the upstream is left with them, at once, whatever the call was doing.

Each is left a hundred times, every other time with a reset in place of an orderly end.
"""

import time
from collections.abc import Callable
from typing import Any

from tests.acceptance.gateway import Configuration
from tests.acceptance.relaying import (
    RelayConnection,
    RelayTestCase,
    provider,
    read_all,
    relaying,
)

TIMES = 100
#: Seconds from the client's end to the upstream's; one in a hundred may take longer.
SOON = 0.05


class LeavingTestCase(RelayTestCase):
    """Tests that make calls and leave them."""

    def assertLeft(
        self,
        name: str,
        model: str,
        until: Callable[[RelayConnection], object] = lambda client: None,
        **fields: Any,
    ) -> None:
        """Assert that upstreams see soon enough that clients left behind ``until``."""
        waits = []
        for number in range(TIMES):
            request_id = f"{name}-{number}"
            client = RelayConnection(self.gateway.address)
            client.ask(model, request_id, **fields)
            exchange = self.upstream.exchange(request_id)
            until(client)
            left_at = time.monotonic()
            if number % 2:
                client.reset()
            else:
                client.close()
            waits.append(self.upstream.left(exchange) - left_at)
        self.assertLess(sorted(waits)[-2], SOON, f"longest: {sorted(waits)[-5:]}")
        for number in range(TIMES):
            record = self.gateway.call(f"{name}-{number}")
            self.assertEqual((record["verdict"], record["status"]), ("client_gone", 499))
        client = self.connect()
        client.ask("any", f"{name}-after", "still here")
        content = client.answer().json()["choices"][0]["message"]["content"]
        self.assertEqual(content, "still here")

    def read_by_gateway(self, client: RelayConnection) -> None:
        """Wait until the gateway has what the upstream sent."""
        read_all(self.gateway)


class StreamTests(LeavingTestCase):
    """Streams that their clients leave."""

    def test_before_head(self) -> None:
        """A stream is left while the upstream has not begun to answer."""
        self.assertLeft("stream-before-head", "silent", stream=True)

    def test_after_events(self) -> None:
        """A stream is left after some of its events."""

        def read_some(client: RelayConnection) -> None:
            for _ in range(3):
                client.until(b'"content": "on"')

        self.assertLeft("stream-after-events", "endless", read_some, stream=True)

    def test_within_document(self) -> None:
        """A stream that is answered by a whole document is left when half of that has come."""
        self.assertLeft("stream-within-document", "half", self.read_by_gateway, stream=True)


class KeptAliveTests(LeavingTestCase):
    """Streams of which their clients have seen nothing but comments."""

    def configured(self, base_url: str) -> Configuration:
        """Return the configuration of a gateway that soon says a comment."""
        return relaying(provider(base_url), keepalive_interval="5ms")

    def test_before_head(self) -> None:
        """A stream is left when its head was sent, and the upstream has not begun to answer."""

        def read_comment(client: RelayConnection) -> None:
            client.until(b": keepalive")

        self.assertLeft("kept-alive", "silent", read_comment, stream=True)


class PlainTests(LeavingTestCase):
    """Plain calls that their clients leave."""

    def test_before_head(self) -> None:
        """A plain call is left while the upstream has not begun to answer."""
        self.assertLeft("plain-before-head", "silent")

    def test_within_body(self) -> None:
        """A plain call is left when half of its answer has come."""
        self.assertLeft("plain-within-body", "half", self.read_by_gateway)

    def test_within_refusal(self) -> None:
        """A plain call is left when half of a refusal has come."""
        self.assertLeft("plain-within-refusal", "half-refused", self.read_by_gateway)


class RidingTests(LeavingTestCase):
    """Plain calls that ride on streams, and that their clients leave."""

    def configured(self, base_url: str) -> Configuration:
        """Return the configuration of a provider that is asked for streams only."""
        return relaying(provider(base_url, stream_upstream="always"))

    def assertLeft(
        self,
        name: str,
        model: str,
        until: Callable[[RelayConnection], object] = lambda client: None,
        **fields: Any,
    ) -> None:
        """Assert that the upstream was asked for streams, and left soon."""
        super().assertLeft(name, model, until, **fields)
        self.assertTrue(all(exchange.streamed for exchange in self.upstream.exchanges))

    def test_before_head(self) -> None:
        """Such a call is left while the upstream has not begun to answer."""
        self.assertLeft("riding-before-head", "silent")

    def test_after_events(self) -> None:
        """Such a call is left after some events of its stream."""
        self.assertLeft("riding-after-events", "endless", self.read_by_gateway)
