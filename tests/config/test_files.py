"""Tests of `inference_gateway.config.files`."""

import pathlib

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.files import beside, read_text, unreadable


class ReadingTests(SynchronousTestCase):
    def test_read(self) -> None:
        """A file is read as UTF-8, and a byte order mark is no part of its text."""
        path = pathlib.Path(self.mktemp())
        path.write_bytes(b"\xef\xbb\xbfversion: \xc3\xa4\n")
        self.assertEqual(read_text(str(path)), "version: ä\n")

    def test_unreadable(self) -> None:
        """The reason is given for a missing file and for one that is not text."""
        missing = self.assertRaises(OSError, read_text, self.mktemp())
        self.assertEqual(unreadable(missing), "the file cannot be read: No such file or directory")
        path = pathlib.Path(self.mktemp())
        path.write_bytes(b"\xff")
        binary = self.assertRaises(ValueError, read_text, str(path))
        self.assertEqual(unreadable(binary), "the file cannot be read: it is not UTF-8 text")

    def test_beside(self) -> None:
        """A relative path starts at the directory of the neighbour, an absolute one does not."""
        self.assertEqual(beside("/etc/gateway/gateway.yaml", "key"), "/etc/gateway/key")
        self.assertEqual(beside("/etc/gateway/gateway.yaml", "/run/key"), "/run/key")
        self.assertEqual(beside("gateway.yaml", "key"), "key")
        self.assertEqual(beside(None, "key"), "key")
