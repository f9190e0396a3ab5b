"""Each fault of the echo provider, as the ``openai`` package sees it, plain and streamed.

The providers' limits of time are short here, so that faults of time take no time. What such a
stream looks like byte by byte is judged as well: a failed one never says ``[DONE]``.
"""

from typing import Any, ClassVar

from openai import (
    APIError,
    APIStatusError,
    BadRequestError,
    InternalServerError,
    OpenAI,
    RateLimitError,
)
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam

from tests.acceptance.gateway import KEY, PROMPT, STANDARD, Configuration, GatewayTestCase
from tests.acceptance.raw_client import RawConnection, chat_body, post
from tests.acceptance.test_openai_sync import text_of

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": PROMPT}]
SAID = f"Echo: {PROMPT}"


class FaultTestCase(GatewayTestCase):
    """Tests that ask for faults."""

    def setUp(self) -> None:
        super().setUp()
        self.client = OpenAI(base_url=self.gateway.base_url, api_key=KEY, max_retries=0)
        self.addCleanup(self.client.close)

    def plain(self, model: str) -> ChatCompletion:
        """Make a plain call."""
        return self.client.chat.completions.create(model=model, messages=MESSAGES)

    def stream(self, model: str) -> list[ChatCompletionChunk]:
        """Make a streamed call and read all of it."""
        with self.client.chat.completions.create(
            model=model, messages=MESSAGES, stream=True
        ) as stream:
            return list(stream)


class RefusedTests(FaultTestCase):
    """Faults that are there before the first byte: plain and streamed calls get the same status."""

    def refused(
        self, model: str, kind: type[APIStatusError], status: int, code: str
    ) -> APIStatusError:
        """Assert what both calls raise; return the streamed one's exception."""
        for ask in (self.plain, self.stream):
            with self.assertRaises(APIStatusError) as raised:
                ask(model)
            error: APIStatusError = raised.exception
            self.assertIs(type(error), kind)
            self.assertEqual((error.status_code, error.code), (status, code))
            self.assertEqual(error.response.headers["content-type"], "application/json")
        return error

    def test_error_400(self) -> None:
        """A provider that blames the request is believed, and its call is not repeated."""
        error = self.refused("echo/error-400", BadRequestError, 400, "provider_invalid_request")
        self.assertEqual(error.response.headers["x-should-retry"], "false")

    def test_error_401(self) -> None:
        """A provider that refuses the gateway's credential is no fault of the client's."""
        self.refused("echo/error-401", InternalServerError, 502, "provider_auth_failed")

    def test_error_429(self) -> None:
        """A provider's rate limit is told with when it is over."""
        error = self.refused("echo/error-429:7", RateLimitError, 429, "provider_quota_exceeded")
        self.assertEqual(error.response.headers["retry-after"], "7")

    def test_error_500(self) -> None:
        """A provider that fails is a bad gateway's provider."""
        error = self.refused("echo/error-500", InternalServerError, 502, "provider_error")
        self.assertEqual(error.type, "provider_error")
        self.assertEqual(error.response.json()["detail"]["errors"], [{"message": "backend_error"}])

    def test_error_503(self) -> None:
        """A provider that is overloaded is one that fails."""
        self.refused("echo/error-503", InternalServerError, 502, "provider_error")

    def test_reset(self) -> None:
        """A connection that breaks before the head is told as a provider that is not there."""
        error = self.refused("echo/reset", InternalServerError, 502, "provider_unavailable")
        self.assertEqual(
            error.response.json()["detail"]["errors"], [{"message": "backend_unavailable"}]
        )

    def test_html(self) -> None:
        """A page in place of an answer is no answer."""
        self.refused("echo/html", InternalServerError, 502, "provider_error")

    def test_silent(self) -> None:
        """Silence ends with the limit of time, which the message names."""
        error = self.refused("hasty/silent", InternalServerError, 504, "request_timeout")
        self.assertIn("first_byte", error.message)
        self.assertEqual(
            error.response.json()["detail"]["errors"], [{"message": "gateway_timeout"}]
        )

    def test_unknown_fault(self) -> None:
        """A fault that does not exist is a mistake of the client's."""
        error = self.refused("echo/nonsense", BadRequestError, 400, "provider_invalid_request")
        self.assertEqual(error.param, "model")

    def test_bad_seconds(self) -> None:
        """Seconds that are no number are a mistake of the client's."""
        self.refused("echo/slow:soon", BadRequestError, 400, "provider_invalid_request")


class PlainTests(FaultTestCase):
    """Faults that a plain call meets in another way than a streamed one."""

    def failed(self, model: str, status: int, code: str) -> None:
        """Assert what a plain call raises."""
        with self.assertRaises(InternalServerError) as raised:
            self.plain(model)
        self.assertEqual((raised.exception.status_code, raised.exception.code), (status, code))

    def test_cut(self) -> None:
        """A connection that breaks is told as a provider that is not there."""
        self.failed("echo/cut", 502, "provider_unavailable")

    def test_stall(self) -> None:
        """Silence ends with the limit of time."""
        self.failed("hasty/stall", 504, "request_timeout")

    def test_malformed(self) -> None:
        """JSON that ends in the middle is no answer."""
        self.failed("echo/malformed", 502, "provider_error")

    def test_error_event(self) -> None:
        """An error with the status 200 is an error."""
        self.failed("echo/error-event", 502, "provider_error")

    def test_huge(self) -> None:
        """An answer that is too large to be held is refused."""
        self.failed("echo/huge", 502, "provider_error")

    def test_no_usage(self) -> None:
        """An answer without usage is an answer."""
        answer = self.plain("echo/no-usage")
        self.assertEqual((answer.choices[0].message.content, answer.usage), (SAID, None))

    def test_late(self) -> None:
        """What comes late or slowly is an answer, and so is what ends without [DONE]."""
        for model in ("echo/slow-first-token:0.05", "echo/slow:0.01", "echo/no-done"):
            self.assertEqual(self.plain(model).choices[0].message.content, SAID)


class BrokenStreamTests(FaultTestCase):
    """Faults in the middle of a stream: the package raises after what was said before."""

    def broken(self, model: str, code: str, verdict: str) -> None:
        """Assert that a stream says two tokens and fails, without an end that looks like one."""
        chunks = []
        with (
            self.assertRaises(APIError) as raised,
            self.client.chat.completions.create(
                model=model, messages=MESSAGES, stream=True
            ) as stream,
        ):
            for chunk in stream:
                chunks.append(chunk)
        self.assertIs(type(raised.exception), APIError)
        self.assertEqual(raised.exception.code, code)
        self.assertEqual(text_of(chunks), "Echo:")

        request_id = "broken-" + model.replace("/", "-")
        with RawConnection(self.gateway.address) as client:
            client.send(post(chat_body(model, stream=True), f"X-Request-ID: {request_id}"))
            wire = client.rest()
        *_, last = wire.split(b"\n\n")[:-1]
        self.assertIn(b'event: error\ndata: {"error":{"message":', last)
        self.assertNotIn(b"[DONE]", wire)
        self.assertNotIn(b"\r\n0\r\n\r\n", wire)
        self.assertEqual(self.gateway.call(request_id)["verdict"], verdict)

    def test_cut(self) -> None:
        """A connection that breaks ends the stream with an error."""
        self.broken("echo/cut", "provider_unavailable", "provider_error")

    def test_stall(self) -> None:
        """Silence ends the stream with an error when the idle limit is over."""
        self.broken("hasty/stall", "request_timeout", "idle_timeout")

    def test_error_event(self) -> None:
        """An error that the provider reports is passed on as ours."""
        self.broken("echo/error-event", "provider_error", "provider_error")

    def test_huge(self) -> None:
        """An event that is too large to be held ends the stream with an error."""
        self.broken("echo/huge", "provider_error", "provider_error")


class GoodStreamTests(FaultTestCase):
    """Faults that are no failures: the stream is complete."""

    def complete(self, model: str) -> dict[str, Any]:
        """Assert that a stream says everything and [DONE]; return its line in the log."""
        self.assertEqual(text_of(self.stream(model)), SAID)
        request_id = "complete-" + model.replace("/", "-").replace(":", "-")
        with RawConnection(self.gateway.address) as client:
            client.send(post(chat_body(model, stream=True), f"X-Request-ID: {request_id}"))
            answer = client.answer()
        self.assertTrue(answer.body.endswith(b"\n\ndata: [DONE]\n\n"), answer.body[-80:])
        self.assertEqual(answer.body.count(b"[DONE]"), 1)
        record = self.gateway.call(request_id)
        self.assertEqual(record["verdict"], "complete")
        return record

    def test_malformed(self) -> None:
        """A broken event is left out and counted."""
        self.assertEqual(self.complete("echo/malformed")["dropped_events"], 1)

    def test_no_done(self) -> None:
        """A stream whose choices are all finished is complete without the provider's [DONE]."""
        self.complete("echo/no-done")

    def test_no_usage(self) -> None:
        """Usage that the provider keeps to itself is estimated for the log, and only for it."""
        self.assertEqual(self.complete("echo/no-usage")["usage_source"], "estimated")
        self.assertEqual({chunk.usage for chunk in self.stream("echo/no-usage")}, {None})

    def test_slow(self) -> None:
        """Slow tokens are tokens."""
        self.complete("echo/slow:0.02")

    def test_slow_first_token(self) -> None:
        """The log tells how long the first token took."""
        self.assertGreaterEqual(self.complete("echo/slow-first-token:0.1")["ttft_ms"], 100)


class EarlyHeadTests(FaultTestCase):
    """Streams whose head left before anything was known: there, every failure is an event."""

    configuration: ClassVar[Configuration] = {
        **STANDARD,
        "server": {"keepalive_interval": "50ms"},
    }

    def test_silent(self) -> None:
        """Silence that ends with the limit of time is told in the stream."""
        with self.assertRaises(APIError) as raised:
            self.stream("hasty/silent")
        self.assertIs(type(raised.exception), APIError)
        self.assertEqual(raised.exception.code, "request_timeout")

    def test_slow_first_token(self) -> None:
        """Comments do not disturb the package, and the answer is complete."""
        self.assertEqual(text_of(self.stream("echo/slow-first-token:0.2")), SAID)
