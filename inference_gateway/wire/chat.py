"""The request of ``POST /v1/chat/completions``: bytes to a checked view that keeps the bytes.

What the gateway must know is a field of `ChatRequest`; everything else stays in the body and
reaches the provider as it came. Fields that the API leaves open, or does not have, are not judged.
"""

from typing import Any

import attrs

from inference_gateway.record import record
from inference_gateway.wire.chat_fields import CHECKS, RESERVED, check_together
from inference_gateway.wire.edit import duplicate_members, remove_members
from inference_gateway.wire.fields import Problems, add, refusal
from inference_gateway.wire.json_body import load_object
from inference_gateway.wire.messages import last_user_text


@record(kw_only=True)
class ChatRequest:
    """A chat request that keeps the contract; ``fields`` is ``body`` parsed, not to be changed."""

    model: str
    stream: bool
    #: Whether the client itself asked for the usage event of a stream.
    include_usage: bool
    #: How many choices were asked for.
    n: int
    #: ``max_completion_tokens``, or its deprecated name ``max_tokens``.
    max_tokens: int | None
    #: As it came, without the ``dropped`` members.
    body: bytes = attrs.field(repr=False)
    fields: dict[str, Any] = attrs.field(repr=False)
    #: Names of the members that would have chosen a destination or a credential.
    dropped: tuple[str, ...]

    @property
    def last_user_text(self) -> str:
        """The text of the last user message, its text parts joined by LF."""
        return last_user_text(self.fields["messages"])


def parse_chat(body: bytes) -> ChatRequest:
    """Parse and check a request body.

    Raises `InvalidJSON` for what is no JSON object, `InvalidRequest` with every problem otherwise.
    """
    fields = load_object(body)
    problems: Problems = []
    for name in duplicate_members(body, fields):
        if name not in RESERVED:
            add(problems, name, "is given more than once")
    dropped: tuple[str, ...] = ()
    if not RESERVED.isdisjoint(fields):
        dropped = tuple(name for name in fields if name in RESERVED)
        body = remove_members(body, dropped)
        for name in dropped:
            del fields[name]
    if fields.get("model") is None:
        add(problems, "model", "is required")
    if fields.get("messages") is None:
        add(problems, "messages", "is required")
    for name, value in fields.items():
        if value is not None and (check := CHECKS.get(name)) is not None:
            check(value, name, problems)
    check_together(fields, problems)
    if problems:
        raise refusal(problems)
    options = fields.get("stream_options")
    return ChatRequest(
        model=fields["model"],
        stream=fields.get("stream") is True,
        include_usage=options is not None and options.get("include_usage") is True,
        n=fields.get("n") or 1,
        max_tokens=fields.get("max_completion_tokens") or fields.get("max_tokens"),
        body=body,
        fields=fields,
        dropped=dropped,
    )
