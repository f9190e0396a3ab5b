"""Test cases with one gateway for all clients, and one upstream that has every route.

What the upstream answers is in the modules of the APIs that it speaks; what clients do is in the
tests.
"""

import atexit
import functools
from collections.abc import Mapping

from tests.acceptance.gateway import KEY, Configuration, Gateway, GatewayTestCase
from tests.acceptance.relaying import provider, relaying
from tests.acceptance.upstream import Behaviour, Exchange, Upstream
from tests.clients import chat_answers, media_answers, messages_answers, route_answers

#: The gateway's own credentials at the providers.
OPENAI_KEY, ANTHROPIC_KEY = "openai-provider-key", "anthropic-provider-key"
#: Public names that the providers know by others.
RENAMED = {
    "maker/small": "gpt-small-2",
    "maker/vectors": "text-vectors-2",
    "maker/ear": "whisper-large-2",
}

_ANSWERS: Mapping[str, Behaviour] = {
    **chat_answers.ANSWERS,
    **route_answers.ANSWERS,
    **media_answers.ANSWERS,
    **messages_answers.ANSWERS,
}


async def _answer(exchange: Exchange) -> None:
    """Answer as it is told for the route and the model, or for the route alone."""
    route = exchange.line.removesuffix(" HTTP/1.1")
    await (_ANSWERS.get(f"{route} {exchange.model}") or _ANSWERS[route])(exchange)


@functools.cache
def _shared_upstream() -> Upstream:
    """Return the upstream of all tests; it is closed with the process."""
    upstream = Upstream({}, _answer)
    atexit.register(upstream.close)
    return upstream


#: Models that tell something of their whole provider, which therefore has nothing else.
_MARKING = ("claude-status-401", "claude-status-429", "claude-limited")


def _configuration(base_url: str) -> Configuration:
    names = ("gpt-*", "text-*", "omni-*", "tts-*", "whisper-*")
    anthropic = {"type": "anthropic", "api_key": "${ANTHROPIC_PROVIDER_KEY}"}
    configuration = relaying(
        provider(
            base_url,
            "openai",
            api_key="${OPENAI_PROVIDER_KEY}",
            models={**{name: name for name in names}, **RENAMED},
        ),
        provider(
            base_url,
            "anthropic",
            models={"claude-*": "claude-*", "maker/claude": "claude-small"},
            **anthropic,
        ),
        *[provider(base_url, name, models=[name], **anthropic) for name in _MARKING],
    )
    routing = {
        "retry": {"attempts": 1, "max_wait": "0s"},
        "circuit_breaker": {"enabled": False},
        "models": {name: {"providers": [name]} for name in _MARKING},
    }
    return {**configuration, "routing": routing}


_gateways: list[Gateway] = []


def _shared_gateway() -> Gateway:
    """Return the gateway of all tests; another one when a test had to end it."""
    if not _gateways or not _gateways[-1].running:
        gateway = Gateway(
            _configuration(_shared_upstream().base_url),
            environment={
                "OPENAI_PROVIDER_KEY": OPENAI_KEY,
                "ANTHROPIC_PROVIDER_KEY": ANTHROPIC_KEY,
            },
        )
        atexit.register(gateway.stop)
        _gateways.append(gateway)
    return _gateways[-1]


class SurfaceTestCase(GatewayTestCase):
    """Tests of clients of one gateway with a provider of each API.

    No provider may have seen the client's key.
    """

    def setUp(self) -> None:
        self.upstream = _shared_upstream()
        self.upstream.forget()
        self.gateway = _shared_gateway()

    def tearDown(self) -> None:
        super().tearDown()
        self.assertEqual(self.upstream.failures, [])
        for exchange in self.upstream.exchanges:
            self.assertNotIn(KEY, exchange.request)

    def exchange(self) -> Exchange:
        """Return the one call that came to the upstream."""
        (exchange,) = self.upstream.exchanges
        return exchange
