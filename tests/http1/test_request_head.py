"""Heads of requests from what an IAgent is given."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from inference_gateway.http1.origin import UnsendableRequest
from inference_gateway.http1.request_head import request_head


class RequestHeadTests(SynchronousTestCase):
    """Lines, their order, and what may not be in them."""

    def lines(
        self,
        method: bytes = b"GET",
        headers: Headers | None = None,
        *,
        has_body: bool = False,
        length: int | None = None,
    ) -> list[bytes]:
        head = request_head(method, b"/x", b"a:1", headers, has_body=has_body, length=length)
        self.assertTrue(head.endswith(b"\r\n\r\n"))
        return head.split(b"\r\n")[:-2]

    def test_least(self) -> None:
        """A request line and a Host are enough."""
        self.assertEqual(self.lines(), [b"GET /x HTTP/1.1", b"Host: a:1"])

    def test_headers(self) -> None:
        """Every value of every header is a line."""
        headers = Headers({b"a": [b"1", b"2"], b"b": [b"\xe9"]})
        self.assertEqual(self.lines(headers=headers)[2:], [b"A: 1", b"A: 2", b"B: \xe9"])

    def test_host(self) -> None:
        """A Host among the headers is the only one."""
        self.assertEqual(self.lines(headers=Headers({b"host": [b"b"]}))[1:], [b"Host: b"])

    def test_framing_is_ours(self) -> None:
        """Headers that frame the message or end the connection are not sent."""
        headers = Headers(
            {
                name: [b"7"]
                for name in (b"Content-Length", b"Transfer-Encoding", b"Connection", b"Upgrade")
            }
        )
        self.assertEqual(
            self.lines(b"POST", headers, has_body=True, length=3)[2:], [b"Content-Length: 3"]
        )

    def test_chunked(self) -> None:
        """A body of unknown length is chunked."""
        self.assertEqual(self.lines(has_body=True)[2:], [b"Transfer-Encoding: chunked"])

    def test_no_body(self) -> None:
        """Methods that usually have a body say that there is none."""
        for method in (b"POST", b"PUT", b"PATCH"):
            self.assertEqual(self.lines(method)[2:], [b"Content-Length: 0"])

    def test_unsendable(self) -> None:
        """Nothing can break out of its line."""
        for method in (b"", b"GET /", b"G\r\n"):
            self.assertRaises(UnsendableRequest, self.lines, method)
        for value in (b"\0", b"\x1b", b"\x7f"):
            self.assertRaises(UnsendableRequest, self.lines, b"GET", Headers({b"A": [value]}))
