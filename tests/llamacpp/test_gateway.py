"""A real gateway in front of a real llama.cpp: what clients get through it, and what it leaves."""

import json

from openai import BadRequestError, OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionMessageFunctionToolCall

from tests.acceptance.gateway import KEY, STANDARD, Configuration, GatewayTestCase, eventually
from tests.acceptance.gateway import shared as shared_gateway
from tests.acceptance.raw_client import RawConnection, post
from tests.llamacpp.bodies import (
    ENDLESS,
    MODEL,
    PLAIN,
    REASONING,
    SCHEMA,
    SEVERAL,
    SHORT,
    TOO_LONG,
    TOOLS_ONLY,
    Body,
    streamed,
)
from tests.llamacpp.recorded import Recorded, normalised, record
from tests.llamacpp.server import LlamaServer, shared

#: Seconds after which llama.cpp has noticed that nobody wants the answer any more.
SOON = 0.5
AUTHORIZED = {"Authorization": f"Bearer {KEY}"}


def configuration(llama: LlamaServer) -> Configuration:
    """Return what the gateway's file says when it has this server behind it."""
    return {
        "providers": [
            {
                "id": "llama",
                "type": "llamacpp",
                "base_url": llama.base_url,
                "models": {MODEL: MODEL, "renamed": MODEL},
            }
        ],
        "middleware": STANDARD["middleware"],
    }


class LlamaGatewayTestCase(GatewayTestCase):
    """Tests of a gateway with llama.cpp behind it, which none may leave working."""

    def setUp(self) -> None:
        self.llama = shared()
        self.gateway = shared_gateway(configuration(self.llama))

    def tearDown(self) -> None:
        self.assertIdle(5.0)
        super().tearDown()

    def assertIdle(self, within: float = SOON) -> None:
        """Assert that llama.cpp works on nothing, ``within`` so many seconds."""
        self.assertTrue(eventually(lambda: not self.llama.busy(), within=within), "still working")

    def direct(self, body: Body) -> Recorded:
        """Return llama.cpp's own answer."""
        return record(self.llama.address, body)

    def through(self, body: Body) -> Recorded:
        """Return the answer through the gateway."""
        return record(self.gateway.address, body, AUTHORIZED)


class PackageTests(LlamaGatewayTestCase):
    """What users of the ``openai`` package get."""

    def setUp(self) -> None:
        super().setUp()
        self.client = OpenAI(base_url=self.gateway.base_url, api_key=KEY, max_retries=0)
        self.addCleanup(self.client.close)

    def ask(self, body: Body) -> ChatCompletion:
        """Return the package's reading of the plain answer."""
        return self.client.post("/chat/completions", body=dict(body), cast_to=ChatCompletion)

    def test_chat(self) -> None:
        """A plain call is answered with text, its end and its usage."""
        answer = self.ask(PLAIN)
        (choice,) = answer.choices
        self.assertEqual((answer.object, choice.finish_reason), ("chat.completion", "stop"))
        self.assertTrue(choice.message.content)
        assert answer.usage is not None
        self.assertGreater(answer.usage.completion_tokens, 0)

    def test_stream(self) -> None:
        """A stream says what the plain answer says; its usage comes last, as it was asked for."""
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

    def test_several(self) -> None:
        """As many choices come as were asked for."""
        first, second = self.ask(SEVERAL).choices
        self.assertNotEqual(first.message.content, second.message.content)

    def test_reasoning(self) -> None:
        """What the model thinks arrives."""
        message = self.ask(REASONING).choices[0].message
        assert message.model_extra is not None
        self.assertTrue(message.model_extra["reasoning_content"])

    def test_tools(self) -> None:
        """Tool calls arrive with whole arguments."""
        (choice,) = self.ask(TOOLS_ONLY).choices
        self.assertEqual(choice.finish_reason, "tool_calls")
        for call in choice.message.tool_calls or ():
            assert isinstance(call, ChatCompletionMessageFunctionToolCall)
            self.assertEqual(call.function.name, "forecast")
            self.assertEqual(set(json.loads(call.function.arguments)), {"city", "days"})

    def test_schema(self) -> None:
        """An answer is as its schema describes it."""
        content = json.loads(self.ask(SCHEMA).choices[0].message.content or "")
        self.assertEqual([type(content[name]) for name in ("city", "days")], [str, int])

    def test_renamed(self) -> None:
        """A public name that stands for the model is the name in the answer."""
        self.assertEqual(self.ask({**PLAIN, "model": "renamed"}).model, "renamed")

    def test_too_long(self) -> None:
        """A prompt that does not fit is the client's mistake, in llama.cpp's own words."""
        for body in (TOO_LONG, streamed(TOO_LONG, usage=True)):
            error = self.assertRaises(BadRequestError, self.ask, body)
            self.assertIn("context size (8192 tokens)", error.message)
            self.assertEqual(
                (error.type, error.code), ("invalid_request_error", "provider_invalid_request")
            )


class SameTests(LlamaGatewayTestCase):
    """What comes through the gateway is what llama.cpp says."""

    def test_plain_answers(self) -> None:
        """Plain answers are those of llama.cpp, though the gateway asks for streams."""
        for name, body in SHORT.items():
            direct, through = self.direct(body), self.through(body)
            self.assertEqual((through.status, through.media_type), (200, "application/json"), name)
            self.assertEqual(
                json.loads(normalised(through.body)), json.loads(normalised(direct.body)), name
            )

    def test_streams(self) -> None:
        """Streams are those of llama.cpp, byte for byte; usage that nobody asked for is hidden."""
        self.assertSameStreams(usage=False)

    def test_streams_with_usage(self) -> None:
        """Streams with usage are those of llama.cpp, byte for byte."""
        self.assertSameStreams(usage=True)

    def assertSameStreams(self, *, usage: bool) -> None:
        """Assert that every stream is the same on both ways; choices may interleave in any way."""
        for name, body in SHORT.items():
            streams = []
            for ask in (self.direct, self.through):
                answer = ask(streamed(body, usage=usage))
                self.assertEqual((answer.status, answer.media_type), (200, "text/event-stream"))
                chunks = [normalised(chunk) for chunk in answer.chunks()]
                streams.append(sorted(chunks) if "n" in body else chunks)
            self.assertEqual(streams[1], streams[0], name)


class LeavingTests(LlamaGatewayTestCase):
    """Clients that leave before the end: llama.cpp stops working for them."""

    def begin(self, body: Body, request_id: str) -> RawConnection:
        """Return a connection on which a call was made; it is closed with the test."""
        client = RawConnection(self.gateway.address)
        self.addCleanup(client.close)
        client.send(post(json.dumps(dict(body)).encode(), f"X-Request-ID: {request_id}"))
        return client

    def assertLeft(self, client: RawConnection, request_id: str) -> None:
        """Assert that the end of the connection ends the work as well."""
        self.assertTrue(eventually(self.llama.busy), "it never worked")
        client.close()
        self.assertIdle()
        self.assertEqual(self.gateway.call(request_id)["verdict"], "client_gone")

    def test_plain(self) -> None:
        """A client that leaves a plain call leaves nothing behind."""
        self.assertLeft(self.begin(ENDLESS, "left-plain"), "left-plain")

    def test_stream(self) -> None:
        """A client that leaves a stream in its middle leaves nothing behind."""
        client = self.begin(streamed(ENDLESS, usage=False), "left-stream")
        for _ in range(50):
            client.until(b'"content":" ')
        self.assertLeft(client, "left-stream")

    def test_reading_slowly(self) -> None:
        """A client that leaves without having read anything leaves nothing behind."""
        client = self.begin(streamed(ENDLESS, usage=True), "left-unread")
        self.assertLeft(client, "left-unread")

    def test_several(self) -> None:
        """A client that leaves a call for several choices ends the work on all of them."""
        self.assertLeft(self.begin({**ENDLESS, "n": 2}, "left-several"), "left-several")
