"""Providers to which no connection comes about: how that is told, and who answers instead."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.trial.unittest import SkipTest

from tests.acceptance.gateway import Gateway, eventually, free_port
from tests.acceptance.raw_client import Answer
from tests.acceptance.relaying import OwnRelayTestCase, open_files, provider, relaying

#: Milliseconds: the limit for connecting, and what an attempt may take that keeps to it.
LIMIT = 300
SOON = 2000


@contextmanager
def full_port() -> Iterator[str]:
    """Give the base URL of a listener whose queue is full, so that nobody more can connect."""
    sockets = [socket.create_server(("127.0.0.1", 0), backlog=0)]
    host, port = sockets[0].getsockname()
    try:
        for _ in range(16):
            sockets.append(socket.socket())
            sockets[-1].settimeout(0.2)
            try:
                sockets[-1].connect((host, port))
            except TimeoutError:
                break
        else:
            raise SkipTest("the queues of listeners cannot be filled here")
        yield f"http://{host}:{port}/v1"
    finally:
        for opened in sockets:
            opened.close()


class ConnectingTests(OwnRelayTestCase):
    """Attempts that fail before a byte was sent."""

    def full(self) -> str:
        """Return where no connection comes about."""
        return self.enterContext(full_port())

    def serve(self, *base_urls: str) -> Gateway:
        """Return a gateway with providers there, first, second and so on."""
        timeouts = {"connect": f"{LIMIT}ms"}
        names = ("first", "second")
        return self.start(
            relaying(
                *[
                    provider(base_url, name, timeouts=timeouts)
                    for base_url, name in zip(base_urls, names, strict=False)
                ]
            )
        )

    def ask(self, gateway: Gateway, request_id: str) -> tuple[Answer, dict[str, Any]]:
        """Return the answer to a call and its line in the log."""
        client = self.connect(gateway)
        client.ask("any", request_id)
        return client.answer(), gateway.call(request_id)

    def answered_by_second(self, gateway: Gateway, verdict: str) -> None:
        """Assert that the second provider answers when the first one fails with ``verdict``."""
        tried = []
        for number in range(2):  # each of them has its turn to be the first
            answer, record = self.ask(gateway, f"second-{number}")
            self.assertEqual((answer.status, record["verdict"]), (200, "complete"))
            tried.append([(x["provider"], x["verdict"]) for x in record["attempts"]])
        self.assertEqual(
            sorted(tried),
            [[("first", verdict), ("second", "complete")], [("second", "complete")]],
        )

    def test_timeout(self) -> None:
        """A connection that does not come about in time is told as that limit of time."""
        answer, record = self.ask(self.serve(self.full()), "connect-timeout")
        self.assertEqual((answer.status, answer.error["code"]), (504, "request_timeout"))
        self.assertIn("(connect timeout)", answer.error["message"])
        self.assertEqual(record["verdict"], "connect_timeout")
        (attempt,) = record["attempts"]
        self.assertGreaterEqual(attempt["ms"], LIMIT)
        self.assertLess(attempt["ms"], SOON)

    def test_timeout_fails_over(self) -> None:
        """Behind a connection that does not come about in time another provider answers."""
        gateway = self.serve(self.full(), self.new_upstream().base_url)
        self.answered_by_second(gateway, "connect_timeout")

    def test_refused(self) -> None:
        """A port where nobody listens is told as a provider that is not there."""
        gateway = self.serve(f"http://127.0.0.1:{free_port()}/v1")
        answer, record = self.ask(gateway, "refused")
        self.assertEqual((answer.status, answer.error["code"]), (502, "provider_unavailable"))
        self.assertEqual(record["verdict"], "provider_error")
        self.assertLess(record["attempts"][0]["ms"], LIMIT)

    def test_refused_fails_over(self) -> None:
        """Behind a port where nobody listens another provider answers."""
        nobody = f"http://127.0.0.1:{free_port()}/v1"
        gateway = self.serve(nobody, self.new_upstream().base_url)
        self.answered_by_second(gateway, "provider_error")

    def test_left(self) -> None:
        """A client that leaves while a connection is being made ends the attempt at once."""
        gateway = self.start(relaying(provider(self.full(), timeouts={"connect": "60s"})))
        gateway.serving()
        files = open_files(gateway)
        client = self.connect(gateway)
        client.ask("any", "left")
        self.assertTrue(eventually(lambda: open_files(gateway) == files + 2))
        client.close()
        self.assertEqual(gateway.call("left")["verdict"], "client_gone")
        self.assertTrue(eventually(lambda: open_files(gateway) == files))
