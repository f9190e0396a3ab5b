"""Tests of `inference_gateway.wire.told_errors`."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderInvalidAnswer,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderRejected,
)
from inference_gateway.wire.error_body import ProviderMessage
from inference_gateway.wire.sse import Event, encode
from inference_gateway.wire.told_errors import event_error, refusal, told_error

NOTHING = ProviderInvalidAnswer("nothing in particular")


def told(**members: Any) -> ProviderError:
    """Return what an error object with ``members`` means under a status of success."""
    return told_error({"error": members}, NOTHING)


class RefusalTests(SynchronousTestCase):
    """Errors with a status; what their words change about it is tested in `test_refusals`."""

    def test_statuses(self) -> None:
        """A status is an error of its own, or nothing in particular."""
        for status, kind in (
            (400, ProviderRejected),
            (401, ProviderAuthFailed),
            (402, ProviderAuthFailed),
            (403, ProviderAuthFailed),
            (404, ProviderRejected),
            (408, ProviderInvalidAnswer),
            (413, ProviderRejected),
            (429, ProviderRateLimited),
            (500, ProviderInvalidAnswer),
            (503, ProviderOverloaded),
            (529, ProviderOverloaded),
        ):
            self.assertIs(type(refusal(status, ProviderMessage("no"), NOTHING)), kind)

    def test_retry_after(self) -> None:
        """When to come back is what the provider said, soon for a limit that says nothing."""
        for status, said, expected in ((429, 7.0, 7.0), (429, None, 1.0), (503, 7.0, 7.0)):
            error = refusal(status, ProviderMessage("no"), NOTHING, said)
            self.assertEqual(error.retry_after, expected)


class ToldTests(SynchronousTestCase):
    """Errors that are told under a status of success."""

    def test_too_long(self) -> None:
        """A prompt that is too long is the client's, by whatever it is told."""
        for members in (
            {"code": 400, "message": "no", "type": "exceed_context_size_error"},
            {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"},
            {"code": "context_length_exceeded", "message": ""},
            {"message": "Input does not fit in context length. The input has 9 tokens."},
            {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8"},
        ):
            error = told(**members)
            self.assertIsInstance(error, ProviderRejected)
            self.assertEqual(
                (error.status, error.fallback_cause, error.may_fail_over),
                (400, "context_length", False),
            )

    def test_too_large(self) -> None:
        """So is one that is too large in bytes."""
        error = told(type="request_too_large", message="no")
        self.assertEqual((error.status, error.fallback_cause), (413, "context_length"))

    def test_filtered(self) -> None:
        """What a filter refuses has a code and a cause of its own."""
        for members in (
            {"code": "content_filter", "message": "no"},
            {"code": "data_inspection_failed", "message": "no", "type": "data_inspection_failed"},
            {"code": "invalid_prompt", "message": "flagged as potentially violating our policy"},
            {"code": 403, "message": "Your input was flagged"},
            {"message": "Content Exists Risk"},
        ):
            error = told(**members)
            self.assertIsInstance(error, ProviderRejected)
            self.assertEqual(
                (error.status, error.code, error.fallback_cause),
                (400, "content_filter", "content_filter"),
            )

    def test_others(self) -> None:
        """Limits, overload and our own credential are known by number or by name."""
        for members, kind in (
            ({"code": 429, "message": "no"}, ProviderRateLimited),
            ({"code": "429", "message": "no", "type": "None"}, ProviderRateLimited),
            ({"code": "rate_limit_exceeded", "type": "tokens"}, ProviderRateLimited),
            ({"type": "rate_limit_error", "message": "no"}, ProviderRateLimited),
            ({"code": 503}, ProviderOverloaded),
            ({"type": "overloaded_error", "message": "Overloaded"}, ProviderOverloaded),
            ({"code": "server_is_overloaded", "type": "x"}, ProviderOverloaded),
            ({"code": "insufficient_quota", "type": "insufficient_quota"}, ProviderAuthFailed),
            ({"code": 401, "message": "no"}, ProviderAuthFailed),
            ({"type": "authentication_error", "message": "no"}, ProviderAuthFailed),
            ({"message": "Your credit balance is too low to go on"}, ProviderAuthFailed),
        ):
            error = told(**members)
            self.assertIs(type(error), kind)
            self.assertNotIn("no", error.message.split())

    def test_no_access(self) -> None:
        """A model that the provider does not have may be had elsewhere."""
        error = told(code="model_not_found", message="no")
        self.assertEqual((error.status, error.may_fail_over), (404, True))

    def test_words(self) -> None:
        """The client is shown what is about its request, made safe, or else a word of ours."""
        said = told(code=400, message="bad field\n at http://10.0.0.1/x", param="a")
        self.assertEqual((said.message, said.param), ("bad field at [address]", "a"))
        self.assertEqual(told(code=400).message, NOTHING.message)

    def test_nothing(self) -> None:
        """What says nothing in particular is what the caller makes of it."""
        values: list[object] = [
            {"error": {"code": 500, "message": "secret"}},
            {"error": {"code": 408, "message": "secret"}},
            {"error": {"code": "server_error", "message": "secret", "type": "server_error"}},
            {"error": {"type": "api_error", "message": 'no "overloaded_error"'}},
            {"error": {"code": 1301}},
            {"error": True},
            {"type": "error"},
            "secret",
            [],
            5,
            None,
        ]
        for value in values:
            self.assertIs(told_error(value, NOTHING), NOTHING)


class EventTests(SynchronousTestCase):
    """Events that report an error, of every API."""

    def error(self, data: object, name: bytes = b"error") -> ProviderError:
        """Return what an event with ``data``, as JSON unless it is bytes, means."""
        written = data if isinstance(data, bytes) else json.dumps(data).encode()
        return event_error(Event(encode(written, name), written, name))

    def test_shapes(self) -> None:
        """The error is found wherever an API tells it."""
        limit = {"code": "rate_limit_exceeded", "message": "no"}
        for data in (
            {"error": limit},
            {"id": "x", "error": limit, "choices": [{"finish_reason": "error"}]},
            {"type": "error", **limit, "param": None, "sequence_number": 2},
            {"type": "error", "error": {**limit, "type": "tokens"}, "sequence_number": 2},
            {"type": "response.failed", "response": {"status": "failed", "error": limit}},
            {"type": "error", "error": {"type": "rate_limit_error", "message": "no"}},
        ):
            self.assertIsInstance(self.error(data), ProviderRateLimited)

    def test_sentences(self) -> None:
        """Data may be nothing but a sentence, as JSON or as it is."""
        for data in (
            b"prompt is too long",
            b'"prompt is too long"',
            {"error": "prompt is too long"},
        ):
            self.assertEqual(self.error(data).fallback_cause, "context_length")

    def test_nothing(self) -> None:
        """An error that says nothing in particular is the provider's, and its words stay here."""
        failed = {"type": "response.failed", "response": {"status": "failed", "error": None}}
        for data in (failed, {"response": "secret"}, {"error": "secret"}, b"<html>", b"\xff", b""):
            error = self.error(data)
            self.assertIs(type(error), ProviderError)
            self.assertEqual(error.message, "the provider reported an error in its stream")
