"""The unmodified ``openai`` package, without asyncio, against a gateway that serves echo."""

from typing import Any

from openai import NotFoundError, OpenAI
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from tests.acceptance.gateway import KEY, PROMPT, GatewayTestCase

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": f"Say {PROMPT} 你好 🌍"}]
SAID = f"Echo: Say {PROMPT} 你好 🌍"


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    """Return what the chunks of a stream say together."""
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


class SyncTestCase(GatewayTestCase):
    """Tests with a client of the package."""

    def setUp(self) -> None:
        super().setUp()
        self.client = self.connect()

    def connect(self, key: str = KEY, **options: Any) -> OpenAI:
        """Return a client that tries once; it is closed with the test."""
        client = OpenAI(
            base_url=self.gateway.base_url, api_key=key, **{"max_retries": 0, **options}
        )
        self.addCleanup(client.close)
        return client


class ChatTests(SyncTestCase):
    """Answers as a whole."""

    def test_answer(self) -> None:
        """A chat is answered with all that the package reads of an answer."""
        answer = self.client.chat.completions.create(model="echo", messages=MESSAGES)
        self.assertEqual(answer.object, "chat.completion")
        self.assertEqual(answer.model, "echo")
        (choice,) = answer.choices
        self.assertEqual(
            (choice.message.role, choice.message.content, choice.finish_reason),
            ("assistant", SAID, "stop"),
        )

    def test_usage(self) -> None:
        """The answer tells tokens that add up."""
        answer = self.client.chat.completions.create(model="echo", messages=MESSAGES)
        assert answer.usage is not None
        self.assertGreater(answer.usage.prompt_tokens, 0)
        self.assertEqual(
            answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens
        )

    def test_several_choices(self) -> None:
        """``n`` is heard, and ``max_tokens`` ends the answer with its reason."""
        answer = self.client.chat.completions.create(
            model="echo", messages=MESSAGES, n=3, max_tokens=2
        )
        self.assertEqual([choice.index for choice in answer.choices], [0, 1, 2])
        for choice in answer.choices:
            self.assertEqual(choice.finish_reason, "length")
            assert choice.message.content is not None
            self.assertTrue(SAID.startswith(choice.message.content))
            self.assertLess(len(choice.message.content), len(SAID))

    def test_mapped_model(self) -> None:
        """A public name that stands for another one is the name in the answer."""
        answer = self.client.chat.completions.create(model="meta/llama-3", messages=MESSAGES)
        self.assertEqual(answer.model, "meta/llama-3")

    def test_unknown_fields(self) -> None:
        """Fields that the gateway does not know are no reason to refuse a request."""
        answer = self.client.chat.completions.create(
            model="echo",
            messages=MESSAGES,
            verbosity="low",
            extra_body={"of_tomorrow": {"deep": [1, None]}},
        )
        self.assertEqual(answer.choices[0].message.content, SAID)

    def test_parts_and_tools(self) -> None:
        """Content in parts, a conversation with tool calls, and tools are taken."""
        answer = self.client.chat.completions.create(
            model="echo",
            messages=[
                {"role": "developer", "content": "Be brief."},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "look", "arguments": "{}"},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "call_1", "content": "seen"},
                {"role": "user", "content": [{"type": "text", "text": "first"}]},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "last"},
                        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                    ],
                },
            ],
            tools=[{"type": "function", "function": {"name": "look", "parameters": {}}}],
            tool_choice="auto",
            response_format={"type": "json_object"},
        )
        self.assertEqual(answer.choices[0].message.content, "Echo: last")


class StreamTests(SyncTestCase):
    """Answers as streams."""

    def test_stream(self) -> None:
        """The chunks of a stream say the whole text, piece by piece, under one id."""
        with self.client.chat.completions.create(
            model="echo", messages=MESSAGES, stream=True
        ) as stream:
            chunks = list(stream)
        self.assertEqual(text_of(chunks), SAID)
        self.assertEqual(len({chunk.id for chunk in chunks}), 1)
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertEqual(chunks[-1].choices[0].finish_reason, "stop")

    def test_mapped_model(self) -> None:
        """A public name that stands for another one is the name in every chunk."""
        with self.client.chat.completions.create(
            model="meta/llama-3", messages=MESSAGES, stream=True
        ) as stream:
            self.assertEqual({chunk.model for chunk in stream}, {"meta/llama-3"})

    def test_no_usage_unasked(self) -> None:
        """A client that did not ask for usage sees no chunk about it."""
        with self.client.chat.completions.create(
            model="echo", messages=MESSAGES, stream=True
        ) as stream:
            for chunk in stream:
                self.assertEqual((len(chunk.choices), chunk.usage), (1, None))

    def test_usage(self) -> None:
        """A client that asked for usage gets it in one last chunk without choices."""
        with self.client.chat.completions.create(
            model="echo",
            messages=MESSAGES,
            stream=True,
            stream_options={"include_usage": True},
        ) as stream:
            *chunks, last = stream
        self.assertEqual({chunk.usage for chunk in chunks}, {None})
        self.assertEqual(last.choices, [])
        assert last.usage is not None
        self.assertGreater(last.usage.completion_tokens, 0)
        whole = self.client.chat.completions.create(model="echo", messages=MESSAGES)
        self.assertEqual(last.usage, whole.usage)

    def test_package_stream(self) -> None:
        """The package's own gathering of a stream gives the same answer as a plain call."""
        with self.client.chat.completions.stream(model="echo", messages=MESSAGES) as stream:
            answer = stream.get_final_completion()
        self.assertEqual(answer.choices[0].message.content, SAID)

    def test_streaming_response(self) -> None:
        """A streamed answer read as bytes is a stream of events that ends with [DONE]."""
        with self.client.chat.completions.with_streaming_response.create(
            model="echo", messages=MESSAGES, stream=True
        ) as response:
            body = b"".join(response.iter_bytes())
        self.assertEqual(response.headers["content-type"], "text/event-stream; charset=utf-8")
        self.assertEqual(response.headers["cache-control"], "no-cache")
        self.assertEqual(response.headers["x-accel-buffering"], "no")
        self.assertTrue(body.endswith(b"\n\ndata: [DONE]\n\n"), body[-80:])


class RequestIdTests(SyncTestCase):
    """The id by which an answer is found again in the log."""

    def test_echoed(self) -> None:
        """An id that the client gives comes back and is in the log."""
        response = self.client.chat.completions.with_raw_response.create(
            model="echo", messages=MESSAGES, extra_headers={"X-Request-ID": "given.id_1-2"}
        )
        self.assertEqual(response.headers["x-request-id"], "given.id_1-2")
        self.assertEqual(self.gateway.call("given.id_1-2")["status"], 200)

    def test_made(self) -> None:
        """Without one the gateway makes one, which the package shows and the log has."""
        response = self.client.chat.completions.with_raw_response.create(
            model="echo", messages=MESSAGES
        )
        request_id = response.parse()._request_id
        assert request_id is not None
        self.assertEqual(request_id, response.headers["x-request-id"])
        self.assertEqual(self.gateway.call(request_id)["verdict"], "complete")

    def test_replaced(self) -> None:
        """An id that could do harm in a log is replaced, not repaired."""
        response = self.client.chat.completions.with_raw_response.create(
            model="echo", messages=MESSAGES, extra_headers={"X-Request-ID": "no good"}
        )
        self.assertRegex(response.headers["x-request-id"], r"\A[0-9a-f-]{36}\Z")

    def test_log_line(self) -> None:
        """The line of a call says who called what, how it ended and how long it took."""
        response = self.client.chat.completions.with_raw_response.create(
            model="echo", messages=MESSAGES
        )
        record = self.gateway.call(response.headers["x-request-id"])
        told = {
            "key_id": "tester",
            "method": "POST",
            "path": "/v1/chat/completions",
            "status": 200,
            "verdict": "complete",
            "gen_ai.request.model": "echo",
            "gen_ai.provider.name": "echo",
            "usage_source": "upstream",
            "finish_reason": "stop",
        }
        self.assertEqual(told, {name: record.get(name) for name in told})
        self.assertGreater(record["duration_ms"], 0)
        usage = response.parse().usage
        assert usage is not None
        self.assertEqual(record["gen_ai.usage.output_tokens"], usage.completion_tokens)


class ModelTests(SyncTestCase):
    """The list of models."""

    def test_list(self) -> None:
        """Names that stand for one model are listed; patterns and faults are not."""
        listed = {model.id: model.owned_by for model in self.client.models.list()}
        self.assertEqual(listed["echo"], "echo")
        self.assertEqual(listed["meta/llama-3"], "echo")
        self.assertFalse([name for name in listed if "*" in name])

    def test_stable(self) -> None:
        """The list is the same each time, dates included."""
        self.assertEqual(list(self.client.models.list()), list(self.client.models.list()))

    def test_retrieve_with_slash(self) -> None:
        """A model is found by its id, which may contain a slash, escaped by the package or not."""
        model = self.client.models.retrieve("meta/llama-3")
        self.assertEqual(
            (model.id, model.object, model.owned_by), ("meta/llama-3", "model", "echo")
        )

    def test_retrieve_unknown(self) -> None:
        """A model that is not there is not found."""
        with self.assertRaises(NotFoundError) as raised:
            self.client.models.retrieve("meta/llama-4")
        self.assertEqual(raised.exception.code, "model_not_found")
