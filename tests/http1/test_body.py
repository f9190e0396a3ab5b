"""Receiving bodies within their bounds."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import CallerError, UnreadableBody
from inference_gateway.http1.body import ChunkedBody, SizedBody
from inference_gateway.http1.limits import Limits
from inference_gateway.http1.refusals import PayloadTooLarge

WIRE = b'5;a="b"\r\nhello\r\n4\r\n\r\n\r\n\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n'
PAYLOAD = b"hello\r\n\r\n!"


class SizedBodyTests(SynchronousTestCase):
    """A length is counted down."""

    def test_rest(self) -> None:
        """What follows the body is returned."""
        body = SizedBody(5)
        self.assertIsNone(body.feed(b"abc"))
        self.assertEqual(body.feed(b"defg"), b"fg")
        self.assertEqual((body.take(), body.received), (b"abcde", 5))

    def test_exact(self) -> None:
        """A body that ends with the read leaves nothing."""
        body = SizedBody(5)
        self.assertEqual(body.feed(b"abcde"), b"")
        self.assertEqual(body.take(), b"abcde")


class ChunkedBodyTests(SynchronousTestCase):
    """llhttp decodes; the bounds are ours."""

    def setUp(self) -> None:
        self.body = ChunkedBody(Limits(), 10_000_000)

    def assert_refused(
        self, wire: bytes, error: type[CallerError] = UnreadableBody, size: int = 1024
    ) -> None:
        body = ChunkedBody(Limits(), 10_000_000)
        with self.assertRaises(error):
            for start in range(0, len(wire), size):
                body.feed(wire[start : start + size])

    def test_every_split(self) -> None:
        """Two pieces, cut anywhere, are the same body with the same rest."""
        for cut in range(1, len(WIRE)):
            body = ChunkedBody(Limits(), 10_000_000)
            self.assertIsNone(body.feed(WIRE[:cut]), cut)
            self.assertEqual(body.feed(WIRE[cut:] + b"rest"), b"rest", cut)
            self.assertEqual((body.take(), body.received), (PAYLOAD, len(WIRE)))

    @settings(max_examples=100)
    @given(
        st.lists(st.sampled_from([b"\r", b"\n", b"\r\n\r\n", b"0", b"ab"]), max_size=6),
        st.lists(st.integers(1, 60), max_size=6),
    )
    def test_any_chunks(self, chunks: list[bytes], cuts: list[int]) -> None:
        """Payloads that look like framing change nothing, wherever the reads end."""
        wire = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        wire += b"0\r\n\r\n0\r\n\r\n"
        body = ChunkedBody(Limits(), 10_000_000)
        places = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
        rest: bytes | None = None
        for start, end in pairwise(places):
            if rest is None:
                rest = body.feed(wire[start:end])
            else:
                rest += wire[start:end]
        self.assertEqual((rest, body.take()), (b"0\r\n\r\n", b"".join(chunks)))

    def test_trailers_dropped(self) -> None:
        """Trailers are read and forgotten, those that would frame a message too."""
        trailers = (
            *(b"Host: x", b"Authorization: y", b"Content-Length: 4", b"Transfer-Encoding: gzip"),
            b"Transfer-Encoding: chunked",
        )
        for trailer in trailers:
            body = ChunkedBody(Limits(), 10_000_000)
            self.assertEqual(body.feed(b"1\r\nx\r\n0\r\n" + trailer + b"\r\n\r\nrest"), b"rest")
            self.assertEqual(body.take(), b"x")

    def test_malformed(self) -> None:
        """Sizes, extensions and line ends are as the RFC has them, or the body is refused."""
        for wire in (
            *(
                b"0x5\r\n",
                b"+5\r\n",
                b"5_0\r\n",
                b" 5\r\n",
                b"5 \r\n",
                b"-1\r\n",
                b"G\r\n",
                b"\r\n",
            ),
            *(b"5;\r\n", b"5;a=\n\r\n", b"5;a=\r\r\n", b"5;a=\x00\r\n", b"FFFFFFFFFFFFFFFF0\r\n"),
            *(b"5\nhello\r\n", b"5\r\nhello\n0", b"5\r\nhello0\r\n", b"5\r\nhellox\r\n"),
            *(b"0\r\n\n", b"0\nX: y\n\n", b"0\r\nX: y\n\r\n", b"0\r\nX\x00: y\r\n\r\n"),
            *(b"0\r\n X: y\r\n\r\n", b"0\r\nX: y\r\n z\r\n\r\n", b"0\r\nX: \x01\r\n\r\n"),
        ):
            self.assert_refused(wire)

    def test_long_extension(self) -> None:
        """A long extension is refused before it ends."""
        self.assert_refused(b"5;a=" + b"b" * 20000)

    def test_many_extensions(self) -> None:
        """Extensions count together."""
        self.assert_refused((b"1;a=" + b"b" * 1000 + b"\r\nx\r\n") * 20)

    def test_long_trailers(self) -> None:
        """Trailers count too."""
        self.assert_refused(b"0\r\n" + b"X: " + b"y" * 20000)
        self.assert_refused(b"0\r\n" + b"X: yyyyyyyyyy\r\n" * 2000)

    def test_small_chunks(self) -> None:
        """Many small chunks are a body like any other."""
        wire = b"1\r\nx\r\n" * 20000 + b"0\r\n\r\n"
        self.assertEqual(self.body.feed(wire), b"")
        self.assertEqual(self.body.take(), b"x" * 20000)

    def test_payload_limit(self) -> None:
        """The payload is bounded by the body's limit."""
        body = ChunkedBody(Limits(), 4)
        body.feed(b"4\r\nabcd")
        self.assertRaises(PayloadTooLarge, body.feed, b"\r\n1\r\ne")

    def test_wire_limit(self) -> None:
        """The wire bytes are bounded too, as a multiple of that limit."""
        body = ChunkedBody(Limits(), 20000)
        body.feed(b"1\r\nx\r\n" * 17000)
        self.assertRaises(PayloadTooLarge, body.feed, b"1\r\nx\r\n" * 1000)
