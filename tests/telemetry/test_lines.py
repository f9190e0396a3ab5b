"""Writing lines without waiting: to files, to pipes, and where nothing can be written."""

import os
import stat

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.telemetry.lines import LineWriter

#: More than what lines are gathered for, in seconds.
MOMENT = 0.2


class LinesTestCase(SynchronousTestCase):
    """A writer on a clock."""

    def setUp(self) -> None:
        self.clock = Clock()

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])


class FileTests(LinesTestCase):
    """A regular file."""

    def setUp(self) -> None:
        super().setUp()
        self.path = self.mktemp()
        self.lines = LineWriter.to_path(self.path, self.clock)

    def content(self) -> bytes:
        """Return what is in the file."""
        with open(self.path, "rb") as file:
            return file.read()

    def test_gathered(self) -> None:
        """Lines wait a moment for others and are then written in their order."""
        self.lines.write(b"one\n")
        self.lines.write(b"two\n")
        self.assertEqual(self.content(), b"")
        self.clock.advance(MOMENT)
        self.assertEqual(self.content(), b"one\ntwo\n")
        self.lines.write(b"three\n")
        self.clock.advance(MOMENT)
        self.assertEqual(self.content(), b"one\ntwo\nthree\n")
        self.lines.close()

    def test_enough(self) -> None:
        """Many lines are not kept waiting for more."""
        line = b"x" * 1023 + b"\n"
        for _ in range(32):
            self.lines.write(line)
        self.assertEqual(self.content(), line * 32)
        self.lines.close()

    def test_flush(self) -> None:
        """What waits can be written at once, and then nothing waits."""
        self.lines.write(b"one\n")
        self.lines.flush()
        self.assertEqual(self.content(), b"one\n")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.lines.close()

    def test_close(self) -> None:
        """Closing writes what waits; what comes later is dropped and counted."""
        self.lines.write(b"one\n")
        self.lines.close()
        self.lines.write(b"late\n")
        self.clock.advance(MOMENT)
        self.assertEqual(self.content(), b"one\n")
        self.assertEqual(self.lines.dropped, 1)

    def test_appended(self) -> None:
        """A file that is there is continued."""
        self.lines.write(b"before\n")
        self.lines.close()
        again = LineWriter.to_path(self.path, self.clock)
        again.write(b"after\n")
        again.close()
        self.assertEqual(self.content(), b"before\nafter\n")

    def test_private(self) -> None:
        """Others may not read the log."""
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode) & 0o007, 0)
        self.lines.close()

    def test_no_such_directory(self) -> None:
        """A path that cannot be opened is told at once."""
        self.assertRaises(OSError, LineWriter.to_path, "/nowhere/at/all.log", self.clock)
        self.lines.close()


class PipeTests(LinesTestCase):
    """A pipe whose reader may stop reading."""

    def setUp(self) -> None:
        super().setUp()
        self.reader, self.writer = os.pipe()
        self.addCleanup(os.close, self.writer)
        self.lines = LineWriter(self.writer, self.clock)

    def tearDown(self) -> None:
        super().tearDown()
        if self.reader >= 0:
            os.close(self.reader)

    def fill(self, room: int = 0) -> int:
        """Fill the pipe but for ``room`` bytes; return how much is in it."""
        os.set_blocking(self.writer, False)
        size = 0
        try:
            while True:
                size += os.write(self.writer, bytes(4096))
        except BlockingIOError:
            pass
        os.set_blocking(self.writer, True)
        return size - len(os.read(self.reader, room)) if room else size

    def drain(self, size: int) -> bytes:
        """Read ``size`` bytes while the writer has its moments."""
        data = b""
        while len(data) < size:
            self.clock.advance(MOMENT)
            data += os.read(self.reader, size - len(data))
        return data

    def test_written(self) -> None:
        """Lines arrive, and the pipe stays open behind a writer that does not own it."""
        self.lines.write(b"one\n")
        self.lines.close()
        self.assertEqual(os.read(self.reader, 100), b"one\n")
        os.write(self.writer, b"still open")

    def test_reader_stops(self) -> None:
        """Lines wait for a reader who has stopped, and arrive in order when he goes on."""
        filled = self.fill()
        lines = [b"%d\n" % number for number in range(3000)]
        for line in lines:
            self.lines.write(line)
        for _ in range(5):
            self.clock.advance(MOMENT)
        self.assertEqual(self.lines.dropped, 0)
        expected = b"".join(lines)
        self.assertEqual(self.drain(filled + len(expected))[filled:], expected)
        self.clock.advance(MOMENT)

    def test_backlog(self) -> None:
        """What a reader who has stopped leaves beyond the backlog is dropped and counted."""
        self.fill()
        for _ in range(1100):
            self.lines.write(bytes(1023) + b"\n")
        self.clock.advance(MOMENT)
        self.assertEqual(self.lines.dropped, 1100 - 1024)
        self.lines.close()
        self.assertEqual(self.lines.dropped, 1100)

    def test_long_line(self) -> None:
        """A line longer than a pipe takes at once waits in parts, without blocking."""
        filled = self.fill(room=4096)
        line = b"x" * 20_000 + b"\n"
        self.lines.write(line)
        self.lines.write(b"next\n")
        self.clock.advance(MOMENT)
        expected = line + b"next\n"
        self.assertEqual(self.drain(filled + len(expected))[filled:], expected)
        self.clock.advance(MOMENT)
        self.assertEqual(self.lines.dropped, 0)

    def test_reader_gone(self) -> None:
        """Without a reader lines are dropped and counted."""
        os.close(self.reader)
        self.reader = -1
        self.lines.write(b"one\n")
        self.lines.write(b"two\n")
        self.clock.advance(MOMENT)
        self.assertEqual(self.lines.dropped, 2)


class FullTests(LinesTestCase):
    """A disk without room."""

    def test_full(self) -> None:
        """Lines that cannot be written are dropped and counted, and nobody else is told."""
        lines = LineWriter.to_path("/dev/full", self.clock)
        for _ in range(3):
            lines.write(b"line\n")
        self.clock.advance(MOMENT)
        self.assertEqual(lines.dropped, 3)
        lines.write(b"line\n")
        lines.close()
        self.assertEqual(lines.dropped, 4)
