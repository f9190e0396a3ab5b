"""How a gateway ends while upstreams are still speaking."""

import time
from signal import SIGTERM

from tests.acceptance.relaying import OwnRelayTestCase, provider, relaying
from tests.acceptance.upstream_answers import DONE

STREAMS = 50
#: Seconds from the end of the last stream to that of the process.
SOON = 2.0


class RelayShutdownTests(OwnRelayTestCase):
    """Relayed streams that run when the signal comes."""

    def test_finish(self) -> None:
        """All say everything and [DONE], and the process ends with success right after them."""
        upstream = self.new_upstream()
        gateway = self.start(relaying(provider(upstream.base_url), shutdown_timeout="600s"))
        clients = [self.connect(gateway) for _ in range(STREAMS)]
        for number, client in enumerate(clients):
            client.ask("held", f"running-{number}", stream=True)
        for client in clients:
            client.until(b'"content": "one "')
        gateway.signal(SIGTERM)
        gateway.said(f"draining: {STREAMS} in flight")
        upstream.release()
        for client in clients:
            rest = client.rest()
            self.assertIn(b'"content": "two"', rest)
            self.assertTrue(rest.endswith(DONE + b"\r\n0\r\n\r\n"), rest[-80:])
        ended = time.monotonic()
        self.assertEqual(gateway.wait(), 0)
        self.assertLess(time.monotonic() - ended, SOON)
        gateway.said(f"{STREAMS} finished, 0 cut")

    def test_cut(self) -> None:
        """Streams that do not end in time are ended with an error, and their upstreams left."""
        upstream = self.new_upstream()
        gateway = self.start(relaying(provider(upstream.base_url), shutdown_timeout="200ms"))
        client = self.connect(gateway)
        client.ask("endless", "cut", stream=True)
        client.until(b'"content": "on"')
        exchange = upstream.exchange("cut")
        gateway.signal(SIGTERM)
        rest = client.rest()
        self.assertIn(b'"code":"draining"', rest)
        self.assertNotIn(b"[DONE]", rest)
        upstream.left(exchange)
        self.assertEqual(gateway.wait(), 0)
        self.assertEqual(gateway.call("cut")["verdict"], "drained")
