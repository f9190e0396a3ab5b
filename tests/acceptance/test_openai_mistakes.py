"""What the ``openai`` package raises for a client's mistakes, and for its lack of patience."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from openai import (
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    Omit,
    RateLimitError,
)

from tests.acceptance.gateway import eventually
from tests.acceptance.test_openai_sync import MESSAGES, SyncTestCase


class MistakeTests(SyncTestCase):
    """What the package raises for a client's mistakes."""

    @contextmanager
    def mistaken(self) -> Iterator[dict[str, Any]]:
        """Expect a `BadRequestError`; its parts are in what this gives when the block is over."""
        parts: dict[str, Any] = {}
        with self.assertRaises(BadRequestError) as raised:
            yield parts
        error = raised.exception
        parts.update(param=error.param, code=error.code, type=error.type)
        parts["all"] = error.response.json()["detail"]["errors"]

    def test_unknown_model(self) -> None:
        """An unknown model is not found, and the message names the nearest one."""
        with self.assertRaises(NotFoundError) as raised:
            self.client.chat.completions.create(model="meta/lama-3", messages=MESSAGES)
        error = raised.exception
        self.assertEqual((error.code, error.param), ("model_not_found", "model"))
        self.assertIn("meta/llama-3", error.message)

    def test_unknown_model_streamed(self) -> None:
        """A mistake in a streamed call is told by its status, before any stream."""
        with self.assertRaises(NotFoundError):
            self.client.chat.completions.create(model="nothing", messages=MESSAGES, stream=True)

    def test_wrong_key(self) -> None:
        """A wrong key raises the package's exception, with how to authenticate in the headers."""
        client = self.connect(key="acceptance-wrong-key")
        with self.assertRaises(AuthenticationError) as raised:
            client.chat.completions.create(model="echo", messages=MESSAGES)
        error = raised.exception
        self.assertEqual((error.code, error.param), ("invalid_api_key", "Authorization"))
        self.assertIn("www-authenticate", error.response.headers)
        self.assertEqual(error.response.json()["detail"]["errors"], [{"message": "unauthorized"}])

    def test_one_mistake(self) -> None:
        """A value out of range is told with the name of its field."""
        with self.mistaken() as parts:
            self.client.chat.completions.create(model="echo", messages=MESSAGES, temperature=2.5)
        self.assertEqual(parts["param"], "temperature")
        self.assertEqual(
            (parts["code"], parts["type"]), ("validation_error", "invalid_request_error")
        )

    def test_all_mistakes(self) -> None:
        """All mistakes of a request are told at once, each with its place."""
        with self.mistaken() as parts:
            self.client.chat.completions.create(
                model="echo",
                messages=[{"role": "robot", "content": 5}],
                temperature="warm",  # type: ignore[call-overload]
                n=0,
                top_p=True,
                stop=[],
            )
        self.assertLessEqual(
            {"temperature", "n", "top_p", "stop", "messages[0].role", "messages[0].content"},
            {problem.get("field") for problem in parts["all"]},
        )

    def test_no_messages(self) -> None:
        """A chat without messages is refused."""
        with self.mistaken() as parts:
            self.client.chat.completions.create(model="echo", messages=[])
        self.assertEqual(parts["param"], "messages")

    def test_not_retried(self) -> None:
        """The package, left to its defaults, does not repeat what cannot succeed."""
        client = self.connect(key="acceptance-wrong-key", max_retries=2)
        refused = 'inference_gateway_rejected_total{reason="policy_unauthenticated"}'
        before = self.gateway.metric(refused)
        with self.assertRaises(AuthenticationError):
            client.models.list()
        self.assertEqual(self.gateway.metric(refused), before + 1)


class PatienceTests(SyncTestCase):
    """Clients that do not wait."""

    def test_own_timeout(self) -> None:
        """A client that does not say how long it waits raises its own timeout, and is gone."""
        client = self.connect(timeout=0.5)
        with self.assertRaises(APITimeoutError):
            client.chat.completions.create(
                model="echo/silent",
                messages=MESSAGES,
                extra_headers={
                    "X-Request-ID": "impatient",
                    "x-stainless-read-timeout": Omit(),
                },
            )
        record = self.gateway.call("impatient")
        self.assertEqual((record["verdict"], record["status"]), ("client_gone", 499))

    def test_told_timeout(self) -> None:
        """One that does say so, as the package does, is told just before what takes so long."""
        client = self.connect(timeout=1.0)
        with self.assertRaises(InternalServerError) as raised:
            client.chat.completions.create(
                model="echo/silent",
                messages=MESSAGES,
                extra_headers={"X-Request-ID": "patient"},
            )
        self.assertEqual(raised.exception.status_code, 504)
        self.assertEqual(self.gateway.call("patient")["verdict"], "total_timeout")

    def test_retries(self) -> None:
        """The package, left to itself, repeats a call that met a rate limit once it is over."""
        client = self.connect(max_retries=1)
        with self.assertRaises(RateLimitError):
            client.chat.completions.create(
                model="echo/error-429:0.05",
                messages=MESSAGES,
                extra_headers={"X-Request-ID": "repeated"},
            )
        self.assertTrue(eventually(lambda: len(self.gateway.calls("repeated")) == 2))
