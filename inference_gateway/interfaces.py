"""The seams: what has several implementations is an Interface, what is called a Protocol."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from inference_gateway.errors import ProviderError
from inference_gateway.exchange import Attempt, Call, Outcome, Principal, ProviderReply, Reply
from inference_gateway.wire.chat import ChatRequest

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

    def rides_on_stream(request: ChatRequest) -> bool:
        """Whether a plain ``request`` is asked for as a stream, and put together again."""

    def send(call: Call, attempt: Attempt) -> Coroutine[Any, Any, ProviderReply]:
        """Send the call and return the head of the answer with its body.

        ``attempt.stream`` says whether a stream is asked for. Raises a `ProviderError` when there
        is no answer. Cancelling it closes the connection.
        """


class IDialect(Interface):
    """How one kind of provider speaks: pure translation, without state and without network."""

    def rides_on_stream(request: ChatRequest) -> bool:
        """Whether a plain ``request`` is better asked for as a stream.

        So it is where a provider stops only a stream when its client leaves, and the stream tells
        all that the plain answer would.
        """

    def path(operation: str) -> bytes:
        """Return where ``operation`` is found below the provider's base URL."""

    def credential(api_key: str) -> tuple[str, str]:
        """Return the name and the value of the header that carries ``api_key``."""

    def encode(request: ChatRequest, model: str, *, stream: bool, ask_usage: bool) -> bytes:
        """Return the body that asks the provider's ``model`` for an answer."""

    def error(status: int, body: bytes, retry_after: float | None) -> ProviderError:
        """Return what an answer other than 200 means; ``retry_after`` is in seconds."""


class IBalancer(Interface):
    """Chooses among the providers of a group."""

    def order(model: str, candidates: Sequence[Any]) -> Sequence[Any]:
        """Put ``candidates`` in the order in which they should be tried."""


class IModelCatalogue(Interface):
    """What models there are, for those who list them."""

    def listed_owners(principal: Principal) -> Iterable[tuple[str, str]]:
        """Yield the public names that ``principal`` may use, each with its first provider."""

    def owner(model: str, principal: Principal) -> tuple[str, str]:
        """Return the public name that ``model`` means and its owner; raises `ModelNotFound`."""


class IKeyStore(Interface):
    """Knows the keys."""

    is_open = Attribute("bool: no key is configured, so everybody may call")
    has_administrators = Attribute("bool: an administrator's key is configured")

    def find(secret: bytes) -> Principal | None:
        """Return the `Principal` whose key ``secret`` is, or None; constant in time."""
