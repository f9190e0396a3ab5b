"""SIGTERM and SIGINT."""

import os
import signal
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.service.signals import Signals


class Reactor:
    """Runs at once what a signal handler gives it."""

    def callFromThread(self, function: Callable[..., object], *arguments: object) -> None:
        function(*arguments)


class SignalsTests(SynchronousTestCase):
    """The first and the next."""

    def setUp(self) -> None:
        self.first: list[str] = []
        self.again: list[str] = []
        self.signals = Signals(Reactor(), self.first.append, self.again.append)

    def test_first_and_again(self) -> None:
        """The first signal asks for a drain, every other hurries it, whichever they are."""
        for name in ("SIGINT", "SIGTERM", "SIGTERM"):
            self.signals.received(name)
        self.assertEqual((self.first, self.again), (["SIGINT"], ["SIGTERM", "SIGTERM"]))

    def test_installed(self) -> None:
        """Once installed it is told of the process's signals by their names."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.signals.install()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        self.assertEqual((self.first, self.again), (["SIGTERM"], ["SIGINT"]))

    def test_ignored(self) -> None:
        """When everything is over, nobody is told any more and nothing ends the process early."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.signals.install()
        self.signals.ignore()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        self.assertEqual((self.first, self.again), ([], []))
