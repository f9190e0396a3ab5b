"""Tests of `inference_gateway.wire.error_dialects`."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import (
    AccessDenied,
    ClientGone,
    FieldProblem,
    GatewayError,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    ModelNotFound,
    Unauthenticated,
    Unavailable,
)
from inference_gateway.provider_errors import (
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from inference_gateway.wire.error_body import render, render_event
from inference_gateway.wire.error_dialects import render_event_for, render_for
from inference_gateway.wire.fields import refusal
from inference_gateway.wire.sse import Event, SSEParser

OPENAI_ROUTES = ("", "/v1/chat/completions", "/v1/embeddings", "/tokenize", "/v1/messagesx")
MESSAGES_ROUTES = ("/v1/messages", "/v1/messages/count_tokens")
RESPONSES_ROUTES = ("/v1/responses", "/v1/responses/<id>", "/v1/responses/<id>/cancel")

INVALID = refusal(
    [
        FieldProblem(message="is required", field="max_tokens"),
        FieldProblem(message="must be a string", field="messages[0].content"),
        FieldProblem(message="further problems are not listed"),
    ]
)


def read_event(raw: bytes) -> tuple[Event, Any]:
    """Return the one event of ``raw``, and its data."""
    (event,) = SSEParser().feed(raw)
    return event, json.loads(event.data or b"")


class OpenAITests(SynchronousTestCase):
    """What most routes speak."""

    def test_body(self) -> None:
        """All routes but those of Messages have OpenAI's body."""
        for route in (*OPENAI_ROUTES, *RESPONSES_ROUTES):
            self.assertEqual(render_for(route, INVALID, "r"), render(INVALID))

    def test_event(self) -> None:
        """Only routes of the other APIs have their own event."""
        for route in OPENAI_ROUTES:
            self.assertEqual(render_event_for(route, INVALID, 5), render_event(INVALID))


class ResponsesTests(SynchronousTestCase):
    """What the Responses API speaks in a stream."""

    def test_event(self) -> None:
        """The event is numbered and has all its members at the top."""
        for route in RESPONSES_ROUTES:
            event, data = read_event(render_event_for(route, ProviderUnavailable("gone"), 7))
            self.assertEqual(event.name, b"error")
            self.assertEqual(
                data,
                {
                    "type": "error",
                    "code": "provider_unavailable",
                    "message": "gone",
                    "param": None,
                    "sequence_number": 7,
                },
            )

    def test_param(self) -> None:
        """A field at fault is named, and the first event is number nought."""
        _, data = read_event(render_event_for("/v1/responses", INVALID))
        self.assertEqual((data["param"], data["sequence_number"]), ("max_tokens", 0))


class MessagesTests(SynchronousTestCase):
    """What the Messages API speaks."""

    def test_body(self) -> None:
        """The message tells all problems, and the detail lists them as it does elsewhere."""
        for route in MESSAGES_ROUTES:
            self.assertEqual(
                json.loads(render_for(route, INVALID, "req-1")),
                {
                    "type": "error",
                    "error": {
                        "type": "invalid_request_error",
                        "message": "max_tokens is required; messages[0].content must be a string; "
                        "further problems are not listed",
                    },
                    "request_id": "req-1",
                    "detail": json.loads(render(INVALID))["detail"],
                },
            )

    def test_types(self) -> None:
        """Each status has the type that the API's clients know it by."""
        for error, kind in (
            (InvalidRequest("x"), "invalid_request_error"),
            (Unauthenticated("x", code="missing_api_key"), "authentication_error"),
            (AccessDenied("x"), "permission_error"),
            (ModelNotFound("x"), "not_found_error"),
            (MethodNotAllowed("x", allowed=["POST"]), "invalid_request_error"),
            (ProviderRejected("x", status=409), "conflict_error"),
            (ProviderRejected("x", status=413), "request_too_large"),
            (ProviderRejected("x", status=422), "invalid_request_error"),
            (ProviderRateLimited("x"), "rate_limit_error"),
            (ClientGone("x"), "invalid_request_error"),
            (InternalError("x"), "api_error"),
            (ProviderUnavailable("x"), "api_error"),
            (Unavailable("x"), "overloaded_error"),
            (ProviderTimeout("idle", 60), "timeout_error"),
        ):
            told = json.loads(render_for("/v1/messages", error, "r"))["error"]
            self.assertEqual(told, {"type": kind, "message": error.message})

    def test_event(self) -> None:
        """In a stream the error comes without what only a body has."""
        for route in MESSAGES_ROUTES:
            event, data = read_event(render_event_for(route, Unavailable("busy"), 7))
            self.assertEqual(event.name, b"error")
            self.assertEqual(
                data,
                {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}},
            )


class TextTests(SynchronousTestCase):
    """Any text can be told."""

    @settings(max_examples=100)
    @given(
        st.sampled_from(["/v1/messages", "/v1/responses"]),
        st.text(alphabet=st.characters(exclude_categories=())),
    )
    def test_any_text(self, route: str, text: str) -> None:
        """Any text is rendered, lone surrogates replaced."""
        error: GatewayError = InvalidRequest.of([FieldProblem(message=text, field=text)])
        told = text.encode("utf-8", "replace").decode()
        self.assertEqual(json.loads(render_for(route, error, "r"))["error"]["message"], told)
        _, data = read_event(render_event_for(route, error))
        self.assertEqual(data.get("error", data)["message"], told)
