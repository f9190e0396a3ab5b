"""The events of a stream of Anthropic's API as chunks of a chat stream."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import (
    ProviderError,
    ProviderInvalidAnswer,
    ProviderOverloaded,
    ProviderRateLimited,
)
from inference_gateway.wire.anthropic_answer import translate_answer
from inference_gateway.wire.anthropic_stream import MessageStream
from inference_gateway.wire.assemble import Assembler
from inference_gateway.wire.inspect import Kind, StreamInspector
from inference_gateway.wire.sse import DONE, KEEPALIVE, Event, SSEParser, encode
from tests.wire.test_anthropic_answer import message

HEAD = {"id": "msg_1", "object": "chat.completion.chunk", "created": 17, "model": "m"}
START = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "m", "content": [], "usage": {"input_tokens": 7}},
}
STOP = {"type": "message_stop"}


def end(reason: str | None = "end_turn", tokens: int = 3) -> dict[str, Any]:
    """Return the event that tells why the answer ends, and what it cost."""
    delta = {"stop_reason": reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": delta, "usage": {"output_tokens": tokens}}


def block(value: dict[str, Any], index: int = 0) -> dict[str, Any]:
    """Return the event that begins a block."""
    return {"type": "content_block_start", "index": index, "content_block": value}


def delta(value: dict[str, Any], index: int = 0) -> dict[str, Any]:
    """Return the event that goes on with a block."""
    return {"type": "content_block_delta", "index": index, "delta": value}


def close(index: int = 0) -> dict[str, Any]:
    """Return the event that ends a block."""
    return {"type": "content_block_stop", "index": index}


def text(piece: str, index: int = 0) -> dict[str, Any]:
    """Return the event with a piece of text."""
    return delta({"type": "text_delta", "text": piece}, index)


def json(piece: str, index: int = 0) -> dict[str, Any]:
    """Return the event with a piece of arguments."""
    return delta({"type": "input_json_delta", "partial_json": piece}, index)


def tool(id: str = "t", index: int = 0, **members: Any) -> dict[str, Any]:
    """Return the event that begins a call."""
    return block({"type": "tool_use", "id": id, "name": "f", "input": {}, **members}, index)


def event(value: dict[str, Any]) -> Event:
    """Return an event as it is sent."""
    (parsed,) = SSEParser().feed(encode(orjson.dumps(value), value["type"].encode()))
    return parsed


def feed(*values: dict[str, Any], include_usage: bool = False) -> bytes:
    """Return what these events mean."""
    stream = MessageStream(17, include_usage=include_usage)
    return b"".join([stream.feed(event(value)) for value in values])


def chunks(*values: dict[str, Any], include_usage: bool = False) -> list[Any]:
    """Return the chunks that these events mean; all are whole events."""
    sent = SSEParser().feed(feed(*values, include_usage=include_usage))
    return [orjson.loads(found.data or b"") for found in sent]


def deltas(*values: dict[str, Any]) -> list[Any]:
    """Return the deltas that these events mean."""
    return [chunk["choices"][0]["delta"] for chunk in chunks(*values)]


class ChunkTests(SynchronousTestCase):
    """Each type of event."""

    def test_stream(self) -> None:
        """A stream is a role, text, a reason to stop, the usage and its end."""
        sent = feed(START, block({"type": "text", "text": ""}), text("hi"), close(), end(), STOP)
        *events, usage, done = SSEParser().feed(sent)
        self.assertEqual(done, DONE)
        self.assertEqual(
            [orjson.loads(found.data or b"") for found in events],
            [
                {
                    **HEAD,
                    "choices": [
                        {"index": 0, "delta": said, "logprobs": None, "finish_reason": reason}
                    ],
                }
                for said, reason in (
                    ({"role": "assistant", "refusal": None}, None),
                    ({"content": "hi"}, None),
                    ({}, "stop"),
                )
            ],
        )
        self.assertEqual(
            orjson.loads(usage.data or b""),
            {
                **HEAD,
                "choices": [],
                "usage": {
                    "prompt_tokens": 7,
                    "completion_tokens": 3,
                    "total_tokens": 10,
                    "prompt_tokens_details": {"cached_tokens": 0},
                },
            },
        )

    def test_inspected(self) -> None:
        """It is a complete stream to whoever inspects streams, and its content begins with text."""
        inspector = StreamInspector()
        sent = SSEParser().feed(feed(START, text("hi"), end(), STOP))
        kinds = [inspector.inspect(found) for found in sent]
        self.assertEqual(kinds, [Kind.EMPTY, Kind.CONTENT, Kind.FINISH, Kind.USAGE, Kind.DONE])
        self.assertTrue(inspector.complete)
        self.assertEqual(inspector.usage, (7, 3))

    def test_usage_asked_for(self) -> None:
        """Who asks for the usage is told in every chunk that it is yet to come."""
        for asked, expected in ((True, [None, None]), (False, ["no", "no"])):
            told = chunks(START, text("x"), include_usage=asked)
            self.assertEqual([chunk.get("usage", "no") for chunk in told], expected)

    def test_no_usage(self) -> None:
        """Without any count there is no usage."""
        self.assertEqual(feed(STOP), DONE.raw)

    def test_later_usage(self) -> None:
        """A later total takes the place of an earlier one."""
        sent = feed(START, end(None, 1), end("end_turn", 5), STOP).removesuffix(DONE.raw)
        *_, usage = SSEParser().feed(sent)
        self.assertEqual(orjson.loads(usage.data or b"")["usage"]["total_tokens"], 12)

    def test_reason_to_come(self) -> None:
        """An event that gives no reason to stop is no end."""
        self.assertEqual(feed(end(None)), b"")

    def test_thinking(self) -> None:
        """Thoughts are reasoning; their signatures have no place."""
        thought = {"type": "thinking_delta", "thinking": "hm"}
        self.assertEqual(
            deltas(
                block({"type": "thinking", "thinking": "", "signature": ""}),
                delta(thought),
                delta({"type": "signature_delta", "signature": "x"}),
            ),
            [{"reasoning_content": "hm"}],
        )

    def test_begun(self) -> None:
        """What a block begins with is said as well."""
        self.assertEqual(
            deltas(
                block({"type": "text", "text": "a"}), block({"type": "thinking", "thinking": "b"})
            ),
            [{"content": "a"}, {"reasoning_content": "b"}],
        )

    def test_silent(self) -> None:
        """An answer without text and calls ends with an empty text."""
        self.assertEqual(deltas(end()), [{"content": ""}])
        self.assertEqual(deltas(tool(), end())[-1], {})

    def test_tool_calls(self) -> None:
        """A call is named first and then told in pieces, each under its own number."""
        named = {"type": "function", "function": {"name": "f", "arguments": ""}}
        self.assertEqual(
            deltas(
                text("x", 0),
                tool("a", 1),
                json("", 1),
                json('{"x":', 1),
                json("1}", 1),
                close(1),
                tool("b", 2),
                json("{}", 2),
                close(2),
            )[1:],
            [
                {"tool_calls": [{"index": 0, "id": "a", **named}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": '{"x":'}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]},
                {"tool_calls": [{"index": 1, "id": "b", **named}]},
                {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
            ],
        )

    def test_no_pieces(self) -> None:
        """A call whose arguments come in no pieces has those that it began with."""
        for begun, arguments in (({}, "{}"), ({"x": 1}, '{"x":1}')):
            *_, last = deltas(tool(input=begun), json(""), close())
            self.assertEqual(
                last, {"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]}
            )

    def test_nameless_call(self) -> None:
        """A call that does not say of what is the provider's failure."""
        self.assertRaises(ProviderInvalidAnswer, feed, tool(name=None))

    def test_nothing(self) -> None:
        """What has no place in a chat stream, and what is odd, says nothing."""
        for value in (
            block({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}),
            json('{"query":', 5),
            close(5),
            delta({"type": "citations_delta", "citation": {}}),
            {"type": "novel"},
            {"type": "content_block_delta", "index": 0},
            {"type": "content_block_delta", "index": [], "delta": {"type": "text_delta"}},
            {"type": "content_block_delta", "delta": {"type": ["text_delta"], "text": "x"}},
            {"type": "content_block_start", "content_block": 5},
            {"type": "content_block_stop", "index": {}},
            {"type": "message_delta", "delta": None},
        ):
            self.assertEqual(feed(value), b"")

    def test_ping(self) -> None:
        """A ping is a comment, which shows that the provider lives."""
        self.assertEqual(feed({"type": "ping"}), KEEPALIVE)

    def test_passed_on(self) -> None:
        """Comments, and what is no event of this API, are passed on for others to judge."""
        for raw in (b": x\n\n", b"data: {\n\n", b"data: [DONE]\n\n", b"data: 5\n\n"):
            (found,) = SSEParser().feed(raw)
            self.assertEqual(MessageStream(0, include_usage=False).feed(found), raw)

    def test_error(self) -> None:
        """An event that reports an error ends the stream, without the provider's words."""
        for data, kind in (
            (b'{"type":"error","error":{"type":"overloaded_error"}}', ProviderOverloaded),
            (b'{"type":"error","error":{"type":"rate_limit_error"}}', ProviderRateLimited),
            (b'{"type":"error","error":{"type":"api_error","message":"x"}}', ProviderError),
            (b'{"type":"error","error":{"message":"x overloaded_error"}}', ProviderError),
            (b"x", ProviderError),
        ):
            stream = MessageStream(0, include_usage=False)
            (found,) = SSEParser().feed(encode(data, b"error"))
            error = self.assertRaises(ProviderError, stream.feed, found)
            self.assertIs(type(error), kind)
            self.assertNotIn("x", error.message.split())


# --- any answer, whole and in pieces

_texts = st.text(max_size=9)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2),
    max_leaves=5,
)
_blocks = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": _texts}),
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": _texts}),
    st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": _texts}),
    st.fixed_dictionaries(
        {
            "type": st.just("tool_use"),
            "id": st.text("abc", min_size=1, max_size=3),
            "name": st.sampled_from(["f", "g"]),
            "input": st.dictionaries(_texts, _values, max_size=2),
        }
    ),
)
_reasons = st.sampled_from(["end_turn", "max_tokens", "tool_use", "refusal"])


def cut(content: list[dict[str, Any]], reason: str, size: int) -> list[dict[str, Any]]:
    """Return the events that tell these blocks, in pieces of ``size`` characters."""
    events: list[dict[str, Any]] = [START]
    for index, value in enumerate(content):
        kind = value["type"]
        if kind == "tool_use":
            whole = orjson.dumps(value["input"]).decode() if value["input"] else ""
            events.append(block({**value, "input": {}}, index))
            name = "partial_json"
            kind = "input_json"
        else:
            name = "data" if kind == "redacted_thinking" else kind
            whole = value[name]
            begun = value if name == "data" else {**value, name: ""}
            events.append(block(begun, index))
        if name != "data":
            pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
            events += [delta({"type": f"{kind}_delta", name: p}, index) for p in pieces]
        events += [{"type": "ping"}, close(index)]
    return [*events, end(reason), STOP]


def with_values(completion: dict[str, Any]) -> dict[str, Any]:
    """Replace the text of arguments by what it means."""
    for made in completion["choices"][0]["message"].get("tool_calls", ()):
        made["function"]["arguments"] = orjson.loads(made["function"]["arguments"])
    return completion


class WholeTests(SynchronousTestCase):
    """A stream tells what the whole answer does."""

    @given(st.lists(_blocks, max_size=4), _reasons, st.integers(1, 5))
    def test_same(self, content: list[dict[str, Any]], reason: str, size: int) -> None:
        """The chunks of an answer in pieces, put together, are the answer translated whole."""
        assembler = Assembler()
        for found in SSEParser().feed(feed(*cut(content, reason, size))):
            if found.data is not None and found != DONE:
                assembler.add(found.data)
        whole = translate_answer(message(*content, stop_reason=reason), 17)
        self.assertEqual(
            with_values(orjson.loads(assembler.answer())), with_values(orjson.loads(whole))
        )
