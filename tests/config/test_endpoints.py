"""Tests of `inference_gateway.config.endpoints`."""

from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.endpoints import (
    as_address,
    bind_address_endpoint,
    parse_endpoint,
    tcp_endpoint,
)


class ParseTests(SynchronousTestCase):
    def test_fields(self) -> None:
        """Fields come by position or by name, with escaped colons."""
        endpoint = parse_endpoint(r"tcp:80:interface=\:\:1:backlog=5")
        self.assertEqual(endpoint.kind, "tcp")
        self.assertEqual(endpoint.fields, {"port": "80", "interface": "::1", "backlog": "5"})

    def test_kinds(self) -> None:
        """TCP on any port, sockets of the file system and of systemd are accepted."""
        for text in [
            "tcp:0",
            "tcp:port=65535",
            "tcp:8000:127.0.0.1",
            "tcp6:8000",
            "unix:/run/gateway.sock:mode=660",
            "unix:address=/run/a=b.sock",
            "systemd:domain=INET:index=0",
        ]:
            self.assertEqual(parse_endpoint(text).kind, text.partition(":")[0])

    def test_refused(self) -> None:
        """A string that Twisted could not open is refused with the reason."""
        for text, reason in [
            ("", "it starts with none of"),
            ("8000", "it starts with none of"),
            ("tpc:80", "did you mean 'tcp'?"),
            ("tcp=80", "it starts with none of"),
            ("tcp", "a tcp: endpoint needs its port"),
            ("tcp:", "a tcp: endpoint needs its port"),
            ("tcp:http", "'http' is no port from 0 to 65535"),
            ("tcp:65536", "'65536' is no port"),
            (
                "tcp:80:interfacee=::1",
                "'interfacee' is no field of tcp:; did you mean 'interface'?",
            ),
            ("tcp:80:port=81", "the field port is given twice"),
            ("tcp:80:::1", "a tcp: endpoint has at most the fields port, interface, backlog"),
            ("unix:", "a unix: endpoint needs its address"),
            ("tcp:80:interface=\\", "it ends with a backslash"),
        ]:
            error = self.assertRaises(ValueError, parse_endpoint, text)
            self.assertIn(reason, str(error))


class LocalTests(SynchronousTestCase):
    def test_local(self) -> None:
        """Loopback addresses and sockets of the file system are out of reach for others."""
        for text in [
            "tcp:80:interface=127.0.0.1",
            "tcp:80:interface=127.8.9.10",
            r"tcp:80:interface=\:\:1",
            "tcp:80:interface=localhost",
            "unix:/run/gateway.sock",
            "systemd:domain=UNIX:index=0",
        ]:
            self.assertTrue(parse_endpoint(text).is_local, text)

    def test_open(self) -> None:
        """Every other address counts as reachable, also where nothing is said or known."""
        for text in [
            "tcp:80",
            "tcp:80:interface=",
            "tcp:80:interface=0.0.0.0",
            r"tcp:80:interface=\:\:",
            "tcp:80:interface=10.0.0.1",
            "tcp:80:interface=gateway.example",
            "systemd:domain=INET:index=0",
            "systemd:INET6:0",
        ]:
            self.assertFalse(parse_endpoint(text).is_local, text)


class EverywhereTests(SynchronousTestCase):
    def test_everywhere(self) -> None:
        """Without an interface, and with that of no particular address, it is every address."""
        for text, everywhere in [
            ("tcp:80", True),
            ("tcp6:80", True),
            ("tcp:80:interface=0.0.0.0", True),
            (r"tcp:80:interface=\:\:", True),
            ("tcp:80:interface=127.0.0.1", False),
            ("tcp:80:interface=localhost", False),
        ]:
            self.assertIs(parse_endpoint(text).is_everywhere, everywhere, text)


class AddressTests(SynchronousTestCase):
    def test_bind_address(self) -> None:
        """Host and port become an endpoint string."""
        for text, endpoint in [
            ("0.0.0.0:8080", "tcp:8080:interface=0.0.0.0"),
            ("[::]:8080", r"tcp:8080:interface=\:\:"),
            ("localhost:1", "tcp:1:interface=127.0.0.1"),
        ]:
            self.assertEqual(bind_address_endpoint(text), endpoint)

    def test_bad_bind_address(self) -> None:
        """A name, a port out of range and half of the form are refused."""
        for text in [
            "",
            "8080",
            ":8080",
            "gateway.example:80",
            "::1:80",
            "1.2.3.4:0",
            "1.2.3.4:99999",
        ]:
            self.assertRaises(ValueError, bind_address_endpoint, text)

    def test_as_address(self) -> None:
        """Addresses of both families and localhost are recognised, names are not."""
        self.assertEqual(
            [as_address(host) for host in ("10.0.0.1", "::1", "localhost", "gateway", "[::1]")],
            ["10.0.0.1", "::1", "127.0.0.1", None, None],
        )

    def test_twisted_agrees(self) -> None:
        """Twisted listens where the endpoint string says, for both families."""
        for host in ("127.0.0.1", "::", "fe80::1%eth0"):
            reactor = MemoryReactorClock()
            endpoint = serverFromString(reactor, tcp_endpoint(host, 8080))
            self.successResultOf(endpoint.listen(Factory()))
            port, _, _, interface = reactor.tcpServers[0]
            self.assertEqual((port, interface), (8080, host))
