"""The head of an answer, as applications set it."""

from inference_gateway.http1.answer import DateLine
from tests.http1.server import answers
from tests.http1.test_request import RequestTestCase


class HeadTests(RequestTestCase):
    """Headers are the application's, framing and the connection are ours."""

    def sent_head(self) -> bytes:
        self.request.finish()
        return self.connection.sent.partition(b"\r\n\r\n")[0] + b"\r\n"

    def test_replaced(self) -> None:
        """Setting a header again replaces it, in whatever case."""
        self.request.setHeader(b"X-A", b"1")
        self.request.setHeader("x-a", "\u00e9")
        self.assertEqual(
            self.sent_head(), b"HTTP/1.1 200 OK\r\nx-a: \xc3\xa9\r\nContent-Length: 0\r\n"
        )

    def test_twisted_headers(self) -> None:
        """Twisted's headers begin with what was set, and count from then on."""
        self.request.setHeader(b"X-A", b"1")
        self.request.responseHeaders.addRawHeader(b"X-A", b"2")
        self.request.setHeader(b"X-B", b"3\x00")
        self.request.responseHeaders.removeHeader(b"x-c")
        self.assertEqual(
            self.sent_head(),
            b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nX-B: 3 \r\nContent-Length: 0\r\n",
        )

    def test_ours(self) -> None:
        """What frames the message is never taken from the application; its wish to close is."""
        self.request.setHeader(b"Transfer-Encoding", b"gzip")
        self.request.setHeader(b"Keep-Alive", b"5")
        self.request.setHeader(b"Connection", b"Close")
        self.assertEqual(
            self.sent_head(), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n"
        )
        self.assertTrue(self.connection.ended)

    def test_injection(self) -> None:
        """No value breaks the head, and no name that could is taken."""
        self.request.setHeader(b"X-A", b"1\r\nX-B: 2\r\n\r\nbody")
        self.assertRaises(ValueError, self.request.setHeader, b"X\r\n", b"")
        self.request.setResponseCode(200, b"OK\r\nX-C: 3")
        self.request.finish()
        [answer] = answers(self.connection.sent)
        self.assertEqual(set(answer.headers), {b"x-a", b"content-length"})

    def test_redirect(self) -> None:
        """A redirection names its target."""
        self.request.redirect(b"/elsewhere")
        self.assertIn(b"302 Found\r\nLocation: /elsewhere\r\n", self.sent_head())

    def test_cookies(self) -> None:
        """Cookies add up."""
        self.request.addCookie("a", "b", path="/", secure=True)
        self.request.addCookie(b"c", b"d", expires=b"x", domain=b"y", max_age=b"1", comment=b"z")
        head = self.sent_head()
        self.assertIn(b"Set-Cookie: a=b; Path=/; Secure\r\n", head)
        self.assertIn(b"Set-Cookie: c=d; Expires=x; Domain=y; Max-Age=1; Comment=z\r\n", head)

    def test_validators(self) -> None:
        """An entity tag is sent; nothing is conditional."""
        self.request.setLastModified(5)
        self.request.setETag(b'"x"')
        self.assertEqual(self.sent_head(), b'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 0\r\n')

    def test_date(self) -> None:
        """A channel with a date puts it into every answer, the application's own aside."""
        self.connection.channel.date = DateLine(lambda: 784111777.0)
        self.request.setHeader(b"Date", b"yesterday")
        self.assertEqual(self.sent_head().count(b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), 1)
        self.assertNotIn(b"yesterday", self.connection.sent)
