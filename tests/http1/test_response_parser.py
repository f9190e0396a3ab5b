"""Heads cut off and bodies freed of framing; whole exchanges are in `test_connection`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.http1.response_parser import DeclaredBody, HeadBuffer, ResponseParser
from inference_gateway.http1.response_rules import BadResponse, ResponseLimits, read_head

LIMITS = ResponseLimits(head=100)
HEAD = b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n"


class HeadBufferTests(SynchronousTestCase):
    """Where a head ends."""

    def test_whole(self) -> None:
        """A head in one piece is cut off at once."""
        self.assertEqual(HeadBuffer(LIMITS).cut(HEAD + b"rest"), (HEAD, b"rest"))

    def test_every_split(self) -> None:
        """It may come in two pieces, cut anywhere."""
        for at in range(1, len(HEAD)):
            heads = HeadBuffer(LIMITS)
            self.assertIsNone(heads.cut(HEAD[:at]))
            self.assertEqual(heads.cut(HEAD[at:] + b"rest"), (HEAD, b"rest"))

    def test_again(self) -> None:
        """The buffer is empty again after a head."""
        heads = HeadBuffer(LIMITS)
        heads.cut(HEAD[:5])
        heads.cut(HEAD[5:])
        self.assertEqual(heads.cut(HEAD), (HEAD, b""))

    def test_hopeless(self) -> None:
        """What cannot become a head is refused while it comes."""
        self.assertRaises(BadResponse, HeadBuffer(LIMITS).cut, b"HTTP/2")
        self.assertRaises(BadResponse, HeadBuffer(LIMITS).cut, HEAD[:-2] + b"A: " + b"x" * 100)


class ResponseParserTests(SynchronousTestCase):
    """Bodies."""

    def begin(self, *fields: bytes) -> ResponseParser:
        parser = ResponseParser()
        raw = b"\r\n".join((b"HTTP/1.1 200 OK", *fields, b"", b""))
        parser.begin(read_head(raw, ResponseLimits()))
        return parser

    def test_joined(self) -> None:
        """The payload of many chunks is one."""
        parser = self.begin(b"Transfer-Encoding: chunked")
        self.assertEqual(parser.parse_body(b"1\r\na\r\n2\r\nbc\r\n"), b"abc")
        self.assertFalse(parser.complete)
        self.assertEqual(parser.parse_body(b"0\r\n\r\n"), b"")
        self.assertTrue(parser.complete)

    def test_excess(self) -> None:
        """What follows the end is noticed and not taken for a body."""
        for more in (b"x", HEAD, HEAD + b"body"):
            parser = self.begin(b"Content-Length: 2")
            self.assertEqual(parser.parse_body(b"hi" + more), b"hi")
            self.assertEqual((parser.complete, parser.excess, parser.broken), (True, True, False))

    def test_broken(self) -> None:
        """A fault leaves what was good before it."""
        parser = self.begin(b"Transfer-Encoding: chunked")
        self.assertEqual(parser.parse_body(b"1\r\na\r\nx"), b"a")
        self.assertEqual((parser.broken, parser.complete), (True, False))

    def test_trailers(self) -> None:
        """Fields behind the body are dropped."""
        parser = self.begin(b"Transfer-Encoding: chunked")
        parser.parse_body(b"0\r\nX-B: c\r\n\r\n")
        self.assertEqual((parser.complete, parser.broken), (True, False))

    def test_framing_without_end(self) -> None:
        """A body that is nearly all framing is broken off."""
        parser = self.begin(b"Transfer-Encoding: chunked")
        parser.parse_body(b"1;" + b"x" * 60_000)
        self.assertFalse(parser.broken)
        parser.parse_body(b"x" * 6_000)
        self.assertTrue(parser.broken)

    def test_small_chunks(self) -> None:
        """A byte a chunk is a poor body, but one."""
        parser = self.begin(b"Transfer-Encoding: chunked")
        for _ in range(100):
            parser.parse_body(b"1\r\na\r\n" * 1_000)
        self.assertFalse(parser.broken)


class DeclaredBodyTests(SynchronousTestCase):
    """Bodies whose length is known."""

    def test_counted(self) -> None:
        """It is complete with its last byte, and not before."""
        body = DeclaredBody(3)
        self.assertEqual((body.parse_body(b"ab"), body.complete), (b"ab", False))
        self.assertEqual((body.parse_body(b"c"), body.complete), (b"c", True))
        self.assertFalse(body.excess or body.broken)

    def test_empty(self) -> None:
        """No bytes are complete from the beginning."""
        self.assertTrue(DeclaredBody(0).complete)

    def test_excess(self) -> None:
        """What follows is cut off and noticed."""
        body = DeclaredBody(3)
        self.assertEqual((body.parse_body(b"abcd"), body.complete), (b"abc", True))
        self.assertTrue(body.excess)
