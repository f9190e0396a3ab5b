"""What the echo provider says to a chat: the answer to one request, whole or cut into events.

Only the content and its encoding. When it is said, and what goes wrong on purpose, is not known
here.
"""

from collections.abc import Iterator

import attrs
import orjson

from inference_gateway.upstream.echo_words import (
    TOKEN,
    Frame,
    check_size,
    count_tokens,
    echo_of,
    frame,
)
from inference_gateway.wire import answers, sse
from inference_gateway.wire.chat import ChatRequest

_NO_CONTENT = b'"content":""'


@attrs.frozen(kw_only=True)
class EchoAnswer:
    """The answer to one request; every choice of it says the same ``text``."""

    id: str
    #: Seconds since the epoch.
    created: int
    model: str
    text: str = attrs.field(repr=False)
    #: How many choices were asked for.
    choices: int
    finish_reason: str
    prompt_tokens: int
    #: Of all choices together.
    completion_tokens: int
    #: Whether the client asked for usage, so that each chunk has a ``usage``, if only null.
    include_usage: bool

    @classmethod
    def to(cls, request: ChatRequest, *, id: str, created: int, model: str) -> "EchoAnswer":
        """Answer ``request`` with the last thing that its user said.

        Raises `ProviderRejected` when that is too much.
        """
        text, finish_reason = echo_of(request.last_user_text, request.max_tokens)
        check_size(request.choices, len(text) * request.choices)
        return cls(
            id=id,
            created=created,
            model=model,
            text=text,
            choices=request.choices,
            finish_reason=finish_reason,
            prompt_tokens=sum([count_tokens(said) for said in _texts(request)]),
            completion_tokens=count_tokens(text) * request.choices,
            include_usage=request.include_usage,
        )

    def whole(self, *, usage: bool = True) -> bytes:
        """Return the answer as one JSON body, with or without ``usage``."""
        return self._whole([self.text] * self.choices, usage=usage)

    def whole_frame(self) -> Frame:
        """Return what stands around the content of the first choice in the whole answer."""
        return frame(self._whole([""] * self.choices, usage=True), _NO_CONTENT)

    def pieces(self) -> int:
        """Return in how many pieces the content comes."""
        return sum(1 for _ in TOKEN.finditer(self.text))

    def opening(self) -> bytes:
        """Return the event that opens each choice, with its role."""
        return self._event_per_choice({"role": "assistant", "content": ""}, None)

    def content(self) -> Iterator[bytes]:
        """Yield the content token by token, each time one event for each choice."""
        frames = self.content_frames()
        for match in TOKEN.finditer(self.text):
            token = orjson.dumps(match[0])
            yield b"".join([before + token + after for before, after in frames])

    def content_frames(self) -> list[Frame]:
        """Return, for each choice, what stands around the content in one of its events."""
        return [
            frame(sse.encode(self._chunk({"content": ""}, index, None)), _NO_CONTENT)
            for index in range(self.choices)
        ]

    def finish(self) -> bytes:
        """Return the event that ends each choice."""
        return self._event_per_choice({}, self.finish_reason)

    def usage(self) -> bytes:
        """Return the event that tells the usage of the stream."""
        return sse.encode(
            answers.usage_chunk(
                id=self.id,
                created=self.created,
                model=self.model,
                usage=answers.usage_object(self.prompt_tokens, self.completion_tokens),
            )
        )

    def _whole(self, texts: list[str], *, usage: bool) -> bytes:
        return answers.completion(
            id=self.id,
            created=self.created,
            model=self.model,
            choices=texts,
            finish_reason=self.finish_reason,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens if usage else None,
        )

    def _event_per_choice(self, delta: dict[str, str], finish_reason: str | None) -> bytes:
        return b"".join(
            [sse.encode(self._chunk(delta, index, finish_reason)) for index in range(self.choices)]
        )

    def _chunk(self, delta: dict[str, str], index: int, finish_reason: str | None) -> bytes:
        return answers.chunk(
            id=self.id,
            created=self.created,
            model=self.model,
            delta=delta,
            index=index,
            finish_reason=finish_reason,
            include_usage=self.include_usage,
        )


def _texts(request: ChatRequest) -> Iterator[str]:
    """Yield every text of the conversation."""
    for message in request.fields["messages"]:
        content = message.get("content")
        if type(content) is str:
            yield content
        elif content is not None:
            yield from (part["text"] for part in content if part["type"] == "text")
