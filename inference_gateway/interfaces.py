"""The seams: what has several implementations is an Interface, what is called a Protocol."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Literal, Protocol

import attrs
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from inference_gateway.exchange import Attempt, Call, Outcome, Principal, ProviderReply, Reply
from inference_gateway.provider_errors import ProviderError
from inference_gateway.wire.health import Health
from inference_gateway.wire.operations import Operation
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.sse import Event

#: A coroutine that awaits Deferreds.
Async = Coroutine[Deferred[Any], Any, Reply]


class Service(Protocol):
    """Answers a call, or raises a `GatewayError`."""

    def __call__(self, call: Call) -> Async:
        """Answer ``call``; the reply's stream has not been started."""


class Layer(Protocol):
    """One concern around a service; it may refuse, retry, time out or translate errors."""

    def __call__(self, call: Call, proceed: Service) -> Async:
        """Answer ``call``, usually by awaiting ``proceed(call)``."""


#: All values of a header, by its lower-case name.
HeaderValues = Callable[[bytes], Sequence[bytes]]


class Authenticator(Protocol):
    """Knows from a request's head who sent it."""

    def credential(self, values: HeaderValues) -> bytes:
        """Return the one credential of a head; it says the same whenever that head is sent."""

    def caller(self, credential: bytes) -> Principal:
        """Return who calls a model; raises a `GatewayError` for a stranger."""

    def administrator(self, values: HeaderValues) -> Principal:
        """Return which administrator asks; raises a `GatewayError` for everyone else."""


class Gate(Protocol):
    """Open while new calls may start."""

    def check(self) -> None:
        """Raise a `GatewayError` when no call may start."""


class Observer(Protocol):
    """Records each call: once when it is born and once when it is over."""

    def begin(self, call: Call) -> None:
        """Record that ``call`` was born."""

    def end(self, call: Call, outcome: Outcome) -> None:
        """Record that ``call`` ended with ``outcome``."""


class IProvider(Interface):
    """One configured upstream."""

    id = Attribute("str: the provider's id from the configuration")
    endpoints = Attribute("frozenset[str]: the names of the operations that it has")

    def rides_on_stream(request: ModelRequest) -> bool:
        """Whether a plain ``request`` is asked for as a stream, and put together again."""

    def send(call: Call, attempt: Attempt) -> Coroutine[Any, Any, ProviderReply]:
        """Send the call and return the head of the answer with its body.

        ``attempt.stream`` says whether a stream is asked for. Raises a `ProviderError` when there
        is no answer. Cancelling it closes the connection.
        """

    def ask(
        call: Call, attempt: Attempt, method: bytes, path_and_query: bytes
    ) -> Coroutine[Any, Any, ProviderReply]:
        """Ask about a response that the provider may have, and return the head of the answer.

        ``path_and_query`` is what follows the path of the Responses API. ``attempt.stream`` says
        whether events are asked for. Raises a `ProviderError` when there is no answer, with the
        status 404 where the provider knows no such response. Cancelling it closes the connection.
        """


class StreamTranslation(Protocol):
    """Translates the events of one stream; one for each stream."""

    def feed(self, event: Event) -> bytes:
        """Return the events that this one means, as they go on the wire; often none.

        Raises `ProviderError` for an event that reports one.
        """


class Translation(Protocol):
    """Makes what a provider answers into what the client's API calls an answer."""

    def answer(self, body: bytes) -> bytes:
        """Translate a whole answer; raises `ProviderInvalidAnswer` for what is none."""

    def stream(self, request: ModelRequest) -> StreamTranslation:
        """Begin to translate the stream that answers ``request``."""


class IDialect(Interface):
    """How one kind of provider speaks: pure translation, without state and without network."""

    endpoints = Attribute("frozenset[str]: the names of the operations that such a provider has")
    headers = Attribute("tuple[tuple[str, str], ...]: what every request to it says besides")

    def rides_on_stream(request: ModelRequest) -> bool:
        """Whether a plain ``request`` is better asked for as a stream.

        So it is where a provider stops only a stream when its client leaves, and the stream tells
        all that the plain answer would.
        """

    def target(base_path: bytes, operation: Operation, model: str) -> bytes:
        """Return the request target of ``operation``; ``base_path`` is that of the base URL."""

    def listing(base_path: bytes) -> bytes:
        """Return the request target of the list of models."""

    def credential(api_key: str) -> tuple[str, str]:
        """Return the name and the value of the header that carries ``api_key``."""

    def encode(request: ModelRequest, model: str, *, stream: bool, ask_usage: bool) -> bytes:
        """Return the body that asks the provider's ``model`` for an answer.

        Raises `GatewayError` for a request that this kind of provider cannot be asked.
        """

    def translation(operation: Operation) -> Translation | None:
        """Return how answers are translated; None where they are the client's API already."""

    def error(status: int, body: bytes, retry_after: float | None) -> ProviderError:
        """Return what an answer other than 200 means; ``retry_after`` is in seconds."""

    def health_target(base_path: bytes) -> bytes | None:
        """Return the request target of the server's health; None where it has none of its own.

        Then the list of models is all that there is to ask for.
        """

    def health(status: int, body: bytes) -> Health:
        """Return what the answer at `health_target` means, whatever its status."""

    def slots_target(base_path: bytes) -> bytes | None:
        """Return the request target that tells the number of slots; None where nothing does."""

    def slots(status: int, body: bytes) -> int | None:
        """Return how many slots the answer at `slots_target` tells of; None where it does not."""


class IBalancer(Interface):
    """Chooses among the providers of a group."""

    def order(call: Call, model: str, candidates: Sequence[Any]) -> Sequence[Any]:
        """Put ``candidates``, all of which can serve now, in the order in which to try them.

        ``model`` is the label of the model; one that is not ``call``'s own is a fallback.
        """


@attrs.frozen(kw_only=True)
class ListedModel:
    """A model as clients see it; ``owner`` is the id of its first provider."""

    name: str
    owner: str
    #: Whether it is known from a provider's own list that was not confirmed for a while.
    is_stale: bool = False


class IModelCatalogue(Interface):
    """What models there are, for those who list them."""

    def listed(principal: Principal) -> Iterable[ListedModel]:
        """Yield the models that ``principal`` may use, by their public names."""

    def find(model: str, principal: Principal) -> ListedModel:
        """Return the model that ``model`` means; raises `ModelNotFound`."""


#: unhealthy: it fails its checks, or takes none of its credentials; degraded: it is asked less than
#: it could be; unknown: it was neither checked nor called lately.
ProviderStatus = Literal["healthy", "degraded", "unhealthy", "unknown"]
#: What a breaker does; open wins over half_open, and that over closed, where one word is for many.
CircuitState = Literal["closed", "open", "half_open"]


@attrs.frozen(kw_only=True)
class ProviderReport:
    """How a provider does, for administrators; ``None`` is what is not known."""

    id: str
    status: ProviderStatus
    #: Seconds that it took to answer the last check.
    latency: float | None
    #: The share of failures among the attempts of the breakers' windows, from 0 to 1.
    error_rate: float | None
    circuit: CircuitState
    #: When the last check ended, in seconds of the Unix epoch.
    last_check: float | None
    in_flight: int
    #: How many attempts it takes at once, as configured or as its server tells; None: any number.
    max_in_flight: int | None
    queued: int
    #: Seconds until one of its credentials may be used; 0: now.
    cooling_down: float
    #: How many of its credentials it does not take at present.
    credentials_refused: int


@attrs.frozen(kw_only=True)
class BreakerReport:
    """What a breaker does, and what it has counted since the start."""

    provider: str
    #: The provider's own name of the model, or a pattern of the configuration.
    model: str
    state: CircuitState
    successes: int
    failures: int
    openings: int
    #: Seconds until it admits a probe; None unless it is open.
    reopens_in: float | None


class IControl(Interface):
    """What administrators see of the running gateway, and change in it."""

    def providers() -> Sequence[ProviderReport]:
        """Report on every provider, in the order of the configuration."""

    def breakers() -> Sequence[BreakerReport]:
        """Report on every breaker that was needed so far, provider by provider."""

    def reset_breakers(provider: str, model: str | None) -> None:
        """Close the breaker of one ``model`` of ``provider``, or with None those of all its models.

        Raises `ResourceNotFound` where there is no such provider, or no such breaker.
        """


class IKeyStore(Interface):
    """Knows the keys."""

    is_open = Attribute("bool: no key is configured, so everybody may call")
    has_administrators = Attribute("bool: an administrator's key is configured")

    def find(secret: bytes) -> Principal | None:
        """Return the `Principal` whose key ``secret`` is, or None; constant in time."""
