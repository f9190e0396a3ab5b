"""Tests of `inference_gateway.pipeline.replay`: how one stream is made out of several."""

from twisted.internet.defer import Deferred

from inference_gateway.errors import InternalError
from inference_gateway.exchange import EventSink, EventStream
from inference_gateway.pipeline.event_stream import WholeStream
from inference_gateway.provider_errors import (
    ProviderError,
    ProviderInvalidAnswer,
    ProviderRejected,
    ProviderTimeout,
)
from inference_gateway.wire.sse import Event
from tests.pipeline.replaying import (
    CUT,
    ManualStream,
    Replaying,
    ReplayTestCase,
    ended,
    text,
    whole,
)
from tests.wire.repeating import event, finish, say


class GoingOnTests(ReplayTestCase):
    """Streams that somebody else goes on with."""

    def test_no_need(self) -> None:
        """A stream that is complete asks nobody."""
        replaying = self.begin()
        self.first.say(text("c"), event(finish()))
        self.first.end()
        self.assertEnded(replaying, "abc", None)
        self.assertEqual(replaying.failures, [])

    def test_cut(self) -> None:
        """Another provider's stream is followed from where it goes beyond what was sent."""
        second = ManualStream(text("a"))
        replaying = self.begin(second)
        self.first.end(CUT)
        self.assertEqual(replaying.failures, [CUT])
        second.say(text("b"), text("c"))
        second.say(text("d"), event(finish()))
        self.assertEqual(replaying.sink.results, [])
        second.end()
        self.assertEnded(replaying, "abcd", None)

    def test_stall(self) -> None:
        """So it is when the first fell silent."""
        replaying = self.begin(ended(None, *whole("abc")))
        self.first.end(ProviderTimeout("idle", 60.0))
        self.assertEnded(replaying, "abc", None)

    def test_waiting_for_it(self) -> None:
        """Until the other provider answers nothing happens."""
        answer: Deferred[EventStream] = Deferred()
        replaying = self.begin(answer)
        self.first.end(CUT)
        self.assertEqual(replaying.sink.results, [])
        answer.callback(ended(None, *whole("abc")))
        self.assertEnded(replaying, "abc", None)

    def test_never_streamed(self) -> None:
        """An answer that was never streamed will do."""
        replaying = self.begin(
            WholeStream([event({**say(content="abc"), "finish_reason": "stop"})])
        )
        self.first.end(CUT)
        self.assertEnded(replaying, "abc", None)

    def test_cut_again(self) -> None:
        """A stream that breaks off as well is gone on with in the same way."""
        second, third = ManualStream(text("abc")), ManualStream()
        replaying = self.begin(second, third)
        self.first.end(CUT)
        second.end(ProviderError("again"))
        third.say(*whole("abcd"))
        third.end()
        self.assertEnded(replaying, "abcd", None)

    def test_cut_before_it_came_so_far(self) -> None:
        """A repetition that breaks off early is replaced."""
        early = ProviderError("early")
        replaying = self.begin(ended(early, text("a")), ended(None, *whole("abc")))
        self.first.end(CUT)
        self.assertEqual(replaying.failures, [CUT, early])
        self.assertEnded(replaying, "abc", None)

    def test_difference(self) -> None:
        """A provider that says something else is left, and yet another is asked."""
        liar = ManualStream(text("a"))
        replaying = self.begin(liar, ended(None, *whole("abc")))
        self.first.end(CUT)
        liar.say(text("x"))
        self.assertEqual(liar.asked, ["start", "abort"])
        self.assertIsInstance(replaying.failures[1], ProviderInvalidAnswer)
        self.assertEnded(replaying, "abc", None)

    def test_whole_difference(self) -> None:
        """So it is when it says all at once."""
        liar = WholeStream(whole("xyz"))
        replaying = self.begin(liar, ended(None, *whole("abc")))
        self.first.end(CUT)
        self.assertEnded(replaying, "abc", None)

    def test_deaf_provider(self) -> None:
        """A stream that goes on after it was left is not heard."""

        class Deaf(ManualStream):
            def start(self, sink: EventSink) -> None:
                for letter in "xabc":
                    sink.events([text(letter)])
                sink.finished(None)

        replaying = self.begin(Deaf())
        self.first.end(CUT)
        self.assertEqual(len(replaying.failures), 2)
        self.assertEnded(replaying, "ab", CUT)

    def test_shorter(self) -> None:
        """A repetition that is complete and does not say all that was sent is a difference."""
        replaying = self.begin(ended(None, text("a")), ended(None, *whole("abc")))
        self.first.end(CUT)
        self.assertIsInstance(replaying.failures[1], ProviderInvalidAnswer)
        self.assertEnded(replaying, "abc", None)

    def test_difference_behind_new_text(self) -> None:
        """What is new before an event that cannot be told is passed on all the same."""
        deep = b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"y"}]}}],"x":%b}'
        data = deep % (b"[" * 400 + b"]" * 400)
        call = event(say(tool_calls=[{"index": 0, "id": "x", "function": {"name": "f"}}]))
        self.first.say(call)
        second = ManualStream(text("ab"), call, event(finish()), Event(data, data))
        replaying = self.begin(second)
        self.first.end(CUT)
        self.assertEqual(second.asked, ["start", "abort"])
        self.assertEqual(replaying.sink.batches[-1], [event(finish())])
        self.assertEqual(replaying.sink.results, [CUT])

    def test_many_at_once(self) -> None:
        """A thousand providers that differ at once cost no stack."""
        liars = [ended(CUT, text("x")) for _ in range(2000)]
        replaying = self.begin(*liars)
        self.first.end(CUT)
        self.assertEqual(len(replaying.failures), 2001)
        self.assertEnded(replaying, "ab", CUT)


class EndingTests(ReplayTestCase):
    """Streams that nobody goes on with."""

    def test_nobody(self) -> None:
        """With nobody left the client learns why its stream broke off."""
        replaying = self.begin()
        self.first.end(CUT)
        self.assertEnded(replaying, "ab", CUT)

    def test_only_others(self) -> None:
        """So it does when all say something else, or nothing."""
        replaying = self.begin(ended(None, *whole("xyz")), ended(ProviderError("no")))
        self.first.end(CUT)
        self.assertEnded(replaying, "ab", CUT)

    def test_cut_later(self) -> None:
        """Of several cuts the one counts that ended what the client got last."""
        later = ProviderError("later")
        replaying = self.begin(ended(later, text("abc")))
        self.first.end(CUT)
        self.assertEnded(replaying, "abc", later)

    def test_no_time(self) -> None:
        """A stream that took all of its time is not begun again."""
        late = ProviderTimeout("total", 9.0)
        replaying = self.begin()
        self.first.end(late)
        self.assertEnded(replaying, "ab", late)
        self.assertEqual(replaying.failures, [])

    def test_no_time_for_another(self) -> None:
        """A repetition that took all of its time ends the stream with what had cut it."""
        replaying = self.begin(ended(ProviderTimeout("total", 9.0), text("a")), ended(None))
        self.first.end(CUT)
        self.assertEqual(replaying.failures, [CUT])
        self.assertEnded(replaying, "ab", CUT)

    def test_nobody_could(self) -> None:
        """What another provider could not do better is not asked of one."""
        for error in (InternalError("bug"), ProviderRejected("bad", status=400)):
            first = ManualStream(text("a"))
            replaying = Replaying(first, ended(None, *whole("a"))).start()
            first.end(error)
            self.assertEqual(replaying.failures, [])
            self.assertEnded(replaying, "a", error)

    def test_too_long(self) -> None:
        """A stream that outgrew what is kept of it ends with what cut it."""
        replaying = self.begin(ended(None, *whole("abc")))
        self.first.say(text("c" * (1 << 20)))
        self.first.end(CUT)
        self.assertEqual(replaying.failures, [])
        self.assertEqual(replaying.sink.results, [CUT])

    def test_bug(self) -> None:
        """A bug on the way to another provider is logged, and the client told of the cut."""
        replaying = self.begin(KeyError("bug"))
        self.first.end(CUT)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertEnded(replaying, "ab", CUT)

    def test_bug_of_a_stream(self) -> None:
        """So is one of the stream that came, which is left."""

        class Broken(ManualStream):
            def start(self, sink: object) -> None:
                raise KeyError("bug")

        broken = Broken()
        replaying = self.begin(broken)
        self.first.end(CUT)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertEqual(broken.asked, ["abort"])
        self.assertEnded(replaying, "ab", CUT)

    def test_cancelled_by_others(self) -> None:
        """If what asks another provider is cancelled, the client is told of the cut."""
        answer: Deferred[EventStream] = Deferred()
        replaying = self.begin(answer)
        self.first.end(CUT)
        answer.cancel()
        self.assertEnded(replaying, "ab", CUT)
