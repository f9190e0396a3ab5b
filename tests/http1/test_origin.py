"""Absolute URIs taken apart."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.http1.origin import Origin, UnsendableRequest, split_uri


class SplitTests(SynchronousTestCase):
    """URIs and what they name."""

    def test_good(self) -> None:
        """Scheme, host and port make the origin; path and query the target."""
        for uri, origin, target in (
            (b"http://a", ("http", "a", 80), b"/"),
            (b"HTTPS://A.example/", ("https", "a.example", 443), b"/"),
            (b"http://a:8001/v1?x=%20#f", ("http", "a", 8001), b"/v1?x=%20"),
            (b"http://a:?x", ("http", "a", 80), b"/?x"),
            (b"https://[2001:DB8::1]:8443/", ("https", "2001:db8::1", 8443), b"/"),
        ):
            scheme, host, port = origin
            self.assertEqual(split_uri(uri), (Origin(scheme=scheme, host=host, port=port), target))

    def test_bad(self) -> None:
        """Anything else is refused: other schemes, credentials, blanks, ports out of range."""
        for uri in (
            b"",
            b"/v1",
            b"ftp://a/",
            b"http:///x",
            b"http://user:secret@a/",
            b"http://a/ b",
            b"http://a/\r\nX: y",
            b"http://a/\xe9",
            b"http://a:0/",
            b"http://a:65536/",
            b"http://a:x/",
            b"http://[a/",
        ):
            self.assertRaises(UnsendableRequest, split_uri, uri)


class NetlocTests(SynchronousTestCase):
    """What a Host field says."""

    def test_netloc(self) -> None:
        """The port is there unless the scheme implies it; addresses of six have brackets."""
        for uri, netloc in (
            (b"http://a:80/", b"a"),
            (b"http://a:443/", b"a:443"),
            (b"https://a:443/", b"a"),
            (b"http://[::1]:8001/", b"[::1]:8001"),
        ):
            self.assertEqual(split_uri(uri)[0].netloc, netloc)
