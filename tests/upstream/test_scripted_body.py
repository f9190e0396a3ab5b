"""A scripted body keeps the promises of a body from the network."""

from collections.abc import Callable, Iterator
from math import inf

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderUnavailable
from inference_gateway.upstream.scripted_body import BATCH, ScriptedBody, Step
from tests.upstream.recording import RecordingSink


class ReactingSink(RecordingSink):
    """Does something with the body at each delivery."""

    def __init__(self, react: Callable[[], None]) -> None:
        super().__init__()
        self._react = react

    def received(self, data: bytes) -> None:
        super().received(data)
        self._react()


class ScriptedBodyTests(SynchronousTestCase):
    """How a script is played."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.sink = RecordingSink()

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def body(self, *steps: Step) -> ScriptedBody:
        return ScriptedBody(self.clock, iter(steps))

    def test_at_once(self) -> None:
        """What needs no waiting is delivered in one piece before start returns."""
        self.body(b"one", b"two").start(self.sink)
        self.assertEqual(self.sink.deliveries, [b"onetwo"])
        self.assertEqual(self.sink.results, [None])

    def test_nothing(self) -> None:
        """An empty script ends its body without delivering anything."""
        self.body().start(self.sink)
        self.assertEqual(self.sink.deliveries, [])
        self.assertEqual(self.sink.results, [None])

    def test_silence(self) -> None:
        """A number of seconds passes in silence between two deliveries."""
        self.body(b"one", 2.0, b"two").start(self.sink)
        self.clock.advance(1.9)
        self.assertEqual(self.sink.deliveries, [b"one"])
        self.clock.advance(0.1)
        self.assertEqual(self.sink.deliveries, [b"one", b"two"])
        self.assertEqual(self.sink.results, [None])

    def test_silent_for_ever(self) -> None:
        """An infinite silence needs no timer, and resuming does not end it."""
        body = self.body(b"one", inf, b"two")
        body.start(self.sink)
        body.pause()
        body.resume()
        self.clock.advance(10_000)
        self.assertEqual(self.sink.deliveries, [b"one"])
        self.assertEqual(self.sink.results, [])

    def test_error(self) -> None:
        """An error ends the body after what came before it."""
        error = ProviderUnavailable("gone")
        self.body(b"one", error, b"two").start(self.sink)
        self.assertEqual(self.sink.deliveries, [b"one"])
        self.assertEqual(self.sink.results, [error])

    def test_bounded_batches(self) -> None:
        """A long body is delivered a batch at a time, with the reactor's turn in between."""
        steps = [b"x" * 1000] * (3 * BATCH // 1000)
        self.body(*steps).start(self.sink)
        self.assertEqual(len(self.sink.deliveries), 1)
        self.clock.advance(0)
        self.assertEqual(self.sink.data, b"".join(steps))
        self.assertLess(max(map(len, self.sink.deliveries)), BATCH + 1000)
        self.assertEqual(self.sink.results, [None])

    def test_paused_before_start(self) -> None:
        """A body that was paused before it began delivers when it is resumed."""
        body = self.body(b"one")
        body.pause()
        body.start(self.sink)
        self.assertEqual(self.sink.deliveries, [])
        body.resume()
        self.clock.advance(0)
        self.assertEqual(self.sink.deliveries, [b"one"])

    def test_paused_asks_no_script(self) -> None:
        """While paused the script is not asked for more, so that no memory fills."""
        asked = []

        def endless() -> Iterator[bytes]:
            while True:
                asked.append(1)
                yield b"x" * BATCH

        body = ScriptedBody(self.clock, endless())
        sink = ReactingSink(body.pause)
        body.start(sink)
        self.clock.advance(5)
        self.assertEqual(len(asked), 1)
        body.resume()
        self.clock.advance(5)
        self.assertEqual(len(asked), 2)
        body.abort()

    def test_paused_silence(self) -> None:
        """A silence goes on while paused; what follows it waits for the resume."""
        body = self.body(b"one", 2.0, b"two")
        body.start(self.sink)
        body.pause()
        self.clock.advance(3)
        self.assertEqual(self.sink.deliveries, [b"one"])
        body.resume()
        body.resume()
        self.clock.advance(0)
        self.assertEqual(self.sink.deliveries, [b"one", b"two"])
        self.assertEqual(self.sink.results, [None])

    def test_resumed_in_silence(self) -> None:
        """Pausing and resuming during a silence neither shortens nor repeats it."""
        body = self.body(b"one", 2.0, b"two")
        body.start(self.sink)
        body.pause()
        body.resume()
        self.clock.advance(1)
        self.assertEqual(self.sink.deliveries, [b"one"])
        self.clock.advance(1)
        self.assertEqual(self.sink.deliveries, [b"one", b"two"])

    def test_abort(self) -> None:
        """After an abort nothing is delivered, not even the end, and no timer is left."""
        body = self.body(b"one", 2.0, b"two")
        body.start(self.sink)
        body.abort()
        body.abort()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.sink.deliveries, [b"one"])
        self.assertEqual(self.sink.results, [])

    def test_abort_while_delivering(self) -> None:
        """A sink may abort the body from within a delivery."""
        body = self.body(b"one")
        sink = ReactingSink(body.abort)
        body.start(sink)
        self.assertEqual(sink.deliveries, [b"one"])
        self.assertEqual(sink.results, [])

    def test_resume_after_abort(self) -> None:
        """Resuming an aborted body does nothing."""
        body = self.body(b"one")
        body.pause()
        body.start(self.sink)
        body.abort()
        body.resume()
        self.clock.advance(1)
        self.assertEqual(self.sink.deliveries, [])
