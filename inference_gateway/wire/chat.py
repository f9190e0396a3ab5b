"""The request of ``POST /v1/chat/completions``: bytes to a checked view that keeps the bytes.

What the gateway must know is a field of `ChatRequest`; everything else stays in the body and
reaches the provider as it came. Fields that the API leaves open, or does not have, are not judged.
"""

from inference_gateway.record import record
from inference_gateway.wire.chat_fields import CHAT_CONTRACT
from inference_gateway.wire.members import read_members
from inference_gateway.wire.messages import last_user_text
from inference_gateway.wire.operations import CHAT
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.sampling import asks_for_usage


@record(kw_only=True)
class ChatRequest(ModelRequest):
    """A chat request that keeps the contract."""

    #: ``max_completion_tokens``, or its deprecated name ``max_tokens``.
    max_tokens: int | None

    @property
    def last_user_text(self) -> str:
        """The text of the last user message, its text parts joined by LF."""
        return last_user_text(self.fields["messages"])


def parse_chat(body: bytes) -> ChatRequest:
    """Parse and check a request body.

    Raises `InvalidJSON` for what is no JSON object, `InvalidRequest` with every problem otherwise.
    """
    body, fields, dropped = read_members(body, CHAT_CONTRACT)
    return ChatRequest(
        operation=CHAT,
        model=fields["model"],
        body=body,
        fields=fields,
        stream=fields.get("stream") is True,
        include_usage=asks_for_usage(fields),
        choices=fields.get("n") or 1,
        max_tokens=fields.get("max_completion_tokens") or fields.get("max_tokens"),
        dropped=dropped,
    )
