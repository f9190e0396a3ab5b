"""From bytes to heads and bodies."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidRequest
from inference_gateway.http1.intake import Intake
from inference_gateway.http1.limits import Limits
from inference_gateway.http1.refusals import PayloadTooLarge
from inference_gateway.http1.rules import RequestHead
from tests.http1.server import GET, chunked, post


class IntakeTests(SynchronousTestCase):
    """A head, then the body that the caller asks for, then a head again."""

    def setUp(self) -> None:
        self.intake = Intake(Limits(body_grace=10, body_timeout=60, body_rate=100))

    def feed(self, data: bytes) -> RequestHead:
        head = self.intake.feed(data)
        assert isinstance(head, RequestHead)
        return head

    def test_in_turn(self) -> None:
        """What is left over of a head begins the body, and of the body the next head."""
        wire = post(b"hurry")
        head = self.feed(wire + GET)
        self.assertEqual(self.intake.rest, b"hurry" + GET)
        self.intake.expect_body(head, 0, 100)
        self.assertTrue(self.intake.in_body)
        self.assertEqual(self.intake.feed(self.intake.rest), b"hurry")
        self.assertEqual((self.intake.size, self.intake.rest), (len(wire), GET))
        self.assertEqual(self.feed(self.intake.rest).path, b"/healthz")
        self.assertEqual(self.intake.size, len(GET))
        self.assertTrue(self.intake.empty)

    def test_chunks_bounded(self) -> None:
        """A body in chunks may have as many bytes as the caller says, whatever the limits say."""
        for most, fits in ((5, True), (4, False)):
            intake = Intake(Limits(body=4))
            head = intake.feed(chunked(b"hurry"))
            assert isinstance(head, RequestHead)
            intake.expect_body(head, 0, most)
            if fits:
                self.assertEqual(intake.feed(intake.rest), b"hurry")
            else:
                self.assertRaises(PayloadTooLarge, intake.feed, intake.rest)

    def test_dropped(self) -> None:
        """A dropped body counts with what came of it."""
        wire = post(b"hurry")
        self.intake.expect_body(self.feed(wire[:-5]), 0, 100)
        self.intake.drop_body()
        self.intake.expect_body(self.feed(wire[:-5]), 0, 100)
        self.assertIsNone(self.intake.feed(b"hur"))
        self.assertEqual(self.intake.size, len(wire) - 2)
        self.intake.drop_body()
        self.intake.drop_body()
        self.assertEqual(self.intake.size, len(wire) - 2)
        self.assertFalse(self.intake.in_body)

    def test_refused(self) -> None:
        """A head that breaks the rules is refused, and its bytes are counted."""
        self.assertIsNone(self.intake.feed(b"GET /"))
        self.assertFalse(self.intake.empty)
        self.assertRaises(InvalidRequest, self.intake.feed, b" HTTP/1.1\r\n\r\n")
        self.assertEqual(self.intake.size, 18)

    def test_deadline(self) -> None:
        """Each byte of a body buys time, between the grace and the absolute limit."""
        self.intake.expect_body(self.feed(post(b"x" * 9000)[:-9000]), 5, 9000)
        for size, deadline in ((0, 15), (1000, 15), (1000, 25), (6000, 65)):
            self.intake.feed(b"x" * size)
            self.assertEqual(self.intake.body_deadline(), deadline)
