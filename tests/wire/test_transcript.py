"""Tests of `inference_gateway.wire.transcript`."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire.operations import CHAT, COMPLETIONS, MESSAGES, RESPONSES
from inference_gateway.wire.sse import DONE, Event
from inference_gateway.wire.transcript import Transcript
from tests.wire.repeating import call, event, finish, say, transcript_of


def stages(transcript: Transcript, index: int = 0) -> list[Any]:
    """Return the stages of one choice: their keys, and their texts by field."""
    return [
        (stage.key, {field: text.decode() for field, text in stage.texts.items()})
        for stage in transcript.choices[index]
    ]


class KeepingTests(SynchronousTestCase):
    """What is kept."""

    def test_text(self) -> None:
        """Pieces of a text are put together, and a text that follows another is told apart."""
        transcript = transcript_of(
            event(say(role="assistant", content="")),
            event(say(reasoning="h")),
            event(say(reasoning="m")),
            event(say(content="grü")),
            event(say(content="ße", refusal=None)),
            event(say(refusal="no")),
            event(finish()),
        )
        self.assertEqual(
            stages(transcript),
            [
                ("reasoning", {"reasoning": "hm"}),
                ("content", {"content": "grüße"}),
                ("refusal", {"refusal": "no"}),
                ("finish_reason", {"finish_reason": "stop"}),
            ],
        )
        self.assertTrue(transcript.is_comparable)

    def test_two_names(self) -> None:
        """Reasoning that is told under two names at once is one stage."""
        piece = say(reasoning="h", reasoning_content="h")
        self.assertEqual(
            stages(transcript_of(event(piece), event(piece))),
            [("reasoning", {"reasoning": "hh", "reasoning_content": "hh"})],
        )

    def test_choices(self) -> None:
        """Choices are kept apart, by their place where they have no index."""
        transcript = transcript_of(
            event(say(1, content="b"), say(0, content="a")),
            event({"delta": {"content": "A"}}, {"delta": {"content": "B"}}),
        )
        self.assertEqual(stages(transcript, 0), [("content", {"content": "aA"})])
        self.assertEqual(stages(transcript, 1), [("content", {"content": "bB"})])

    def test_completion(self) -> None:
        """The text of a completion is kept as that of a chat."""
        transcript = transcript_of(
            event({"index": 0, "text": "a", "finish_reason": None}),
            event({"index": 0, "text": "b", "finish_reason": "length"}),
        )
        self.assertEqual(
            stages(transcript),
            [("text", {"text": "ab"}), ("finish_reason", {"finish_reason": "length"})],
        )

    def test_calls(self) -> None:
        """A call is one stage: its name counts once and its id for nothing."""
        transcript = transcript_of(
            event(say(tool_calls=[call(0, id="x", type="function", name="f")])),
            event(say(tool_calls=[call(0, '{"a"', name="f")])),
            event(say(tool_calls=[call(0, ":1}"), call(1, "{}", id="y", name="g")])),
            event(say(tool_calls=[{"index": 2, "custom": {"name": "h", "input": "i"}}, 5])),
        )
        self.assertEqual(
            stages(transcript),
            [
                (("tool_calls", 0), {"name": "f", "arguments": '{"a":1}'}),
                (("tool_calls", 1), {"name": "g", "arguments": "{}"}),
                (("tool_calls", 2), {"name": "h", "input": "i"}),
            ],
        )

    def test_calls_without_index(self) -> None:
        """Where calls have no index an id begins another one."""
        first, second = call(0, "a", id="x", name="f"), call(0, "c", id="y", name="g")
        piece = call(0, "b")
        for one in (first, piece, second):
            del one["index"]
        transcript = transcript_of(
            event(say(tool_calls=[first])),
            event(say(tool_calls=[piece])),
            event(say(tool_calls=[second])),
        )
        self.assertEqual(
            stages(transcript),
            [
                (("tool_calls", 0), {"name": "f", "arguments": "ab"}),
                (("tool_calls", 1), {"name": "g", "arguments": "c"}),
            ],
        )

    def test_function_call(self) -> None:
        """The call of the time before tools is kept like one."""
        transcript = transcript_of(
            event(say(function_call={"name": "f", "arguments": ""})),
            event(say(function_call={"arguments": "{"})),
        )
        self.assertEqual(
            stages(transcript), [(("function_call", 0), {"name": "f", "arguments": "{"})]
        )

    def test_identity(self) -> None:
        """The first id, time and name count, whenever they come; a fingerprint does not."""
        transcript = transcript_of(
            event(id="a", model=""),
            event(id="b", created=5, system_fingerprint="fp"),
            event(model="m"),
            event(id="c", created=6, model="n"),
        )
        self.assertEqual(transcript.identity, {"id": "a", "created": 5, "model": "m"})

    def test_usage(self) -> None:
        """Usage in an event of its own is noted."""
        self.assertFalse(transcript_of(event(say(content="a"), usage={})).told_usage)
        self.assertTrue(transcript_of(event(usage={"prompt_tokens": 1})).told_usage)

    def test_facts(self) -> None:
        """What says nothing of the answer is not kept, and keeps from nothing."""
        transcript = transcript_of(
            event(say(name="x", token=5, content=None), "odd"),  # type: ignore[arg-type]
            event(say(tool_calls=None), finish(reason="")),
            Event(raw=b": comment\n\n", data=None),
        )
        self.assertEqual(stages(transcript), [])
        self.assertTrue(transcript.is_comparable)


class GivingUpTests(SynchronousTestCase):
    """What cannot be kept."""

    def assert_given_up(self, transcript: Transcript) -> None:
        """Nothing is kept any more, whatever comes."""
        transcript.sent(event(say(content="more")))
        self.assertFalse(transcript.is_comparable)
        self.assertEqual(transcript.choices, {})

    def test_too_long(self) -> None:
        """More text than the limit is not kept."""
        transcript = Transcript(1024 + 10)
        transcript.sent(event(say(content="a" * 10)))
        self.assertTrue(transcript.is_comparable)
        transcript.sent(event(say(content="a")))
        self.assert_given_up(transcript)

    def test_too_many_stages(self) -> None:
        """Stages cost more than their text, so many of them are not kept either."""
        transcript = Transcript()
        turn = event(say(content="a", reasoning="b"))
        for _ in range(1000):
            transcript.sent(turn)
        self.assertTrue(transcript.is_comparable)
        for _ in range(50):
            transcript.sent(turn)
        self.assert_given_up(transcript)

    def test_too_many_choices(self) -> None:
        """So do choices."""
        self.assert_given_up(transcript_of(event(*[say(index) for index in range(2049)])))

    def test_audio(self) -> None:
        """What is neither text nor a call cannot be compared."""
        self.assert_given_up(transcript_of(event(say(audio={"data": "AAAA"}))))
        self.assert_given_up(transcript_of(event(say(content=[{"type": "text"}]))))

    def test_no_chunk(self) -> None:
        """What is no chunk cannot be compared."""
        self.assert_given_up(transcript_of(DONE))
        self.assert_given_up(transcript_of(Event(b"data: 5\n\n", b"5")))


class OperationTests(SynchronousTestCase):
    """Who has transcripts."""

    def test_operations(self) -> None:
        """Streams of chats and completions can be compared, others cannot."""
        self.assertEqual(
            [one.transcript for one in (CHAT, COMPLETIONS, MESSAGES, RESPONSES)],
            [Transcript, Transcript, None, None],
        )
