"""Out and back: which share of its calls a provider gets."""

from inference_gateway.routing.load import Load
from tests.routing.test_load import Case


class OutTests(Case):
    """Who gets less than the full share, and when it is tried."""

    def test_new(self) -> None:
        """A provider that never failed gets its full share from the beginning."""
        self.assertEqual(self.load.share(), 1.0)
        self.good()
        self.assertEqual(self.load.share(), 1.0)

    def test_two_failures(self) -> None:
        """Two failures in a row may happen to anybody."""
        self.bad(2)
        self.assertEqual(self.load.share(), 1.0)

    def test_three_failures(self) -> None:
        """With three in a row it is out."""
        self.bad(3)
        self.assertEqual((self.load.is_sound, self.load.share()), (False, 0.0))

    def test_rare_failures(self) -> None:
        """It is out also where they are minutes apart, if there are enough in a row."""
        for _ in range(3):
            self.assertEqual(self.load.share(), 1.0)
            self.bad()
            self.clock.advance(300)
        self.assertLess(self.load.share(), 1.0)

    def test_trial(self) -> None:
        """When its failures are forgotten it gets a few calls, and it is still not sound."""
        self.bad(3)
        self.clock.advance(11)
        self.assertEqual(self.load.share(), 0.0)
        self.clock.advance(1)
        self.assertEqual((self.load.is_sound, self.load.share()), (False, 0.1))

    def test_one_trial(self) -> None:
        """While a trial has told nothing there is no other for five seconds."""
        self.bad(3)
        self.clock.advance(12)
        self.load.begin()
        self.assertEqual(self.load.share(), 0.0)
        self.clock.advance(5)
        self.assertEqual(self.load.share(), 0.1)

    def test_failed_trial(self) -> None:
        """With a trial that fails it is out for longer than before."""
        self.bad(3)
        self.clock.advance(12)
        self.bad()
        self.clock.advance(12)
        self.assertEqual(self.load.share(), 0.0)
        self.clock.advance(1)
        self.assertEqual(self.load.share(), 0.1)


class SlowStartTests(Case):
    """How it gets back what it had."""

    def test_success(self) -> None:
        """After a success its share grows from a tenth to the whole."""
        self.bad(3)
        self.good()
        self.assertAlmostEqual(self.load.share(), 0.1)
        self.clock.advance(5)
        self.assertAlmostEqual(self.load.share(), 0.55)
        self.assertFalse(self.load.is_sound)
        self.clock.advance(5)
        self.assertEqual((self.load.share(), self.load.is_sound), (1.0, True))

    def test_further_successes(self) -> None:
        """Further successes do not begin it again."""
        self.bad(3)
        self.good()
        self.clock.advance(5)
        self.good()
        self.assertAlmostEqual(self.load.share(), 0.55)

    def test_occasional_failure(self) -> None:
        """Nor does a single failure."""
        self.bad(3)
        self.good()
        self.clock.advance(5)
        self.bad()
        self.assertAlmostEqual(self.load.share(), 0.55)

    def test_failing_again(self) -> None:
        """Failing in a row it is out again, and begins anew."""
        self.bad(3)
        self.good()
        self.clock.advance(5)
        self.bad(3)
        self.assertEqual(self.load.share(), 0.0)
        self.good()
        self.assertAlmostEqual(self.load.share(), 0.1)

    def test_recover(self) -> None:
        """Being told that it is back, it starts slowly and without a past."""
        self.bad(3)
        self.load.recover()
        self.assertAlmostEqual(self.load.share(), 0.1)
        self.assertEqual(self.load.failure_load(), 0.0)
        self.bad(2)
        self.assertAlmostEqual(self.load.share(), 0.1)

    def test_none(self) -> None:
        """Without slow start it gets its full share at once, be it by a success or told so."""
        for back in (lambda load: load.succeed(1.0), lambda load: load.recover()):
            load = Load(self.clock.seconds, slow_start=0.0)
            for _ in range(4):
                load.begin()
            for _ in range(3):
                load.fail(0.0)
            back(load)
            self.assertEqual((load.is_sound, load.share()), (True, 1.0))
