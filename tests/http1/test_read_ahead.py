"""Keeping what a client sends too early."""

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.http1.read_ahead import ReadAhead


class ReadAheadTests(SynchronousTestCase):
    """The transport is paused while too much is kept."""

    def setUp(self) -> None:
        self.transport = StringTransport()
        self.ahead = ReadAhead(self.transport, 10)

    def test_kept(self) -> None:
        """Bytes come back in order, once."""
        self.assertTrue(self.ahead.empty)
        self.ahead.keep(b"a" * 5)
        self.ahead.keep(b"b" * 5)
        self.assertFalse(self.ahead.empty)
        self.assertEqual(self.transport.producerState, "producing")
        self.assertEqual(self.ahead.take(), b"aaaaabbbbb")
        self.assertEqual(self.ahead.take(), b"")
        self.assertTrue(self.ahead.empty)

    def test_paused(self) -> None:
        """One byte too many pauses the transport, until there is room again."""
        self.ahead.keep(b"a" * 11)
        self.assertEqual(self.transport.producerState, "paused")
        self.ahead.relieve()
        self.assertEqual(self.transport.producerState, "paused")
        self.ahead.take()
        self.assertFalse(self.ahead.empty)
        self.ahead.relieve()
        self.assertEqual(self.transport.producerState, "producing")
        self.assertTrue(self.ahead.empty)
