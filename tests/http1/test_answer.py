"""The parts of an answer's head."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from inference_gateway.http1.answer import DateLine, field_line, field_lines, status_line


class LineTests(SynchronousTestCase):
    """Lines are made so that they cannot end early."""

    def test_status(self) -> None:
        """A status comes with its registered phrase, one of one's own, or none."""
        self.assertEqual(status_line(404), b"HTTP/1.1 404 Not Found\r\n")
        self.assertEqual(status_line(404, b"Gone\r\nX: y"), b"HTTP/1.1 404 Gone  X: y\r\n")
        self.assertEqual(status_line(599), b"HTTP/1.1 599 \r\n")

    def test_value(self) -> None:
        """Control characters in a value become blanks; tabs and bytes above ASCII stay."""
        self.assertEqual(
            field_line(b"X-A", b"a\r\nb\x00c\x1b\x7f\td\xff"), b"X-A: a  b c  \td\xff\r\n"
        )

    def test_name(self) -> None:
        """What is no token is no name."""
        for name in (b"", b"a b", b"a\r\nb", b"a:", b"\xff"):
            self.assertRaises(ValueError, field_line, name, b"x")

    def test_headers(self) -> None:
        """Twisted's headers are rendered with repeated ones together, and cleaned too."""
        headers = Headers({b"x-a": [b"1", b"2\x00"], b"x-b": [b"3"]})
        self.assertEqual(
            field_lines(headers), {b"x-a": b"X-A: 1\r\nX-A: 2 \r\n", b"x-b": b"X-B: 3\r\n"}
        )


class DateTests(SynchronousTestCase):
    """The date is made once a second."""

    def test_cached(self) -> None:
        """Within a second the line is the same object, in the next it is another."""
        times = [784111777.0, 784111777.9, 784111778.0]
        date = DateLine(iter(times).__next__)
        first = date()
        self.assertEqual(first, b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
        self.assertIs(date(), first)
        self.assertEqual(date(), b"Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n")
