"""A chat that was recorded, told in two ways, and a client who is told it."""

import orjson
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock

from inference_gateway.errors import GatewayError, Verdict
from inference_gateway.exchange import Attempt, EventStream
from inference_gateway.pipeline.event_stream import AttemptStream
from inference_gateway.pipeline.replay import ReplayStream
from inference_gateway.provider_errors import ProviderUnavailable
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.testing.doubles import ManualBody, RecordingSink
from inference_gateway.wire.sse import Event
from inference_gateway.wire.transcript import Transcript
from tests.pipeline.chats import DONE, asked, chat
from tests.wire.repeating import Choice, call, finish, said, say

IDLE = 10.0


def tell(name: str, *chunks: list[Choice], usage: int = 9) -> list[bytes]:
    """Return a whole stream of these chunks, from a provider called ``name``."""
    members = {"id": f"id-{name}", "created": len(name), "model": name}
    events = [{**members, "choices": choices} for choices in chunks]
    events.append(
        {**members, "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": usage}}
    )
    return [*[b"data: " + orjson.dumps(event) + b"\n\n" for event in events], DONE]


#: Two answers in turns: one that thinks and then talks, one that calls two functions.
FIRST = tell(
    "one",
    [say(0, role="assistant", content=""), say(1, role="assistant", content=None)],
    [say(0, reasoning_content="He")],
    [say(1, tool_calls=[call(0, id="x0", type="function", name="look")])],
    [say(0, reasoning_content="llo?"), say(1, tool_calls=[call(0, '{"at')])],
    [say(0, content="Grü")],
    [say(1, tool_calls=[call(0, '":"語"}')])],
    [say(0, content="ße ")],
    [say(1, tool_calls=[call(1, "{}", id="x1", type="function", name="see")])],
    [say(0, content="😀語!")],
    [finish(1, "tool_calls")],
    [finish(0)],
)
#: The same, one after the other and in other pieces.
SECOND = tell(
    "second",
    [say(1, role="assistant", tool_calls=[call(0, '{"at":', id="y0", name="look")])],
    [say(0, role="assistant", reasoning_content="H")],
    [say(1, tool_calls=[call(0, '"語"}'), call(1, "{", id="y1", type="function", name="see")])],
    [say(1, tool_calls=[call(1, "}")])],
    [finish(1, "tool_calls")],
    [say(0, reasoning_content="ello?", content="Gr")],
    [say(0, content="üße 😀")],
    [say(0, content="語"), say(1)],
    [{**finish(0), "delta": {"content": "!"}}],
)


class Relayed:
    """A client's stream, whose providers say what the test has them say.

    ``others`` are what those say who are asked again, and how they end; None: the test says it.
    """

    def __init__(
        self, *others: tuple[bytes, GatewayError | None] | None, include_usage: bool = False
    ) -> None:
        self.clock = Clock()
        self.call = chat(stream=True, n=2, stream_options={"include_usage": include_usage})
        self.sink = RecordingSink()
        self.others = list(others)
        self.error = ProviderUnavailable("the connection broke")
        self.attempts: list[Attempt] = []
        self.bodies: list[ManualBody] = []

    async def ask(self) -> AttemptStream:
        """Ask a provider that is played by the newest body."""
        attempt = Attempt(provider="p", model="m", started=self.clock.seconds())
        body = ManualBody()
        self.attempts.append(attempt)
        self.bodies.append(body)
        stream = AttemptStream(
            self.call,
            asked(self.call),
            attempt,
            body,
            self.clock,
            idle=IDLE,
            total=Deadline.after(self.clock.seconds(), "total", 1000.0),
        )
        first = stream.first_content()
        if len(self.bodies) > 1 and (says := self.others.pop(0)) is not None:
            body.feed(says[0])
            body.end(says[1])
        await first
        return stream

    async def again(self, failure: GatewayError) -> EventStream:
        """Ask the next provider, if there is one."""
        if not self.others:
            raise failure
        return await self.ask()

    def begin(self, data: bytes) -> None:
        """Have the first provider say ``data``, which begins an answer."""
        streams: list[AttemptStream] = []
        ensureDeferred(self.ask()).addCallback(streams.append)
        self.bodies[0].feed(data)
        (first,) = streams
        self.stream = ReplayStream(self.call, first, Transcript(), self.again)
        self.stream.start(self.sink)

    def cut(self) -> None:
        """Break the first provider's connection, with `error`."""
        self.bodies[0].end(self.error)

    @property
    def verdicts(self) -> list[Verdict | None]:
        """How each attempt ended."""
        outcomes = [attempt.outcome for attempt in self.attempts]
        return [None if outcome is None else outcome.verdict for outcome in outcomes]

    @property
    def events(self) -> list[Event]:
        """What the client got."""
        return [event for batch in self.sink.batches for event in batch]


WHOLE = said(Event(event, event[6:-2]) for event in FIRST[:-1])
LONG = b"".join(FIRST)
REPEATED = b"".join(SECOND)
#: Where each event ends.
ENDS = [sum(map(len, FIRST[: count + 1])) for count in range(len(FIRST))]
#: Where the last event ends that has to be there for a whole answer.
LAST = ENDS[-3]
