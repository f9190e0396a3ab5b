"""Clients that read more slowly than the upstream speaks, or not at all."""

import re
import threading

from tests.acceptance.gateway import Gateway, eventually
from tests.acceptance.relaying import (
    OwnRelayTestCase,
    RelayConnection,
    process_file,
    provider,
    relaying,
)
from tests.acceptance.upstream import Exchange, Upstream

MIB = 1024 * 1024
#: Bytes of an upstream's 200 MB that fit in the kernel's buffers on both sides of the gateway. They
#: grow while they are read quickly: it is 5 to 7 MB on a Linux as it comes.
MOST_SENT = 16 * MIB
MOST_GROWTH = 2 * MIB
#: Bytes a second, in so many turns, that a slow reader takes.
PACE = 10_000
TURNS = 10
#: Kernels give twice of this; the default would hide for long that nobody reads.
NARROW = 4096


class _SlowReader:
    """Takes a little of what comes, again and again, until it is stopped."""

    def __init__(self, client: RelayConnection) -> None:
        self.taken = 0
        self._client = client
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._stopped.wait(1 / TURNS):
            self.taken += self._client.take(PACE // TURNS)

    def stop(self) -> None:
        """Take no more; idempotent."""
        self._stopped.set()
        self._thread.join()


class SlowReaderTests(OwnRelayTestCase):
    """An upstream that pushes 200 MB at clients that cannot take them."""

    def serve(self, upstream: Upstream, **server: str) -> Gateway:
        """Return a gateway in front of ``upstream``, past its first call."""
        gateway = self.start(relaying(provider(upstream.base_url), **server))
        client = self.connect(gateway)
        client.ask("any", "warm-up", "word " * 10_000, stream=True)
        client.answer()
        return gateway

    def blocked(self, exchange: Exchange) -> bool:
        """Whether nothing more of the answer leaves the upstream for a second."""
        sent = exchange.sent
        return sent > 0 and not eventually(lambda: exchange.sent != sent, within=1.0)

    def test_memory(self) -> None:
        """A slow reader holds the upstream back, which costs the gateway next to no memory."""
        upstream = self.new_upstream()
        gateway = self.serve(upstream)
        memory = process_file(gateway, "status")

        def resident() -> int:
            found = re.search(r"VmRSS:\s*([0-9]+) kB", memory.read_text())
            assert found is not None
            return int(found[1]) * 1024

        before = resident()
        client = self.connect(gateway, receive_buffer=NARROW)
        client.ask("flood", "slow", stream=True)
        exchange = upstream.exchange("slow")
        reader = _SlowReader(client)
        self.addCleanup(reader.stop)
        self.assertTrue(eventually(lambda: self.blocked(exchange), within=10.0))
        taken = reader.taken
        self.assertTrue(eventually(lambda: reader.taken - taken > 2 * PACE, within=10.0))
        self.assertLess(exchange.sent, MOST_SENT)
        self.assertLess(resident() - before, MOST_GROWTH)
        self.assertIsNone(exchange.left_at)
        reader.stop()
        client.close()
        upstream.left(exchange)
        self.assertEqual(gateway.call("slow")["verdict"], "client_gone")

    def test_stalled(self) -> None:
        """A client that takes nothing at all is dropped, and its upstream is left."""
        upstream = self.new_upstream()
        gateway = self.serve(upstream, write_stall="1s")
        client = self.connect(gateway, receive_buffer=NARROW)
        client.ask("flood", "stalled", stream=True)
        exchange = upstream.exchange("stalled")
        upstream.left(exchange)
        record = gateway.call("stalled")
        self.assertEqual((record["verdict"], record["status"]), ("slow_client", 499))
        self.assertLess(exchange.sent, MOST_SENT)
        self.assertTrue(eventually(gateway.idle))
