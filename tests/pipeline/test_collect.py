"""Gathering a body that is answered whole."""

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.pipeline.collect import LARGEST_ANSWER, collect
from inference_gateway.provider_errors import ProviderInvalidAnswer, ProviderUnavailable
from inference_gateway.testing.doubles import ManualBody


class CollectTests(SynchronousTestCase):
    """From pieces to a whole."""

    def setUp(self) -> None:
        self.body = ManualBody()
        self.whole = collect(self.body)

    def test_joined(self) -> None:
        """The pieces are joined when the body ends, not before."""
        self.body.feed(b"one ")
        self.body.feed(b"two")
        self.assertNoResult(self.whole)
        self.body.end()
        self.assertEqual(self.successResultOf(self.whole), b"one two")

    def test_at_once(self) -> None:
        """A body that is there already is there at once."""
        body = ManualBody(b"all")
        body.end()
        self.assertEqual(self.successResultOf(collect(body)), b"all")

    def test_broken(self) -> None:
        """A body that breaks fails with what it broke of."""
        self.body.feed(b"half")
        self.body.end(ProviderUnavailable("reset"))
        self.failureResultOf(self.whole, ProviderUnavailable)

    def test_too_large(self) -> None:
        """A body that outgrows the limit is left, once, and what still comes is ignored."""
        piece = bytes(LARGEST_ANSWER // 2)
        self.body.feed(piece)
        self.body.feed(piece)
        self.assertNoResult(self.whole)
        self.body.feed(b"!")
        self.failureResultOf(self.whole, ProviderInvalidAnswer)
        self.assertEqual(self.body.asked, ["start", "abort"])

    def test_too_large_in_pieces_that_were_on_the_way(self) -> None:
        """Bytes and an end that come although the body was left change nothing."""

        class Stubborn(ManualBody):
            def abort(self) -> None:
                self.asked.append("abort")

        body = Stubborn()
        whole = collect(body)
        body.feed(bytes(LARGEST_ANSWER + 1))
        body.feed(b"more")
        body.end()
        self.failureResultOf(whole, ProviderInvalidAnswer)
        self.assertEqual(body.asked, ["start", "abort"])

    def test_cancelled(self) -> None:
        """Cancelling leaves the provider."""
        self.whole.cancel()
        self.failureResultOf(self.whole, CancelledError)
        self.assertTrue(self.body.aborted)
