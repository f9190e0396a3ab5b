"""Small questions to a provider beside the calls of clients, on the connections of those.

One question is one request; what to ask and what an answer means is decided elsewhere, as is for
how long to wait. Errors hold neither keys nor addresses nor a byte of what came.
"""

from twisted.web.http_headers import Headers

from inference_gateway.config.settings import ProviderSettings
from inference_gateway.http1.agent import Agent
from inference_gateway.http1.origin import split_uri
from inference_gateway.http1.request_head import request_head
from inference_gateway.interfaces import IDialect
from inference_gateway.upstream.body import read_start
from inference_gateway.upstream.failures import EXCHANGE_FAILURES, exchange_error


def question_headers(
    settings: ProviderSettings, dialect: IDialect, credential: int = 0
) -> dict[str, str]:
    """Return what a call would be sent with, as far as it is the same for all calls.

    ``credential`` says which of the provider's credentials is used, where it has any.
    """
    headers = {"accept": "application/json", "user-agent": "inference-gateway"}
    own = {name.lower() for name in settings.headers}
    headers |= {name: value for name, value in dialect.headers if name not in own}
    if settings.credentials:
        name, value = dialect.credential(settings.credentials[credential].reveal())
        headers[name] = value
    return headers | {name: secret.reveal() for name, secret in settings.headers.items()}


class Questions:
    """Asks one provider through ``agent``, which stays its owner's to close."""

    def __init__(self, settings: ProviderSettings, dialect: IDialect, agent: Agent) -> None:
        self._settings = settings
        self._dialect = dialect
        self._agent = agent
        #: The path of the base URL: what targets are made from.
        self._origin, self.base_path = split_uri((settings.base_url or "").encode("ascii"))

    async def ask(
        self, target: bytes, *, most: int, body: bytes | None = None, credential: int = 0
    ) -> tuple[int, bytes]:
        """Ask for ``target``, by a POST if there is a ``body`` of JSON.

        Returns the status and the first ``most`` bytes of the answer, which may have broken off
        there. Raises a `ProviderError` where not even a head came. Cancelling closes the
        connection.
        """
        limit = self._settings.timeouts.connect
        request = self._request(target, body, credential)
        try:
            response = await self._agent.exchange(self._origin, request, connect_timeout=limit)
        except EXCHANGE_FAILURES as failure:
            raise exchange_error(failure, limit) from None
        return response.code, await read_start(response, most)

    def _request(self, target: bytes, body: bytes | None, credential: int) -> bytes:
        headers = Headers()
        for name, value in question_headers(self._settings, self._dialect, credential).items():
            headers.setRawHeaders(name.encode("ascii"), [value.encode("latin-1")])
        headers.setRawHeaders(b"accept-encoding", [b"identity"])
        if body is not None:
            headers.setRawHeaders(b"content-type", [b"application/json"])
        head = request_head(
            b"GET" if body is None else b"POST",
            target,
            self._origin.netloc,
            headers,
            has_body=body is not None,
            length=None if body is None else len(body),
        )
        return head + (body or b"")
