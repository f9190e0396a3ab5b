"""Heads that are known already."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import GatewayError, InvalidRequest
from inference_gateway.http1.recall import HeadMemory
from inference_gateway.http1.rules import judge

LINES = (
    b"POST /v1/x HTTP/1.1",
    b"Host: gateway:80",
    b"X-A: 80",
    b"content-length:  %b",
    b"X-B: 80",
)


def head(length: bytes = b"80", *more: bytes) -> bytes:
    """Return a raw head that says ``length``."""
    return b"\r\n".join((*LINES, *more)).replace(b"%b", length)


class HeadMemoryTests(SynchronousTestCase):
    """A memory judges as the rules do, and repeated heads once."""

    def setUp(self) -> None:
        self.memory = HeadMemory()

    def test_repeated(self) -> None:
        """A head that comes again is the one that was judged."""
        for raw in (head(), b"GET / HTTP/1.1\r\nHost: a"):
            self.assertIs(self.memory.judge(raw), self.memory.judge(raw))

    def test_other_length(self) -> None:
        """A head that differs in its length alone is read as if it had been judged."""
        known = self.memory.judge(head())
        for length in (b"8", b"80", b"8080", b"9" * 15, b"1"):
            read = self.memory.judge(head(length))
            self.assertEqual(read, judge(head(length)))
        self.assertEqual(known.headers[b"content-length"], [b"80"])
        self.assertIs(read.path, known.path)

    def test_odd_lengths(self) -> None:
        """A length that is no plain number is for the rules, whatever was known before."""
        for length in (b"", b"08", b"+8", b"8 0", b"-1", b"0x8", b"8\r\nContent-Length: 80"):
            self.memory.judge(head())
            self.assertRaises(InvalidRequest, self.memory.judge, head(length))
        for length in (b"0", b"9" * 16, b"9" * 30, b"8\r\nX-C: 80"):
            self.memory.judge(head())
            self.assertEqual(self.memory.judge(head(length)), judge(head(length)))

    def test_other_head(self) -> None:
        """Anything else that differs is judged afresh."""
        self.memory.judge(head())
        for raw in (
            head().replace(b"/v1/x", b"/v1/y"),
            head().replace(b"X-B: 80", b"X-B: 81"),
            head(b"80", b"Connection: close"),
            b"GET / HTTP/1.1\r\nHost: a",
            b"GET / HTTP/1.1\r\nHost: a\r\nX-B: 80",
        ):
            self.assertEqual(self.memory.judge(raw), judge(raw))
        self.assertRaises(InvalidRequest, self.memory.judge, LINES[0] + b"\r\nX-B: 80")

    def test_cut_short(self) -> None:
        """Parts of a known head that meet or overlap are not taken for it."""
        for start in range(len(head())):
            for end in (start - 3, start, start + 2):
                raw = head()[: max(1, start)] + head()[max(0, end) :]
                self.memory.judge(head())
                self.assertEqual(reading(self.memory.judge, raw), reading(judge, raw))

    def test_long(self) -> None:
        """A long head is not kept."""
        long = head(b"80", b"X-Long: " + b"x" * 2048)
        self.assertIsNot(self.memory.judge(long), self.memory.judge(long))

    @given(st.lists(st.tuples(st.integers(0, 90), st.binary(max_size=4)), max_size=6))
    def test_any_change(self, changes: list[tuple[int, bytes]]) -> None:
        """Whatever is changed in a known head, the verdict is that of the rules."""
        memory = HeadMemory()
        memory.judge(head())
        for place, noise in changes:
            raw = head()[:place] + noise + head()[place + len(noise) :]
            self.assertEqual(reading(memory.judge, raw), reading(judge, raw))


def reading(read: object, raw: bytes) -> object:
    """Return what ``read`` makes of ``raw``: a head, or the kind and the words of its refusal."""
    assert callable(read)
    try:
        return read(raw)
    except GatewayError as error:
        return type(error), error.message
