"""One stream for several readers."""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import GatewayError
from inference_gateway.pipeline.shared_stream import MOST_REMEMBERED, SharedReader, SharedStream
from inference_gateway.provider_errors import ProviderTruncated
from inference_gateway.testing.doubles import RecordingSink
from tests.garbage import collect_garbage
from tests.pipeline.event_source import EventSource
from tests.pipeline.streaming import ReactingSink


class EndingSink(RecordingSink):
    """A client that does something when it is told of the end."""

    def __init__(self, react: Callable[[], None]) -> None:
        super().__init__()
        self._react = react

    def finished(self, error: GatewayError | None) -> None:
        super().finished(error)
        self._react()


class SharedTestCase(SynchronousTestCase):
    """A stream whose provider is played by the test."""

    def setUp(self) -> None:
        self.source = EventSource(b"1")
        self.ends = 0
        self.left: list[str] = []
        self.shared = SharedStream(self.source, self._ended)

    def tearDown(self) -> None:
        collect_garbage()

    def _ended(self) -> None:
        self.ends += 1

    def join(self, name: str = "") -> SharedReader:
        """Add a reader."""
        reader = self.shared.join(lambda: self.left.append(name))
        assert reader is not None
        return reader

    def read(self, name: str = "") -> tuple[SharedReader, RecordingSink]:
        """Add a reader, and begin to read."""
        reader, sink = self.join(name), RecordingSink()
        reader.start(sink)
        return reader, sink


class ReadingTests(SharedTestCase):
    """Who gets what."""

    def test_one(self) -> None:
        """A single reader gets the stream as it is."""
        _, sink = self.read()
        self.source.feed(b"2", b"3")
        self.source.end()
        self.assertEqual([len(batch) for batch in sink.batches], [1, 2])
        self.assertEqual((sink.raw, sink.results), (b"123", [None]))
        self.assertEqual((self.source.asked, self.ends, self.left), (["start"], 1, []))

    def test_late(self) -> None:
        """Who comes late gets it from the beginning."""
        _, first = self.read()
        self.source.feed(b"2")
        _, second = self.read()
        self.assertEqual(second.raw, b"12")
        self.source.feed(b"3")
        self.source.end()
        for sink in (first, second):
            self.assertEqual((sink.raw, sink.results), (b"123", [None]))

    def test_joined_together(self) -> None:
        """Those who joined before the start get all of it, also when it ends at once."""
        self.source.feed(b"2")
        self.source.end()
        readers = [self.join(), self.join()]
        for reader in readers:
            sink = RecordingSink()
            reader.start(sink)
            self.assertEqual((sink.raw, sink.results), (b"12", [None]))
            reader.abort()
        self.assertEqual((self.ends, self.left), (1, []))
        self.assertNotIn("abort", self.source.asked)

    def test_error(self) -> None:
        """All are told of the same error."""
        _, first = self.read()
        _, second = self.read()
        error = ProviderTruncated("cut")
        self.source.end(error)
        self.assertEqual((first.results, second.results), ([error], [error]))
        self.assertEqual(self.ends, 1)

    def test_too_long(self) -> None:
        """When more was said than is remembered, those who read go on and nobody can join."""
        _, sink = self.read()
        piece = b"x" * (MOST_REMEMBERED - 1)
        self.source.feed(piece)
        self.join().abort()
        self.source.feed(b"2")
        self.assertIsNone(self.shared.join(lambda: None))
        self.source.feed(b"3")
        self.assertEqual(sink.raw, b"1" + piece + b"23")

    def test_joined_before_too_long(self) -> None:
        """Who has joined before it was too long, and not started yet, gets all of it."""
        self.read()
        reader = self.join()
        piece = b"x" * MOST_REMEMBERED
        self.source.feed(piece)
        sink = RecordingSink()
        reader.start(sink)
        self.assertEqual(sink.raw, b"1" + piece)


class LeavingTests(SharedTestCase):
    """Who leaves, and when the provider is left."""

    def test_one_of_two(self) -> None:
        """One who leaves is told nothing more; the other reads on."""
        first, gone = self.read("first")
        _, sink = self.read("second")
        first.abort()
        first.abort()
        self.assertEqual(self.left, ["first"])
        self.source.feed(b"2")
        self.source.end()
        self.assertEqual((gone.raw, gone.results), (b"1", []))
        self.assertEqual((sink.raw, sink.results), (b"12", [None]))
        self.assertNotIn("abort", self.source.asked)

    def test_last(self) -> None:
        """With the last reader the provider is left, before anybody is told; nobody can join."""
        first, _ = self.read("first")
        asked: list[str] = []
        second = self.shared.join(lambda: asked.extend(self.source.asked))
        assert second is not None
        first.abort()
        self.assertNotIn("abort", self.source.asked)
        second.abort()
        self.assertEqual(asked[-1], "abort")
        self.assertEqual(self.ends, 0)
        self.assertIsNone(self.shared.join(lambda: None))

    def test_before_start(self) -> None:
        """Who leaves before it has begun leaves the provider as well."""
        self.join("only").abort()
        self.assertEqual((self.source.asked, self.left), (["abort"], ["only"]))

    def test_while_it_begins(self) -> None:
        """Who leaves while being told what came before is told nothing more."""
        self.read()
        self.source.feed(b"2")
        reader = self.join("second")
        sink = ReactingSink(reader.abort)
        reader.start(sink)
        self.source.feed(b"3")
        self.assertEqual((sink.raw, self.left), (b"12", ["second"]))

    def test_while_others_are_told(self) -> None:
        """Who leaves because of what another does is told nothing more."""
        readers = [self.join("first"), self.join("second")]
        sinks = [ReactingSink(readers[1].abort), RecordingSink()]
        for reader, sink in zip(readers, sinks, strict=True):
            reader.start(sink)
        self.source.feed(b"2")
        self.source.end()
        self.assertEqual((sinks[0].raw, sinks[1].raw, self.left), (b"12", b"", ["second"]))

    def test_while_others_are_told_of_the_end(self) -> None:
        """Who leaves because another was told of the end is not told of it."""
        first, second = self.join("first"), self.join("second")
        sink = RecordingSink()
        first.start(EndingSink(second.abort))
        second.start(sink)
        self.source.end()
        self.assertEqual((sink.results, self.left), ([], ["second"]))


class PaceTests(SharedTestCase):
    """Who holds the provider back."""

    def setUp(self) -> None:
        super().setUp()
        self.first, self.second = self.join(), self.join()
        self.assertEqual(self.source.asked, [])
        self.first.start(RecordingSink())
        self.assertEqual(self.source.asked, ["pause", "start"])
        self.second.start(RecordingSink())
        self.assertEqual(self.source.asked, ["pause", "start", "resume"])
        self.source.asked.clear()

    def test_any(self) -> None:
        """One who does not keep up holds it back, until all do again."""
        self.first.pause()
        self.second.pause()
        self.assertEqual(self.source.asked, ["pause"])
        self.first.resume()
        self.assertEqual(self.source.asked, ["pause"])
        self.second.resume()
        self.assertEqual(self.source.asked, ["pause", "resume"])

    def test_leaving(self) -> None:
        """One who leaves holds nobody back."""
        self.first.pause()
        self.first.abort()
        self.assertEqual(self.source.asked, ["pause", "resume"])

    def test_not_started(self) -> None:
        """It waits for one who has joined and not started yet."""
        third = self.join()
        self.assertEqual(self.source.asked, ["pause"])
        third.start(RecordingSink())
        self.assertEqual(self.source.asked, ["pause", "resume"])

    def test_paused_before_the_start(self) -> None:
        """One who can take nothing from the start on holds it back until that changes."""
        third = self.join()
        third.pause()
        third.start(RecordingSink())
        self.assertEqual(self.source.asked, ["pause"])
        third.resume()
        self.assertEqual(self.source.asked, ["pause", "resume"])

    def test_after_the_end(self) -> None:
        """When all was said there is nothing to hold back."""
        self.first.pause()
        self.source.end()
        self.first.resume()
        self.assertEqual(self.source.asked, ["pause"])


class Readers(RuleBasedStateMachine):
    """Readers who come, go, pause and resume at any time."""

    @initialize()
    def begin(self) -> None:
        """One has joined."""
        self.source = EventSource(b"<")
        self.said = b"<"
        self.is_over = False
        self.shared = SharedStream(self.source, lambda: None)
        self.present: dict[SharedReader, RecordingSink] = {}
        self.held: set[SharedReader] = set()
        self.join()
        self.rest()

    def choose(self, data: st.DataObject) -> SharedReader:
        """Pick one of them."""
        return data.draw(st.sampled_from(list(self.present)))

    def join(self) -> None:
        """One more begins to read."""
        reader = self.shared.join(lambda: None)
        assert (reader is None) is self.is_over
        if reader is not None:
            self.present[reader] = RecordingSink()
            reader.start(self.present[reader])

    def rest(self) -> None:
        """The provider waits exactly while somebody does not keep up; all have all there is."""
        if not self.is_over:
            wishes = [asked for asked in self.source.asked if asked in {"pause", "resume"}]
            assert (wishes[-1:] == ["pause"]) is bool(self.held & self.present.keys())
            for sink in self.present.values():
                assert (sink.raw, sink.results) == (self.said, [])

    @rule(count=st.integers(min_value=1, max_value=3))
    def feed(self, count: int) -> None:
        """The provider says something."""
        batch = [b"%d," % (len(self.said) + number) for number in range(count)]
        if not self.is_over:
            self.source.feed(*batch)
            self.said += b"".join(batch)
        self.rest()

    @rule()
    def come(self) -> None:
        """Somebody joins, if there is something to join."""
        self.join()
        self.rest()

    @rule(data=st.data(), what=st.sampled_from(["pause", "resume", "abort"]))
    def act(self, data: st.DataObject, what: str) -> None:
        """Somebody pauses, resumes or leaves."""
        if self.is_over:
            return
        reader = self.choose(data)
        getattr(reader, what)()
        if what == "pause":
            self.held.add(reader)
        else:
            self.held.discard(reader)
        if what == "abort":
            del self.present[reader]
            self.is_over = not self.present
            assert ("abort" in self.source.asked) is self.is_over
        self.rest()

    @rule(often=st.integers(min_value=0, max_value=5))
    def end(self, often: int) -> None:
        """The provider has said all; not in every run."""
        if often or self.is_over:
            return
        self.is_over = True
        self.source.end()
        assert [sink.results for sink in self.present.values()] == [[None]] * len(self.present)


class ModelTests(SynchronousTestCase):
    """Any number of readers."""

    def test_model(self) -> None:
        """Everybody reads the same from its beginning, and the slowest sets the pace."""
        run_state_machine_as_test(
            Readers, settings=settings(max_examples=40, stateful_step_count=30)
        )
