"""A provider over HTTP: its dialect, its address and the gateway's connections, put together.

It sends one request for one attempt and hands over the head of the answer with its body. Limits of
time other than that for connecting, and everything about trying again, are the pipeline's.
"""

from collections.abc import Callable

import attrs
from twisted.internet.defer import CancelledError
from zope.interface import implementer

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.errors import ProviderError, ProviderInvalidAnswer
from inference_gateway.exchange import Attempt, Call, ProviderReply
from inference_gateway.http1.agent import Agent
from inference_gateway.http1.origin import split_uri
from inference_gateway.http1.response import Response
from inference_gateway.interfaces import IDialect, IProvider
from inference_gateway.upstream.body import ResponseBody, read_start
from inference_gateway.upstream.failures import EXCHANGE_FAILURES, exchange_error
from inference_gateway.wire.chat import ChatRequest
from inference_gateway.wire.edit import remove_members
from inference_gateway.wire.headers import FORWARDED_RESPONSE, parse_retry_after

#: Bytes of a failed answer that are looked at for a reason.
_LONGEST_REFUSAL = 64 * 1024


@attrs.frozen
class _Heads:
    """The unchanging beginnings of requests for one operation."""

    plain: bytes
    stream: bytes


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
        self._origin, self._base_path = split_uri((settings.base_url or "").encode("ascii"))
        self._lines = self._unchanging_lines()
        self._via_line = b"via: 1.1 %b\r\n" % via
        #: What the operator sends always is not sent a second time, as the client would have it.
        self._own = frozenset(name.lower().encode("ascii") for name in settings.headers)
        self._heads: dict[str, _Heads] = {}

    def rides_on_stream(self, request: ChatRequest) -> bool:
        """Say what the operator wants, or leave it to the dialect."""
        choice = self._settings.stream_upstream
        return self._dialect.rides_on_stream(request) if choice == "auto" else choice == "always"

    async def send(self, call: Call, attempt: Attempt) -> ProviderReply:
        """Ask for the answer to ``call``; raises a `ProviderError` for every other answer.

        Cancelling it closes the connection.
        """
        request = self._request(call, attempt)
        try:
            response = await self._agent.exchange(
                self._origin, request, connect_timeout=self._connect_timeout
            )
        except EXCHANGE_FAILURES as failure:
            raise exchange_error(failure, self._connect_timeout) from None
        if response.code != 200:
            raise await self._refusal(response)
        try:
            return _reply(response, attempt)
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

    def _request(self, call: Call, attempt: Attempt) -> bytes:
        chat = call.request
        if chat is None:
            raise ValueError("only a call with a request can be sent")
        body = self._dialect.encode(
            chat, attempt.model, stream=attempt.stream, ask_usage=self._ask_usage
        )
        if self._settings.drop_fields:
            body = remove_members(body, self._settings.drop_fields)
        heads = self._heads.get(call.operation) or self._make_heads(call.operation)
        forwarded = b""
        if call.forwarded:
            forwarded = b"".join(
                [b"%b: %b\r\n" % field for field in call.forwarded if field[0] not in self._own]
            )
        # the order of the fields in ``Via`` is that of the hops, and this one is the last so far
        return b"%bx-request-id: %b\r\n%b%bcontent-length: %d\r\n\r\n%b" % (
            heads.stream if attempt.stream else heads.plain,
            call.id.encode("ascii"),
            forwarded,
            self._via_line,
            len(body),
            body,
        )

    def _make_heads(self, operation: str) -> _Heads:
        line = b"POST %b%b HTTP/1.1\r\n" % (
            self._base_path.rstrip(b"/"),
            self._dialect.path(operation),
        )
        heads = self._heads[operation] = _Heads(
            plain=line + self._lines + b"accept: application/json\r\n",
            stream=line + self._lines + b"accept: text/event-stream\r\n",
        )
        return heads

    def _unchanging_lines(self) -> bytes:
        lines = [
            b"host: " + self._origin.netloc,
            b"content-type: application/json",
            b"accept-encoding: identity",
            b"user-agent: inference-gateway",
        ]
        if self._settings.api_key is not None:
            name, value = self._dialect.credential(self._settings.api_key.reveal())
            lines.append(f"{name}: {value}".encode("latin-1"))
        for name, secret in self._settings.headers.items():
            lines.append(f"{name}: {secret.reveal()}".encode("latin-1"))
        return b"".join([line + b"\r\n" for line in lines])


# --- the answer


def _reply(response: Response, attempt: Attempt) -> ProviderReply:
    media_type = (response.header(b"content-type") or b"").partition(b";")[0].strip().lower()
    is_json = media_type == b"application/json" or media_type.endswith(b"+json")
    if not attempt.stream and media_type and not is_json:
        raise ProviderInvalidAnswer("the provider answered with something else than JSON")
    if media_type == b"text/html":
        raise ProviderInvalidAnswer("the provider answered with a web page")
    headers = tuple([field for field in response.raw_headers if field[0] in FORWARDED_RESPONSE])
    whole = None if attempt.stream and not is_json else response.take_whole()
    return ProviderReply(
        status=200,
        headers=headers,
        body=ResponseBody(response) if whole is None else whole,
        is_document=is_json,
    )
