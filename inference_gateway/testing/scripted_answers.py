"""What a scripted upstream says, in OpenAI's words: whole, in events, and as an error.

What an answer says depends on the question alone, so that all upstreams say the same; where the
client has tools, it calls the first of them. How it is framed, when it is said and what goes wrong
is not known here.
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


def call_for(question: str) -> str:
    """Return the arguments with which a tool is called in place of that answer."""
    return json.dumps({"text": answer_to(question)})


@attrs.frozen(kw_only=True)
class ScriptedAnswer:
    """One good answer to a chat."""

    id: str
    model: str
    #: What it says, or the arguments of its call.
    text: str = attrs.field(repr=False)
    #: The tool that it calls; empty: it says something.
    tool: str
    prompt_tokens: int
    #: Whether a stream tells the usage.
    include_usage: bool

    @classmethod
    def to(cls, body: Mapping[str, Any], *, id: str, text: str | None = None) -> "ScriptedAnswer":
        """Answer the chat request ``body``, with ``text`` in place of the usual one."""
        question = _text_of(body)
        options = body.get("stream_options") or {}
        tools = body.get("tools") or [{"function": {"name": ""}}]
        tool = tools[0]["function"]["name"]
        usual = call_for(question) if tool else answer_to(question)
        return cls(
            id=id,
            model=str(body.get("model", "")),
            text=usual if text is None else text,
            tool=tool,
            prompt_tokens=len(question.split()),
            include_usage=bool(options.get("include_usage")),
        )

    @property
    def words(self) -> list[str]:
        """The text in the pieces that a stream says it in."""
        return _WORD.findall(self.text)

    def whole(self) -> bytes:
        """Return the answer as one document."""
        message: dict[str, object] = {"role": "assistant", "content": self.text}
        if self.tool:
            message = {"role": "assistant", "content": None, "tool_calls": [self._call(self.text)]}
        choice = {"index": 0, "message": message, "finish_reason": self._reason}
        return document(
            {**self._head("chat.completion"), "choices": [choice], "usage": self._usage()}
        )

    def opening(self) -> bytes:
        """Return the event before the first word."""
        return self._chunk({"role": "assistant", "content": None if self.tool else ""})

    def content(self) -> list[bytes]:
        """Return one event for each word; the first one of a call also says whom it calls."""
        if not self.tool:
            return [self._chunk({"content": word}) for word in self.words]
        first, *others = self.words
        calls = [self._call(first)]
        calls += [{"function": {"arguments": word}} for word in others]
        return [self._chunk({"tool_calls": [{"index": 0, **call}]}) for call in calls]

    def closing(self) -> bytes:
        """Return what follows the last word, before ``[DONE]``."""
        finish = self._chunk({}, self._reason)
        if not self.include_usage:
            return finish
        usage = {**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage()}
        return finish + event(usage)

    def done(self) -> bytes:
        """Return the last event of a stream."""
        return b"data: [DONE]\n\n"

    @property
    def _reason(self) -> str:
        return "tool_calls" if self.tool else "stop"

    def _call(self, arguments: str) -> dict[str, object]:
        function = {"name": self.tool, "arguments": arguments}
        return {"id": f"call-{self.id}", "type": "function", "function": function}

    def _chunk(self, delta: Mapping[str, object], finish_reason: str | None = None) -> bytes:
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
