"""Asks the providers for their lists of models while the gateway runs, each at its own pace.

What a list is worth and when to ask again is `routing.discovery`'s; how to ask, `upstream`'s.
"""

from collections.abc import Callable, Iterable
from functools import partial

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from inference_gateway.provider_errors import ProviderError
from inference_gateway.routing.discovery import Discovery
from inference_gateway.routing.table import ModelTable
from inference_gateway.service.rounds import Round, Rounds
from inference_gateway.telemetry.metrics import Metrics


@attrs.frozen(kw_only=True)
class Polled:
    """A provider that is asked for its models, and what is known of them.

    ``ask`` fails with a `ProviderError` where there is no list.
    """

    provider: str
    ask: Callable[[], Deferred[list[object]]]
    discovery: Discovery


class ModelPolling:
    """Keeps the table up to date from `start` to `stop`."""

    _log = Logger()

    def __init__(
        self, polled: Iterable[Polled], table: ModelTable, metrics: Metrics, clock: IReactorTime
    ) -> None:
        asked = tuple(polled)
        self._table = table
        self._metrics = metrics
        self._rounds = Rounds(
            [Round(act=partial(self._ask, one), pause=one.discovery.pause) for one in asked],
            clock,
        )
        for one in asked:
            metrics.discovered_models.labels(one.provider).set(0)
            metrics.discovery_failures.labels(one.provider)

    def start(self) -> None:
        """Ask all providers now, and again and again."""
        self._rounds.start()

    def stop(self) -> None:
        """Ask no more, and give up what is being asked; idempotent."""
        self._rounds.stop()

    async def _ask(self, one: Polled) -> None:
        try:
            listed = await one.ask()
        except CancelledError:
            raise
        except ProviderError as error:
            self._failed(one, error.message)
        except Exception:
            # without a list the provider still serves, and the next question may go well
            self._log.failure("a bug failed a question for models")
            self._failed(one, "the gateway has a bug")
        else:
            self._listed(one, listed)

    def _listed(self, one: Polled, listed: list[object]) -> None:
        if not one.discovery.confirm(listed):
            return
        count = len(one.discovery.names)
        self._metrics.discovered_models.labels(one.provider).set(count)
        self._table.refresh()
        self._log.info(
            "provider {provider} lists {count} {models}",
            provider=one.provider,
            count=count,
            models="model" if count == 1 else "models",
        )

    def _failed(self, one: Polled, reason: str) -> None:
        self._metrics.discovery_failures.labels(one.provider).count += 1
        if one.discovery.fail():
            self._log.warn(
                "provider {provider} does not list its models: {reason}",
                provider=one.provider,
                reason=reason,
            )
