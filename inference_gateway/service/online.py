"""``--check-online``: a run of the reactor that asks the providers and serves nobody.

What is asked and what an answer means is ``upstream.online_check``'s.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet import task
from twisted.internet.defer import CancelledError, Deferred

from inference_gateway.config.settings import Settings
from inference_gateway.dialects.registry import dialect_for
from inference_gateway.service.process import use_monotonic_time
from inference_gateway.upstream.online_check import check_online


def run_online_check(settings: Settings, say: Callable[[str], None]) -> bool:
    """Ask the providers, ``say`` a line about each, and tell whether all of them are usable.

    Runs the installed reactor from its start to its end, so nothing else can run in it. An
    interruption ends it early and counts as a failure; nothing is said then.
    """
    usable = False

    async def main(reactor: Any) -> None:
        nonlocal usable
        use_monotonic_time(reactor)
        providers = [
            (provider, None if provider.type == "echo" else dialect_for(provider))
            for provider in settings.providers
        ]
        asking = Deferred.fromCoroutine(check_online(providers, reactor))

        def give_up() -> Deferred[Any]:
            asking.cancel()
            return asking

        # Before the reactor itself closes the connections, which would look like the providers'
        # doing; it waits for this.
        reactor.addSystemEventTrigger("before", "shutdown", give_up)
        with suppress(CancelledError):
            findings = await asking
            for finding in findings:
                say(str(finding))
            usable = all(finding.usable for finding in findings)

    # Its status is 0 after an interruption, too, and it has told of everything unexpected.
    with suppress(SystemExit):
        task.react(main)
    return usable
