"""The command line: ``twistd inference-gateway`` parses its flags here and gets its service."""

import os
import select
import sys
from typing import Any, ClassVar

from twisted.application.service import IService
from twisted.python import usage

from inference_gateway.config.keys import new_key
from inference_gateway.config.load import ConfigurationError, Flags, Loaded, load, print_config


class Options(usage.Options):
    """The flags. Those that only print do it when parsing is over, and end the process."""

    synopsis = "[options]"
    longdesc = "An OpenAI-compatible gateway for language-model inference."
    optParameters: ClassVar = [
        ["config", "c", None, "Configuration file (YAML); see docs/configuration.md."],
        ["port", "p", None, "Port to listen on, in place of server.listen.", int],
        ["backend", None, None, "Base URL of the only provider, in place of those of the file."],
        ["env-file", None, None, "File of NAME=VALUE lines, read before the environment."],
    ]
    optFlags: ClassVar = [
        ["check", None, "Print every problem of the configuration and exit: 0 if none, else 2."],
        ["check-online", None, "Check, and ask every provider for its models: 0 if all answer."],
        ["print-config", None, "Print the effective configuration, secrets left out, and exit."],
        ["new-key", None, "Print a new key and its digest for middleware.auth.keys, and exit."],
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        _choose_reactor()
        self.listen: list[str] = []
        self.loaded: Loaded | None = None

    def opt_listen(self, endpoint: str) -> None:
        """Twisted endpoint to listen on, e.g. tcp:8080; repeatable, replaces all listeners."""
        self.listen.append(endpoint)

    def postOptions(self) -> None:
        """Load the configuration, so that every problem is told before anything starts."""
        if self["new-key"]:
            key, digest = new_key()
            _say(f"key:    {key}\ndigest: {digest}")
            raise SystemExit(0)
        flags = Flags(
            config=self["config"],
            port=self["port"],
            listen=tuple(self.listen),
            env_file=self["env-file"],
            backend=self["backend"],
        )
        try:
            self.loaded = load(flags, os.environ)
        except ConfigurationError as error:
            print(error, file=sys.__stderr__)
            raise SystemExit(2) from None
        if self["check"] or self["check-online"]:
            for warning in self.loaded.warnings:
                print(f"warning: {warning}", file=sys.__stderr__)
            _say("the configuration is fine")
            raise SystemExit(0 if not self["check-online"] or _ask_providers(self.loaded) else 2)
        if self["print-config"]:
            _say(print_config(self.loaded))
            raise SystemExit(0)


def makeService(options: Options) -> IService:
    """Return the service that ``options`` describe, nothing running yet."""
    from twisted.internet import reactor

    from inference_gateway.service.lifecycle import GatewayService

    loaded: Any = options.loaded
    return GatewayService(loaded, reactor)


def _choose_reactor() -> None:
    """Install our reactor, unless ``twistd --reactor`` has chosen or the system has no epoll."""
    if "twisted.internet.reactor" not in sys.modules and hasattr(select, "epoll"):
        from inference_gateway.service.reactor import install_reactor

        install_reactor()


def _ask_providers(loaded: Loaded) -> bool:
    """Tell whether every provider answers; this brings treq, which nobody else loads."""
    from inference_gateway.service.online import run_online_check

    return run_online_check(loaded.settings, _say)


def _say(text: str) -> None:
    print(text, file=sys.__stdout__)
