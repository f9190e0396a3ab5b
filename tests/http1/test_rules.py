"""What a request head may look like."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import GatewayError, InvalidRequest
from inference_gateway.http1.refusals import (
    ExpectationFailed,
    NotImplementedByServer,
    VersionNotSupported,
)
from inference_gateway.http1.rules import RequestHead, ask_llhttp, judge

HOST = b"Host: gateway"
UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c"


def head(*fields: bytes, line: bytes = b"POST /v1/x HTTP/1.1", host: bytes = HOST) -> RequestHead:
    return judge(b"\r\n".join((line, *((host,) if host else ()), *fields)))


class AcceptanceTests(SynchronousTestCase):
    """Ordinary heads are read as they stand."""

    def test_parts(self) -> None:
        """Method, target, path, query, version and fields are told apart."""
        read = head(b"Accept:  a/b \t", b"X-Odd:", line=b"POST /v1/x?a=1?b HTTP/1.1")
        self.assertEqual(
            (read.method, read.target, read.path, read.query, read.version),
            (b"POST", b"/v1/x?a=1?b", b"/v1/x", b"a=1?b", (1, 1)),
        )
        self.assertEqual(
            read.headers, {b"host": [b"gateway"], b"accept": [b"a/b"], b"x-odd": [b""]}
        )
        self.assertEqual((read.content_length, read.chunked), (0, False))
        self.assertTrue(read.keep_alive)
        self.assertFalse(read.expects_continue)

    def test_lengths(self) -> None:
        """A length is read as a number, and one beyond every limit as a very large one."""
        self.assertEqual(head(b"Content-Length: 12").content_length, 12)
        self.assertEqual(head(b"Content-Length: 0").content_length, 0)
        for digits in (19, 4000, 5000):
            self.assertGreater(head(b"Content-Length: " + b"9" * digits).content_length, 2**62)

    def test_chunked(self) -> None:
        """The one transfer coding is recognised in any case."""
        self.assertTrue(head(b"Transfer-Encoding: Chunked").chunked)

    def test_obs_text(self) -> None:
        """Bytes above ASCII are accepted in a value."""
        self.assertEqual(head(b"X-Odd: \xff\x80").headers[b"x-odd"], [b"\xff\x80"])

    def test_any_method(self) -> None:
        """Every token is a method here, for somebody else to refuse with 405 or 501."""
        for method in (b"get", b"PRI", b"FOO", b"TRACE", b"M-SEARCH"):
            self.assertEqual(head(line=method + b" / HTTP/1.1").method, method)

    def test_connect(self) -> None:
        """CONNECT asks for a tunnel, which nobody gets."""
        with self.assertRaises(NotImplementedByServer):
            head(line=b"CONNECT a:443 HTTP/1.1")

    def test_upgrade_ignored(self) -> None:
        """An offered Upgrade changes nothing: the declared body is still a body."""
        for protocol in (b"h2c", b"websocket"):
            read = head(b"Connection: Upgrade", b"Upgrade: " + protocol, b"Content-Length: 5")
            self.assertEqual((read.content_length, read.keep_alive), (5, True))

    def test_connection(self) -> None:
        """The connection's options are a list over several lines, in any case, and close wins."""
        for fields, keep_alive in (
            ((b"Connection: keep-alive, close",), False),
            ((b"Connection: keep-alive", b"Connection: close"), False),
            ((b"Connection: CLOSE",), False),
            ((b"Connection: closed",), True),
        ):
            self.assertEqual(head(*fields).keep_alive, keep_alive, fields)

    def test_http_1_0(self) -> None:
        """HTTP/1.0 needs no host, stays only when asked to, and cannot wait for a 100."""
        line = b"GET / HTTP/1.0"
        self.assertFalse(head(line=line, host=b"").keep_alive)
        self.assertTrue(head(b"Connection: Keep-Alive", line=line, host=b"").keep_alive)
        self.assertFalse(head(b"Expect: 100-continue", line=line).expects_continue)

    def test_expect(self) -> None:
        """A client may wait for a 100."""
        self.assertTrue(head(b"Expect: 100-Continue").expects_continue)

    def test_absolute_target(self) -> None:
        """A URL as the target names path and host, whatever the Host header says."""
        read = head(line=b"GET HTTP://other:80/v1/x?y HTTP/1.1")
        self.assertEqual((read.path, read.query), (b"/v1/x", b"y"))
        self.assertEqual(read.headers, {b"host": [b"other:80"]})
        self.assertEqual(head(line=b"GET http://other?y HTTP/1.1").path, b"/")

    def test_asterisk(self) -> None:
        """OPTIONS may ask about the server as a whole."""
        for version in (b"1.1", b"1.0"):
            host = b"" if version == b"1.0" else HOST
            self.assertEqual(head(line=b"OPTIONS * HTTP/" + version, host=host).path, b"*")

    def test_hosts(self) -> None:
        """Names and addresses are hosts, with or without a port."""
        for host in (b"a", b"a.b-c_d:0", b"127.0.0.1:65535", b"[::1]", b"[::1]:80"):
            self.assertEqual(head(host=b"Host: " + host).headers, {b"host": [host]})

    def test_escapes(self) -> None:
        """The path stays as it came, escapes and all."""
        self.assertEqual(head(line=b"GET /a%2Fb%C3%A9 HTTP/1.1").path, b"/a%2Fb%C3%A9")

    def test_imitations_dropped(self) -> None:
        """A header that imitates a sensitive one with underscores is not there."""
        fields = (b"Content_Length: 5", b"Transfer_Encoding: chunked", b"X_API_Key: k")
        read = head(*fields, b"Authorization_: x", b"X_Harmless: 1")
        self.assertEqual(read.headers, {b"host": [b"gateway"], b"x_harmless": [b"1"]})
        self.assertEqual((read.content_length, read.chunked), (0, False))

    def test_nominated_credentials_kept(self) -> None:
        """Naming a header in Connection does not take it away."""
        read = head(b"Connection: Authorization", b"Authorization: Bearer k")
        self.assertEqual(read.headers[b"authorization"], [b"Bearer k"])


class RefusalTests(SynchronousTestCase):
    """What has two readings, or none, is refused."""

    def assert_refused(
        self,
        raw: bytes,
        error: type[GatewayError] | tuple[type[GatewayError], ...] = InvalidRequest,
    ) -> None:
        try:
            read = judge(raw)
        except error:
            return
        self.fail(f"{raw!r} was read as {read}")

    def test_request_line(self) -> None:
        """A request line is three parts, one blank apart."""
        for line in (
            b"",
            b"GET",
            b"GET /",
            b"GET  / HTTP/1.1",
            b"GET /  HTTP/1.1",
            b"GET / HTTP/1.1 ",
            b" GET / HTTP/1.1",
            b"GET\t/ HTTP/1.1",
            b"GET /\ta HTTP/1.1",
            b"GET HTTP/1.1",
            b"G(T / HTTP/1.1",
        ):
            self.assert_refused(line + b"\r\n" + HOST)

    def test_versions(self) -> None:
        """Only two versions are spoken; what is no version is malformed."""
        for version in (b"HTTP/1.2", b"HTTP/2.0", b"HTTP/9.9", b"HTTP/0.9"):
            self.assert_refused(b"GET / " + version + b"\r\n" + HOST, VersionNotSupported)
        for version in (b"http/1.1", b"HTTP/01.1", b"HTTP/1", b"HTTP/1.1\x0b", b"HTTPS/1.1"):
            self.assert_refused(b"GET / " + version + b"\r\n" + HOST)

    def test_targets(self) -> None:
        """A target is a path or a URL of well-formed escapes."""
        for target in (
            b"/a#b",
            b"/\xc3\xa9",
            b"/\x01",
            b"/%ZZ",
            b"/%",
            b"/%c0%ae",
            b"/%FF",
            b"/%00",
            b"/%0d%0a",
            b"*",
            b"https:/x",
            b"evil:443",
            b"http://u@h/",
            b"http:///x",
            b"ftp://h/",
            b"/?" + b"a=1&" * 100,
        ):
            self.assert_refused(b"GET " + target + b" HTTP/1.1\r\n" + HOST)

    def test_hosts(self) -> None:
        """HTTP/1.1 has exactly one host, and it is a name or an address."""
        self.assert_refused(b"GET / HTTP/1.1")
        self.assert_refused(b"GET / HTTP/1.1\r\nHost: a\r\nHost: a")
        for host in (
            *(b"", b"a,b", b"u@h", b"h/p", b"h?x", b"h#x", b"a:b:c", b"[::1", b"[:::1]", b"\xff"),
            *(b"h:99999", b"h:x", b"a b", b"a" * 4000),
        ):
            self.assert_refused(b"GET / HTTP/1.1\r\nHost: " + host)

    def test_lengths(self) -> None:
        """A length is one plain number."""
        for value in (
            *(b"+5", b"-1", b"-0", b"0x5", b"5 5", b"5_0", b"\xef\xbc\x95", b"", b"0005", b"5, 5"),
            *(b"5\r\nContent-Length: 5", b"5\r\nContent-Length: 6"),
        ):
            self.assert_refused(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + value)

    def test_length_and_coding(self) -> None:
        """A length and a transfer coding never come together, whatever the coding."""
        for coding in (b"chunked", b"identity"):
            pair = (b"Content-Length: 6", b"Transfer-Encoding: " + coding)
            for fields in (pair, pair[::-1]):
                self.assert_refused(b"\r\n".join((b"POST / HTTP/1.1", HOST, *fields)))

    def test_codings(self) -> None:
        """Chunked is the only transfer coding, alone and once."""
        for value in (
            *(b"xchunked", b"chunked, gzip", b"chunked, chunked", b"gzip", b'"chunked"'),
            *(b"chunked;q=1", b"", b",chunked", b"identity", b"chun\tked", b"chunked\xa0"),
        ):
            raw = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: " + value
            self.assert_refused(raw, (NotImplementedByServer, InvalidRequest))
        for first, second in ((b"identity", b"chunked"), (b"chunked", b"identity")):
            self.assert_refused(
                b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: %b\r\nTransfer-Encoding: %b"
                % (first, second)
            )
        self.assert_refused(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked")

    def test_coding_mutations(self) -> None:
        """No odd byte before, in or behind the coding makes it another spelling of chunked."""
        odd = (9, 10, 11, 12, 13, 0, *range(128, 256))
        for byte in odd:
            for place in (0, 3, 7):
                value = b"chunked"[:place] + bytes((byte,)) + b"chunked"[place:]
                raw = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:" + value
                self.assert_refused(raw, (InvalidRequest, NotImplementedByServer))

    def test_lines(self) -> None:
        """Lines end with CR LF and are never folded."""
        for raw in (
            b"GET / HTTP/1.1\nHost: a",
            b"GET / HTTP/1.1\r\nHost: a\nX: y",
            b"GET / HTTP/1.1\r\nHost: a\rX: y",
            b"GET /\r HTTP/1.1\r\nHost: a",
            b"GET / HTTP/1.1\r\n Host: a",
            b"GET / HTTP/1.1\r\nHost: a\r\n b",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\t5",
            b"POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n Transfer-Encoding: chunked",
        ):
            self.assert_refused(raw)

    def test_names(self) -> None:
        """A header name is a token with the colon right behind it."""
        for line in (
            *(b"a b: c", b"a\t: c", b"a(: c", b"a\x00: c", b"a\x80: c", b": c", b"a", b"Accept"),
            b"Transfer-Encoding : chunked",
        ):
            self.assert_refused(b"POST / HTTP/1.1\r\nHost: a\r\n" + line)

    def test_values(self) -> None:
        """No control character is part of a value."""
        for byte in (*range(9), 11, 12, *range(14, 32), 127):
            self.assert_refused(b"GET / HTTP/1.1\r\nHost: a\r\nX: y" + bytes((byte,)) + b"z")

    def test_expectations(self) -> None:
        """No other expectation can be met."""
        for fields in (b"Expect: banana", b"Expect: 100-continue\r\nExpect: x", b"Expect:"):
            self.assert_refused(b"\r\n".join((b"POST / HTTP/1.1", HOST, fields)), ExpectationFailed)

    def test_nominated_framing(self) -> None:
        """Connection cannot take away what frames the message."""
        for name in (b"Content-Length", b"transfer-encoding", b"HOST"):
            self.assert_refused(
                b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close, %b\r\nContent-Length: 1" % name
            )

    def test_second_opinion(self) -> None:
        """What llhttp refuses is refused too; an offered upgrade is no reason."""
        self.assertRaises(InvalidRequest, ask_llhttp, b"GET / HTTP/1.1\r\nHost : a")
        ask_llhttp(UPGRADE)


class PropertyTests(SynchronousTestCase):
    """Whatever comes, the rules decide."""

    @settings(max_examples=200)
    @given(st.binary(max_size=200), st.integers(0, 60), st.integers(0, 10))
    def test_only_our_errors(self, noise: bytes, place: int, cut: int) -> None:
        """A mutated head is read or refused, and nothing else is raised."""
        raw = b"POST /v1/x?y=z HTTP/1.1\r\nHost: gateway\r\nContent-Length: 5\r\nAccept: */*"
        try:
            read = judge(raw[:place] + noise + raw[place + cut :])
        except GatewayError:
            return
        self.assertTrue(read.method)
        self.assertFalse(read.chunked and read.content_length)
