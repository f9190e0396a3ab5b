"""Asks one provider whether it is well, in the way that its settings and its dialect say.

One question at a time, with one limit for all of it. When to ask, and how many bad answers make a
provider unhealthy, is decided elsewhere. A reason holds neither keys nor addresses nor a byte of
what came.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, NoReturn, TypeVar

import attrs
import orjson
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.http1.agent import Agent
from inference_gateway.interfaces import IDialect
from inference_gateway.provider_errors import ProviderError, ProviderUnavailable
from inference_gateway.upstream.question import Questions
from inference_gateway.wire.chat import parse_chat
from inference_gateway.wire.edit import remove_members
from inference_gateway.wire.health import HealthState
from inference_gateway.wire.operations import CHAT

T = TypeVar("T")

#: Bytes of an answer that are read. All of a longer list of models would be read for nothing.
_LONGEST_ANSWER = 64 * 1024
#: Good answers from one question for slots to the next; a server that was away is asked sooner.
_CHECKS_PER_COUNT = 30
_CREDENTIAL = frozenset((401, 402, 403))
#: Statuses by which a server shows that it takes questions, if not this one now: a limit of calls
#: is no illness, and there are models that refuse to say one token only.
_TAKES_QUESTIONS = frozenset((200, 400, 422, 429))


@attrs.frozen(kw_only=True)
class Checkup:
    """What came of one question; ``latency`` is the seconds until its answer."""

    latency: float
    #: What is wrong; None: nothing is.
    reason: str | None = None
    #: How many calls it works on at the same time; None: it did not tell, or was not asked.
    slots: int | None = None


@attrs.frozen
class _Question:
    target: bytes
    #: Tells from status and body what is wrong; None: nothing is.
    judge: Callable[[int, bytes], str | None]
    #: Sent by a POST; None: it is a GET.
    body: bytes | None = None


class HealthCheck:
    """The question of one provider, asked through ``agent``, which stays its owner's to close.

    ``clock`` tells monotonic time and has the timer that limits a question.
    """

    def __init__(
        self, settings: ProviderSettings, dialect: IDialect, agent: Agent, clock: IReactorTime
    ) -> None:
        self._questions = Questions(settings, dialect, agent)
        self._dialect = dialect
        self._clock = clock
        self._timeout = settings.health.timeout
        base_path = self._questions.base_path
        self._question = _question(settings, dialect, base_path)
        # what the operator says of places goes before what the server says
        is_limited = settings.max_in_flight is not None
        self._slots_target = None if is_limited else dialect.slots_target(base_path)
        self._checks_until_count = 0
        #: The credential that was not refused when it was last used.
        self._credential = 0
        self._credentials = max(1, len(settings.credentials))

    @property
    def has_question(self) -> bool:
        """Whether there is anything to ask for; `ask` must not be called otherwise."""
        return self._question is not None

    def ask(self) -> "Deferred[Checkup]":
        """Ask now; fails only by a bug. Cancelling closes the connection."""
        return Deferred.fromCoroutine(self._ask())

    async def _ask(self) -> Checkup:
        started = self._clock.seconds()
        try:
            reason = await self._limited(self._verdict())
        except ProviderError as error:
            reason = error.message
        latency = self._clock.seconds() - started
        if reason is not None:
            self._checks_until_count = 0
            return Checkup(latency=latency, reason=reason)
        return Checkup(latency=latency, slots=await self._slots())

    async def _verdict(self) -> str | None:
        """Return what is wrong; where a credential is refused the next one is tried, too."""
        question = self._question
        if question is None:
            raise ValueError("there is nothing to ask for")
        status = 0
        for _ in range(self._credentials):
            status, body = await self._questions.ask(
                question.target,
                most=_LONGEST_ANSWER,
                body=question.body,
                credential=self._credential,
            )
            if status not in _CREDENTIAL:
                return question.judge(status, body)
            self._credential = (self._credential + 1) % self._credentials
        return f"it refuses the credential ({status})"

    async def _slots(self) -> int | None:
        """Return how many slots there are, where it is time to ask for them."""
        if self._slots_target is None:
            return None
        if self._checks_until_count:
            self._checks_until_count -= 1
            return None
        self._checks_until_count = _CHECKS_PER_COUNT - 1
        counting = self._questions.ask(
            self._slots_target, most=_LONGEST_ANSWER, credential=self._credential
        )
        try:
            status, body = await self._limited(counting)
        except ProviderError:
            # good to know, but nothing that its health depends on
            return None
        return self._dialect.slots(status, body)

    def _limited(self, asking: Coroutine[Any, Any, T]) -> "Deferred[T]":
        asked = Deferred.fromCoroutine(asking)
        return asked.addTimeout(self._timeout, self._clock, _timed_out)


def _timed_out(cancelled: object, seconds: float) -> NoReturn:
    raise ProviderUnavailable(f"the provider did not answer within {seconds:g} s")


# --- the questions


def _question(settings: ProviderSettings, dialect: IDialect, base_path: bytes) -> _Question | None:
    """Return what the provider is to be asked; None: nothing."""
    health = settings.health
    if health.check == "never":
        return None
    if health.path is not None:
        root = base_path.rstrip(b"/").removesuffix(b"/v1")
        return _Question(root + health.path.encode("ascii"), _is_success)
    if health.check == "models":
        return _Question(dialect.listing(base_path), _takes_questions)
    if health.check == "call":
        return _call(settings, dialect, base_path)
    target = dialect.health_target(base_path)
    return None if target is None else _Question(target, partial(_own, dialect))


def _call(settings: ProviderSettings, dialect: IDialect, base_path: bytes) -> _Question | None:
    """Return a call for one token; None where no model is known that could answer it."""
    models = [model for model in settings.models.values() if "*" not in model]
    if not models or CHAT.name not in (settings.endpoints or dialect.endpoints):
        return None
    model = models[0]
    messages = [{"role": "user", "content": "ping"}]
    asked = {"model": model, "messages": messages, "max_tokens": 1}
    request = parse_chat(orjson.dumps(asked))
    body = dialect.encode(request, model, stream=False, ask_usage=False)
    if settings.drop_fields:
        body = remove_members(body, settings.drop_fields)
    return _Question(dialect.target(base_path, CHAT, model), _takes_questions, body)


# --- what an answer means


def _is_success(status: int, body: bytes) -> str | None:
    return None if 200 <= status < 300 else f"it answered {status}"


def _takes_questions(status: int, body: bytes) -> str | None:
    return None if status in _TAKES_QUESTIONS else f"it answered {status}"


def _own(dialect: IDialect, status: int, body: bytes) -> str | None:
    """Judge by what the server says of itself; if that tells nothing, it serves at least."""
    state = dialect.health(status, body).state
    if state is HealthState.LOADING:
        return "it is loading its model"
    return f"it answered {status}" if state is HealthState.UNHEALTHY else None
