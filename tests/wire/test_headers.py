"""Tests of `inference_gateway.wire.headers`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire import headers
from inference_gateway.wire.headers import (
    TraceParent,
    connection_tokens,
    media_type,
    parse_retry_after,
    parse_traceparent,
    valid_request_id,
)


class SetTests(SynchronousTestCase):
    """The lists of names agree with each other."""

    def test_lower_case(self) -> None:
        """Every name is in lower case, as names are compared."""
        for names in (
            headers.HOP_BY_HOP,
            headers.FORWARDED_REQUEST,
            headers.FORWARDED_RESPONSE,
            headers.REDACTED,
        ):
            self.assertEqual(names, {name.lower() for name in names})

    def test_apart(self) -> None:
        """Nothing secret and nothing about one connection is forwarded."""
        kept = headers.HOP_BY_HOP | headers.REDACTED
        self.assertFalse(kept & (headers.FORWARDED_REQUEST | headers.FORWARDED_RESPONSE))


class ConnectionTests(SynchronousTestCase):
    """What a message says about its connection is read from all its lines."""

    def test_tokens(self) -> None:
        """Lines and commas are the same, case and blanks do not matter."""
        self.assertEqual(
            connection_tokens([b"Keep-Alive, CLOSE", b" x-a ,,"]), {b"keep-alive", b"close", b"x-a"}
        )
        self.assertEqual(connection_tokens([]), frozenset())


class RequestIdTests(SynchronousTestCase):
    """A request id is kept or replaced, never repaired."""

    def test_good(self) -> None:
        """A UUID and 128 characters of the alphabet are kept."""
        for value in (b"7e57c0de-0000-4000-8000-000000000000", b"A" * 128, b"a.b_c-9"):
            self.assertTrue(valid_request_id(value))

    def test_bad(self) -> None:
        """Anything else is not."""
        for value in (
            b"",
            b"A" * 129,
            b"a b",
            b"a\n",
            b"a\r\nb",
            b"\x1b[31m",
            b'"',
            b"\xe9",
            b"%0d",
        ):
            self.assertFalse(valid_request_id(value))


class MediaTypeTests(SynchronousTestCase):
    """A content type is split as the grammar says."""

    def test_good(self) -> None:
        """Case, blanks, quotes and other parameters do not matter."""
        for value, expected in (
            (b"application/json", ("application/json", "")),
            (b" Application/JSON ", ("application/json", "")),
            (b"application/json;charset=UTF-8", ("application/json", "utf-8")),
            (b'application/json ; charset="utf8"', ("application/json", "utf-8")),
            (b"application/json; charset=utf-16", ("application/json", "utf-16")),
            (b"application/json; a=b; charset=utf-8;", ("application/json", "utf-8")),
            (b'application/json; charset=""', ("application/json", "?")),
            (b"application/jsonp", ("application/jsonp", "")),
            (b"multipart/form-data; boundary=x", ("multipart/form-data", "")),
        ):
            self.assertEqual(media_type(value), expected)

    def test_bad(self) -> None:
        """What the grammar does not have is no media type."""
        for value in (
            b"",
            b"application",
            b"application/",
            b"application/json, text/plain",
            b"application/json charset=utf-8",
            b"application/json; charset",
            b"application/json; charset=a b",
            b"application/json; charset=utf-8; charset=utf-8",
            b'application/json; charset="utf-8',
            b"application/j\xe9",
        ):
            self.assertIsNone(media_type(value))


class TraceParentTests(SynchronousTestCase):
    """A caller's trace is joined, or a new one begins."""

    TRACE = b"0af7651916cd43dd8448eb211c80319c"
    PARENT = b"b7ad6b7169203331"

    def value(
        self,
        version: bytes = b"00",
        trace: bytes = TRACE,
        parent: bytes = PARENT,
        flags: bytes = b"01",
    ) -> bytes:
        """Return a header value of these parts."""
        return b"-".join((version, trace, parent, flags))

    def test_good(self) -> None:
        """The ids and the sampled flag are read; other flags do not matter."""
        for flags, sampled in ((b"00", False), (b"01", True), (b"fe", False), (b"ff", True)):
            self.assertEqual(
                parse_traceparent(self.value(flags=flags)),
                TraceParent(
                    trace_id=self.TRACE.decode(), parent_id=self.PARENT.decode(), sampled=sampled
                ),
            )

    def test_future_version(self) -> None:
        """A later version may say more, which is not looked at."""
        self.assertIsNotNone(parse_traceparent(self.value(b"01")))
        self.assertIsNotNone(parse_traceparent(self.value(b"01") + b"-more"))
        self.assertIsNone(parse_traceparent(self.value(b"01") + b"more"))

    def test_bad(self) -> None:
        """What is malformed, all zero or of a forbidden version is no trace."""
        for value in (
            b"",
            self.value(b"ff"),
            self.value(b"00") + b"-more",
            self.value(trace=b"0" * 32),
            self.value(parent=b"0" * 16),
            self.value(trace=self.TRACE.upper()),
            self.value(trace=self.TRACE[1:]),
            self.value() + b"\n",
            b" " + self.value(),
            b"x" * 1000,
        ):
            self.assertIsNone(parse_traceparent(value))


class RetryAfterTests(SynchronousTestCase):
    """When to come back, in the forms in use."""

    def test_read(self) -> None:
        """Milliseconds go before seconds, fractions and dates are understood."""
        told = [
            (b"250", b"9", 0.25),
            (None, b"9", 9.0),
            (None, b"0.5", 0.5),
            (b"soon", b"9", 9.0),
            (None, b"Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
            (None, b"Thu, 01 Jan 1970 00:00:10 GMT", 0.0),
            (None, b"999999999", 3600.0),
            (None, b"Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
        ]
        for milliseconds, value, seconds in told:
            self.assertEqual(parse_retry_after(milliseconds, value, 100.0), seconds)

    def test_nonsense(self) -> None:
        """What is neither tells nothing."""
        values = (None, b"", b"-1", b"1e3", b"soon", b"\xff", b"Thu, 99 Jan 1970 00:00:00 GMT")
        for value in values:
            self.assertIsNone(parse_retry_after(None, value, 100.0))
