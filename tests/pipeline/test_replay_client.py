"""Tests of `inference_gateway.pipeline.replay`: what its client, its call and its memory see."""

import gc
import weakref
from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import GatewayError
from inference_gateway.exchange import EventStream, Usage
from inference_gateway.pipeline.event_stream import WholeStream
from inference_gateway.pipeline.replay import ReplayStream
from inference_gateway.provider_errors import ProviderUnavailable
from inference_gateway.testing.doubles import RecordingSink
from inference_gateway.wire.sse import Event
from inference_gateway.wire.transcript import Transcript
from tests.pipeline.chats import chat
from tests.pipeline.replaying import (
    CUT,
    ManualStream,
    Next,
    Replaying,
    ReplayTestCase,
    ended,
    text,
    whole,
)
from tests.pipeline.streaming import ReactingSink


class LeavingTests(ReplayTestCase):
    """Clients that leave."""

    def test_before_the_start(self) -> None:
        """A stream that nobody read is left, and cannot be started any more."""
        replaying = Replaying(self.first)
        replaying.stream.abort()
        replaying.start()
        self.assertEqual(self.first.asked, ["abort"])
        self.assertEqual(replaying.sink.batches, [])

    def test_first(self) -> None:
        """Leaving leaves the provider, and asks nobody."""
        replaying = self.begin()
        replaying.stream.abort()
        replaying.stream.abort()
        self.assertEqual(self.first.asked, ["start", "abort"])
        self.assertEqual((replaying.failures, replaying.sink.results), ([], []))

    def test_while_asking(self) -> None:
        """Leaving cancels the question to another provider."""
        cancelled: list[object] = []
        answer: Deferred[EventStream] = Deferred(cancelled.append)
        replaying = self.begin(answer)
        self.first.end(CUT)
        replaying.stream.abort()
        self.assertEqual(cancelled, [answer])
        self.assertEqual(replaying.sink.results, [])

    def test_answer_instead_of_cancelling(self) -> None:
        """A stream that comes nevertheless is left."""
        late = ManualStream(text("abc"))
        answer: Deferred[EventStream] = Deferred(lambda waiting: waiting.callback(late))
        replaying = self.begin(answer)
        self.first.end(CUT)
        replaying.stream.abort()
        self.assertEqual(late.asked, ["abort"])
        self.assertEqual(replaying.sink.results, [])

    def test_while_repeating(self) -> None:
        """Leaving leaves the provider that repeats."""
        second = ManualStream(text("a"))
        replaying = self.begin(second)
        self.first.end(CUT)
        replaying.stream.abort()
        self.assertEqual(second.asked, ["start", "abort"])
        self.assertEqual(replaying.sink.results, [])

    def test_as_new_text_comes(self) -> None:
        """A client that leaves while it is told something new is told nothing more."""
        self.leave_in(WholeStream(whole("abc")))

    def test_as_new_text_comes_before_a_difference(self) -> None:
        """Nobody is asked for it any more."""
        self.leave_in(WholeStream([text("abc"), Event(b"", b"x")]))

    def leave_in(self, other: EventStream) -> None:
        """Leave when ``other`` says something new."""

        def leave() -> None:
            if len(sink.batches) == 2:
                replaying.stream.abort()

        sink = ReactingSink(leave)
        replaying = Replaying(ended(CUT, text("a")), other, sink=sink)
        replaying.start()
        self.assertEqual((replaying.text, len(sink.batches), sink.results), ("abc", 2, []))
        self.assertEqual(len(replaying.failures), 1)

    def test_at_once(self) -> None:
        """A client that leaves at the first text is told nothing more."""
        replaying = Replaying(ended(CUT, text("a")), ended(None, *whole("ab")))
        sink = ReactingSink(replaying.stream.abort)
        replaying.stream.start(sink)
        self.assertEqual((len(sink.batches), sink.results), (1, []))
        self.assertEqual(replaying.failures, [])


class PaceTests(ReplayTestCase):
    """Clients that read slowly."""

    def test_first(self) -> None:
        """The wishes of the client are those to the provider, before the start as well."""
        replaying = Replaying(self.first)
        replaying.stream.pause()
        replaying.start()
        replaying.stream.resume()
        self.assertEqual(self.first.asked, ["pause", "pause", "start", "resume"])

    def test_whoever_repeats(self) -> None:
        """So they are to whoever repeats the answer."""
        second = ManualStream(text("a"))
        replaying = self.begin(second)
        self.first.end(CUT)
        replaying.stream.pause()
        replaying.stream.resume()
        self.assertEqual(second.asked, ["start", "pause", "resume"])
        self.assertEqual(self.first.asked, ["start"])

    def test_while_asking(self) -> None:
        """A stream that comes while the client does not read is held back from its start."""
        answer: Deferred[EventStream] = Deferred()
        replaying = self.begin(answer)
        self.first.end(CUT)
        replaying.stream.pause()
        second = ManualStream()
        answer.callback(second)
        self.assertEqual(second.asked, ["pause", "start"])

    def test_read_on_while_asking(self) -> None:
        """One that comes after the client read on is not."""
        answer: Deferred[EventStream] = Deferred()
        replaying = self.begin(answer)
        self.first.end(CUT)
        replaying.stream.pause()
        replaying.stream.resume()
        second = ManualStream()
        answer.callback(second)
        self.assertEqual(second.asked, ["start"])


class TellingTests(ReplayTestCase):
    """What the call is told."""

    def told(self, replaying: Replaying) -> tuple[Usage | None, str, str, float | None]:
        call = replaying.call
        return call.usage, call.finish_reason, call.response_model, call.first_content_at

    def tell(self, replaying: Replaying, tokens: int, reason: str = "") -> None:
        """Tell the call what a stream does that ends."""
        call = replaying.call
        call.usage = Usage(7, tokens)
        call.finish_reason = reason
        call.response_model = f"m-{tokens}"
        call.first_content_at = float(tokens)

    def test_whole(self) -> None:
        """The stream that ended the answer counts, but its beginning was the first one's."""
        second = ManualStream()
        replaying = self.begin(second)
        self.tell(replaying, 2)
        self.first.end(CUT)
        second.say(*whole("abc"))
        self.tell(replaying, 3, "stop")
        replaying.call.first_content_at = 2.0
        second.end()
        self.assertEqual(self.told(replaying), (Usage(7, 3), "stop", "m-3", 2.0))

    def test_first_content(self) -> None:
        """The first content of whoever repeats is not that of the call."""
        answer: Deferred[EventStream] = Deferred()
        replaying = self.begin(answer)
        self.tell(replaying, 2)
        self.first.end(CUT)
        replaying.call.first_content_at = 99.0
        answer.callback(ManualStream(text("a")))
        self.assertEqual(replaying.call.first_content_at, 2.0)

    def test_difference(self) -> None:
        """What was told by a provider that said something else does not count."""
        liar = ManualStream()
        replaying = self.begin(liar)
        self.tell(replaying, 2)
        self.first.end(CUT)
        self.tell(replaying, 9, "stop")
        liar.say(text("x"))
        self.assertEqual(self.told(replaying), (Usage(7, 2), "", "m-2", 2.0))

    def test_cut_early(self) -> None:
        """Nor does what was told by one that broke off early."""
        second = ManualStream()
        replaying = self.begin(second)
        self.tell(replaying, 2)
        self.first.end(CUT)
        self.tell(replaying, 1)
        second.end(CUT)
        self.assertEqual(self.told(replaying), (Usage(7, 2), "", "m-2", 2.0))

    def test_leaving_early(self) -> None:
        """Nor by one that the client did not wait for."""
        replaying = self.begin(ManualStream(text("a")))
        self.tell(replaying, 2)
        self.first.end(CUT)
        self.tell(replaying, 1)
        replaying.stream.abort()
        self.assertEqual(self.told(replaying), (Usage(7, 2), "", "m-2", 2.0))

    def test_leaving_while_asking(self) -> None:
        """Nor by those who never began."""
        replaying = self.begin(Deferred())
        self.tell(replaying, 2)
        self.first.end(CUT)
        self.tell(replaying, 0)
        replaying.stream.abort()
        self.assertEqual(self.told(replaying), (Usage(7, 2), "", "m-2", 2.0))

    def test_leaving_late(self) -> None:
        """What one says counts that has come beyond what was sent."""
        replaying = self.begin(ManualStream(text("abc")))
        self.tell(replaying, 2)
        self.first.end(CUT)
        self.tell(replaying, 3)
        replaying.stream.abort()
        self.assertEqual(replaying.call.usage, Usage(7, 3))


class MemoryTests(SynchronousTestCase):
    """What is left of a stream that ended."""

    def assert_gone(
        self, play: Callable[[ReplayStream, ManualStream], None], *others: Next
    ) -> None:
        """Nothing is left behind ``play`` that only the garbage collector would find."""
        gc.disable()
        self.addCleanup(gc.enable)
        waiting = list(others)

        async def again(failure: GatewayError) -> EventStream:
            if not waiting:
                raise failure
            following = waiting.pop(0)
            assert not isinstance(following, Exception)
            return await following if isinstance(following, Deferred) else following

        first, call, sink = ManualStream(text("ab")), chat(stream=True), RecordingSink()
        left = weakref.ref(call)
        stream = ReplayStream(call, first, Transcript(), again)
        stream.start(sink)
        play(stream, first)
        self.assertEqual(waiting, [])
        self.assertIsNotNone(left())
        del first, call, stream
        self.assertIsNone(left())

    def test_ended(self) -> None:
        """A stream that ended leaves no circles."""

        def play(stream: ReplayStream, first: ManualStream) -> None:
            first.end(ProviderUnavailable("broken"))

        self.assert_gone(play, ended(None, *whole("xy")), ended(CUT, text("abc")))

    def test_left(self) -> None:
        """Nor does one that was left."""

        def play(stream: ReplayStream, first: ManualStream) -> None:
            first.end(ProviderUnavailable("broken"))
            stream.abort()

        self.assert_gone(play, ended(None, *whole("xy")), ManualStream(text("a")))

    def test_cancelled(self) -> None:
        """Nor does one that was left while another provider was asked."""

        def play(stream: ReplayStream, first: ManualStream) -> None:
            first.end(ProviderUnavailable("broken"))
            stream.abort()

        self.assert_gone(play, Deferred())
