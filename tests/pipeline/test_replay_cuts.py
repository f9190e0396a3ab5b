"""Tests of `inference_gateway.pipeline.replay`: a stream that is cut at every place there is."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import Verdict
from inference_gateway.exchange import Usage
from inference_gateway.provider_errors import ProviderTimeout, ProviderUnavailable
from tests.garbage import collect_garbage
from tests.pipeline.chats import DONE
from tests.pipeline.recorded_chat import (
    ENDS,
    IDLE,
    LAST,
    LONG,
    REPEATED,
    SECOND,
    WHOLE,
    Relayed,
    tell,
)
from tests.pipeline.replaying import chunk_of
from tests.pipeline.streaming import ERROR
from tests.wire.repeating import finish, said, say


class RecordedTestCase(SynchronousTestCase):
    """A recorded stream, cut."""

    def tearDown(self) -> None:
        collect_garbage()

    def assert_whole(self, relayed: Relayed) -> None:
        """The client got one answer, from one provider as far as it knows, and its end."""
        self.assertEqual(relayed.sink.results, [None])
        self.assertEqual(said(relayed.events), WHOLE)
        chunks = [chunk_of(event) for event in relayed.events]
        names = {(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}
        self.assertEqual(names, {("id-one", 3, "one")})
        ids = [
            part["id"]
            for chunk in chunks
            for choice in chunk["choices"]
            for part in choice["delta"].get("tool_calls") or ()
            if "id" in part
        ]
        self.assertEqual([one[1:] for one in ids], ["0", "1"])
        self.assertEqual(relayed.call.usage, Usage(7, 9))
        self.assertEqual(relayed.call.finish_reason, "stop")
        self.assertIs(relayed.verdicts[-1], Verdict.COMPLETE)
        self.assertEqual(relayed.clock.getDelayedCalls(), [])


class CutTests(RecordedTestCase):
    """Providers that say the same."""

    def test_every_byte(self) -> None:
        """Wherever the connection breaks, the client gets the whole answer."""
        for place in range(ENDS[1], LAST):
            relayed = Relayed((REPEATED, None))
            relayed.begin(LONG[:place])
            relayed.cut()
            self.assert_whole(relayed)

    def test_every_byte_behind_the_end(self) -> None:
        """Behind the last finish_reason nothing is missing, and nobody is asked."""
        for place in range(LAST, len(LONG)):
            relayed = Relayed()
            relayed.begin(LONG[:place])
            relayed.cut()
            self.assertEqual((relayed.sink.results, len(relayed.bodies)), ([None], 1))
            self.assertEqual(said(relayed.events), WHOLE)

    def test_every_event(self) -> None:
        """However it ends behind whichever event: truncated, with an error, in silence."""
        for place in ENDS[1:-3]:
            for last in (b"", DONE, ERROR, None):
                relayed = Relayed((REPEATED, None), include_usage=True)
                relayed.begin(LONG[:place])
                if last is None:
                    relayed.clock.advance(IDLE)
                else:
                    relayed.bodies[0].feed(last)
                    relayed.bodies[0].end()
                self.assert_whole(relayed)
                usages = [chunk for chunk in map(chunk_of, relayed.events) if chunk.get("usage")]
                self.assertEqual([chunk["choices"] for chunk in usages], [[]])

    def test_every_pair_of_cuts(self) -> None:
        """A repetition that breaks, too, is repeated in the same way."""
        for place in ENDS[1:-3:2]:
            for count in range(1, len(SECOND) - 2):
                again = (b"".join(SECOND[:count]), ProviderUnavailable("again"))
                relayed = Relayed(again, (LONG, None))
                relayed.begin(LONG[:place])
                relayed.cut()
                self.assert_whole(relayed)

    @given(place=st.integers(ENDS[1], LAST - 1), cuts=st.sets(st.integers(1, 2500), max_size=20))
    @settings(max_examples=60)
    def test_any_pieces(self, place: int, cuts: set[int]) -> None:
        """It does not matter in what pieces the network brings either."""
        relayed = Relayed(None)
        relayed.begin(LONG[: ENDS[1]])
        places = [0, *sorted(cut for cut in cuts if cut < len(REPEATED)), len(REPEATED)]
        for start, end in pairwise(places):
            relayed.bodies[0].feed(LONG[:place][ENDS[1] + start : ENDS[1] + end])
        relayed.bodies[0].feed(LONG[ENDS[1] + len(REPEATED) : place])
        relayed.cut()
        for start, end in pairwise(places):
            relayed.bodies[1].feed(REPEATED[start:end])
        relayed.bodies[1].end()
        self.assert_whole(relayed)

    def test_live(self) -> None:
        """What is new is passed on as it comes, and nothing before."""
        relayed = Relayed(None)
        relayed.begin(LONG[: ENDS[3]])
        relayed.cut()
        batches = len(relayed.sink.batches)
        passed = []
        for event in SECOND:
            relayed.bodies[1].feed(event)
            passed.append(len(relayed.sink.batches) - batches)
        # the second event behind the calls brings the text to where it was cut
        self.assertEqual(passed, [0, 0, 0, 0, 0, 1, 2, 3, 4, 4, 4])
        relayed.bodies[1].end()
        self.assert_whole(relayed)

    def test_stall_of_the_second(self) -> None:
        """Whoever repeats may fall silent, too."""
        relayed = Relayed(None, None)
        relayed.begin(LONG[: ENDS[5]])
        relayed.cut()
        relayed.bodies[1].feed(b"".join(SECOND[:2]))
        relayed.clock.advance(IDLE)
        relayed.bodies[2].feed(REPEATED)
        relayed.bodies[2].end()
        self.assert_whole(relayed)
        self.assertIs(relayed.verdicts[1], Verdict.IDLE_TIMEOUT)

    def test_stall_of_all(self) -> None:
        """A stall that nobody makes good ends as if there were nobody else."""
        ends = []
        for others in ((), ((b"".join(SECOND[:3]), None),)):
            relayed = Relayed(*others)
            relayed.begin(LONG[: ENDS[5]])
            relayed.clock.advance(IDLE)
            (result,) = relayed.sink.results
            self.assertIsInstance(result, ProviderTimeout)
            self.assertIs(relayed.verdicts[0], Verdict.IDLE_TIMEOUT)
            self.assertEqual(len(relayed.verdicts), 1 + len(others))
            ends.append((relayed.sink.raw, relayed.call.usage))
        self.assertEqual(*ends)


class DifferenceTests(RecordedTestCase):
    """Providers that say something else."""

    def text(self, name: str, text: str) -> bytes:
        """Return a stream that says ``text`` letter by letter, of one of two choices."""
        letters = [[say(0, content=letter)] for letter in text]
        return b"".join(tell(name, *letters, [finish(0)], [finish(1)]))

    def test_every_character(self) -> None:
        """The client gets the beginning and an error, or all of one answer, and no mixture."""
        answer = "aü語😀b"
        first = self.text("one", answer)
        begun = first.index(b"\n\n") + 2
        end = first.rindex(b"data: ", 0, first.rindex(b"stop"))
        outcomes = set()
        for place in range(begun, end):
            for position in range(len(answer)):
                other = answer[:position] + "X" + answer[position + 1 :]
                relayed = Relayed((self.text("two", other), None))
                relayed.begin(first[:place])
                sent = "".join(sign for name, sign in said(relayed.events)[0] if name == "content")
                relayed.cut()
                read = "".join(sign for name, sign in said(relayed.events)[0] if name == "content")
                goes_on = position >= len(sent)
                self.assertEqual(read, other if goes_on else sent)
                error = None if goes_on else relayed.error
                self.assertEqual(relayed.sink.results, [error])
                outcomes.add(goes_on)
        self.assertEqual(outcomes, {True, False})

    def test_longer_and_shorter(self) -> None:
        """So it does where the other answer ends sooner, or later."""
        first = self.text("one", "abc")
        cut_at_end = first.rindex(b"data: ", 0, first.rindex(b"stop"))
        for other in ("ab", "abcd"):
            relayed = Relayed((self.text("two", other), None))
            relayed.begin(first[:cut_at_end])
            relayed.cut()
            self.assertEqual(relayed.sink.results, [relayed.error])
            read = said(relayed.events)[0]
            self.assertEqual(read[:3], [("content", sign) for sign in "abc"])

    def test_left(self) -> None:
        """A provider that says something else is left at once."""
        relayed = Relayed(None)
        relayed.begin(self.text("one", "abc")[:-200])
        relayed.cut()
        relayed.bodies[1].feed(self.text("two", "xyz")[:-200])
        self.assertTrue(relayed.bodies[1].aborted)
        self.assertIs(relayed.verdicts[1], Verdict.CLIENT_GONE)
        self.assertEqual(relayed.sink.results, [relayed.error])
