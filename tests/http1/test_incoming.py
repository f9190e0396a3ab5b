"""What a client sent, as `IRequest` shows it."""

from base64 import b64encode

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Interface

from inference_gateway.http1.request import Request
from tests.http1.server import Connection

HEAD = b"POST /a%20b/c?x=1&x=%32&y= HTTP/1.1\r\nHost: gateway:8000\r\n"


def receive(*fields: bytes, head: bytes = HEAD) -> Request:
    connection = Connection()
    connection.app.hold = True
    lines = b"".join(field + b"\r\n" for field in fields)
    connection.send(head + lines + b"Content-Length: 5\r\n\r\nhello")
    return connection.app.dispatched[0]


class IncomingRequestTests(SynchronousTestCase):
    """Everything is derived from the head and the body."""

    def test_parts(self) -> None:
        """Target and body are shown raw, and taken apart on demand."""
        request = receive()
        self.assertEqual((request.method, request.http_version), (b"POST", (1, 1)))
        self.assertEqual((request.uri, request.path), (b"/a%20b/c?x=1&x=%32&y=", b"/a%20b/c"))
        self.assertEqual((request.prepath, request.postpath), ([], [b"a b", b"c"]))
        self.assertEqual(request.args, {b"x": [b"1", b"2"], b"y": [b""]})
        self.assertEqual((request.body, request.content.read()), (b"hello", b"hello"))
        self.assertIs(request.content, request.content)
        self.assertIs(request.args, request.args)
        request.postpath = [b"c"]
        self.assertEqual(request.postpath, [b"c"])

    def test_odd_parameters(self) -> None:
        """A query may say anything, and its parameters are bytes."""
        head = HEAD.replace(b"x=1&x=%32&y=", b"a+b=%ff+&&=c")
        request = receive(head=head)
        self.assertEqual(request.args, {b"a b": [b"\xff "], b"": [b"c"]})

    def test_headers(self) -> None:
        """A header has its last value, all values, and Twisted's form."""
        request = receive(b"X-A: 1", b"x-a: \xe9")
        self.assertEqual(request.getHeader(b"X-A"), b"\xe9")
        self.assertEqual(request.getHeader("X-a"), "\xe9")
        self.assertIsNone(request.getHeader(b"x-b"))
        self.assertIsNone(request.getHeader("x-\u20ac"))
        self.assertEqual(request.header_values(b"x-a"), [b"1", b"\xe9"])
        self.assertEqual(request.requestHeaders.getRawHeaders(b"X-A"), [b"1", b"\xe9"])
        self.assertIs(request.requestHeaders, request.requestHeaders)
        self.assertEqual(request.getAllHeaders()[b"x-a"], b"\xe9")

    def test_cookies(self) -> None:
        """Cookies are found by name, over several headers."""
        request = receive(b"Cookie: a=1; b=2=3", b"Cookie: c=4")
        self.assertEqual(
            [request.getCookie(name) for name in (b"b", b"c", b"d")], [b"2=3", b"4", None]
        )

    def test_addresses(self) -> None:
        """Addresses are the socket's."""
        request = receive()
        self.assertEqual(request.getHost(), IPv4Address("TCP", "10.0.0.1", 12345))
        self.assertEqual(request.getClientAddress(), IPv4Address("TCP", "192.168.1.1", 54321))
        self.assertEqual(request.getClientIP(), "192.168.1.1")
        request.channel.peer = UNIXAddress(None)
        self.assertIsNone(request.getClientIP())
        self.assertFalse(request.isSecure())

    def test_hostname(self) -> None:
        """The host's name is what the client asked for, without the port."""
        line = b"GET / HTTP/1.%d\r\n"
        for head, name in (
            (HEAD, b"gateway"),
            (line % 1 + b"Host: a\r\n", b"a"),
            (line % 1 + b"Host: [::1]\r\n", b"[::1]"),
            (line % 1 + b"Host: [::1]:80\r\n", b"[::1]"),
            (line % 0, b"10.0.0.1"),
        ):
            self.assertEqual(receive(head=head).getRequestHostname(), name)
        nameless = receive(head=line % 0)
        nameless.channel.host = UNIXAddress(None)
        self.assertEqual(nameless.getRequestHostname(), b"")

    def test_set_host(self) -> None:
        """A host that was set stands for the client's."""
        request = receive()
        request.setHost(b"public", 443, ssl=True)
        self.assertEqual(request.getHost(), IPv4Address("TCP", "public", 443))
        self.assertTrue(request.isSecure())
        self.assertEqual(request.getRequestHostname(), b"public")
        request.setHost(b"public", 8443, ssl=True)
        self.assertEqual(request.prePathURL(), b"https://public:8443/")

    def test_urls(self) -> None:
        """URLs are made of the host and of what was traversed."""
        request = receive()
        self.assertIsNone(request.getRootURL())
        request.prepath = [b"a"]
        request.rememberRootURL()
        self.assertEqual(request.getRootURL(), b"http://gateway:8000/a")
        self.assertEqual(str(request.URLPath()), "http://gateway:8000/a")
        self.assertEqual(receive(head=b"GET / HTTP/1.0\r\n").prePathURL(), b"http://10.0.0.1/")

    def test_credentials(self) -> None:
        """Basic credentials are decoded; broken ones and others are none."""
        for value, user, password in (
            (b"Basic " + b64encode(b"me:it:is"), b"me", b"it:is"),
            (b"basic " + b64encode(b"me"), b"me", b""),
            (b"Basic ====", b"", b""),
            (b"Basic \xff", b"", b""),
            (b"Bearer key", b"", b""),
        ):
            request = receive(b"Authorization: " + value)
            self.assertEqual((request.getUser(), request.getPassword()), (user, password))
        self.assertEqual(receive().getUser(), b"")

    def test_no_sessions(self) -> None:
        """There are no sessions."""
        self.assertRaises(NotImplementedError, receive().getSession)

    def test_components(self) -> None:
        """A component stands for the request where its interface is asked for."""

        class IOdd(Interface):
            pass

        request, component = receive(), object()
        self.assertIsNone(IOdd(request, None))
        request.setComponent(IOdd, component)
        self.assertIs(IOdd(request), component)
        request.setComponent(IAddress, component)
        self.assertIs(IOdd(request), component)
        self.assertIs(IAddress(request), component)
