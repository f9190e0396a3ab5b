"""Rendezvous hashing: everybody has an equal part of the keys, and keeps it."""

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.routing.rendezvous import key_of, ranked
from tests.routing.candidates import group, ids

KEYS = [key_of("m", f"session {number}") for number in range(3000)]


def owners(names: str) -> list[str]:
    """Return who has each of the keys."""
    candidates = group(names)
    return [ranked(key, candidates)[0].entry.id for key in KEYS]


class RendezvousTests(SynchronousTestCase):
    """Keys and providers."""

    def test_stable(self) -> None:
        """The ranks are the same in every process and for ever."""
        self.assertEqual(key_of("m", "session"), 101546231)
        self.assertEqual(ids(ranked(key_of("m", "session"), group("abcd"))), "badc")

    def test_order(self) -> None:
        """The order of the group does not matter."""
        for key in KEYS[:50]:
            self.assertEqual(ids(ranked(key, group("abcd"))), ids(ranked(key, group("dbca"))))

    def test_texts(self) -> None:
        """Where one text ends and the next begins makes a difference."""
        self.assertNotEqual(key_of("ab", "c"), key_of("a", "bc"))

    def test_any_text(self) -> None:
        """What is no text to encode has a key like all others."""
        self.assertEqual(key_of("m", "\udc80"), key_of("m", "\udc80"))

    def test_even(self) -> None:
        """Each of four has a quarter of the keys, and a third of those of one that leaves."""
        before, after = owners("abcd"), owners("abc")
        for count in Counter(before).values():
            self.assertApproximates(count / len(KEYS), 1 / 4, 0.03)
        heirs = Counter(new for old, new in zip(before, after, strict=True) if old == "d")
        for count in heirs.values():
            self.assertApproximates(count / heirs.total(), 1 / 3, 0.06)

    def test_leaving(self) -> None:
        """Nobody but the one that leaves gives anything up."""
        for old, new in zip(owners("abcd"), owners("abc"), strict=True):
            self.assertIn(old, (new, "d"))
