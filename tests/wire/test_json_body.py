"""Tests of `inference_gateway.wire.json_body`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidJSON
from inference_gateway.wire.json_body import load_object


class LoadTests(SynchronousTestCase):
    """A body is an object, or refused with a sentence that says why and shows nothing of it."""

    def refused(self, body: bytes) -> str:
        """Return the sentence a body is refused with."""
        with self.assertRaises(InvalidJSON) as caught:
            load_object(body)
        return str(caught.exception)

    def test_object(self) -> None:
        """The members of an object are returned."""
        self.assertEqual(load_object(b' {"a": [1, 2.5, null]} '), {"a": [1, 2.5, None]})

    def test_sentences(self) -> None:
        """Each kind of mistake is told apart."""
        for body, part in (
            (b"", "is empty"),
            (b" \n", "is empty"),
            (b"[]", "must be a JSON object, got an array"),
            (b"1.5", "must be a JSON object, got a number"),
            (b"\xef\xbb\xbf{}", "byte order mark"),
            ("{}".encode("utf-16"), "byte order mark"),
            ("{}".encode("utf-16-le"), "UTF-16"),
            ("{}".encode("utf-16-be"), "UTF-16"),
            (b'{"a":"\xff"}', "not valid UTF-8 at byte 6"),
            (b'{"a":1,\n"b":x}', "line 2 column 5"),
        ):
            self.assertIn(part, self.refused(body))

    def test_nothing_shown(self) -> None:
        """No part of a bad body is in the sentence."""
        self.assertNotIn("secret", self.refused(b'{"a": secret}'))

    def test_depth(self) -> None:
        """64 levels pass and 65 do not, in short bodies and long ones, shallow at first or not."""
        for filling in (b'""', b'"' + b"]" * 20_000 + b'"', b'[{}],"[["'):
            for brackets in (b"[]", b"{}"):
                name = b'"a":' if brackets == b"{}" else b""
                opening, closing = brackets[:1] + name, brackets[1:]
                good = b'{"b":[%b],"c":%b1%b}' % (filling, opening * 63, closing * 63)
                self.assertEqual(len(load_object(good)), 2)
                bad = b'{"b":[%b],"c":%b1%b}' % (filling, opening * 64, closing * 64)
                self.assertIn("nested deeper than 64", self.refused(bad))

    def test_bottomless(self) -> None:
        """What is deeper than the parser goes is refused for its depth as well, closed or not."""
        for body in (b"[" * 100_000, b'{"a":' * 100_000, b"[" * 5000 + b"]" * 5000):
            self.assertIn("nested deeper than 64", self.refused(body))

    def test_many_members(self) -> None:
        """An object with absurdly many members is refused."""
        members = b",".join(b'"%d":1' % number for number in range(1001))
        self.assertIn("top-level members", self.refused(b"{%b}" % members))
