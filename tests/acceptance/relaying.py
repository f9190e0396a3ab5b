"""Test cases of gateways that relay to an upstream of the tests, and clients that leave them."""

import atexit
import resource
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest

from tests.acceptance.gateway import (
    STANDARD,
    Configuration,
    Gateway,
    GatewayTestCase,
    OwnGatewayTestCase,
    shared,
)
from tests.acceptance.raw_client import RawConnection, chat_body, get, post
from tests.acceptance.upstream import Behaviour, Upstream
from tests.acceptance.upstream_answers import serve

_RESET = struct.pack("ii", 1, 0)


def provider(base_url: str, name: str = "upstream", **settings: Any) -> dict[str, Any]:
    """Return the settings of a provider there that serves every model."""
    return {
        "id": name,
        "type": "openai",
        "base_url": base_url,
        "models": ["*"],
        **settings,
    }


def relaying(*providers: Mapping[str, Any], **server: Any) -> Configuration:
    """Return the configuration of a gateway with these providers and the usual key.

    Each of them is asked once for a call, whatever it has done before.
    """
    routing = {
        "retry": {"attempts": len(providers), "max_wait": "0s"},
        "circuit_breaker": {"enabled": False},
    }
    return {**STANDARD, "providers": list(providers), "server": server, "routing": routing}


class RelayConnection(RawConnection):
    """A connection to a gateway that can be left in more than one way."""

    def __init__(self, address: tuple[str, int], *, receive_buffer: int | None = None) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(10)
        if receive_buffer is not None:  # counts only from before the connection
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.connect(address)
        self._file = self._socket.makefile("rb")

    def ask(self, model: str, request_id: str, text: str = "one two", **fields: Any) -> None:
        """Make a chat call."""
        self.send(post(chat_body(model, text, **fields), f"X-Request-ID: {request_id}"))

    def reset(self) -> None:
        """Leave with a reset in place of an orderly end."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close()

    def take(self, size: int) -> int:
        """Take what has come, but at most so many bytes, past all buffers; return how many."""
        return len(self._socket.recv(size))


def read_all(gateway: Gateway) -> None:
    """Make sure that the gateway has read all that was sent to it before."""
    with RawConnection(gateway.address) as client:
        client.send(get("/health/live"))
        client.answer()


def process_file(gateway: Gateway, name: str) -> Path:
    """Return a file about the gateway's process; skips the test where there are none."""
    if not Path("/proc/self/fd").exists():
        raise SkipTest("there is no /proc to look at processes in")
    return Path("/proc", (gateway.directory / "twistd.pid").read_text().strip(), name)


def open_files(gateway: Gateway) -> int:
    """Return how many descriptors the gateway has."""
    return sum(1 for _ in process_file(gateway, "fd").iterdir())


_upstreams: dict[type[GatewayTestCase], Upstream] = {}


def _shared_upstream(case: "type[RelayTestCase]") -> Upstream:
    """Return the upstream of a class of tests; it is closed with the process."""
    if case not in _upstreams:
        _upstreams[case] = serve(case.answers)
        atexit.register(_upstreams[case].close)
    return _upstreams[case]


class RelayTestCase(GatewayTestCase):
    """Tests against one gateway and one upstream, which all tests of a class share."""

    answers: Mapping[str, Behaviour] = {}

    def setUp(self) -> None:
        self.upstream = _shared_upstream(type(self))
        self.upstream.forget()
        self.gateway = shared(self.configured(self.upstream.base_url))

    def configured(self, base_url: str) -> Configuration:
        """Return what the gateway is to be told."""
        return relaying(provider(base_url))

    def tearDown(self) -> None:
        super().tearDown()
        self.assertEqual(self.upstream.failures, [])

    def connect(self) -> RelayConnection:
        """Return a new connection; it is closed with the test."""
        client = RelayConnection(self.gateway.address)
        self.addCleanup(client.close)
        return client


class OwnRelayTestCase(OwnGatewayTestCase):
    """Tests that start gateways and upstreams of their own."""

    def new_upstream(self, answers: Mapping[str, Behaviour] = {}) -> Upstream:
        """Return a new upstream; it is closed with the test."""
        upstream = serve(answers)
        self.addCleanup(lambda: self.assertEqual(upstream.failures, []))
        self.addCleanup(upstream.close)
        return upstream

    def connect(self, gateway: Gateway, *, receive_buffer: int | None = None) -> RelayConnection:
        """Return a new connection; it is closed with the test."""
        client = RelayConnection(gateway.address, receive_buffer=receive_buffer)
        self.addCleanup(client.close)
        return client

    def allow_files(self, count: int) -> None:
        """Let this process have so many open files; skips the test where it may not."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < count:
            raise SkipTest(f"the test needs {count} open files, and the limit is {hard}")
        if soft != resource.RLIM_INFINITY and soft < count:
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
