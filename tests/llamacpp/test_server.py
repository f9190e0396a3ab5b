"""What llama.cpp says by itself, and that our assembling of its streams gives its plain answers."""

import json

from openai import BadRequestError, OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionMessageFunctionToolCall

from inference_gateway.wire.assemble import Assembler
from tests.acceptance.gateway import eventually
from tests.acceptance.raw_client import RawConnection, post
from tests.llamacpp.bodies import (
    CUT_OFF,
    ENDLESS,
    LOGPROBS,
    MODEL,
    NO_CONTENT,
    PLAIN,
    REASONING,
    SCHEMA,
    SEVERAL,
    TOO_LONG,
    TOOLS,
    TOOLS_AND_REASONING,
    TOOLS_ONLY,
    Body,
    streamed,
)
from tests.llamacpp.recorded import normalised, record
from tests.llamacpp.server import LlamaTestCase


class ServerTests(LlamaTestCase):
    """The server is one that the ``openai`` package can use."""

    def setUp(self) -> None:
        super().setUp()
        self.client = OpenAI(base_url=self.llama.base_url, api_key="none", max_retries=0)
        self.addCleanup(self.client.close)

    def ask(self, body: Body) -> ChatCompletion:
        """Return the package's reading of the plain answer."""
        return self.client.post("/chat/completions", body=dict(body), cast_to=ChatCompletion)

    def test_models(self) -> None:
        """The model has the name that the tests call it by."""
        self.assertEqual([model.id for model in self.client.models.list()], [MODEL])

    def test_chat(self) -> None:
        """An answer ends by itself, with words of the model."""
        (choice,) = self.ask(PLAIN).choices
        self.assertEqual(choice.finish_reason, "stop")
        self.assertRegex(choice.message.content or "", r"\A( ?\S+)+\.\Z")

    def test_same_each_time(self) -> None:
        """The same seed gives the same answer, and another seed another one."""
        first, second = self.ask(PLAIN), self.ask(PLAIN)
        other = self.ask({**PLAIN, "seed": 6})
        self.assertEqual(first.choices, second.choices)
        self.assertNotEqual(first.choices, other.choices)

    def test_several(self) -> None:
        """Several choices differ."""
        first, second = self.ask(SEVERAL).choices
        self.assertEqual((first.index, second.index), (0, 1))
        self.assertNotEqual(first.message.content, second.message.content)

    def test_cut_off(self) -> None:
        """An answer that may not go on says so."""
        answer = self.ask(CUT_OFF)
        assert answer.usage is not None
        self.assertEqual(answer.usage.completion_tokens, 1)
        self.assertEqual(answer.choices[0].finish_reason, "length")

    def test_reasoning(self) -> None:
        """What the model thinks is told beside what it says."""
        message = self.ask(REASONING).choices[0].message
        assert message.model_extra is not None
        self.assertTrue(message.model_extra["reasoning_content"])
        self.assertTrue(message.content)

    def test_tools(self) -> None:
        """A call that is demanded is made, with arguments as they were described."""
        (choice,) = self.ask(TOOLS_ONLY).choices
        self.assertEqual((choice.finish_reason, choice.message.content), ("tool_calls", ""))
        assert choice.message.tool_calls
        call = choice.message.tool_calls[0]
        assert isinstance(call, ChatCompletionMessageFunctionToolCall)
        self.assertEqual(call.function.name, "forecast")
        self.assertEqual(set(json.loads(call.function.arguments)), {"city", "days"})

    def test_schema(self) -> None:
        """A described answer is as described."""
        content = json.loads(self.ask(SCHEMA).choices[0].message.content or "")
        self.assertEqual([type(content[name]) for name in ("city", "days")], [str, int])

    def test_stream(self) -> None:
        """A stream says what the plain answer says, and its usage when asked."""
        with self.client.chat.completions.create(
            model=MODEL,
            messages=PLAIN["messages"],
            seed=PLAIN["seed"],
            stream=True,
            stream_options={"include_usage": True},
            extra_body={name: PLAIN[name] for name in ("cache_prompt", "chat_template_kwargs")},
        ) as stream:
            *chunks, last = stream
        whole = self.ask(PLAIN)
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        self.assertEqual(said, whole.choices[0].message.content)
        self.assertEqual((last.choices, last.usage), ([], whole.usage))

    def test_too_long(self) -> None:
        """A prompt that does not fit is refused."""
        error = self.assertRaises(BadRequestError, self.ask, TOO_LONG)
        self.assertEqual(error.type, "exceed_context_size_error")

    def test_endless(self) -> None:
        """A stream that does not end by itself ends soon after its client has left."""
        client = RawConnection(self.llama.address)
        self.addCleanup(client.close)
        client.send(post(json.dumps(dict(streamed(ENDLESS, usage=False))).encode()))
        for _ in range(50):
            client.until(b'"content":" ')
        self.assertTrue(self.llama.busy())
        client.close()
        self.assertTrue(eventually(lambda: not self.llama.busy(), within=0.5))


class AssemblyTests(LlamaTestCase):
    """`Assembler` makes of a stream what the same call without a stream is answered with."""

    def assertAssembled(self, body: Body) -> None:
        """Assert that the stream of ``body`` assembled is its plain answer."""
        plain = record(self.llama.address, body)
        stream = record(self.llama.address, streamed(body, usage=True))
        self.assertEqual((plain.status, stream.status), (200, 200), (plain.body, stream.body))
        assembler = Assembler()
        for chunk in stream.chunks():
            assembler.add(chunk)
        self.assertEqual(
            json.loads(normalised(assembler.answer())), json.loads(normalised(plain.body))
        )

    def test_plain(self) -> None:
        """Text."""
        self.assertAssembled(PLAIN)

    def test_reasoning(self) -> None:
        """Text behind reasoning."""
        self.assertAssembled(REASONING)

    def test_several(self) -> None:
        """Choices whose chunks are interleaved."""
        self.assertAssembled(SEVERAL)

    def test_logprobs(self) -> None:
        """Probabilities."""
        self.assertAssembled(LOGPROBS)

    def test_cut_off(self) -> None:
        """Text that ends where it may not go on."""
        self.assertAssembled(CUT_OFF)

    def test_no_content(self) -> None:
        """Reasoning without text."""
        self.assertAssembled(NO_CONTENT)

    def test_tools(self) -> None:
        """Tool calls behind text."""
        self.assertAssembled(TOOLS)

    def test_tools_only(self) -> None:
        """Tool calls without text."""
        self.assertAssembled(TOOLS_ONLY)

    def test_tools_and_reasoning(self) -> None:
        """Tool calls behind reasoning."""
        self.assertAssembled(TOOLS_AND_REASONING)

    def test_schema(self) -> None:
        """JSON in a text."""
        self.assertAssembled(SCHEMA)
