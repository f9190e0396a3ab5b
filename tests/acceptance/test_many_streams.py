"""A thousand streams at once: none is mixed with another, and nothing of them is left."""

import re
import time

from tests.acceptance.gateway import Gateway, eventually
from tests.acceptance.relaying import OwnRelayTestCase, open_files, process_file, provider, relaying
from tests.acceptance.upstream import Upstream
from tests.acceptance.upstream_answers import DONE

STREAMS = 1000
PIECES = 20
#: Seconds for which the gateway keeps connections that are not in use, and some more.
IDLE_LIMIT = 6.0
#: An end of a connection for each client and each upstream, and some for everything else.
FILES = 2 * STREAMS + 500

#: Seconds in which a thousand upstreams are left, without those that the machine was too busy.
SOON = 1.0

_CONTENT = re.compile(rb'"content": "([^"]*)"')


def _starved(gateway: Gateway) -> float:
    """Return for how many seconds the gateway could have run but had no processor."""
    path = process_file(gateway, "schedstat")  # not every kernel keeps count
    return int(path.read_text().split()[1]) / 1e9 if path.exists() else 0.0


class ManyStreamsTests(OwnRelayTestCase):
    """Streams that run at the same time."""

    def serve(self, upstream: Upstream) -> Gateway:
        """Return a gateway in front of ``upstream`` that nobody has called yet."""
        self.allow_files(FILES)
        gateway = self.start(relaying(provider(upstream.base_url)))
        gateway.serving()
        return gateway

    def all_run(self, upstream: Upstream) -> None:
        """Wait until every stream has said its first word."""
        upstream.wait(lambda: len(upstream.reached) == STREAMS, "the streams do not run")

    def test_complete(self) -> None:
        """All get their own content, whole, and their connections are given back."""
        upstream = self.new_upstream()
        gateway = self.serve(upstream)
        files = open_files(gateway)
        clients = [self.connect(gateway) for _ in range(STREAMS)]
        for number, client in enumerate(clients):
            text = " ".join(f"{number}-{piece}" for piece in range(PIECES))
            client.ask("held", f"many-{number}", text, stream=True)
        self.all_run(upstream)
        upstream.release()
        for number, client in enumerate(clients):
            body = client.answer().body
            client.close()
            said = b"".join(_CONTENT.findall(body)).decode()
            self.assertEqual(said, " ".join(f"{number}-{piece}" for piece in range(PIECES)))
            self.assertTrue(body.endswith(DONE))
            self.assertEqual(body.count(b"[DONE]"), 1)
        self.assertTrue(eventually(gateway.idle))
        self.assertTrue(
            eventually(lambda: open_files(gateway) == files, within=IDLE_LIMIT),
            f"{open_files(gateway)} descriptors are open, and {files} were before",
        )
        self.assertFalse(upstream.connections)

    def test_left(self) -> None:
        """All leave at once: a second later no upstream has a connection any more."""
        upstream = self.new_upstream()
        gateway = self.serve(upstream)
        files = open_files(gateway)
        clients = [self.connect(gateway) for _ in range(STREAMS)]
        for number, client in enumerate(clients):
            client.ask("endless-slowly", f"left-{number}", stream=True)
        self.all_run(upstream)
        starved = _starved(gateway)
        start = time.monotonic()
        for client in clients:
            client.close()
        last = max(upstream.left(exchange) for exchange in list(upstream.exchanges))
        starved = _starved(gateway) - starved
        self.assertLess(last - start - starved, SOON, f"it had no processor for {starved} s")
        self.assertTrue(eventually(lambda: not upstream.connections))
        self.assertTrue(eventually(gateway.idle))
        self.assertTrue(eventually(lambda: open_files(gateway) == files))
        verdicts = [gateway.call(f"left-{number}")["verdict"] for number in range(STREAMS)]
        self.assertEqual(set(verdicts), {"client_gone"})
