"""The application behind every connection: judges heads, runs views, accounts for each request.

It refuses at the head what needs no body to be refused; it makes sure that every request, however
it ends, completes its call exactly once; and it knows the running calls, for drain. It runs on
`http1` and, through `GatewayResource`, on Twisted's own web server.
"""

from functools import partial
from typing import Any

import attrs
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from inference_gateway.api.call_id import call_id
from inference_gateway.api.connections import Connections
from inference_gateway.api.forwarding import Forwarding
from inference_gateway.api.head_rules import (
    BODILESS_ROUTES,
    FORM_ROUTES,
    check_form,
    check_host,
    check_json,
    has_body,
)
from inference_gateway.api.hints import client_hints
from inference_gateway.api.respond import Responder
from inference_gateway.api.router import Access, Match, Router
from inference_gateway.api.web_request import WebRequest
from inference_gateway.eager import Running, start
from inference_gateway.errors import (
    CLIENT_GONE,
    ClientGone,
    GatewayError,
    InternalError,
    MethodNotAllowed,
    SlowClient,
)
from inference_gateway.exchange import Call, ClientHints, Outcome
from inference_gateway.http1.channel import HTTPChannel
from inference_gateway.http1.request import Request
from inference_gateway.http1.stall import WriteStalled
from inference_gateway.interfaces import Authenticator, Gate, HeaderValues, Observer


@attrs.frozen
class _Welcome:
    """What a head asked for that was let in; kept no longer than its client repeats it."""

    match: Match
    credential: bytes = attrs.field(repr=False)
    forwarded: tuple[tuple[bytes, bytes], ...] = attrs.field(repr=False)
    hints: ClientHints = attrs.field(repr=False)


class Application:
    """What a connection asks about each of its requests."""

    _log = Logger()

    def __init__(
        self,
        router: Router,
        authenticator: Authenticator,
        gate: Gate,
        observer: Observer,
        responder: Responder,
        connections: Connections,
        forwarding: Forwarding,
        clock: IReactorTime,
        *,
        request_id_header: str,
        unguarded: bool,
        upload_limit: int,
        session_header: str | None = None,
    ) -> None:
        self._router = router
        self._authenticator = authenticator
        self._gate = gate
        self._observer = observer
        self._responder = responder
        self._connections = connections
        self._forwarding = forwarding
        self._clock = clock
        self._id_header = request_id_header.lower().encode("ascii")
        #: Nobody needs a key, so a page in a browser must not reach us through another host name.
        self._unguarded = unguarded
        #: Bytes of the body of a form.
        self._upload_limit = upload_limit
        #: Whose value binds calls to one provider.
        self._session_header = (
            None if session_header is None else session_header.lower().encode("ascii")
        )
        self._running: dict[Call, Running] = {}
        #: Why calls are ended that nobody waits for any longer.
        self._cut: GatewayError | None = None

    def opened(self, channel: HTTPChannel) -> bool:
        """A client connected; False if there are too many already."""
        return self._connections.opened(channel)

    def closed(self, channel: HTTPChannel) -> None:
        """A client's connection is gone."""
        self._connections.closed(channel)

    def judge(self, request: WebRequest) -> GatewayError | None:
        """Give the request its call and say whether its head alone is reason to refuse it."""
        values = _values_of(request)
        call = self._begin(request, values)
        try:
            self._judge(request, call, values)
        except GatewayError as error:
            return error
        return None

    def dispatch(self, request: WebRequest) -> None:
        """Run the view of a request whose body is complete."""
        call: Call = request.call
        call.bytes_in = getattr(request, "bytes_in", 0)
        if request.method == b"OPTIONS":
            self._options(request, call)
            return
        running = start(request.view(request), partial(self._failed, request, call))
        if running is not None:
            self._running[call] = running

    def refuse(self, request: WebRequest, error: GatewayError) -> None:
        """Answer with ``error`` before any view has run."""
        call: Call | None = request.call
        if call is None:
            call = self._begin(request, _values_of(request))
        self._responder.fail(request, call, error)

    def left(self, request: WebRequest, reason: Failure) -> None:
        """The client left before its answer was complete, or was dropped as it read nothing."""
        call: Call = request.call
        error: GatewayError
        if self._cut is not None:
            error = self._cut
        elif isinstance(reason.value, WriteStalled):
            error = SlowClient("the client did not read its answer in time")
        else:
            error = ClientGone("the client left before its answer was complete")
        call.ended_by = error
        running = self._running.get(call)
        if running is not None:
            running.cancel()
        call.complete(Outcome.of(error))

    def cut(self, error: GatewayError) -> None:
        """End every running call with ``error``, also one whose body never came in whole."""
        self._cut = error
        for call, running in list(self._running.items()):
            call.ended_by = error
            running.cancel()

    # --- at the head

    def _begin(self, request: WebRequest, values: HeaderValues) -> Call:
        call = Call(
            id=call_id(values(self._id_header)),
            received=self._clock.seconds(),
            method=request.method.decode("ascii", "replace"),
            path=request.path.decode("ascii", "backslashreplace"),
            peer=getattr(request.getClientAddress(), "host", ""),
        )
        request.call = call
        self._observer.begin(call)
        call.on_complete(partial(self._settle, request, call))
        return call

    def _judge(self, request: WebRequest, call: Call, values: HeaderValues) -> None:
        notes = getattr(request, "notes", {})
        welcome: _Welcome | None = notes.get("welcome")
        if welcome is None:
            notes["welcome"] = self._judge_afresh(request, call, values)
            return
        # The same head was welcome before: only the gate and the key may say otherwise now.
        request.view = welcome.match.view
        call.route = welcome.match.template
        self._gate.check()
        call.principal = self._authenticator.caller(welcome.credential)
        call.forwarded = welcome.forwarded
        call.hints = welcome.hints
        if welcome.match.template in FORM_ROUTES:
            request.body_limit = self._upload_limit

    def _judge_afresh(
        self, request: WebRequest, call: Call, values: HeaderValues
    ) -> "_Welcome | None":
        """Judge a head, and return what holds for it again; None if it is to be judged again."""
        if request.method == b"OPTIONS":
            return None
        if self._unguarded and values(b"origin"):
            check_host(values)
        access = Access.KEY
        wrong: GatewayError | None = None  # told only to those who may ask
        try:
            match = self._router.match(request.method, request.path)
        except MethodNotAllowed as error:
            wrong = error
            access = self._router.access(request.path)
        except GatewayError as error:
            wrong = error
        else:
            request.view = match.view
            call.route = match.template
            access = match.access
        if access is Access.OPEN:
            if wrong is not None:
                raise wrong
            return None
        self._gate.check()
        credential = b""
        if access is Access.ADMIN:
            call.principal = self._authenticator.administrator(values)
        else:
            credential = self._authenticator.credential(values)
            call.principal = self._authenticator.caller(credential)
        if wrong is not None:
            raise wrong
        if request.method == b"POST":
            if match.template in FORM_ROUTES:
                check_form(values)
                request.body_limit = self._upload_limit
            elif match.template not in BODILESS_ROUTES or has_body(values):
                check_json(values)
        call.forwarded = self._forwarding.fields(values)
        if access is Access.ADMIN:
            return None
        call.hints = client_hints(values, self._session_header)
        return _Welcome(match, credential, call.forwarded, call.hints)

    def _options(self, request: WebRequest, call: Call) -> None:
        try:
            allowed = (
                self._router.allowed(request.path) if request.path != b"*" else ["GET", "POST"]
            )
        except GatewayError as error:
            self._responder.fail(request, call, error)
            return
        headers = ((b"allow", ", ".join([*allowed, "OPTIONS"]).encode("ascii")),)
        self._responder.whole(request, call, b"", status=204, headers=headers)

    # --- at the end

    def _failed(self, request: WebRequest, call: Call, raised: Exception) -> None:
        """A view ended early: answer honestly, unless there is nobody left to answer."""
        error: GatewayError
        cancelled = isinstance(raised, CancelledError) and call.ended_by is not None
        if not (cancelled or isinstance(raised, GatewayError)):
            self._log.failure("a bug failed {request_id}", Failure(raised), request_id=call.id)
        if call.ended_by is not None:
            error = call.ended_by
        elif isinstance(raised, GatewayError):
            error = raised
        else:
            error = InternalError("the gateway failed to process this request")
        if error.status == CLIENT_GONE:
            call.complete(Outcome.of(error))
        elif call.outcome is None:
            self._responder.fail(request, call, error)

    def _settle(self, request: WebRequest, call: Call, outcome: Outcome) -> None:
        self._running.pop(call, None)
        call.bytes_in = getattr(request, "bytes_in", call.bytes_in)
        call.bytes_out = getattr(request, "bytes_out", 0)
        self._observer.end(call, outcome)


class GatewayResource(Resource):
    """The application as a resource of Twisted's own web server, which asks after the body."""

    isLeaf = True

    def __init__(self, application: Application) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._application = application

    def render(self, request: Any) -> int:
        """Serve ``request``."""
        error = self._application.judge(request)
        if error is not None:
            self._application.refuse(request, error)
        else:
            request.notifyFinish().addErrback(
                lambda reason: self._application.left(request, reason)
            )
            self._application.dispatch(request)
        return NOT_DONE_YET


def _values_of(request: WebRequest) -> HeaderValues:
    if isinstance(request, Request):
        return request.header_values
    return lambda name: request.requestHeaders.getRawHeaders(name, [])
