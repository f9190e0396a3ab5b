"""A provider over HTTP: its dialect, its address and the gateway's connections, put together.

It sends one request for one attempt and hands over the head of the answer with its body. Limits of
time other than that for connecting, and everything about trying again, are the pipeline's.
"""

from collections.abc import Callable

import attrs
from twisted.internet.defer import CancelledError
from zope.interface import implementer

from inference_gateway.config.kinds import Secret
from inference_gateway.config.settings import ProviderSettings
from inference_gateway.exchange import Attempt, Call, ProviderReply
from inference_gateway.http1.agent import Agent
from inference_gateway.http1.origin import split_uri
from inference_gateway.http1.response import Response
from inference_gateway.interfaces import IDialect, IProvider, Translation
from inference_gateway.provider_errors import ProviderError, ProviderInvalidAnswer, ProviderRejected
from inference_gateway.upstream.body import ResponseBody, read_start
from inference_gateway.upstream.failures import EXCHANGE_FAILURES, exchange_error
from inference_gateway.upstream.translated_body import Document, Events, Interpreter, TranslatedBody
from inference_gateway.wire.edit import remove_members
from inference_gateway.wire.headers import FORWARDED_RESPONSE, parse_retry_after
from inference_gateway.wire.operations import RESPONSES, Operation
from inference_gateway.wire.request import ModelRequest

#: Bytes of a failed answer that are looked at for a reason.
_LONGEST_REFUSAL = 64 * 1024
#: Statuses, beside 404, of servers that do not know what they are asked about.
_NO_SUCH_ROUTE = frozenset((405, 501))
_JSON = b"application/json"


@implementer(IProvider)
class HTTPProvider:
    """Asks one configured upstream.

    ``via`` is how the gateway signs requests, so that it knows one that comes back to it (RFC 9110,
    section 7.6.3). ``wall`` gives seconds since the epoch.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        dialect: IDialect,
        agent: Agent,
        *,
        via: bytes,
        wall: Callable[[], float],
    ) -> None:
        self.id = settings.id
        self._settings = settings
        self._dialect = dialect
        self._agent = agent
        self._wall = wall
        self._ask_usage = settings.force_usage == "auto"
        self._connect_timeout = settings.timeouts.connect
        #: The names of the operations that it has.
        self.endpoints = dialect.endpoints
        self._origin, self._base_path = split_uri((settings.base_url or "").encode("ascii"))
        #: Header lines that are the same for every request, by the number of the credential.
        self._lines = [
            self._unchanging_lines(credential) for credential in settings.credentials or (None,)
        ]
        self._via_line = b"via: 1.1 %b\r\n" % via
        #: What the operator sends always is not sent a second time, as the client would have it.
        own = [*settings.headers, *(name for name, _ in dialect.headers)]
        self._own = frozenset(name.lower().encode("ascii") for name in own)

    def rides_on_stream(self, request: ModelRequest) -> bool:
        """Say what the operator wants, where it can be done, or leave it to the dialect."""
        choice = self._settings.stream_upstream
        if choice == "auto":
            return self._dialect.rides_on_stream(request)
        return choice == "always" and request.operation.assembler is not None

    async def send(self, call: Call, attempt: Attempt) -> ProviderReply:
        """Ask for the answer to ``call``; raises a `ProviderError` for every other answer.

        Cancelling it closes the connection.
        """
        asked = call.request
        if asked is None:
            raise ValueError("only a call with a request can be sent")
        request = self._request(call, asked, attempt)
        connect_timeout = attempt.connect_timeout or self._connect_timeout
        try:
            response = await self._agent.exchange(
                self._origin, request, connect_timeout=connect_timeout
            )
        except EXCHANGE_FAILURES as failure:
            raise exchange_error(failure, connect_timeout) from None
        if response.code != 200:
            raise await self._refusal(response)
        try:
            reply = _reply(response, asked.operation, attempt)
            translation = self._dialect.translation(asked.operation)
            if translation is None:
                return reply
            return _translated(reply, translation, asked, attempt)
        except ProviderError:
            response.abort()
            raise

    async def ask(
        self, call: Call, attempt: Attempt, method: bytes, path_and_query: bytes
    ) -> ProviderReply:
        """Ask about a response; raises a `ProviderError` for every answer that is none.

        A server without such a route has no such response. Cancelling it closes the connection.
        """
        question = self._question(call, attempt, method, path_and_query)
        connect_timeout = attempt.connect_timeout or self._connect_timeout
        try:
            response = await self._agent.exchange(
                self._origin, question, connect_timeout=connect_timeout
            )
        except EXCHANGE_FAILURES as failure:
            raise exchange_error(failure, connect_timeout) from None
        if response.code == 204 and method == b"DELETE":
            return ProviderReply(status=204, body=b"")
        if response.code != 200:
            error = await self._refusal(response)
            if response.code in _NO_SUCH_ROUTE:
                raise ProviderRejected("the provider keeps no responses", status=404)
            raise error
        try:
            return _reply(response, RESPONSES, attempt)
        except ProviderError:
            response.abort()
            raise

    async def _refusal(self, response: Response) -> ProviderError:
        retry_after = parse_retry_after(
            response.header(b"retry-after-ms"), response.header(b"retry-after"), self._wall()
        )
        try:
            body = await read_start(response, _LONGEST_REFUSAL)
        except CancelledError:
            response.abort()
            raise
        return self._dialect.error(response.code, body, retry_after)

    # --- the request

    def _request(self, call: Call, asked: ModelRequest, attempt: Attempt) -> bytes:
        operation = asked.operation
        body = self._dialect.encode(
            asked, attempt.model, stream=attempt.stream, ask_usage=self._ask_usage
        )
        if self._settings.drop_fields and asked.content_type == _JSON:
            body = remove_members(body, self._settings.drop_fields)
        forwarded = self._forwarded(call, operation) if call.forwarded else b""
        # the order of the fields in ``Via`` is that of the hops, and this one is the last so far
        return (
            b"POST %b HTTP/1.1\r\n%bcontent-type: %b\r\naccept: %b\r\nx-request-id: %b\r\n%b%b"
            b"content-length: %d\r\n\r\n%b"
        ) % (
            self._dialect.target(self._base_path, operation, attempt.model),
            self._lines[attempt.credential],
            asked.content_type,
            _accepted(operation, attempt),
            call.id.encode("ascii"),
            forwarded,
            self._via_line,
            len(body),
            body,
        )

    def _question(
        self, call: Call, attempt: Attempt, method: bytes, path_and_query: bytes
    ) -> bytes:
        # even without a body a POST says how long it is (RFC 9110, section 8.6)
        length = b"content-length: 0\r\n" if method == b"POST" else b""
        return b"%b %b%b HTTP/1.1\r\n%baccept: %b\r\nx-request-id: %b\r\n%b%b%b\r\n" % (
            method,
            self._dialect.target(self._base_path, RESPONSES, ""),
            path_and_query,
            self._lines[attempt.credential],
            _accepted(RESPONSES, attempt),
            call.id.encode("ascii"),
            self._forwarded(call, RESPONSES),
            self._via_line,
            length,
        )

    def _forwarded(self, call: Call, operation: Operation) -> bytes:
        return b"".join(
            [
                b"%b: %b\r\n" % (name, value)
                for name, value in call.forwarded
                if name in operation.forwards and name not in self._own
            ]
        )

    def _unchanging_lines(self, credential: Secret | None) -> bytes:
        lines = [
            b"host: " + self._origin.netloc,
            b"accept-encoding: identity",
            b"user-agent: inference-gateway",
        ]
        if credential is not None:
            name, value = self._dialect.credential(credential.reveal())
            lines.append(f"{name}: {value}".encode("latin-1"))
        own = {name.lower() for name in self._settings.headers}
        for name, value in self._dialect.headers:
            if name not in own:
                lines.append(f"{name}: {value}".encode("latin-1"))
        for name, secret in self._settings.headers.items():
            lines.append(f"{name}: {secret.reveal()}".encode("latin-1"))
        return b"".join([line + b"\r\n" for line in lines])


def _accepted(operation: Operation, attempt: Attempt) -> bytes:
    if not operation.has_events:
        return b"*/*"
    return b"text/event-stream" if attempt.stream else _JSON


# --- the answer


def _reply(response: Response, operation: Operation, attempt: Attempt) -> ProviderReply:
    content_type = response.header(b"content-type") or b""
    media_type = content_type.partition(b";")[0].strip().lower()
    is_json = media_type == _JSON or media_type.endswith(b"+json")
    if media_type == b"text/html":
        raise ProviderInvalidAnswer("the provider answered with a web page")
    headers = [field for field in response.raw_headers if field[0] in FORWARDED_RESPONSE]
    if operation.answers_json and not attempt.stream:
        if media_type and not is_json:
            raise ProviderInvalidAnswer("the provider answered with something else than JSON")
    elif content_type and not operation.has_events:
        headers.append((b"content-type", content_type))
    is_document = is_json and operation.has_events
    whole = None if attempt.stream and not is_document else response.take_whole()
    return ProviderReply(
        status=200,
        headers=tuple(headers),
        body=ResponseBody(response) if whole is None else whole,
        is_document=is_document,
    )


def _translated(
    reply: ProviderReply, translation: Translation, request: ModelRequest, attempt: Attempt
) -> ProviderReply:
    """Return ``reply`` in the words of the client's API."""
    body = reply.body
    if isinstance(body, bytes):
        return attrs.evolve(reply, body=translation.answer(body))
    interpreter: Interpreter = Document(translation)
    if attempt.stream and not reply.is_document:
        interpreter = Events(translation.stream(request))
    return attrs.evolve(reply, body=TranslatedBody(body, interpreter))
