"""Tests of `inference_gateway.wire.rename`."""

import orjson
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire.rename import rename_answer, rename_event
from inference_gateway.wire.sse import Event, SSEParser


class RenameTests(SynchronousTestCase):
    """Answers under their public name."""

    def test_answer(self) -> None:
        """Only the name changes; every other byte stays."""
        self.assertEqual(
            rename_answer(b'{ "id":"1", "model" : "own/\\u0041", "n": 1e0}', 'a "b"'),
            b'{ "id":"1", "model" : "a \\"b\\"", "n": 1e0}',
        )

    def test_nameless(self) -> None:
        """What names no model does not begin to."""
        self.assertEqual(rename_answer(b'{"id":"1"}', "public"), b'{"id":"1"}')

    def test_event(self) -> None:
        """An event keeps its name and its one line of data."""
        (event,) = SSEParser().feed(b'event: message\ndata: {"model":"own"}\n\n')
        renamed = rename_event(event, "public")
        self.assertEqual(renamed.name, b"message")
        self.assertEqual(SSEParser().feed(renamed.raw), [renamed])
        self.assertEqual(orjson.loads(renamed.data or b""), {"model": "public"})

    def test_comment(self) -> None:
        """An event without data has nothing to rename."""
        comment = Event(b": hi\n\n", None)
        self.assertIs(rename_event(comment, "public"), comment)
