"""What llama.cpp serves besides chat, through a real gateway: other routes, and its own list."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from openai import OpenAI
from openai.types.responses import ResponseTextDeltaEvent

from tests.acceptance.gateway import KEY, STANDARD, Configuration, eventually
from tests.acceptance.gateway import shared as shared_gateway
from tests.acceptance.raw_client import AUTH, RawConnection, head
from tests.llamacpp.bodies import MODEL, Body
from tests.llamacpp.recorded import Recorded, normalised, record
from tests.llamacpp.server import LlamaServer
from tests.llamacpp.test_gateway import AUTHORIZED, LlamaGatewayTestCase
from tests.llamacpp.vocabulary import NUMBERS, SAID

COMPLETION: Body = MappingProxyType(
    # behind a line end the model begins to speak
    {"model": MODEL, "prompt": "a\n", "seed": 5, "max_tokens": 100, "cache_prompt": False}
)
COMPLETIONS: Mapping[str, Body] = MappingProxyType(
    {
        "plain": COMPLETION,
        "cut off": {**COMPLETION, "max_tokens": 3},
        "several choices": {**COMPLETION, "n": 2},
        "several prompts": {**COMPLETION, "prompt": ["a\n", "b\n"]},
        "tokens": {**COMPLETION, "prompt": [NUMBERS["a"], NUMBERS["\n"]]},
        "logprobs": {**COMPLETION, "logprobs": 2, "max_tokens": 3},
        "stop": {**COMPLETION, "stop": ["."]},
    }
)
ENDLESS: Body = MappingProxyType(
    {**COMPLETION, "max_tokens": None, "logit_bias": {str(NUMBERS["."]): -100}}
)


class SurfaceTestCase(LlamaGatewayTestCase):
    """Tests with a client of the package, and calls whose answers are compared."""

    def setUp(self) -> None:
        super().setUp()
        self.client = OpenAI(base_url=self.gateway.base_url, api_key=KEY, max_retries=0)
        self.addCleanup(self.client.close)

    def both(self, path: str, body: Body) -> tuple[Recorded, Recorded]:
        """Return llama.cpp's own answer, and the one through the gateway."""
        return (
            record(self.llama.address, body, path=path),
            record(self.gateway.address, body, AUTHORIZED, path=path),
        )

    def assertSame(self, path: str, body: Body, name: str = "") -> Any:
        """Assert that an answer is llama.cpp's own, and return it."""
        direct, through = self.both(path, body)
        self.assertEqual((through.status, through.media_type), (200, "application/json"), name)
        answer = json.loads(normalised(through.body))
        self.assertEqual(answer, json.loads(normalised(direct.body)), name)
        return answer


class CompletionTests(SurfaceTestCase):
    """Text completions."""

    def test_package(self) -> None:
        """The package gets text, its end and its usage, plain and streamed."""
        asked: dict[str, Any] = {"model": MODEL, "prompt": "a\n", "seed": 5, "max_tokens": 100}
        plain = self.client.completions.create(**asked)
        (choice,) = plain.choices
        self.assertEqual(choice.finish_reason, "stop")
        self.assertRegex(choice.text, r"\A( ?\S+)+\.\Z")
        with self.client.completions.create(
            **asked, stream=True, stream_options={"include_usage": True}
        ) as stream:
            chunks = list(stream)
        said = "".join(choice.text for chunk in chunks for choice in chunk.choices)
        self.assertEqual(said, choice.text)
        assert plain.usage is not None
        assert chunks[-1].usage is not None
        self.assertEqual(chunks[-1].usage.total_tokens, plain.usage.total_tokens)

    def test_plain_answers(self) -> None:
        """Plain answers are those of llama.cpp, though the gateway asks for streams."""
        for name, body in COMPLETIONS.items():
            self.assertSame("/v1/completions", body, name)

    def test_streams(self) -> None:
        """Streams are those of llama.cpp, byte for byte; choices may interleave in any way."""
        for name, body in COMPLETIONS.items():
            streams = []
            for answer in self.both("/v1/completions", {**body, "stream": True}):
                self.assertEqual((answer.status, answer.media_type), (200, "text/event-stream"))
                # of several prompts llama.cpp sends it as well, and the gateway drops it
                chunks = [chunk for chunk in answer.chunks() if chunk != b"null"]
                streams.append(sorted(normalised(chunk) for chunk in chunks))
            self.assertEqual(streams[1], streams[0], name)

    def test_left(self) -> None:
        """A client that leaves a plain call leaves nothing behind."""
        body = json.dumps(dict(ENDLESS)).encode()
        client = RawConnection(self.gateway.address)
        self.addCleanup(client.close)
        client.send(
            head(
                "POST /v1/completions HTTP/1.1",
                AUTH,
                "Content-Type: application/json",
                "X-Request-ID: left-completion",
                f"Content-Length: {len(body)}",
            )
            + body
        )
        self.assertTrue(eventually(self.llama.busy), "it never worked")
        client.close()
        self.assertIdle()
        self.assertEqual(self.gateway.call("left-completion")["verdict"], "client_gone")


class EmbeddingsTests(SurfaceTestCase):
    """Embeddings: each token's is one-hot, so a text's tells which tokens it has.

    All inputs of one request have equally many tokens: of others llama.cpp sometimes makes wrong
    vectors, unless its slots share one cache, which would change how long a prompt may be.
    """

    def embed(self, given: Any, **options: Any) -> list[set[int]]:
        """Return the tokens of each input, as its vector tells them."""
        answer = self.client.embeddings.create(model=MODEL, input=given, **options)
        return [{i for i, x in enumerate(found.embedding) if x} for found in answer.data]

    def test_texts(self) -> None:
        """Vectors of texts, in base64 and as numbers."""
        expected = [{NUMBERS["a"], NUMBERS["b"]}, {NUMBERS["c"]}]
        self.assertEqual(self.embed(["ab", "cc"]), expected)
        self.assertEqual(self.embed(["ab", "cc"], encoding_format="float"), expected)

    def test_tokens(self) -> None:
        """Vectors of lists of tokens."""
        apple, moon = NUMBERS[" apple"], NUMBERS[" moon"]
        self.assertEqual(self.embed([[apple, moon], [moon] * 2]), [{apple, moon}, {moon}])

    def test_same(self) -> None:
        """The answer is llama.cpp's own."""
        self.assertSame("/v1/embeddings", {"model": MODEL, "input": ["ab", "cd"]})


class OtherTests(SurfaceTestCase):
    """Routes that are relayed as they are."""

    def test_tokens(self) -> None:
        """Text becomes tokens, and these text, on the routes that llama.cpp has at its root."""
        answer = self.assertSame("/tokenize", {"model": MODEL, "content": "ab"})
        self.assertEqual(answer, {"tokens": [NUMBERS["a"], NUMBERS["b"]]})
        tokens = [NUMBERS[word] for word in SAID]
        answer = self.assertSame("/detokenize", {"model": MODEL, "tokens": tokens})
        self.assertEqual(answer, {"content": "".join(SAID)})

    def test_responses(self) -> None:
        """The Responses API says the same plain and streamed."""
        asked: dict[str, Any] = {
            "model": MODEL,
            "input": "Hi",
            "extra_body": {"seed": 5, "cache_prompt": False},
        }
        plain = self.client.responses.create(**asked)
        with self.client.responses.create(**asked, stream=True) as stream:
            events = list(stream)
        said = [event.delta for event in events if isinstance(event, ResponseTextDeltaEvent)]
        self.assertTrue(plain.output_text)
        self.assertEqual("".join(said), plain.output_text)
        self.assertEqual(events[-1].type, "response.completed")

    def test_messages(self) -> None:
        """Anthropic's API says the same plain and streamed."""
        body = {
            "model": MODEL,
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "Hi"}],
            "temperature": 0,
        }
        direct, through = self.both("/v1/messages", body)
        thinking, text = json.loads(through.body)["content"]
        self.assertEqual([thinking, text], json.loads(direct.body)["content"])
        _, stream = self.both("/v1/messages", {**body, "stream": True})
        lines = stream.body.split(b"\n")
        events = [json.loads(line[6:]) for line in lines if line.startswith(b"data: ")]
        deltas = [event["delta"] for event in events if "delta" in event]
        for name, said in (("thinking", thinking["thinking"]), ("text", text["text"])):
            self.assertEqual("".join(delta.get(name, "") for delta in deltas), said)
        self.assertEqual(events[-1]["type"], "message_stop")


class ModelTests(LlamaGatewayTestCase):
    """Models that are configured, and those that llama.cpp itself lists."""

    def models(self, configuration: Configuration | None = None) -> OpenAI:
        """Return a client of the usual gateway, or of another."""
        gateway = self.gateway if configuration is None else shared_gateway(configuration)
        client = OpenAI(base_url=gateway.base_url, api_key=KEY, max_retries=0)
        self.addCleanup(client.close)
        return client

    def test_configured(self) -> None:
        """Models have the names that the gateway's file gives them."""
        listed = list(self.models().models.list())
        self.assertEqual(
            {(model.id, model.owned_by) for model in listed},
            {(MODEL, "llama"), ("renamed", "llama")},
        )

    def test_discovered(self) -> None:
        """A model that no file names is found, and serves."""
        client = self.models(_discovering(self.llama))
        self.assertTrue(eventually(lambda: bool(list(client.models.list()))), "nothing is listed")
        (model,) = client.models.list()
        self.assertEqual(model.id, MODEL)
        self.assertEqual(client.models.retrieve(MODEL).owned_by, "llama")
        answer = client.completions.create(model=MODEL, prompt="a\n", max_tokens=3)
        self.assertTrue(answer.choices[0].text)


def _discovering(llama: LlamaServer) -> Configuration:
    provider = {"id": "llama", "type": "llamacpp", "base_url": llama.base_url, "discover": True}
    return {"providers": [provider], "middleware": STANDARD["middleware"]}
