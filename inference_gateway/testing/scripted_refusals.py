"""The answers of a scripted upstream that have another status than 200, as whole scripts."""

from collections.abc import Mapping

from inference_gateway.testing.scripted_answers import document, error
from inference_gateway.testing.scripted_steps import Script, whole


def status(number: str, retry_after: str = "") -> Script:
    """Answer with that status, and with a ``Retry-After`` if there is one."""
    fields = {"retry-after": retry_after} if retry_after else {}
    return refused(int(number), "this fault is a status", fields=fields)


def limited_ms(milliseconds: str) -> Script:
    """Answer 429 with a ``retry-after-ms``."""
    return refused(429, "slow down", fields={"retry-after-ms": milliseconds})


def context_length() -> Script:
    """Refuse what is said to be too long for the model."""
    return refused(
        400,
        "This model's maximum context length is 4096 tokens.",
        kind="invalid_request_error",
        code="context_length_exceeded",
    )


def content_filter() -> Script:
    """Refuse what is said to be against a policy."""
    return refused(
        400,
        "The response was filtered due to the prompt triggering a content policy.",
        kind="invalid_request_error",
        code="content_filter",
    )


def unknown_field(name: str) -> Script:
    """Refuse a request for one of its fields."""
    message = f"Unrecognized request argument supplied: {name}"
    return refused(400, message, kind="invalid_request_error")


def wrong_key() -> Script:
    """Refuse the credential."""
    return refused(401, "Incorrect API key provided", code="invalid_api_key")


def refused(
    status: int,
    message: str,
    *,
    kind: str = "server_error",
    code: str | None = None,
    fields: Mapping[str, str] = {},
) -> Script:
    """Answer with ``status``, more header fields, and an error of OpenAI's shape."""
    yield whole(document(error(message, kind=kind, code=code)), status, fields)
