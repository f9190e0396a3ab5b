"""Collecting a head within its bounds."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import GatewayError, InvalidRequest
from inference_gateway.http1.head import HeadBuffer
from inference_gateway.http1.limits import Limits
from inference_gateway.http1.refusals import HeadTooLarge, TargetTooLong, VersionNotSupported

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20


class HeadBufferTests(SynchronousTestCase):
    """A head is returned once its empty line came, and refused once it cannot be one."""

    def setUp(self) -> None:
        self.buffer = HeadBuffer(Limits())

    def feed(self, data: bytes, size: int = 1 << 20) -> bytes | None:
        """Feed ``data`` in pieces and return what came out last."""
        result = None
        for start in range(0, len(data), size):
            result = self.buffer.feed(data[start : start + size])
        return result

    def assert_refused(self, error: type[GatewayError], data: bytes) -> None:
        for size in (1, 7, 1 << 20):
            self.buffer = HeadBuffer(Limits())
            self.assertRaises(error, self.feed, data, size)

    def test_whole(self) -> None:
        """A head in one piece comes back without its empty line, and what follows is kept."""
        self.assertEqual(self.feed(HEAD + b"\r\n\r\nrest"), HEAD)
        self.assertEqual(self.buffer.rest, b"rest")
        self.assertEqual(self.buffer.kept, b"")

    def test_every_split(self) -> None:
        """Two pieces, cut anywhere, make the same head."""
        wire = b"\r\n" + HEAD + b"\r\n\r\n"
        for cut in range(1, len(wire)):
            self.buffer = HeadBuffer(Limits())
            self.assertIsNone(self.buffer.feed(wire[:cut]))
            self.assertEqual(self.buffer.feed(wire[cut:]), HEAD)
            self.assertEqual(self.buffer.rest, b"")

    def test_bytewise(self) -> None:
        """Single bytes make the same head, one after another."""
        for _ in range(2):
            self.assertEqual(self.feed(HEAD + b"\r\n\r\n", 1), HEAD)

    def test_begun(self) -> None:
        """The buffer knows whether a head has begun; an empty line is none."""
        self.feed(b"\r\n")
        self.assertEqual(self.buffer.kept, b"")
        self.feed(b"G")
        self.assertNotEqual(self.buffer.kept, b"")

    def test_empty_lines(self) -> None:
        """One empty line before a head is passed over, two are not."""
        self.assertEqual(self.feed(b"\r\n" + HEAD + b"\r\n\r\n"), HEAD)
        self.assert_refused(InvalidRequest, b"\r\n\r\n" + HEAD)
        self.assert_refused(InvalidRequest, b"\rGET")

    def test_other_protocols(self) -> None:
        """What does not begin like HTTP/1 is refused with its first bytes."""
        self.assert_refused(InvalidRequest, b"\x16\x03\x01\x02\x00")
        self.assert_refused(InvalidRequest, b"GET /\r\n")
        self.assert_refused(VersionNotSupported, b"PRI * HTTP/2.0\r\n")

    def test_bare_line_feed(self) -> None:
        """A bare LF is refused at once, because no empty line would ever come."""
        self.assert_refused(InvalidRequest, b"GET / HTTP/1.1\nHost: a\n")
        self.assert_refused(InvalidRequest, b"GET / HTTP/1.1\r\nHost: a\n\n")

    def test_long_target(self) -> None:
        """A target longer than its limit is refused as such."""
        self.assert_refused(TargetTooLong, b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\nHost: a\r\n\r\n")

    def test_long_request_line(self) -> None:
        """A request line longer than its limit is refused, whole or not."""
        self.assert_refused(TargetTooLong, b"a" * 16385 + b" / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.buffer = HeadBuffer(Limits())
        self.assertRaises(TargetTooLong, self.feed, b"a" * 40000)

    def test_long_method(self) -> None:
        """A long method is none of the buffer's business as long as the line is not too long."""
        line = b"a" * 8192 + b" / HTTP/1.1\r\nHost: a"
        self.assertEqual(self.feed(line + b"\r\n\r\n"), line)

    def test_long_header(self) -> None:
        """A header line longer than its limit is refused."""
        self.assert_refused(
            HeadTooLarge, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20000 + b"\r\n\r\n"
        )

    def test_long_head(self) -> None:
        """A head longer than its limit is refused, with or without its end."""
        head = b"GET / HTTP/1.1\r\n" + (b"X: " + b"y" * 8000 + b"\r\n") * 4
        self.assertEqual(self.feed(head + b"\r\n"), head[:-2])
        long = head + b"X: " + b"y" * 8000
        self.assert_refused(HeadTooLarge, long)
        self.assert_refused(HeadTooLarge, long + b"\r\n\r\n")

    def test_many_headers(self) -> None:
        """The hundredth header is taken and the next one is not."""
        hundred = b"GET / HTTP/1.1" + b"\r\nX: y" * 100
        self.assertEqual(self.feed(hundred + b"\r\n\r\n"), hundred)
        self.assert_refused(HeadTooLarge, hundred + b"\r\nX: y\r\n\r\n")
