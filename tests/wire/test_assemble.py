"""Tests of `inference_gateway.wire.assemble`."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.assemble import Assembler
from inference_gateway.wire.inspect import inspect_answer

HEAD: dict[str, Any] = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": "m"}


def assemble(*chunks: object) -> dict[str, Any]:
    """Return the value of the answer that these chunks make."""
    assembler = Assembler()
    for chunk in chunks:
        assembler.add(orjson.dumps(chunk))
    answer: dict[str, Any] = orjson.loads(assembler.answer())
    return answer


def choice_of(*choices: object) -> dict[str, Any]:
    """Return the only choice of the answer that comes in these pieces, one in each chunk."""
    (choice,) = assemble(*[{**HEAD, "choices": [choice]} for choice in choices])["choices"]
    assert isinstance(choice, dict)
    return choice


def message_of(*deltas: object) -> dict[str, Any]:
    """Return the message that these deltas make."""
    message: dict[str, Any] = choice_of(*[{"index": 0, "delta": d} for d in deltas])["message"]
    return message


class MessageTests(SynchronousTestCase):
    """Deltas to one message."""

    def test_text(self) -> None:
        """Texts are put together, each kind for itself."""
        self.assertEqual(
            message_of(
                {"role": "assistant", "content": "", "refusal": None},
                {"reasoning_content": "hm", "reasoning": "a"},
                {"reasoning_content": "m", "reasoning": "b", "novel": "x"},
                {"content": "He", "novel": "y"},
                {"role": "assistant", "content": "llo", "refusal": "no"},
                {"content": None, "refusal": None},
            ),
            {
                "role": "assistant",
                "content": "Hello",
                "refusal": "no",
                "reasoning_content": "hmm",
                "reasoning": "ab",
                "novel": "xy",
            },
        )

    def test_no_text(self) -> None:
        """Content that is named but never comes is empty; one that is never named is null."""
        self.assertEqual(
            message_of({"role": "assistant", "content": None}, {}),
            {"role": "assistant", "content": ""},
        )
        self.assertEqual(message_of({}), {"role": "assistant", "content": None})

    def test_tool_calls(self) -> None:
        """Tool calls are merged by their index, which the answer does not tell."""
        first = {"id": "a", "type": "function", "function": {"name": "look", "arguments": '{"x'}}
        second = {"id": "b", "type": "function", "function": {"name": "see", "arguments": ""}}
        third = {"id": "c", "type": "custom", "custom": {"name": "say", "input": "he"}}
        message = message_of(
            {"tool_calls": [{"index": 2, **third}, {"index": 0, **first}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": '":'}}]},
            {"tool_calls": [{"index": 1, **second}]},
            {"tool_calls": [{"index": 2, "custom": {"input": "y"}}]},
            {"tool_calls": [{"index": 0, "id": "z", "type": "function", "extra": 1}]},
            {"tool_calls": [{"index": 0, "function": {"name": "look", "arguments": "1}"}}]},
        )
        first["function"] = {"name": "look", "arguments": '{"x":1}'}
        third["custom"] = {"name": "say", "input": "hey"}
        self.assertEqual(message["tool_calls"], [{**first, "extra": 1}, second, third])

    def test_tool_calls_without_index(self) -> None:
        """Without an index a call with an id begins, and one without goes on with the last."""
        message = message_of(
            {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{"}}]},
            {"tool_calls": [{"function": {"arguments": "}"}}]},
            {"tool_calls": [{"id": "b", "function": {"name": "g", "arguments": "[]"}}]},
        )
        self.assertEqual(
            message["tool_calls"],
            [
                {"id": "a", "function": {"name": "f", "arguments": "{}"}},
                {"id": "b", "function": {"name": "g", "arguments": "[]"}},
            ],
        )

    def test_function_call(self) -> None:
        """The deprecated kind of call is merged as well."""
        message = message_of(
            {"function_call": {"name": "f", "arguments": ""}},
            {"function_call": {"arguments": "{"}},
            {"function_call": {"arguments": "}"}},
        )
        self.assertEqual(message["function_call"], {"name": "f", "arguments": "{}"})

    def test_audio(self) -> None:
        """Sound and what is said in it come in pieces, its end of life once."""
        message = message_of(
            {"audio": {"id": "s", "transcript": "o"}},
            {"audio": {"data": "AA", "transcript": "h"}},
            {"audio": {"data": "BB", "expires_at": 1}},
            {"audio": {"expires_at": 2}},
        )
        self.assertEqual(
            message["audio"], {"id": "s", "transcript": "oh", "data": "AABB", "expires_at": 2}
        )

    def test_lists(self) -> None:
        """Lists are put together, whoever invented them."""
        message = message_of(
            {"annotations": [1], "details": None}, {"annotations": [2, 3], "details": []}
        )
        self.assertEqual((message["annotations"], message["details"]), ([1, 2, 3], []))

    def test_other_values(self) -> None:
        """Of what is no text, the last value that is not null counts."""
        message = message_of({"a": 1, "b": None}, {"a": 2, "b": {"c": [1]}}, {"a": None})
        self.assertEqual((message["a"], message["b"]), (2, {"c": [1]}))


class ChoiceTests(SynchronousTestCase):
    """What choices have beside their message."""

    def test_order(self) -> None:
        """Choices are in the order of their index, whichever came first."""
        answer = assemble(
            {"choices": [{"index": 1, "delta": {"content": "b"}}]},
            {"choices": [{"index": 0, "delta": {"content": "a"}}]},
            {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        )
        told = [
            (c["index"], c["message"]["content"], c["finish_reason"]) for c in answer["choices"]
        ]
        self.assertEqual(told, [(0, "a", "stop"), (1, "b", "length")])

    def test_no_index(self) -> None:
        """Without an index a choice has that of its place."""
        answer = assemble({"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]})
        self.assertEqual([choice["index"] for choice in answer["choices"]], [0, 1])

    def test_logprobs(self) -> None:
        """Probabilities are put together; the answer has them where the stream has."""
        choice = choice_of(
            {"index": 0, "delta": {}, "logprobs": None},
            {"index": 0, "delta": {}, "logprobs": {"content": [{"token": "a"}], "refusal": None}},
            {"index": 0, "delta": {}, "logprobs": {"content": [{"token": "b"}]}},
            {"index": 0, "delta": {}, "logprobs": None},
        )
        self.assertEqual(
            choice["logprobs"], {"content": [{"token": "a"}, {"token": "b"}], "refusal": None}
        )
        self.assertIsNone(choice_of({"index": 0, "delta": {}, "logprobs": None})["logprobs"])
        self.assertNotIn("logprobs", choice_of({"index": 0, "delta": {}}))

    def test_others(self) -> None:
        """Of all else the last value counts, and nothing of it comes from the stream alone."""
        choice = choice_of(
            {"index": 0, "delta": {}, "message": {}, "stop_reason": "x", "finish_reason": "stop"},
            {"index": 0, "delta": {}, "stop_reason": "y", "finish_reason": None},
        )
        self.assertEqual(choice.pop("message"), {"role": "assistant", "content": None})
        self.assertEqual(choice, {"index": 0, "finish_reason": "stop", "stop_reason": "y"})


class AnswerTests(SynchronousTestCase):
    """What the answer has beside its choices."""

    def test_top_level(self) -> None:
        """What names the answer is as first told, what sums it up as last told."""
        answer = assemble(
            {**HEAD, "system_fingerprint": None, "choices": [], "usage": None, "obfuscation": "a"},
            {**HEAD, "id": "other", "system_fingerprint": "fp", "timings": {"n": 1}, "extra": "x"},
            {"usage": {"total_tokens": 3}, "choices": [], "timings": {"n": 2}, "extra": "y"},
            {"usage": None, "system_fingerprint": "late", "object": "chat.completion.chunk"},
        )
        self.assertEqual(
            answer,
            {
                **HEAD,
                "object": "chat.completion",
                "system_fingerprint": "fp",
                "choices": [],
                "usage": {"total_tokens": 3},
                "timings": {"n": 2},
                "extra": "y",
            },
        )

    def test_odd_shapes(self) -> None:
        """What has no shape of the API is skipped, and what is around it stays."""
        answer = assemble(
            [],
            None,
            {"choices": {}},
            {"choices": [1, None]},
            {"choices": [{"index": 0, "delta": None}]},
            {"choices": [{"index": 0, "delta": [1]}]},
            {"choices": [{"index": 0, "delta": {"tool_calls": None}}]},
            {"choices": [{"index": 0, "delta": {"tool_calls": [None, {"index": 0, "id": "a"}]}}]},
            {"choices": [{"index": 0, "delta": {"content": ["part"]}}]},
            {"choices": [{"index": 0, "delta": {"content": "text", "audio": "x"}}]},
            {"choices": [{"index": 0, "delta": {"audio": {"data": "AA"}}, "logprobs": 1}]},
        )
        message = {"role": "assistant", "content": "text", "tool_calls": [{"id": "a"}]}
        choice = {"index": 0, "finish_reason": None, "logprobs": 1}
        self.assertEqual(
            answer["choices"], [{**choice, "message": {**message, "audio": {"data": "AA"}}}]
        )

    def test_too_deep(self) -> None:
        """What is too deep to be written is the provider's fault."""
        assembler = Assembler()
        assembler.add(b'{"choices": [], "deep": %b%b}' % (b"[" * 400, b"]" * 400))
        self.assertRaises(ProviderInvalidAnswer, assembler.answer)

    def test_inspected(self) -> None:
        """The answer is one that the gateway itself takes."""
        assembler = Assembler()
        assembler.add(b'{"choices": [{"delta": {"content": "Hello"}, "finish_reason": "stop"}]}')
        self.assertEqual(inspect_answer(assembler.answer()).output_chars, 5)


# --- answers cut into chunks

_TEXTS = st.text(max_size=12)
_MAYBE_TEXTS = st.none() | _TEXTS
_CALLS = st.fixed_dictionaries(
    {
        "id": _TEXTS,
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": _TEXTS, "arguments": _TEXTS}),
    }
) | st.fixed_dictionaries(
    {
        "id": _TEXTS,
        "type": st.just("custom"),
        "custom": st.fixed_dictionaries({"name": _TEXTS, "input": _TEXTS}),
    }
)
_MESSAGES = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": _TEXTS},
    optional={
        "refusal": _MAYBE_TEXTS,
        "reasoning_content": _MAYBE_TEXTS,
        "tool_calls": st.lists(_CALLS, min_size=1, max_size=3),
        "annotations": st.lists(st.integers(0, 9), max_size=4),
        "seen": st.none() | st.booleans(),
    },
)
_TOKENS = st.fixed_dictionaries({"token": _TEXTS, "logprob": st.floats(-9, 0)})
_CHOICES = st.fixed_dictionaries(
    {"message": _MESSAGES, "finish_reason": st.none() | st.just("stop")},
    optional={
        "logprobs": st.none()
        | st.fixed_dictionaries({"content": st.lists(_TOKENS, max_size=3), "refusal": st.none()})
    },
)


def pieces(draw: st.DrawFn, value: Any) -> list[Any]:
    """Cut a text or a list in up to three; all else is one piece."""
    if not isinstance(value, str | list):
        return [value]
    first, second = sorted(draw(st.tuples(*[st.integers(0, len(value))] * 2)))
    return [value[:first], value[first:second], value[second:]]


def cut_call(draw: st.DrawFn, index: int, call: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a tool call as pieces for several deltas."""
    ((kind, member),) = [
        (k, m) for k, m in (("function", "arguments"), ("custom", "input")) if k in call
    ]
    first, *others = pieces(draw, call[kind][member])
    begin = {**call, "index": index, kind: {**call[kind], member: first}}
    return [begin, *[{"index": index, kind: {member: other}} for other in others]]


def cut(draw: st.DrawFn, index: int, choice: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a choice in the pieces of a stream, each with one thing only."""
    deltas: list[dict[str, Any]] = []
    for name, value in choice["message"].items():
        if name == "tool_calls":
            for number, call in enumerate(value):
                deltas += [{name: [piece]} for piece in cut_call(draw, number, call)]
        elif name == "role":
            deltas.append({name: value})
        else:
            deltas += [{name: piece} for piece in pieces(draw, value)]
    told: list[dict[str, Any]] = [{"delta": delta, "finish_reason": None} for delta in deltas]
    if "logprobs" in choice:
        whole = choice["logprobs"]
        parts = (
            [whole]
            if whole is None
            else [{**whole, "content": part} for part in pieces(draw, whole["content"])]
        )
        told += [{"delta": {}, "logprobs": part} for part in parts]
    told.append({"delta": {}, "finish_reason": choice["finish_reason"]})
    return [{"index": index, **piece} for piece in told]


@st.composite
def cut_answers(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Draw a plain answer and chunks that tell it, its choices interleaved."""
    choices = draw(st.lists(_CHOICES, max_size=3))
    queues = [cut(draw, index, choice) for index, choice in enumerate(choices)]
    chunks: list[dict[str, Any]] = []
    while queues:
        queue = queues[draw(st.integers(0, len(queues) - 1))]
        chunks.append({**HEAD, "object": "chat.completion.chunk", "choices": [queue.pop(0)]})
        queues = [queue for queue in queues if queue]
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    chunks.append({**HEAD, "choices": [], "usage": usage})
    numbered = [{"index": index, **choice} for index, choice in enumerate(choices)]
    answer = {**HEAD, "object": "chat.completion", "choices": numbered, "usage": usage}
    return answer, chunks


class PropertyTests(SynchronousTestCase):
    """What is cut comes back."""

    @given(cut_answers())
    def test_cut(self, drawn: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
        """A plain answer that is cut into chunks anywhere is assembled again."""
        answer, chunks = drawn
        self.assertEqual(assemble(*chunks), answer)
