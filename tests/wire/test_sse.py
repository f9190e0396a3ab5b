"""Tests of `inference_gateway.wire.sse`."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.sse import DONE, KEEPALIVE, Event, SSEParser, encode

#: Everything the grammar has, and letters of one to four bytes.
STREAM = (
    b'data: {"a":1}\n\n'
    b": comment\n\n"
    b"data: one\ndata: two\n\n"
    b"event: note\nid: 7\nretry: 10\ndata:no blank\n\n"
    b"unknown: x\nfield\ndata\n\n" + "data: é 模 🙂 \u2028 \x85 end\n\n".encode() + b"id: 8\n\n\n\n"
    b"data:  two blanks\n\n"
    b"data: [DONE]\n\n"
)
SAID = [
    (b"", b'{"a":1}'),
    (b"", None),
    (b"", b"one\ntwo"),
    (b"note", b"no blank"),
    (b"", b""),
    (b"", "é 模 🙂 \u2028 \x85 end".encode()),
    (b"", None),
    (b"", b" two blanks"),
    (b"", b"[DONE]"),
]


def said(events: list[Event]) -> list[tuple[bytes, bytes | None]]:
    """Return what events say, without the bytes they came in."""
    return [(event.name, event.data) for event in events]


def parse(*pieces: bytes) -> list[Event]:
    """Return the events of a stream that comes in these pieces."""
    parser = SSEParser()
    return [event for piece in pieces for event in parser.feed(piece)]


class ParserTests(SynchronousTestCase):
    """The parser reads the event stream grammar, however the bytes come."""

    def test_line_ends(self) -> None:
        """LF, CRLF, CR and a mixture of them give the same events."""
        mixed = STREAM.replace(b"\n\n", b"\r\n\n").replace(b"\ndata", b"\rdata")
        for ends in (STREAM, STREAM.replace(b"\n", b"\r\n"), STREAM.replace(b"\n", b"\r"), mixed):
            self.assertEqual(said(parse(ends)), SAID)

    def test_every_split(self) -> None:
        """A stream cut in two at any byte gives the same events, with any line end."""
        for end in (b"\n", b"\r\n", b"\r"):
            stream = STREAM.replace(b"\n", end)
            for at in range(len(stream) + 1):
                self.assertEqual(said(parse(stream[:at], stream[at:])), SAID)

    def test_byte_by_byte(self) -> None:
        """A stream that comes one byte at a time gives the same events, with any line end."""
        for end in (b"\n", b"\r\n", b"\r"):
            stream = b"\xef\xbb\xbf" + STREAM.replace(b"\n", end)
            pieces = [stream[at : at + 1] for at in range(len(stream))]
            self.assertEqual(said(parse(*pieces)), SAID)

    def test_raw(self) -> None:
        """The raw bytes of the events are the stream, less superfluous empty lines."""
        for end in (b"\n", b"\r\n", b"\r"):
            stream = STREAM.replace(b"\n", end)
            raw = b"".join(event.raw for event in parse(stream))
            self.assertEqual(raw, stream.replace(end * 4, end * 2))

    def test_not_held_back(self) -> None:
        """An event that ends in CR CR comes at once, and the LF of a late CRLF starts no event."""
        parser = SSEParser()
        self.assertEqual(said(parser.feed(b"data: x\r\n\r")), [(b"", b"x")])
        self.assertEqual(parser.feed(b"\n"), [])
        self.assertFalse(parser.pending)
        self.assertEqual(said(parser.feed(b"data: y\r\r")), [(b"", b"y")])

    def test_line_end_in_two_reads(self) -> None:
        """A CRLF that comes in two reads is one line end."""
        self.assertEqual(said(parse(b"data: x\r", b"\ndata: y\r\n\r\n")), [(b"", b"x\ny")])

    def test_byte_order_mark(self) -> None:
        """One byte order mark at the very beginning is not part of anything."""
        self.assertEqual(parse(b"\xef\xbb\xbfdata: x\n\n"), [Event(b"data: x\n\n", b"x")])
        self.assertEqual(said(parse(b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n")), [(b"", None)])

    def test_beginning_is_no_mark(self) -> None:
        """Bytes that only begin like a byte order mark are part of the first event."""
        self.assertEqual(said(parse(b"\xef", b"\xbb", b"data: x\n\n")), [(b"", None)])

    def test_pending(self) -> None:
        """An unfinished event is pending, and an unfinished end of stream is no event."""
        parser = SSEParser()
        self.assertFalse(parser.pending)
        self.assertEqual(len(parser.feed(b"data: x\n\ndata: y\n")), 1)
        self.assertTrue(parser.pending)
        self.assertEqual(len(parser.feed(b"\n")), 1)
        self.assertFalse(parser.pending)

    def test_pending_mark(self) -> None:
        """The beginning of a byte order mark is pending as well."""
        parser = SSEParser()
        parser.feed(b"\xef")
        self.assertTrue(parser.pending)

    def test_empty_lines(self) -> None:
        """Empty lines before an event, a million of them, give no event and are not kept."""
        for end in (b"\n", b"\r\n", b"\r"):
            parser = SSEParser(max_event=100)
            self.assertEqual(parser.feed(end * 1_000_000), [])
            self.assertFalse(parser.pending)
            self.assertEqual(said(parser.feed(b"data: x\n\n")), [(b"", b"x")])

    def test_nothing(self) -> None:
        """No bytes give no events."""
        self.assertEqual(parse(b"", b""), [])


class BoundTests(SynchronousTestCase):
    """The memory that one event can take is bounded."""

    def test_longest(self) -> None:
        """An event of exactly the bound passes, whole and in pieces, with LF and CR."""
        for end in (b"\n", b"\r"):
            event = b"data: " + b"x" * 92 + end + end
            self.assertEqual(len(SSEParser(max_event=100).feed(event * 3)), 3)
            parser = SSEParser(max_event=100)
            events = [e for at in range(100) for e in parser.feed(event[at : at + 1])]
            self.assertEqual(len(events), 1)

    def test_too_long(self) -> None:
        """A longer event is refused whole, in pieces, in two reads, and unfinished."""
        for end in (b"\n", b"\r"):
            event = b"data: " + b"x" * 100 + end + end
            for pieces in ((event,), (event[:50], event[50:]), (event[:-2],), (event * 2,)):
                parser = SSEParser(max_event=100)
                with self.assertRaises(ProviderInvalidAnswer):
                    for piece in pieces:
                        parser.feed(piece)

    def test_grows_too_long(self) -> None:
        """An event that never ends is refused as soon as it outgrows the bound."""
        parser = SSEParser(max_event=1000)
        for _ in range(10):
            self.assertEqual(parser.feed(b"data: " + b"x" * 94), [])
        self.assertRaises(ProviderInvalidAnswer, parser.feed, b"x")


class EncodeTests(SynchronousTestCase):
    """Events are written so that they are read as they were meant."""

    def test_plain(self) -> None:
        """Data becomes one line and an empty one."""
        self.assertEqual(encode(b"{}"), b"data: {}\n\n")

    def test_named(self) -> None:
        """A name comes before the data."""
        self.assertEqual(encode(b"{}", b"error"), b"event: error\ndata: {}\n\n")

    def test_bad_name(self) -> None:
        """A name with a line end is refused, because it would write another field."""
        for name in (b"a\nb", b"a\rb"):
            self.assertRaises(ValueError, encode, b"{}", name)

    def test_constants(self) -> None:
        """The end mark is an event like any other, and the keepalive says nothing."""
        self.assertEqual(parse(DONE.raw), [DONE])
        self.assertEqual(parse(KEEPALIVE), [Event(KEEPALIVE, None)])

    @settings(max_examples=100)
    @given(st.lists(st.binary(max_size=40), max_size=5), st.binary(max_size=8), st.data())
    def test_round_trip(self, texts: list[bytes], name: bytes, data: st.DataObject) -> None:
        """What is encoded is read back, cut anywhere, with every line end as LF."""
        name = name.replace(b"\r", b"").replace(b"\n", b"").lstrip(b" ")
        stream = b"".join(encode(text, name) for text in texts)
        at = data.draw(st.integers(0, len(stream)))
        expected = [(name, text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")) for text in texts]
        self.assertEqual(said(parse(stream[:at], stream[at:])), expected)

    @settings(max_examples=200)
    @given(st.lists(st.sampled_from([b"\r", b"\n", b"data", b":", b" ", b"x"]), max_size=30))
    def test_any_split_of_anything(self, tokens: list[bytes]) -> None:
        """Whatever comes, one byte at a time gives the same events as all at once."""
        stream = b"".join(tokens)
        pieces = [stream[at : at + 1] for at in range(len(stream))]
        self.assertEqual(said(parse(*pieces)), said(parse(stream)))
