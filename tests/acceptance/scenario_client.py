"""The ``openai`` package as the client of a scenario, and what it sees.

Beside what the package makes of an answer the bytes of it are looked at: a stream that has failed
may have no end that any other client takes for a good one.
"""

import itertools
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import attrs
from openai import APIError, APIStatusError, DefaultHttpxClient, OpenAI

from inference_gateway.testing.scripted_answers import answer_to, call_for
from tests.acceptance.gateway import KEY, PROMPT

QUESTION = f"what is a {PROMPT}"
#: What every upstream answers to that, if it is well.
SAID = answer_to(QUESTION)
#: And if it is given a tool, what it calls that with.
TOOLS = ({"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}},)
CALLED = call_for(QUESTION)
_numbers = itertools.count()


def first_words(count: int) -> str:
    """Return how the answer begins, as a stream says it."""
    return "".join([f"{word} " for word in SAID.split()[:count]])


@attrs.frozen(kw_only=True)
class Seen:
    """What one call gave its client."""

    request_id: str
    status: int
    #: Of the error, be it the whole answer or the end of a stream; empty: there was none.
    code: str
    message: str
    #: What was said, or what a tool is called with.
    text: str
    finish_reason: str
    #: Whether the last bytes are those of a complete answer.
    has_end: bool
    #: The id and the model that it has, more than one of them if that changed within a stream.
    names: frozenset[tuple[str, str]]
    #: Tokens of the question and of the answer.
    usage: tuple[int, int] | None
    headers: Mapping[str, str]
    seconds: float

    @property
    def is_complete(self) -> bool:
        """Whether the client takes it for a complete answer."""
        return not self.code and self.finish_reason in {"stop", "tool_calls"} and self.has_end

    def __str__(self) -> str:
        """Say it in few words, for the table."""
        if self.is_complete:
            return (
                f"{self.status}, complete" if self.text in {SAID, CALLED} else "200, another answer"
            )
        words = len(self.text.split())
        return f"{self.status}{f', {words} words, then' if self.text else ''} {self.code}"


def _keep(response: Any) -> bytearray:
    """Return what the package reads of a response, as it reads it."""
    kept = bytearray()
    read = response.iter_bytes

    def keeping() -> Iterator[bytes]:
        for piece in read():
            kept.extend(piece)
            yield piece

    response.iter_bytes = keeping
    return kept


class Client:
    """Asks a gateway, from as many threads as one likes; ``retries`` are the package's own."""

    def __init__(self, base_url: str, *, key: str = KEY, retries: int = 0) -> None:
        self._client = OpenAI(
            base_url=base_url,
            api_key=key,
            max_retries=retries,
            timeout=20.0,
            # without it certificates would be read, which nobody shows here
            http_client=DefaultHttpxClient(verify=False),
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def ask(
        self, model: str, *, stream: bool, headers: Mapping[str, str] = {}, **fields: Any
    ) -> Seen:
        """Make a call, and read all of its answer."""
        answer = _Answer(f"scenario-{next(_numbers)}")
        began = time.monotonic()
        try:
            raw = self._client.chat.completions.with_raw_response.create(
                model=model,
                messages=[{"role": "user", "content": QUESTION}],
                stream=stream,
                extra_headers={"X-Request-ID": answer.request_id, **headers},
                extra_body=fields,
            )
            answer.response = raw.http_response
            answer.kept = _keep(raw.http_response)
            answer.read(raw.parse(), stream)
        except APIStatusError as error:
            answer.response = error.response
            answer.error = error
        except APIError as error:
            answer.error = error
        return answer.seen(time.monotonic() - began)


@attrs.define
class _Answer:
    """An answer as it is being read."""

    request_id: str
    response: Any = None
    #: Bytes of a stream.
    kept: bytearray = attrs.field(factory=bytearray)
    error: APIError | None = None
    text: str = ""
    finish_reason: str = ""
    names: set[tuple[str, str]] = attrs.field(factory=set)
    usage: Any = None
    streamed: bool = False

    def read(self, answer: Any, streamed: bool) -> None:
        """Read a whole answer, or a stream to its end."""
        self.streamed = streamed
        if not streamed:
            self.take(answer, answer.choices[0].message)
            return
        with answer:
            for chunk in answer:
                self.take(chunk, chunk.choices[0].delta if chunk.choices else None)

    def take(self, part: Any, said: Any) -> None:
        """Take what a chunk says, or a whole answer."""
        if said is not None:
            self.text += said.content or ""
            self.text += "".join([call.function.arguments for call in said.tool_calls or ()])
        self.names.add((part.id, part.model))
        self.usage = part.usage or self.usage
        for choice in part.choices:
            self.finish_reason = choice.finish_reason or self.finish_reason

    def seen(self, seconds: float) -> Seen:
        """Return all of it."""
        response = self.response
        if response is None:
            raise AssertionError(f"the gateway gave no answer at all: {self.error!r}")
        done = self.kept.endswith(b"\n\ndata: [DONE]\n\n")
        error = self.error
        usage = self.usage
        return Seen(
            request_id=self.request_id,
            status=response.status_code,
            code="" if error is None else error.code or "an error without a code",
            message="" if error is None else error.message,
            text=self.text,
            finish_reason=self.finish_reason,
            has_end=error is None and (done or not self.streamed),
            names=frozenset(self.names),
            usage=None if usage is None else (usage.prompt_tokens, usage.completion_tokens),
            headers=response.headers,
            seconds=seconds,
        )
