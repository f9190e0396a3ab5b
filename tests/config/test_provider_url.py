"""Tests of `inference_gateway.config.provider_url`."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.provider_url import parse_base_url, with_usual_path
from inference_gateway.http1.origin import split_uri


class FormTests(SynchronousTestCase):
    def normal(self, text: str, expected: str) -> None:
        """Check the normal form, and that it is one."""
        self.assertEqual(str(parse_base_url(text)), expected)
        self.assertEqual(str(parse_base_url(expected)), expected)

    def refused(self, text: str, reason: str) -> None:
        """Check that the reason is told, and nothing of the text."""
        error = str(self.assertRaises(ValueError, parse_base_url, text))
        self.assertIn(reason, error)
        self.assertNotIn("secret", error)

    def test_path(self) -> None:
        """A URL may have no path; a slash at the end does not matter."""
        for text, expected in [
            ("http://gpu:8080", "http://gpu:8080"),
            ("http://gpu:8080/", "http://gpu:8080"),
            ("http://gpu:8080/v1/", "http://gpu:8080/v1"),
            ("https://a.example/api/v1beta/open%20ai", "https://a.example/api/v1beta/open%20ai"),
        ]:
            self.normal(text, expected)

    def test_case_and_port(self) -> None:
        """Scheme and host are in lower case, and the scheme's own port is left out."""
        for text, expected in [
            ("HTTPS://Models.Example:443/V1", "https://models.example/V1"),
            ("http://gpu:80/v1", "http://gpu/v1"),
            ("http://gpu:08080/v1", "http://gpu:8080/v1"),
            ("https://gpu:80/v1", "https://gpu:80/v1"),
        ]:
            self.normal(text, expected)

    def test_addresses(self) -> None:
        """An address has one way to be written."""
        self.normal("http://10.0.0.7:1/v1", "http://10.0.0.7:1/v1")
        self.normal("http://[FD00:0:0::1]:1/v1", "http://[fd00::1]:1/v1")

    def test_parts(self) -> None:
        """The parts are those of the text, an address without its brackets."""
        url = parse_base_url("https://[::1]/v1")
        self.assertEqual((url.scheme, url.host, url.port, url.path), ("https", "::1", 443, "/v1"))

    def test_scheme(self) -> None:
        """Only http and https are spoken."""
        for text in ("", "gpu:8080", "ftp://gpu/secret", "//gpu/v1", "http:/gpu", " http://gpu"):
            self.refused(text, "neither http:// nor https://")

    def test_credentials(self) -> None:
        """Neither a user nor a password nor a query is taken, and none is shown."""
        self.refused("https://secret@gpu/v1", "a key goes into api_key")
        self.refused("https://user:secret@gpu/v1", "a key goes into api_key")
        self.refused("https://gpu/v1?key=secret", "a query or a fragment")
        self.refused("https://gpu/v1#secret", "a query or a fragment")
        self.refused("https://gpu?secret@else", "a query or a fragment")

    def test_port(self) -> None:
        """A port is a number from 1 to 65535."""
        for port in ("", "0", "65536", "http", "1:2", "-1", "٣", "123456"):
            self.refused(f"http://gpu:{port}/v1", "no port from 1 to 65535")
        self.refused("http://::1/v1", "no port from 1 to 65535")

    def test_host(self) -> None:
        """A name consists of letters, digits and hyphens; nothing is guessed about others."""
        for host, reason in [
            ("", "neither a name nor an address"),
            ("a..b", "neither a name nor an address"),
            ("-a", "neither a name nor an address"),
            ("a b", "neither a name nor an address"),
            ("a%41", "neither a name nor an address"),
            ("a\\b", "neither a name nor an address"),
            ("ab--c", "neither a name nor an address"),
            ("a" * 64, "neither a name nor an address"),
            ("a." * 127 + "bc", "neither a name nor an address"),
            ("llama_cpp", "underscore"),
            ("gpu.", "ends with a dot"),
            ("bücher.example", "with xn--"),
            ("\uff11\uff12\uff17.0.0.1", "with xn--"),
        ]:
            self.refused(f"http://{host}/v1", reason)
        self.normal("http://xn--bcher-kva.example/v1", "http://xn--bcher-kva.example/v1")

    def test_ipv4_in_disguise(self) -> None:
        """What some resolvers read as an IPv4 address is one only in its usual form."""
        for host in (
            "2130706433",
            "127.1",
            "0177.0.0.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "a.0x",
            "1.2.3.4.5",
        ):
            self.refused(f"http://{host}/v1", "not four decimal numbers")

    def test_ipv6(self) -> None:
        """An IPv6 address stands in brackets, has no zone and is no IPv4 address."""
        self.refused("http://[gpu]/v1", "no IPv6 address")
        self.refused("http://[127.0.0.1]/v1", "no IPv6 address")
        self.refused("http://[fd00::1%eth0]/v1", "names a zone")
        self.refused("http://[::ffff:127.0.0.1]/v1", "write that one")

    def test_bad_path(self) -> None:
        """A path needs no interpretation."""
        for path in ("/a b", "//v1", "/v1//", "/a/../v1", "/./v1", "/%zz", "/ä", "/v1\n"):
            self.refused(f"http://gpu{path}", "its path")

    def test_endpoint(self) -> None:
        """The URL of an endpoint is no base URL."""
        for path in ("chat/completions", "completions", "messages"):
            self.refused(f"http://gpu/v1/{path}", "it names an endpoint")

    @given(st.text("ahtps:/.[]@%?#0127x_-é", max_size=12).map("http://gpu".__add__))
    def test_any_text(self, text: str) -> None:
        """Any text is refused or has a normal form that the client takes."""
        try:
            url = parse_base_url(text)
        except ValueError:
            return
        self.normal(text, str(url))
        origin, path = split_uri(str(url).encode())
        self.assertEqual(
            (origin.scheme, origin.host, origin.port, path.decode()),
            (url.scheme, url.host, url.port, url.path or "/"),
        )


class UsualPathTests(SynchronousTestCase):
    def completed(self, kind: str, *pairs: tuple[str, str]) -> None:
        """Check what paths become, and that they stay so."""
        for path, expected in pairs:
            whole = with_usual_path(f"https://host:1{path}", kind)
            self.assertEqual(whole, f"https://host:1{expected}", path)
            self.assertEqual(with_usual_path(whole, kind), whole)

    def test_openai(self) -> None:
        """OpenAI's convention takes the place of no path."""
        for kind in ("openai", "llamacpp", "vllm", "anthropic"):
            self.completed(kind, ("", "/v1"), ("/v1", "/v1"), ("/api", "/api"))

    def test_azure(self) -> None:
        """Azure's paths end in /openai; those that tell of something else are left alone."""
        self.completed(
            "azure",
            ("", "/openai"),
            ("/openai", "/openai"),
            ("/proxy", "/proxy/openai"),
            ("/proxy/openai", "/proxy/openai"),
            ("/openai/v1", "/openai/v1"),
            ("/openai/deployments/d", "/openai/deployments/d"),
            ("/v1", "/v1"),
        )


class PlaceTests(SynchronousTestCase):
    def test_metadata(self) -> None:
        """Where clouds give out credentials nobody is sent, however it is written."""
        for host in (
            "169.254.169.254",
            "169.254.0.1",
            "100.100.100.200",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[64:ff9b::a9fe:a9fe]",
        ):
            error = self.assertRaises(ValueError, parse_base_url, f"http://{host}/v1")
            self.assertIn("metadata", str(error))
        parse_base_url("http://[64:ff9b::808:808]/v1")

    def test_this_machine(self) -> None:
        """Loopback and no particular address are this machine."""
        for host, here in [
            ("localhost", True),
            ("a.localhost", True),
            ("127.9.9.9", True),
            ("[::1]", True),
            ("0.0.0.0", True),
            ("[::]", True),
            ("mylocalhost", False),
            ("10.0.0.1", False),
        ]:
            self.assertIs(parse_base_url(f"http://{host}").is_this_machine, here, host)

    def test_public(self) -> None:
        """Public is every address and name that does not tell otherwise."""
        for host, public in [
            ("8.8.8.8", True),
            ("[2001:4860::1]", True),
            ("api.example", True),
            ("local.example", True),
            ("127.0.0.1", False),
            ("10.1.2.3", False),
            ("192.168.1.1", False),
            ("100.64.0.1", False),
            ("[fd00::1]", False),
            ("gpu", False),
            ("localhost", False),
            ("gpu.local", False),
            ("gpu.internal", False),
            ("llama.ai.svc", False),
            ("llama.ai.svc.cluster.local", False),
            ("gpu.lan", False),
            ("gpu.home.arpa", False),
        ]:
            self.assertIs(parse_base_url(f"http://{host}").is_public, public, host)
