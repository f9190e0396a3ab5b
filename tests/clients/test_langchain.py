"""``langchain-openai`` in front of a provider that speaks OpenAI's API."""

from typing import Any

import openai
import tiktoken
import tiktoken.registry
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.tool import tool_call
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr

from tests.acceptance.gateway import KEY, PROMPT
from tests.clients.chat_answers import FORECAST, SAID
from tests.clients.route_answers import vector
from tests.clients.surface import SurfaceTestCase

#: Every byte is a token: the real encodings are downloaded when they are first used.
BYTES = tiktoken.Encoding(
    "bytes",
    pat_str=r"(?s:.)",
    mergeable_ranks={bytes([byte]): byte for byte in range(256)},
    special_tokens={},
)


class Forecast(BaseModel):
    """What an answer is parsed into."""

    city: str
    days: int


def forecast(city: str) -> str:
    """Foretell the weather."""
    return city


class LangChainTestCase(SurfaceTestCase):
    """Tests with clients that try once."""

    def setUp(self) -> None:
        super().setUp()
        self.options: dict[str, Any] = {
            "base_url": self.gateway.base_url,
            "api_key": SecretStr(KEY),
            "max_retries": 0,
        }


class ChatTests(LangChainTestCase):
    """Chat models."""

    def chat(self, model: str, **options: Any) -> ChatOpenAI:
        """Return a chat model."""
        return ChatOpenAI(model=model, **self.options, **options)

    def joined(self, chunks: list[Any]) -> AIMessageChunk:
        """Return the chunks of a stream added up."""
        whole: AIMessageChunk = chunks[0]
        for chunk in chunks[1:]:
            whole += chunk
        return whole

    def assertUsage(self, message: BaseMessage) -> None:
        """Assert that the message tells what it cost, with details."""
        assert isinstance(message, AIMessage)
        usage = message.usage_metadata
        assert usage is not None
        self.assertEqual((usage["input_tokens"], usage["output_tokens"]), (12, 5))
        self.assertIn(8, usage["input_token_details"].values())
        self.assertIn(2, usage["output_token_details"].values())

    def test_invoke(self) -> None:
        """An answer arrives with its text and its usage."""
        message = self.chat("gpt-full", temperature=0.5).invoke(
            [("system", "Be brief."), HumanMessage(PROMPT)]
        )
        self.assertEqual(message.content, SAID)
        self.assertUsage(message)
        self.assertEqual(self.exchange().body["temperature"], 0.5)

    def test_stream(self) -> None:
        """A stream arrives in pieces that add up, with its usage."""
        chunks = list(self.chat("gpt-full", stream_usage=True).stream(PROMPT))
        self.assertGreater(len(chunks), len(SAID))
        whole = self.joined(chunks)
        self.assertEqual(whole.content, SAID)
        self.assertUsage(whole)

    def test_batch(self) -> None:
        """Several calls at once are answered each for itself."""
        model = self.chat("gpt-any")
        messages = model.batch([f"{PROMPT} {number}" for number in range(8)])
        self.assertEqual(
            [message.content for message in messages], [f"{PROMPT} {number}" for number in range(8)]
        )

    def test_tools(self) -> None:
        """Calls of tools arrive, plain and added up from a stream."""
        model = self.chat("gpt-tools").bind_tools([forecast])
        calls = [
            tool_call(name="forecast", args={"city": city}, id=f"call_{number}")
            for number, city in enumerate(("北京", "Zürich"))
        ]
        plain = model.invoke(PROMPT)
        self.assertEqual(plain.tool_calls, calls)
        self.assertEqual(self.joined(list(model.stream(PROMPT))).tool_calls, calls)

    def test_structured_output(self) -> None:
        """An answer is parsed into the form that was described."""
        model = self.chat("gpt-schema").with_structured_output(Forecast)
        self.assertEqual(model.invoke(PROMPT), Forecast.model_validate(FORECAST))
        self.assertEqual(self.exchange().body["response_format"]["type"], "json_schema")

    def test_responses(self) -> None:
        """The Responses API serves the same chat models."""
        message = self.chat("gpt-full", use_responses_api=True).invoke(PROMPT)
        self.assertEqual(message.text, SAID)
        self.assertEqual(self.exchange().line.split()[1], "/v1/responses")

    def test_anthropic(self) -> None:
        """A provider that speaks another API serves them, too."""
        model = self.chat("claude-tools", stream_usage=True).bind_tools([forecast])
        whole = self.joined(list(model.stream(PROMPT)))
        self.assertEqual(whole.content, "Wait.")
        self.assertEqual(
            [call["args"] for call in whole.tool_calls], [{"city": "北京"}, {"city": "Zürich"}]
        )
        assert whole.usage_metadata is not None
        self.assertEqual(whole.usage_metadata["total_tokens"], 23)

    def test_mistake(self) -> None:
        """What the gateway refuses is raised as OpenAI's own refusals are."""
        model = self.chat("gpt-full", temperature=3)
        error = self.assertRaises(openai.BadRequestError, model.invoke, PROMPT)
        self.assertEqual(error.param, "temperature")


class OtherTests(LangChainTestCase):
    """Embeddings and text completions."""

    def test_embeddings(self) -> None:
        """Texts are sent as lists of tokens."""
        self.patch(tiktoken.registry, "ENCODINGS", {"cl100k_base": BYTES})
        embeddings = OpenAIEmbeddings(model="text-vectors", **self.options)
        self.assertEqual(embeddings.embed_documents([PROMPT, "看"]), [vector(0, 3), vector(1, 3)])
        self.assertEqual(
            self.exchange().body["input"], [list(PROMPT.encode()), list("看".encode())]
        )

    def test_embeddings_of_text(self) -> None:
        """Texts are sent as texts where the model's tokens are not known."""
        embeddings = OpenAIEmbeddings(
            model="text-vectors", check_embedding_ctx_length=False, dimensions=2, **self.options
        )
        self.assertEqual(embeddings.embed_query(PROMPT), vector(0, 2))
        self.assertEqual(self.exchange().body["input"], [PROMPT])

    def test_completions(self) -> None:
        """A text is completed."""
        self.assertEqual(OpenAI(model="text-any", **self.options).invoke(PROMPT), "of 10")

    def test_completions_of_several(self) -> None:
        """Several texts are completed in one call."""
        result = OpenAI(model="text-any", **self.options).generate([PROMPT, "a"])
        self.assertEqual(
            [[one.text for one in each] for each in result.generations], [["of 10"], ["of 1"]]
        )
        self.assertEqual(self.exchange().body["prompt"], [PROMPT, "a"])

    def test_completions_stream(self) -> None:
        """A text is completed piece by piece."""
        pieces = list(OpenAI(model="text-any", **self.options).stream(PROMPT))
        self.assertEqual("".join(pieces), "of 10")
        self.assertGreater(len([piece for piece in pieces if piece]), 1)
