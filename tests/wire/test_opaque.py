"""Tests of `inference_gateway.wire.opaque`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire.inspect import Kind
from inference_gateway.wire.opaque import RawInspector, RawParser
from inference_gateway.wire.sse import Event


class OpaqueTests(SynchronousTestCase):
    """Bytes that are no events."""

    def test_bytes(self) -> None:
        """Whatever comes together is one event that says what came, and no data."""
        parser = RawParser()
        for data in (b"RIFF\x00\n\n", b"data: {}\n\n", b"\xff"):
            self.assertEqual(parser.feed(data), [Event(data, None)])

    def test_nothing(self) -> None:
        """Nothing is no event."""
        self.assertEqual(RawParser().feed(b""), [])

    def test_content(self) -> None:
        """All bytes are content; nothing is known of their end or their cost."""
        inspector = RawInspector()
        self.assertIs(inspector.inspect(Event(b"\xff", None)), Kind.CONTENT)
        self.assertEqual(
            (inspector.complete, inspector.usage, inspector.output_chars), (False, None, 0)
        )
        self.assertEqual((inspector.finish_reason, inspector.model), ("", ""))
