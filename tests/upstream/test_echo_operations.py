"""The echo provider, asked for text completions and embeddings: good answers and faults."""

import orjson
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.exchange import Attempt, Call, ProviderReply
from inference_gateway.provider_errors import (
    ProviderInvalidAnswer,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from inference_gateway.upstream.echo import EchoProvider
from inference_gateway.wire.chat import parse_chat
from inference_gateway.wire.completions import parse_completion
from inference_gateway.wire.embeddings import parse_embeddings
from inference_gateway.wire.inspect import Kind
from inference_gateway.wire.inspect_text import TextInspector, inspect_text
from inference_gateway.wire.operations import EMBEDDINGS, OPERATIONS
from inference_gateway.wire.relayed import parse_relayed
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.sse import SSEParser
from tests.upstream.recording import RecordingSink


def completion(model: str = "echo", **fields: object) -> ModelRequest:
    """Return a request for a text completion."""
    return parse_completion(orjson.dumps({"model": model, "prompt": "hi", **fields}))


def embeddings(model: str = "echo", **fields: object) -> ModelRequest:
    """Return a request for embeddings."""
    return parse_embeddings(orjson.dumps({"model": model, "input": ["a", "b"], **fields}))


class EchoTestCase(SynchronousTestCase):
    """A provider on a clock of its own."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.provider = EchoProvider("echo", self.clock, lambda: 1700000000.9)
        self.sink = RecordingSink()

    def tearDown(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def send(self, request: ModelRequest) -> "Deferred[ProviderReply]":
        """Send ``request``."""
        call = Call(id="r-1", received=0.0, method="POST", path="/", request=request)
        attempt = Attempt(provider="echo", model=request.model, started=0.0, stream=request.stream)
        return Deferred.fromCoroutine(self.provider.send(call, attempt))

    def read(self, request: ModelRequest) -> bytes:
        """Return what comes without waiting."""
        body = self.successResultOf(self.send(request)).body
        if isinstance(body, bytes):
            return body
        body.start(self.sink)
        self.clock.advance(0)
        return self.sink.data


class CompletionTests(EchoTestCase):
    """Text completions."""

    def kinds(self, data: bytes) -> list[Kind]:
        """Return what each event in ``data`` is."""
        inspector = TextInspector()
        return [inspector.inspect(event) for event in SSEParser().feed(data)]

    def test_plain(self) -> None:
        """A plain call gets a whole JSON answer that names the call, the time and the model."""
        answer = orjson.loads(self.read(completion("my-model")))
        self.assertEqual(answer["choices"][0]["text"], "Echo: hi")
        self.assertEqual(
            (answer["id"], answer["created"], answer["model"]),
            ("cmpl-r-1", 1700000000, "my-model"),
        )

    def test_streamed(self) -> None:
        """A stream tells the text, its end and its usage, and is done."""
        self.assertEqual(
            self.kinds(self.read(completion(stream=True))),
            [*[Kind.CONTENT] * 3, Kind.FINISH, Kind.USAGE, Kind.DONE],
        )
        self.assertEqual(self.sink.results, [None])

    def test_slow_streamed(self) -> None:
        """``slow-first-token`` sends the head at once, and nothing before the content."""
        self.assertEqual(self.read(completion("echo/slow-first-token:2", stream=True)), b"")
        self.assertEqual(self.sink.deliveries, [])
        self.clock.advance(2)
        self.assertEqual(len(self.kinds(self.sink.data)), 6)

    def test_slow_plain(self) -> None:
        """``slow`` keeps a plain answer back as long as its stream would take."""
        sent = self.send(completion("echo/slow:2", prompt=["hi", "there you"], n=2))
        self.clock.advance(7.9)
        self.assertNoResult(sent)
        self.clock.advance(0.1)
        self.assertEqual(self.successResultOf(sent).status, 200)

    def test_cut(self) -> None:
        """``cut`` breaks the connection after some content, or before the head."""
        data = self.read(completion("echo/cut", stream=True))
        self.assertEqual(self.kinds(data), [Kind.CONTENT, Kind.CONTENT])
        self.assertIsInstance(self.sink.results[0], ProviderUnavailable)
        self.failureResultOf(self.send(completion("echo/cut")), ProviderUnavailable)

    def test_malformed(self) -> None:
        """``malformed`` puts one broken event among good ones, or cuts the JSON."""
        kinds = self.kinds(self.read(completion("echo/malformed", stream=True)))
        self.assertEqual(kinds.count(Kind.MALFORMED), 1)
        self.assertEqual(kinds.count(Kind.CONTENT), 3)
        body = self.read(completion("echo/malformed"))
        self.assertRaises(ProviderInvalidAnswer, inspect_text, body)

    def test_no_usage(self) -> None:
        """``no-usage`` leaves the usage out."""
        self.assertIsNone(inspect_text(self.read(completion("echo/no-usage"))).usage)
        self.assertNotIn(
            Kind.USAGE, self.kinds(self.read(completion("echo/no-usage", stream=True)))
        )

    def test_huge(self) -> None:
        """``huge`` sends one event that is larger than the gateway takes."""
        data = self.read(completion("echo/huge", stream=True))
        self.assertRaises(ProviderInvalidAnswer, SSEParser().feed, data)

    def test_too_much(self) -> None:
        """More choices than are good for the process are refused."""
        self.failureResultOf(self.send(completion(prompt=["a"] * 17, n=128)), ProviderRejected)


class EmbeddingsTests(EchoTestCase):
    """Embeddings."""

    def inspect(self, body: bytes) -> tuple[int, int] | None:
        """Return the usage in a good answer."""
        return EMBEDDINGS.inspect_answer(body).usage

    def test_answer(self) -> None:
        """A call gets a vector for each text, and the model's name."""
        answer = orjson.loads(self.read(embeddings("my-model")))
        self.assertEqual((len(answer["data"]), answer["model"]), (2, "my-model"))

    def test_refusals(self) -> None:
        """Faults that come instead of an answer come here as well."""
        for model, kind in (
            ("echo/error-429", ProviderRateLimited),
            ("echo/cut", ProviderUnavailable),
            ("echo/no-such-fault", ProviderRejected),
        ):
            self.failureResultOf(self.send(embeddings(model)), kind)

    def test_slow(self) -> None:
        """``slow`` takes its seconds for each vector."""
        sent = self.send(embeddings("echo/slow:2"))
        self.clock.advance(3.9)
        self.assertNoResult(sent)
        self.clock.advance(0.1)
        self.assertIsNotNone(self.successResultOf(sent))

    def test_broken(self) -> None:
        """Answers that are broken, report an error, or are no JSON are no answers."""
        for fault in ("malformed", "error-event", "html"):
            body = self.read(embeddings(f"echo/{fault}"))
            self.assertRaises(ProviderInvalidAnswer, self.inspect, body)

    def test_usage(self) -> None:
        """``no-usage`` leaves the usage out, and no other answer does."""
        self.assertIsNotNone(self.inspect(self.read(embeddings("echo/no-done"))))
        self.assertIsNone(self.inspect(self.read(embeddings("echo/no-usage"))))

    def test_huge(self) -> None:
        """``huge`` answers with more than the gateway takes, and it is JSON."""
        body = self.read(embeddings("echo/huge"))
        self.assertGreater(len(body), 33 * 1024 * 1024)
        self.assertEqual(len(orjson.loads(body)["data"]), 1)


class ProviderTests(EchoTestCase):
    """What the provider is asked for."""

    def test_endpoints(self) -> None:
        """It has three kinds of calls, and refuses to guess what another means."""
        self.assertEqual(self.provider.endpoints, {"chat", "completions", "embeddings"})
        request = parse_relayed(b'{"model":"echo"}', OPERATIONS["rerank"])
        self.failureResultOf(self.send(request), ValueError)

    def test_plain_as_stream(self) -> None:
        """Plain calls ride on streams where the operator wants it and there are any."""
        always = EchoProvider("echo", self.clock, lambda: 0.0, always_streams=True)
        chat = parse_chat(b'{"model":"echo","messages":[{"role":"user","content":"hi"}]}')
        self.assertEqual(
            [always.rides_on_stream(asked) for asked in (chat, completion(), embeddings())],
            [True, True, False],
        )
        self.assertFalse(self.provider.rides_on_stream(completion()))

    def test_keeps_nothing(self) -> None:
        """Nothing that was answered before can be asked for."""
        call = Call(id="r-1", received=0.0, method="GET", path="/v1/responses/resp_1")
        attempt = Attempt(provider="echo", model="echo", started=0.0)
        asked = self.provider.ask(call, attempt, b"GET", b"/responses/resp_1")
        error = self.failureResultOf(Deferred.fromCoroutine(asked), ProviderRejected).value
        self.assertEqual(error.status, 404)
