"""Which provider made a response."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.routing.affinity import ResponseAffinity


class AffinityTests(SynchronousTestCase):
    """What is remembered, and for how long."""

    def setUp(self) -> None:
        self.affinity = ResponseAffinity(2)

    def test_remembered(self) -> None:
        """The provider of a response is known, that of any other is not."""
        self.affinity.remember("resp_1", "a")
        self.assertEqual(self.affinity.provider("resp_1"), "a")
        self.assertIsNone(self.affinity.provider("resp_2"))

    def test_moved(self) -> None:
        """The last that was said of a response is what counts."""
        self.affinity.remember("resp_1", "a")
        self.affinity.remember("resp_1", "b")
        self.assertEqual((self.affinity.provider("resp_1"), len(self.affinity)), ("b", 1))

    def test_bound(self) -> None:
        """One response too many drives out the one that was made first."""
        for response_id in ("resp_1", "resp_2", "resp_3"):
            self.affinity.remember(response_id, "a")
        self.assertEqual(len(self.affinity), 2)
        self.assertIsNone(self.affinity.provider("resp_1"))

    def test_asked_about(self) -> None:
        """A response that was asked about, or told again, outlives one that was not."""
        for touch in (
            lambda: self.affinity.provider("resp_1"),
            lambda: self.affinity.remember("resp_1", "a"),
        ):
            self.setUp()
            self.affinity.remember("resp_1", "a")
            self.affinity.remember("resp_2", "a")
            touch()
            self.affinity.remember("resp_3", "a")
            self.assertEqual(self.affinity.provider("resp_1"), "a")
            self.assertIsNone(self.affinity.provider("resp_2"))

    def test_odd_ids(self) -> None:
        """An id that no client could ask about is not kept."""
        for response_id in ("", "x" * 129, "resp/1", "resp 1", "resp_1\n", "résp", "\ud800"):
            self.affinity.remember(response_id, "a")
        self.assertEqual(len(self.affinity), 0)

    def test_longest_id(self) -> None:
        """The longest id that may be asked about is kept."""
        self.affinity.remember("-" * 128, "a")
        self.assertEqual(self.affinity.provider("-" * 128), "a")

    def test_forgotten(self) -> None:
        """What is to be forgotten is, whether it was known or not."""
        self.affinity.remember("resp_1", "a")
        for _ in range(2):
            self.affinity.forget("resp_1")
            self.assertIsNone(self.affinity.provider("resp_1"))

    def test_default_bound(self) -> None:
        """Unless told otherwise it keeps a hundred thousand."""
        affinity = ResponseAffinity()
        for number in range(100_001):
            affinity.remember(f"resp_{number}", "a")
        self.assertEqual(len(affinity), 100_000)
