"""Tests of `inference_gateway.wire.typed_events`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire.inspect import Kind
from inference_gateway.wire.sse import DONE, Event, SSEParser, encode
from inference_gateway.wire.typed_events import TypedEvent, read_typed, rename_inside


def event(data: bytes, name: bytes = b"") -> Event:
    """Return the event with this data."""
    return Event(encode(data, name), data, name)


class ReadTests(SynchronousTestCase):
    """What an event says of itself."""

    def test_type(self) -> None:
        """The type is that of the data, or else the name of the event."""
        for data, name, expected in (
            (b'{"type":"a"}', b"", "a"),
            (b'{"type":"a"}', b"b", "a"),
            (b"{}", b"b", "b"),
            (b'{"type":5}', b"b", "b"),
            (b"{}", b"\xff", "\ufffd"),
        ):
            typed = read_typed(event(data, name))
            self.assertIsInstance(typed, TypedEvent)
            self.assertEqual(getattr(typed, "type", None), expected)

    def test_inner(self) -> None:
        """An inner object is empty where there is none."""
        typed = TypedEvent("a", {"b": {"c": 1}, "d": []})
        self.assertEqual([typed.inner(name) for name in "bde"], [{"c": 1}, {}, {}])

    def test_no_type(self) -> None:
        """What has no type is told by its kind."""
        for seen, kind in (
            (Event(b": x\n\n", None), Kind.COMMENT),
            (DONE, Kind.DONE),
            (event(b"{}"), Kind.MALFORMED),
            (event(b'{"type":""}'), Kind.MALFORMED),
            (event(b"null", b"a"), Kind.MALFORMED),
            (event(b"{", b"a"), Kind.MALFORMED),
            (event(b'{"type":"error"}'), Kind.ERROR),
            (event(b'{"error":{"message":"busy"}}'), Kind.ERROR),
            (event(b"<html>", b"error"), Kind.ERROR),
            (event(b"{}", b"error"), Kind.ERROR),
        ):
            self.assertIs(read_typed(seen), kind)

    def test_no_error(self) -> None:
        """An error of null is none."""
        self.assertEqual(
            read_typed(event(b'{"type":"a","error":null}')),
            TypedEvent("a", {"type": "a", "error": None}),
        )


class RenameTests(SynchronousTestCase):
    """A model renamed inside of an event."""

    def test_renamed(self) -> None:
        """Only the name changes; every other byte of the data stays."""
        (seen,) = SSEParser().feed(
            b'event: x\ndata: { "n" : 1e0, "inner": {"id":"\\u0041", "model" :"own"} , "z":[]}\n\n'
        )
        renamed = rename_inside(seen, "inner", 'a "b"')
        self.assertEqual(
            renamed.raw,
            b'event: x\ndata: { "n" : 1e0, "inner": {"id":"\\u0041", "model" :"a \\"b\\""} ,'
            b' "z":[]}\n\n',
        )
        self.assertEqual(SSEParser().feed(renamed.raw), [renamed])

    def test_left_alone(self) -> None:
        """What tells of no such object, or of one without a model, says what it said."""
        for data in (
            b'{"model":"own"}',
            b'{"inner":"own"}',
            b'{"type":"inner","model":"own"}',
            b'{"other":{"inner":{"model":"own"}}}',
            b'{"inner":{}}',
        ):
            seen = event(data)
            self.assertEqual(rename_inside(seen, "inner", "public"), seen)

    def test_comment(self) -> None:
        """An event without data has nothing to rename."""
        comment = Event(b": hi\n\n", None)
        self.assertIs(rename_inside(comment, "inner", "public"), comment)
