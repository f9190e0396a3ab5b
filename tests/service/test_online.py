"""The run of the reactor behind ``--check-online``; the reactor's own loop is left out."""

import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.settings import ProviderSettings, Settings
from inference_gateway.service.online import run_online_check
from tests.http1.fake_upstream import MemoryNetwork
from tests.upstream.asking import response

ECHO = ProviderSettings(id="echo", models={"echo": "echo"})
REMOTE = ProviderSettings(
    id="gpu", type="openai", base_url="http://127.0.0.1:8001/v1", models={"*": "*"}
)


class OnlineTests(SynchronousTestCase):
    """What is said, and the verdict."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.said: list[str] = []

    def run_on(
        self, *providers: ProviderSettings, play: Callable[[], object] = lambda: None
    ) -> bool:
        """Return the verdict; ``play`` is what happens while the reactor runs."""

        def react(main: Callable[[Any], Coroutine[Deferred[Any], Any, None]]) -> NoReturn:
            finished = Deferred.fromCoroutine(main(self.network.reactor))
            play()
            self.network.turn()
            self.successResultOf(finished)
            sys.exit(0)

        self.patch(task, "react", react)
        return run_online_check(Settings(providers=providers), self.said.append)

    def test_usable(self) -> None:
        """All providers are usable: a line about each."""
        answer = response(body=b'{"data":[]}')
        self.assertTrue(
            self.run_on(ECHO, REMOTE, play=lambda: self.network.accept().answer(answer))
        )
        self.assertEqual(
            self.said, ["echo: built in, nothing to ask", "gpu: reachable, lists 0 models"]
        )

    def test_unusable(self) -> None:
        """One that is not spoils it."""
        refuse = self.network.refuse
        self.assertFalse(self.run_on(REMOTE, ECHO, play=lambda: refuse(ConnectionRefusedError())))
        self.assertEqual(len(self.said), 2)

    def test_interrupted(self) -> None:
        """An interruption is no good end, says nothing, and is over when all is closed."""
        waited_for: list[object] = []

        def interrupt() -> None:
            self.network.accept()
            triggers = self.network.reactor.triggers["before"]["shutdown"]
            waited_for.extend(give_up() for give_up, _, _ in triggers)

        self.assertFalse(self.run_on(REMOTE, play=interrupt))
        self.assertEqual(self.said, [])
        self.assertTrue(self.network.sockets[0].lost)
        (over,) = waited_for
        assert isinstance(over, Deferred)
        self.successResultOf(over)
