"""What a scripted upstream says, in OpenAI's words: whole, in events, and as an error.

The text of an answer depends on the question alone, so that all upstreams give the same one. How
it is framed, when it is said and what goes wrong is not known here.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import attrs

#: Words that every answer has behind the words of its question.
_WORDS = "and this is what there is to say about it from the first word to the last"
_WORD = re.compile(r"\S+\s?")


def answer_to(question: str) -> str:
    """Return what every scripted upstream answers to the user's last message."""
    return f"{question} {_WORDS}".strip()


@attrs.frozen(kw_only=True)
class ScriptedAnswer:
    """One good answer to a chat."""

    id: str
    model: str
    text: str = attrs.field(repr=False)
    prompt_tokens: int
    #: Whether a stream tells the usage.
    include_usage: bool

    @classmethod
    def to(cls, body: Mapping[str, Any], *, id: str, text: str | None = None) -> "ScriptedAnswer":
        """Answer the chat request ``body``, with ``text`` in place of the usual one."""
        question = _text_of(body)
        options = body.get("stream_options") or {}
        return cls(
            id=id,
            model=str(body.get("model", "")),
            text=answer_to(question) if text is None else text,
            prompt_tokens=len(question.split()),
            include_usage=bool(options.get("include_usage")),
        )

    @property
    def words(self) -> list[str]:
        """The text in the pieces that a stream says it in."""
        return _WORD.findall(self.text)

    def whole(self) -> bytes:
        """Return the answer as one document."""
        message = {"role": "assistant", "content": self.text}
        return document(
            {
                **self._head("chat.completion"),
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": self._usage(),
            }
        )

    def opening(self) -> bytes:
        """Return the event before the first word."""
        return self._chunk({"role": "assistant", "content": ""})

    def content(self) -> list[bytes]:
        """Return one event for each word."""
        return [self._chunk({"content": word}) for word in self.words]

    def closing(self) -> bytes:
        """Return what follows the last word, before ``[DONE]``."""
        finish = self._chunk({}, "stop")
        if not self.include_usage:
            return finish
        usage = {**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage()}
        return finish + event(usage)

    def done(self) -> bytes:
        """Return the last event of a stream."""
        return b"data: [DONE]\n\n"

    def _chunk(self, delta: Mapping[str, str], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, object]:
        return {"id": self.id, "object": kind, "created": 1_700_000_000, "model": self.model}

    def _usage(self) -> dict[str, int]:
        said = len(self.words)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": said,
            "total_tokens": self.prompt_tokens + said,
        }


def error(message: str, *, kind: str = "server_error", code: str | None = None) -> dict[str, Any]:
    """Return the object by which a failure is told, as a document or in a stream."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def event(value: object) -> bytes:
    """Return the event whose data is ``value``."""
    return b"data: " + document(value) + b"\n\n"


def document(value: object) -> bytes:
    """Return the body that says ``value``."""
    return json.dumps(value, ensure_ascii=False).encode()


def _text_of(body: Mapping[str, Any]) -> str:
    """Return what the last message says, with the texts of its parts one after the other."""
    messages = body.get("messages") or [{}]
    content = messages[-1].get("content") or ""
    if isinstance(content, str):
        return content
    return "".join([part.get("text", "") for part in content])
