"""Tests of `inference_gateway.wire.comparison`."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire.comparison import Comparison, Disagreement
from inference_gateway.wire.sse import DONE, Event, encode
from inference_gateway.wire.transcript import Transcript
from tests.wire.repeating import Choice, call, event, finish, repeat, say, transcript_of

MINE: Any = {"id": "mine", "created": 1, "model": "m"}
THEIRS: Any = {"id": "theirs", "created": 2, "model": "n"}


def after(*choices: Choice) -> Comparison:
    """Return the comparison with a stream of which these choices were sent, one in each event."""
    return Comparison(transcript_of(*[event(choice) for choice in choices]))


class TextTests(SynchronousTestCase):
    """One text, told again."""

    def test_same_pieces(self) -> None:
        """What was sent is swallowed, and what follows is passed on as it is."""
        comparison = after(say(role="assistant", content=""), say(content="a"))
        self.assertEqual(repeat(comparison, event(say(role="assistant", content=""))), [])
        self.assertFalse(comparison.caught_up)
        self.assertEqual(repeat(comparison, event(say(content="a"))), [])
        self.assertTrue(comparison.caught_up)
        following = event(say(content="b"))
        self.assertEqual(comparison.feed(following), [following])

    def test_piece_across(self) -> None:
        """Of a piece that begins before the cut the rest is passed on."""
        comparison = after(say(content="grü"))
        self.assertEqual(
            repeat(comparison, event(say(role="assistant", content="grüße"))),
            [{"choices": [say(content="ße")]}],
        )
        self.assertTrue(comparison.caught_up)

    def test_all_at_once(self) -> None:
        """A whole answer in one event is cut like any other, and its end passes."""
        whole = {"index": 0, "delta": {"content": "abc"}, "finish_reason": "stop"}
        self.assertEqual(
            repeat(after(say(content="ab")), event(whole)),
            [{"choices": [{"index": 0, "delta": {"content": "c"}, "finish_reason": "stop"}]}],
        )

    def test_end_behind_what_was_sent(self) -> None:
        """An end that comes together with text that was sent passes without the text."""
        whole = {"index": 0, "delta": {"content": "ab"}, "finish_reason": "stop"}
        self.assertEqual(repeat(after(say(content="ab")), event(whole)), [{"choices": [finish()]}])

    def test_completion(self) -> None:
        """A completion's text is cut, and is there though all of it was sent."""
        comparison = after({"index": 0, "text": "ab", "logprobs": None})
        whole = {"index": 0, "text": "ab", "finish_reason": "stop"}
        self.assertEqual(
            repeat(comparison, event(whole)),
            [{"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}],
        )

    def test_reasoning(self) -> None:
        """What was thought before the text must be the same, to its end."""
        sent = (say(reasoning_content="hm"), say(content="a"))
        self.assertEqual(
            repeat(after(*sent), event(say(reasoning_content="hm", content="ab"))),
            [{"choices": [say(content="b")]}],
        )
        with self.assertRaises(Disagreement):
            repeat(after(*sent), event(say(reasoning_content="hmm")))
        with self.assertRaises(Disagreement):
            repeat(after(*sent), event(say(reasoning_content="h")), event(say(content="a")))

    def test_two_names(self) -> None:
        """Reasoning under two names goes on only when both have come as far."""
        comparison = after(say(reasoning="ab", reasoning_content="ab"))
        self.assertEqual(repeat(comparison, event(say(reasoning="abc"))), [])
        self.assertEqual(
            repeat(comparison, event(say(reasoning_content="abc"))),
            [{"choices": [say(reasoning="c")]}, {"choices": [say(reasoning_content="c")]}],
        )

    def test_another_name(self) -> None:
        """The same text under another name is not the same."""
        with self.assertRaises(Disagreement):
            repeat(after(say(reasoning="ab")), event(say(reasoning_content="ab")))
        with self.assertRaises(Disagreement):
            repeat(after(say(reasoning="ab")), event(say(content="ab")))

    def test_another_text(self) -> None:
        """The first character that differs is seen, wherever it is."""
        for other in ("xbc", "axc", "abx", "xabc", "ax"):
            with self.assertRaises(Disagreement):
                repeat(after(say(content="abc")), event(say(content=other)))

    def test_another_end(self) -> None:
        """An end before, or other than, that which was sent is a difference."""
        for sent, said in (
            ([say(content="abc")], [say(content="ab"), finish()]),
            ([say(content="abc"), finish()], [say(content="abc"), finish(reason="length")]),
            ([say(content="abc"), finish()], [say(content="abcd")]),
        ):
            with self.assertRaises(Disagreement):
                repeat(after(*sent, say(1, content="a")), *[event(one) for one in said])

    def test_tokens(self) -> None:
        """What is told of each token is left out where only a part of them is new."""
        whole = {**say(content="ab"), "logprobs": {"content": [1, 2]}, "token_ids": [3, 4]}
        self.assertEqual(
            repeat(after(say(content="a")), event(whole)),
            [{"choices": [{**say(content="b"), "logprobs": None, "token_ids": None}]}],
        )

    def test_nothing_sent(self) -> None:
        """A stream of which nothing was said is repeated as it is."""
        said = event(say(content="a"))
        self.assertEqual(after(say(role="assistant")).feed(said), [said])


class ChoiceTests(SynchronousTestCase):
    """Several choices."""

    def test_other_order(self) -> None:
        """What goes beyond waits until every other choice has come as far."""
        comparison = after(say(0, content="a"), say(1, content="x"), say(0, content="b"))
        self.assertEqual(repeat(comparison, event(say(0, content="abc"), say(2, content="?"))), [])
        self.assertEqual(repeat(comparison, event(say(0, role="assistant", content="d"))), [])
        self.assertEqual(
            repeat(comparison, event(say(1, content="xyz"))),
            [
                {"choices": [say(0, content="c"), say(2, content="?")]},
                {"choices": [say(0, content="d")]},
                {"choices": [say(1, content="yz")]},
            ],
        )

    def test_together(self) -> None:
        """Of an event with several choices those remain that say something new."""
        comparison = after(say(0, content="ab"), say(1, content="x"))
        self.assertEqual(
            repeat(comparison, event(say(0, content="ab"), say(1, content="xy"))),
            [{"choices": [say(1, content="y")]}],
        )

    def test_difference_behind_what_is_new(self) -> None:
        """A choice that differs keeps back what another one had new."""
        comparison = after(say(0, content="a"), say(1, content="x"))
        self.assertEqual(repeat(comparison, event(say(0, content="ab"))), [])
        with self.assertRaises(Disagreement):
            comparison.feed(event(say(1, content="y")))

    def test_too_much(self) -> None:
        """What waits for another choice is bounded."""
        comparison = after(say(0, content="a"), say(1, content="x"))
        long = "b" * 600_000
        self.assertEqual(comparison.feed(event(say(0, content="a" + long))), [])
        with self.assertRaises(Disagreement):
            comparison.feed(event(say(0, content=long)))


class CallTests(SynchronousTestCase):
    """Calls of tools."""

    def test_arguments(self) -> None:
        """Arguments go on under the id and the name that were sent."""
        head = call(0, '{"a', id="x", type="function", name="f")
        whole = call(0, '{"a":1}', id="y", type="function", name="f")
        comparison = after(say(content=None, tool_calls=[head]))
        self.assertEqual(
            repeat(comparison, event(say(tool_calls=[whole]))),
            [{"choices": [say(tool_calls=[call(0, '":1}')])]}],
        )

    def test_name_only(self) -> None:
        """A call of which the name was sent goes on with its first arguments."""
        comparison = after(say(tool_calls=[call(0, id="x", name="f")]))
        whole = call(0, "{}", id="y", name="f")
        self.assertEqual(
            repeat(comparison, event(say(tool_calls=[whole]))),
            [{"choices": [say(tool_calls=[call(0, "{}")])]}],
        )

    def test_second_call(self) -> None:
        """A call that was sent is left out beside one that is new."""
        first, second = call(0, "{}", id="x", name="f"), call(1, "{}", id="z", name="g")
        comparison = after(say(tool_calls=[first]))
        self.assertEqual(
            repeat(comparison, event(say(tool_calls=[{**first, "id": "y"}, second]))),
            [{"choices": [say(tool_calls=[second])]}],
        )

    def test_repeated_ids(self) -> None:
        """A provider that tells the id with every piece tells none for a call that has one."""
        comparison = after(say(tool_calls=[call(0, "{", id="x", name="f")]))
        other = call(1, "{}", id="z", name="g")
        self.assertEqual(
            repeat(
                comparison,
                event(say(tool_calls=[call(0, "{", id="y", name="f")])),
                event(say(tool_calls=[call(0, "}", id="y"), other])),
                event(say(tool_calls=[other])),
                event(finish()),
            ),
            [
                {"choices": [say(tool_calls=[call(0, "}"), other])]},
                {"choices": [say(tool_calls=[other])]},
                {"choices": [finish()]},
            ],
        )

    def test_differences(self) -> None:
        """Another name, other arguments, or further ones before another call, are differences."""
        two = say(tool_calls=[call(0, id="x", name="f"), call(1, "{}", name="g")])
        for other in (
            call(0, "{}", name="f"),
            call(0, name="h"),
            call(1, name="f"),
        ):
            with self.assertRaises(Disagreement):
                repeat(after(two), event(say(tool_calls=[other])))
        with self.assertRaises(Disagreement):
            repeat(after(two), event(say(tool_calls=[call(0, name="f"), call(1, "[]", name="g")])))

    def test_text_instead(self) -> None:
        """Text where there was a call is a difference."""
        with self.assertRaises(Disagreement):
            repeat(after(say(tool_calls=[call(0, name="f")])), event(say(content="a")))


class IdentityTests(SynchronousTestCase):
    """Whose stream the client believes to read."""

    def setUp(self) -> None:
        self.comparison = Comparison(transcript_of(event(say(content="a"), **MINE)))

    def test_piece_across(self) -> None:
        """An event that is cut goes on under the first stream's name."""
        self.assertEqual(
            repeat(self.comparison, event(say(content="ab"), **THEIRS, system_fingerprint="f")),
            [{**MINE, "system_fingerprint": "f", "choices": [say(content="b")]}],
        )

    def test_following(self) -> None:
        """Of what follows only the name is changed, and every other byte is as it came."""
        repeat(self.comparison, event(say(content="a"), **THEIRS))
        data = b'{"id":"theirs", "created" : 2,"x":1.50,"model":"m","choices":[{"delta":{}}]}'
        (following,) = self.comparison.feed(Event(encode(data, b"chunk"), data, b"chunk"))
        expected = b'{"id":"mine", "created" : 1,"x":1.50,"model":"m","choices":[{"delta":{}}]}'
        self.assertEqual(following, Event(encode(expected, b"chunk"), expected, b"chunk"))

    def test_waiting(self) -> None:
        """So is what waited for another choice."""
        transcript = transcript_of(event(say(0, content="a"), say(1, content="x"), **MINE))
        comparison = Comparison(transcript)
        new = event(say(2, content="?"), **THEIRS)
        repeat(comparison, new)
        self.assertEqual(
            repeat(comparison, event(say(0, content="a"), say(1, content="x"))),
            [{**MINE, "choices": [say(2, content="?")]}],
        )

    def test_same(self) -> None:
        """An event that bears the first stream's name already is not touched."""
        repeat(self.comparison, event(say(content="a"), **MINE))
        following = event(say(content="b"), **MINE)
        self.assertIs(self.comparison.feed(following)[0], following)


class OtherEventTests(SynchronousTestCase):
    """Events that say nothing of the answer."""

    def test_comment(self) -> None:
        """A comment may always pass."""
        comment = Event(raw=b": here\n\n", data=None)
        self.assertEqual(after(say(content="a")).feed(comment), [comment])

    def test_usage(self) -> None:
        """Usage passes behind the text, once."""
        usage = event(usage={"prompt_tokens": 1, "completion_tokens": 1})
        comparison = after(say(content="a"))
        self.assertEqual(comparison.feed(usage), [])
        comparison.feed(event(say(content="a")))
        self.assertEqual(comparison.feed(usage), [usage])
        again = Comparison(transcript_of(usage))
        self.assertEqual(again.feed(usage), [])

    def test_unreadable(self) -> None:
        """What cannot be compared is a difference, before and behind what was sent."""
        comparison = after(say(content="a"))
        for odd in (DONE, event(say(audio={"data": "AAAA"}))):
            with self.assertRaises(Disagreement):
                comparison.feed(odd)
        repeat(comparison, event(say(content="a")))
        with self.assertRaises(Disagreement):
            comparison.feed(DONE)

    def test_nested(self) -> None:
        """An event that cannot be written again is a difference."""
        data = b'{"choices":[{"index":0,"delta":{"content":"ab"}}],"x":%b}' % (
            b"[" * 400 + b"]" * 400
        )
        with self.assertRaises(Disagreement):
            after(say(content="a")).feed(Event(encode(data), data))

    def test_audio_behind(self) -> None:
        """What cannot be compared passes behind what was sent: nothing is compared there."""
        comparison = after(say(content="a"))
        repeat(comparison, event(say(content="a")))
        audio = event(say(audio={"data": "AAAA"}))
        self.assertEqual(comparison.feed(audio), [audio])

    def test_transcript_given_up(self) -> None:
        """Nothing can be compared with a transcript that was given up."""
        transcript = Transcript(10)
        transcript.sent(event(say(content="a")))
        with self.assertRaises(Disagreement):
            Comparison(transcript)

    def test_secrets(self) -> None:
        """A difference does not tell what was said."""
        with self.assertRaises(Disagreement) as caught:
            repeat(after(say(content="qqqz")), event(say(content="qqqx")))
        self.assertNotIn("q", str(caught.exception))
