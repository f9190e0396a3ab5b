"""The command line: its flags, what they print, and how the process ends."""

import os
import re
import sys
from collections.abc import Callable, Coroutine
from io import StringIO
from typing import NoReturn

from twisted.application.service import IService
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway import tap
from inference_gateway.config.keys import digest_of
from inference_gateway.config.load import Loaded
from inference_gateway.service.lifecycle import GatewayService
from tests.service.processes import keep_process


class OptionsTestCase(SynchronousTestCase):
    """A command line in an empty environment."""

    def setUp(self) -> None:
        self.output, self.errors = StringIO(), StringIO()
        self.patch(sys, "__stdout__", self.output)
        self.patch(sys, "__stderr__", self.errors)
        self.patch(os, "environ", {})

    def parse(self, *arguments: str) -> tap.Options:
        """Parse a command line that starts the gateway."""
        options = tap.Options()
        options.parseOptions(list(arguments))
        return options

    def ends(self, *arguments: str) -> int:
        """Return the status with which the process ends."""
        stop: SystemExit = self.assertRaises(SystemExit, self.parse, *arguments)
        assert isinstance(stop.code, int)
        return stop.code

    def file(self, text: str) -> str:
        """Return the path of a configuration file."""
        path: str = self.mktemp() + ".yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class StartTests(OptionsTestCase):
    """Command lines that start the gateway."""

    def listen(self, *arguments: str) -> tuple[str, ...]:
        """Return where the gateway will listen."""
        loaded: Loaded | None = self.parse(*arguments).loaded
        assert loaded is not None
        return loaded.settings.server.listen

    def test_nothing(self) -> None:
        """Nothing at all is a gateway on loopback, and nothing is printed."""
        (endpoint,) = self.listen()
        self.assertIn("8000", endpoint)
        self.assertIn("127.0.0.1", endpoint)
        self.assertEqual(self.output.getvalue() + self.errors.getvalue(), "")

    def test_port(self) -> None:
        """A port replaces that of the listener."""
        (endpoint,) = self.listen("--port", "9123")
        self.assertIn("9123", endpoint)

    def test_listen(self) -> None:
        """Endpoints replace all listeners, and may be several."""
        endpoints = ("tcp:9001:interface=127.0.0.1", "unix:/tmp/gw.sock")
        self.assertEqual(self.listen("--listen", endpoints[0], "--listen", endpoints[1]), endpoints)

    def test_environment(self) -> None:
        """The environment is read, and the command line goes before it."""
        self.patch(os, "environ", {"PORT": "9124"})
        self.assertIn("9124", self.listen()[0])
        self.assertIn("9125", self.listen("--port", "9125")[0])

    def test_env_file(self) -> None:
        """So is a file of variables."""
        path = self.file("PORT=9126\n")
        self.assertIn("9126", self.listen("--env-file", path)[0])

    def test_backend(self) -> None:
        """A base URL replaces the providers of the file."""
        path = self.file("providers: [{id: own}]\n")
        loaded = self.parse("--config", path, "--backend", "http://gpu:8080").loaded
        assert loaded is not None
        (provider,) = loaded.settings.providers
        self.assertEqual((provider.id, provider.base_url), ("backend", "http://gpu:8080/v1"))

    def test_config(self) -> None:
        """And a configuration file."""
        path = self.file("version: mine\n")
        loaded = self.parse("--config", path).loaded
        assert loaded is not None
        self.assertEqual(loaded.settings.version, "mine")

    def test_unknown_flag(self) -> None:
        """A flag that there is not is an error of usage."""
        self.assertRaises(UsageError, self.parse, "--nothing")
        self.assertRaises(UsageError, self.parse, "--port", "many")


class CheckTests(OptionsTestCase):
    """Command lines that only tell something."""

    def test_fine(self) -> None:
        """A good configuration ends with 0."""
        self.assertEqual(self.ends("--check"), 0)
        self.assertIn("fine", self.output.getvalue())
        self.assertEqual(self.errors.getvalue(), "")

    def test_warnings(self) -> None:
        """What would be warned of at a start is told, and the configuration is fine."""
        self.assertEqual(self.ends("--check", "--backend", "http://api.example"), 0)
        self.assertIn("fine", self.output.getvalue())
        self.assertTrue(self.errors.getvalue().startswith("warning: flag --backend: "))

    def test_problems(self) -> None:
        """A bad one ends with 2 and every problem with its place."""
        path = self.file("version: one\nserver:\n  prot: 5\n  body_limit: lots\n")
        self.assertEqual(self.ends("--check", "--config", path), 2)
        first, second, *_ = self.errors.getvalue().splitlines()
        self.assertTrue(first.startswith(f"{path}:3:"), first)
        self.assertTrue(second.startswith(f"{path}:4:"), second)
        self.assertEqual(self.output.getvalue(), "")

    def test_problems_at_a_start(self) -> None:
        """A start with a bad configuration ends the same way."""
        self.assertEqual(self.ends("--config", "/nowhere.yaml"), 2)
        self.assertIn("/nowhere.yaml", self.errors.getvalue())

    def test_online(self) -> None:
        """The providers are asked as well, all at the end of a fine configuration."""

        def react(main: Callable[[object], Coroutine[Deferred[None], object, None]]) -> NoReturn:
            self.successResultOf(Deferred.fromCoroutine(main(MemoryReactorClock())))
            raise SystemExit(0)

        self.patch(task, "react", react)
        self.assertEqual(self.ends("--check-online"), 0)
        self.assertEqual(
            self.output.getvalue(), "the configuration is fine\necho: built in, nothing to ask\n"
        )

    def test_online_interrupted(self) -> None:
        """What was not found out is no success."""

        def react(main: object) -> NoReturn:
            raise SystemExit(0)

        self.patch(task, "react", react)
        self.assertEqual(self.ends("--check", "--check-online"), 2)

    def test_online_problems(self) -> None:
        """Nobody is asked on behalf of a bad configuration."""
        self.patch(task, "react", None)
        self.assertEqual(self.ends("--check-online", "--config", "/nowhere.yaml"), 2)
        self.assertEqual(self.output.getvalue(), "")

    def test_print_config(self) -> None:
        """The configuration in force is printed with its origins and without its secrets."""
        self.patch(os, "environ", {"KEY": "a-very-secret-key-of-alices"})
        path = self.file("version: one\nmiddleware: {auth: {keys: [{id: alice, key: '${KEY}'}]}}\n")
        self.assertEqual(self.ends("--print-config", "--config", path, "--port", "9127"), 0)
        text = self.output.getvalue()
        self.assertIn("9127", text)
        self.assertIn("flag --port", text)
        self.assertIn("default", text)
        self.assertNotIn("very-secret", text)

    def test_new_key(self) -> None:
        """A new key is printed with its digest, and no two are the same."""
        self.assertEqual(self.ends("--new-key"), 0)
        self.assertEqual(self.ends("--new-key"), 0)
        keys = re.findall(r"key: +(\S+)\ndigest: (\S+)\n", self.output.getvalue())
        self.assertEqual([digest for _, digest in keys], [digest_of(key) for key, _ in keys])
        self.assertEqual(len({key for key, _ in keys}), 2)


class MakeServiceTests(OptionsTestCase):
    """From a command line to a service."""

    def test_service(self) -> None:
        """The service is made of what was configured, and nothing runs yet."""
        keep_process(self.addCleanup)
        self.addCleanup(delattr, reactor, "seconds")
        before = reactor.getDelayedCalls()
        service = tap.makeService(self.parse("--port", "9128"))
        verifyObject(IService, service)
        self.assertIsInstance(service, GatewayService)
        self.assertEqual(reactor.getDelayedCalls(), before)
        self.assertFalse(service.running)
