"""Answers read strictly."""

from twisted.trial.unittest import SynchronousTestCase

from tests.corpus.answers import Unreadable, read

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"


class ReadTests(SynchronousTestCase):
    """Good answers are read, doubtful ones refused."""

    def test_whole(self) -> None:
        """An answer with a length is read to its length."""
        (answer,) = read(WHOLE, closed=False).answers
        self.assertEqual((answer.status, answer.body), (200, b"hi"))
        self.assertEqual(answer.headers, {b"content-length": b"2"})

    def test_several(self) -> None:
        """Answers behind each other are all read."""
        reading = read(WHOLE + CHUNKED + WHOLE, closed=False)
        self.assertEqual([answer.body for answer in reading.answers], [b"hi"] * 3)
        self.assertEqual(reading.rest, b"")

    def test_unfinished(self) -> None:
        """Of an answer that did not come whole, the bytes are left, wherever it broke off."""
        for whole in (WHOLE, CHUNKED):
            for size in range(1, len(whole)):
                reading = read(whole[:size], closed=True)
                self.assertEqual((reading.answers, reading.rest), ((), whole[:size]))

    def test_until_closed(self) -> None:
        """An answer without a length is whole when the connection is closed."""
        data = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nhi"
        self.assertEqual(read(data, closed=False).answers, ())
        self.assertEqual(read(data, closed=True).answers[0].body, b"hi")

    def test_headless(self) -> None:
        """The answer to a HEAD has a length and no body."""
        (answer,) = read(WHOLE[:-2], closed=False, headless=True).answers
        self.assertEqual(answer.body, b"")

    def test_no_content(self) -> None:
        """A 204 has no body."""
        reading = read(b"HTTP/1.1 204 No Content\r\n\r\n" + WHOLE, closed=False)
        self.assertEqual([answer.status for answer in reading.answers], [204, 200])

    def test_interim(self) -> None:
        """Interim answers are counted apart."""
        reading = read(b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE, closed=False)
        self.assertEqual((reading.interim, len(reading.answers)), (1, 1))

    def test_unreadable(self) -> None:
        """What readers could understand differently is refused."""
        for name, data in {
            "version": b"HTTP/1.0 200 OK\r\n\r\n",
            "status": b"HTTP/1.1 20 OK\r\n\r\n",
            "garbage": WHOLE + b"garbage\r\n",
            "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
            "length and chunked": CHUNKED.replace(b"\r\n", b"\r\nContent-Length: 2\r\n", 1),
            "odd length": WHOLE.replace(b": 2", b": +2"),
            "odd coding": CHUNKED.replace(b"chunked", b"gzip"),
            "chunk size": CHUNKED.replace(b"\r\n2\r\n", b"\r\n0x2\r\n"),
            "chunk end": CHUNKED.replace(b"hi\r\n", b"hi\n\n"),
            "control byte": WHOLE.replace(b"\r\n", b"\r\nA: \x1b[1m\r\n", 1),
            "fold": WHOLE.replace(b"\r\n", b"\r\nA: b\r\n c\r\n", 1),
            "switching": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        }.items():
            with self.assertRaises(Unreadable, msg=name):
                read(data, closed=True)
