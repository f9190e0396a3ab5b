"""What the echo provider says to the prompts of a text completion, whole or cut into events.

Only the content and its encoding. When it is said, and what goes wrong on purpose, is not known
here.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import orjson

from inference_gateway.upstream.echo_words import (
    TOKEN,
    Frame,
    check_size,
    count_tokens,
    echo_of,
    frame,
    text_of,
)
from inference_gateway.wire import sse
from inference_gateway.wire.answers import usage_object
from inference_gateway.wire.completions import CompletionRequest

_NO_TEXT = b'"text":""'


@attrs.frozen(kw_only=True)
class EchoText:
    """The answer to one request, with so many choices for each of its prompts as it asked for."""

    id: str
    #: Seconds since the epoch.
    created: int
    model: str
    #: What each choice says and why it ends, those of the first prompt first.
    choices: Sequence[tuple[str, str]] = attrs.field(repr=False)
    prompt_tokens: int
    #: Of all choices together.
    completion_tokens: int
    #: Whether the client asked for usage, so that each chunk has a ``usage``, if only null.
    include_usage: bool

    @classmethod
    def to(cls, request: CompletionRequest, *, id: str, created: int, model: str) -> "EchoText":
        """Answer ``request`` with its prompts; raises `ProviderRejected` when that is too much."""
        prompts = [text_of(prompt) for prompt in request.prompts]
        for_each = request.choices // len(prompts)
        answers = [echo_of(prompt, request.max_tokens) for prompt in prompts]
        check_size(request.choices, sum([len(text) for text, _ in answers]) * for_each)
        return cls(
            id=id,
            created=created,
            model=model,
            choices=[answer for answer in answers for _ in range(for_each)],
            prompt_tokens=sum(map(count_tokens, prompts)),
            completion_tokens=sum([count_tokens(text) for text, _ in answers]) * for_each,
            include_usage=request.include_usage,
        )

    def whole(self, *, usage: bool = True) -> bytes:
        """Return the answer as one JSON body, with or without ``usage``."""
        return self._whole([text for text, _ in self.choices], usage=usage)

    def whole_frame(self) -> Frame:
        """Return what stands around the text of the first choice in the whole answer."""
        return frame(self._whole([""] * len(self.choices), usage=True), _NO_TEXT)

    def pieces(self) -> int:
        """Return in how many pieces the longest choice comes."""
        return max(sum(1 for _ in TOKEN.finditer(text)) for text, _ in self.choices)

    def opening(self) -> bytes:
        """Return nothing: text completions have no event before the first content."""
        return b""

    def content(self) -> Iterator[bytes]:
        """Yield the texts token by token, each time one event for each choice that goes on."""
        running = [
            (before, after, TOKEN.finditer(text))
            for (before, after), (text, _) in zip(self.content_frames(), self.choices, strict=True)
        ]
        while running:
            events = []
            going_on = []
            for choice in running:
                before, after, tokens = choice
                if (token := next(tokens, None)) is not None:
                    events.append(before + orjson.dumps(token[0]) + after)
                    going_on.append(choice)
            running = going_on
            if events:
                yield b"".join(events)

    def content_frames(self) -> list[Frame]:
        """Return, for each choice, what stands around the text in one of its events."""
        return [frame(self._event(index, None), _NO_TEXT) for index, _ in enumerate(self.choices)]

    def finish(self) -> bytes:
        """Return the event that ends each choice."""
        return b"".join(
            [self._event(index, reason) for index, (_, reason) in enumerate(self.choices)]
        )

    def usage(self) -> bytes:
        """Return the event that tells the usage of the stream."""
        return sse.encode(orjson.dumps({**self._head([]), "usage": self._usage()}))

    def _whole(self, texts: list[str], *, usage: bool) -> bytes:
        answer = self._head(
            [
                _choice(index, text, reason)
                for index, (text, (_, reason)) in enumerate(zip(texts, self.choices, strict=True))
            ]
        )
        if usage:
            answer["usage"] = self._usage()
        return orjson.dumps(answer)

    def _event(self, index: int, finish_reason: str | None) -> bytes:
        chunk = self._head([_choice(index, "", finish_reason)])
        if self.include_usage:
            chunk["usage"] = None
        return sse.encode(orjson.dumps(chunk))

    def _head(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }

    def _usage(self) -> dict[str, int]:
        return usage_object(self.prompt_tokens, self.completion_tokens)


def _choice(index: int, text: str, finish_reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish_reason}
