"""The ``openai`` package with asyncio: many calls at once, and calls that are given up."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from openai import AsyncOpenAI, AuthenticationError, BadRequestError, NotFoundError
from openai.types.chat import ChatCompletionMessageParam

from tests.acceptance.gateway import KEY, PROMPT, GatewayTestCase, eventually

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": f"Say {PROMPT} twice"}]
SAID = f"Echo: Say {PROMPT} twice"
STREAMS = 200


async def streamed(client: AsyncOpenAI, model: str = "echo") -> str:
    """Return what a streamed answer says, read to its end."""
    stream = await client.chat.completions.create(model=model, messages=MESSAGES, stream=True)
    async with stream:
        return "".join(
            [choice.delta.content or "" async for chunk in stream for choice in chunk.choices]
        )


class AsyncTestCase(GatewayTestCase):
    """Tests that run coroutines in an event loop of asyncio."""

    def use(self, coroutine: Callable[[AsyncOpenAI], Awaitable[Any]], *, key: str = KEY) -> Any:
        """Run ``coroutine`` with a client that tries once; return what it returns."""

        async def main() -> Any:
            async with AsyncOpenAI(
                base_url=self.gateway.base_url, api_key=key, max_retries=0
            ) as client:
                return await coroutine(client)

        return asyncio.run(main())


class CallTests(AsyncTestCase):
    """One call at a time."""

    def test_chat(self) -> None:
        """A chat is answered whole."""

        async def chat(client: AsyncOpenAI) -> str | None:
            answer = await client.chat.completions.create(model="echo", messages=MESSAGES)
            return answer.choices[0].message.content

        self.assertEqual(self.use(chat), SAID)

    def test_stream(self) -> None:
        """A chat is answered as a stream."""
        self.assertEqual(self.use(streamed), SAID)

    def test_usage(self) -> None:
        """A stream ends with one chunk of usage when it was asked for."""

        async def usage(client: AsyncOpenAI) -> list[bool]:
            stream = await client.chat.completions.create(
                model="echo",
                messages=MESSAGES,
                stream=True,
                stream_options={"include_usage": True},
            )
            return [chunk.usage is not None and not chunk.choices async for chunk in stream]

        *chunks, last = self.use(usage)
        self.assertTrue(last)
        self.assertNotIn(True, chunks)

    def test_models(self) -> None:
        """Models are listed, and found by an id with a slash."""

        async def models(client: AsyncOpenAI) -> tuple[list[str], str]:
            listed = [model.id async for model in client.models.list()]
            return listed, (await client.models.retrieve("meta/llama-3")).id

        listed, found = self.use(models)
        self.assertIn("echo", listed)
        self.assertEqual(found, "meta/llama-3")

    def test_raw_response(self) -> None:
        """The id of a call is in the headers of its answer."""

        async def request_id(client: AsyncOpenAI) -> str:
            response = await client.chat.completions.with_raw_response.create(
                model="echo", messages=MESSAGES
            )
            found: str = response.headers["x-request-id"]
            return found

        self.assertEqual(self.gateway.call(self.use(request_id))["status"], 200)

    def test_streaming_response(self) -> None:
        """A streamed answer is read line by line."""

        async def lines(client: AsyncOpenAI) -> list[str]:
            async with client.chat.completions.with_streaming_response.create(
                model="echo", messages=MESSAGES, stream=True
            ) as response:
                return [line async for line in response.iter_lines() if line]

        self.assertEqual(self.use(lines)[-1], "data: [DONE]")


class MistakeTests(AsyncTestCase):
    """What the package raises for a client's mistakes."""

    def test_unknown_model(self) -> None:
        """An unknown model is not found."""

        async def chat(client: AsyncOpenAI) -> None:
            await client.chat.completions.create(model="nobody", messages=MESSAGES)

        with self.assertRaises(NotFoundError):
            self.use(chat)

    def test_wrong_key(self) -> None:
        """A wrong key is told as such, before a stream begins."""
        with self.assertRaises(AuthenticationError):
            self.use(streamed, key="acceptance-wrong-key")

    def test_wrong_value(self) -> None:
        """A value out of range is told with its field."""

        async def chat(client: AsyncOpenAI) -> None:
            await client.chat.completions.create(model="echo", messages=MESSAGES, n=1000)

        with self.assertRaises(BadRequestError) as raised:
            self.use(chat)
        self.assertEqual(raised.exception.param, "n")


class LeavingTestCase(AsyncTestCase):
    """Tests of clients that leave before their answer is complete."""

    async def leave(self, *calls: Coroutine[Any, Any, Any]) -> None:
        """Run ``calls`` together and give them up when all of them are at the gateway."""
        series = "inference_gateway_http_inflight_requests"
        tasks = [asyncio.ensure_future(call) for call in calls]
        async with asyncio.timeout(10):
            while await asyncio.to_thread(self.gateway.metric, series) < len(calls) + 1:
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        self.assertEqual({type(end) for end in ends}, {asyncio.CancelledError})

    def assertLeft(self, request_id: str) -> None:
        """Assert that the call is over and was logged as left by its client."""
        record = self.gateway.call(request_id)
        self.assertEqual((record["verdict"], record["status"]), ("client_gone", 499))
        self.assertEqual(record["attempts"][0]["verdict"], "client_gone")
        self.assertTrue(eventually(self.gateway.idle, within=1.0))


class LeavingTests(LeavingTestCase):
    """One call that is given up."""

    def test_stream_closed(self) -> None:
        """A stream that is closed in the middle ends at the gateway too, its tokens counted."""

        async def leave(client: AsyncOpenAI) -> None:
            stream = await client.chat.completions.create(
                model="echo/stall",
                messages=MESSAGES,
                stream=True,
                extra_headers={"X-Request-ID": "leaves-stream"},
            )
            await anext(stream)
            await anext(stream)
            await stream.close()

        self.use(leave)
        self.assertLeft("leaves-stream")
        self.assertEqual(self.gateway.call("leaves-stream")["usage_source"], "estimated")

    def test_before_first_token(self) -> None:
        """A stream that is cancelled while its provider is silent ends at the gateway too."""

        async def leave(client: AsyncOpenAI) -> None:
            await self.leave(
                client.chat.completions.create(
                    model="echo/silent",
                    messages=MESSAGES,
                    stream=True,
                    extra_headers={"X-Request-ID": "leaves-silence"},
                )
            )

        self.use(leave)
        self.assertLeft("leaves-silence")

    def test_plain(self) -> None:
        """A plain call that is cancelled ends at the gateway too."""

        async def leave(client: AsyncOpenAI) -> None:
            await self.leave(
                client.chat.completions.create(
                    model="echo/slow:60",
                    messages=MESSAGES,
                    extra_headers={"X-Request-ID": "leaves-plain"},
                )
            )

        self.use(leave)
        self.assertLeft("leaves-plain")


class CrowdTests(LeavingTestCase):
    """Many streams at once."""

    def test_two_hundred_streams(self) -> None:
        """Two hundred streams that run together all say everything."""

        async def crowd(client: AsyncOpenAI) -> list[str]:
            return await asyncio.gather(
                *(streamed(client, "echo/slow:0.1") for _ in range(STREAMS))
            )

        verdict = 'inference_gateway_stream_end_total{verdict="complete"}'
        before = self.gateway.metric(verdict)
        self.assertEqual(self.use(crowd), [SAID] * STREAMS)
        self.assertEqual(self.gateway.metric(verdict), before + STREAMS)

    def test_leaving_crowd(self) -> None:
        """Fifty streams that are left together leave nothing behind."""

        async def leave(client: AsyncOpenAI) -> None:
            await self.leave(*(streamed(client, "echo/stall") for _ in range(50)))

        self.use(leave)
        self.assertTrue(eventually(self.gateway.idle, within=1.0))
