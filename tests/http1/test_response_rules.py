"""What the rules make of heads; the rows of section P are in `test_upstream_cases`."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import UNKNOWN_LENGTH

from inference_gateway.http1.response_rules import (
    BadResponse,
    Field,
    Head,
    ResponseLimits,
    body_length,
    check_partial_head,
    head_fields,
    keeps_connection,
    read_head,
)

LIMITS = ResponseLimits(head=2_000, fields=3)
HEAD = b"HTTP/1.1 200 All right\r\nA: 1\r\nB: 2\r\n\r\n"


class ReadHeadTests(SynchronousTestCase):
    """Whole heads."""

    def refused(self, raw: bytes) -> str:
        return str(self.assertRaises(BadResponse, read_head, raw, LIMITS))

    def test_good(self) -> None:
        """A good head comes back as it was, with its status line taken apart."""
        self.assertEqual(
            read_head(HEAD, LIMITS), Head(minor=1, status=200, reason=b"All right", wire=HEAD)
        )

    def test_no_reason(self) -> None:
        """A missing reason phrase is an empty one."""
        self.assertEqual(read_head(b"HTTP/1.0 404\r\n\r\n", LIMITS).reason, b"")

    def test_control_characters(self) -> None:
        """A field with control characters in its value is left out."""
        raw = b"HTTP/1.1 200 OK\r\nA: 1\r\nB: \x1b[0m\r\nC: 3\r\n\r\n"
        self.assertEqual(read_head(raw, LIMITS).wire, b"HTTP/1.1 200 OK\r\nA: 1\r\nC: 3\r\n\r\n")

    def test_control_characters_in_framing(self) -> None:
        """A field that frames the message is never left out: the head is refused."""
        self.refused(b"HTTP/1.1 200 OK\r\ntransfer-ENCODING: \x01chunked\r\n\r\n")

    def test_too_large(self) -> None:
        """A head above the limit is refused."""
        self.assertIn("large", self.refused(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 2_000 + b"\r\n\r\n"))

    def test_too_many(self) -> None:
        """One field above the limit is one too many."""
        read_head(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 3 + b"\r\n", LIMITS)
        self.assertIn("many", self.refused(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 4 + b"\r\n"))

    def test_no_quotation(self) -> None:
        """A refusal does not quote the upstream."""
        self.assertNotIn("secret", self.refused(b"HTTP/1.1 200 secret\0\r\n\r\n"))


class PartialHeadTests(SynchronousTestCase):
    """Beginnings of heads."""

    def refused(self, raw: bytes, seen: int = 0) -> str:
        return str(self.assertRaises(BadResponse, check_partial_head, raw, seen, LIMITS))

    def test_every_beginning(self) -> None:
        """No beginning of a good head is refused."""
        for end in range(1, len(HEAD)):
            check_partial_head(HEAD[:end], end - 1, LIMITS)

    def test_other_protocol(self) -> None:
        """The first byte that is not HTTP's is enough."""
        self.assertIn("HTTP/1", self.refused(b"S"))
        self.assertIn("HTTP/1", self.refused(b"HTTP/2"))

    def test_status_line(self) -> None:
        """A status line that does not end is refused before the head is full."""
        self.assertIn("status line", self.refused(b"HTTP/1.1 200 " + b"x" * 1_100))

    def test_long_status_line(self) -> None:
        """The longest status line that a whole head may have is waited for."""
        raw = b"HTTP/1.1 200 " + b"x" * 1_024 + b"\r\n"
        check_partial_head(raw[:-1], 0, LIMITS)
        check_partial_head(raw, len(raw) - 1, LIMITS)
        read_head(raw + b"\r\n", LIMITS)

    def test_bare_lf(self) -> None:
        """LF without CR is refused at once, also where CR would have come with the read before."""
        self.assertIn("CR LF", self.refused(b"HTTP/1.1 200 OK\n"))
        self.assertIn("CR LF", self.refused(b"HTTP/1.1 200 OK\n", seen=15))
        check_partial_head(b"HTTP/1.1 200 OK\r\n", 16, LIMITS)

    def test_full(self) -> None:
        """A head that has reached the limit without an end is refused."""
        self.assertIn("large", self.refused(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 2_000, seen=1_900))


class BodyLengthTests(SynchronousTestCase):
    """What frames a body."""

    def judge(
        self,
        *fields: Field,
        minor: int = 1,
        bodiless: bool = False,
        accepts_encoding: bool = False,
    ) -> tuple[int | str, bool]:
        head = Head(minor=minor, status=200, reason=b"", wire=b"")
        return body_length(head, fields, bodiless=bodiless, accepts_encoding=accepts_encoding)

    def test_length(self) -> None:
        """A declared length is the length."""
        self.assertEqual(self.judge((b"content-length", b"0012")), (12, False))

    def test_chunked(self) -> None:
        """A chunked body has no known length and ends by itself."""
        self.assertEqual(self.judge((b"transfer-encoding", b"Chunked")), (UNKNOWN_LENGTH, False))

    def test_until_close(self) -> None:
        """Without either, the connection's end is the body's."""
        self.assertEqual(self.judge((b"server", b"x")), (UNKNOWN_LENGTH, True))

    def test_both(self) -> None:
        """A length and chunks contradict each other, in whichever order."""
        length, chunked = (b"content-length", b"5"), (b"transfer-encoding", b"chunked")
        for fields in ((length, chunked), (chunked, length)):
            with self.assertRaises(BadResponse):
                self.judge(*fields)

    def test_bodiless(self) -> None:
        """An answer that cannot have a body has none, whatever it declares."""
        self.assertEqual(self.judge((b"content-length", b"5"), bodiless=True), (0, False))
        self.assertEqual(self.judge(bodiless=True), (0, False))

    def test_bodiless_and_ambiguous(self) -> None:
        """Ambiguous framing is refused even where there is nothing to frame."""
        fields = [(b"content-length", b"5"), (b"content-length", b"5")]
        with self.assertRaises(BadResponse):
            self.judge(*fields, bodiless=True)

    def test_encoding_asked_for(self) -> None:
        """A content coding is fine when the request asked for one."""
        self.assertEqual(
            self.judge(
                (b"content-encoding", b"gzip"), (b"content-length", b"5"), accepts_encoding=True
            ),
            (5, False),
        )

    def test_encoding_not_asked_for(self) -> None:
        """Otherwise it is refused, unless it is none."""
        with self.assertRaises(BadResponse):
            self.judge((b"content-encoding", b"gzip"))
        self.judge((b"content-encoding", b"Identity"))


class FieldsTests(SynchronousTestCase):
    """The fields of a head."""

    def fields(self, *lines: bytes, version: bytes = b"1.1") -> tuple[Head, list[Field]]:
        raw = b"\r\n".join((b"HTTP/" + version + b" 200 a: b", *lines, b"", b""))
        head = read_head(raw, ResponseLimits())
        return head, head_fields(head)

    def test_fields(self) -> None:
        """Names come in lower case, values without blanks around them, the empty ones too."""
        lines = (b"X-A: \t b: c \t", b"Empty:", b"Blank:  ", b"x-a:d")
        self.assertEqual(
            self.fields(*lines)[1],
            [(b"x-a", b"b: c"), (b"empty", b""), (b"blank", b""), (b"x-a", b"d")],
        )

    def test_none(self) -> None:
        """A head may have none; the status line is not one."""
        self.assertEqual(self.fields()[1], [])

    def test_keeps_connection(self) -> None:
        """The version decides, unless the Connection fields say otherwise; a close wins."""
        told = [
            (b"1.1", (), True),
            (b"1.0", (), False),
            (b"1.1", (b"Connection: x, Close",), False),
            (b"1.1", (b"Connection: keep-alive", b"Connection: close"), False),
            (b"1.0", (b"Connection: Keep-Alive",), True),
            (b"1.0", (b"Connection: x",), False),
            (b"1.1", (b"Connection: x",), True),
        ]
        for version, lines, kept in told:
            head, fields = self.fields(*lines, version=version)
            self.assertIs(keeps_connection(head, fields), kept, lines)
