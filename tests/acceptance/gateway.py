"""Starts and ends real gateway processes for the tests, and judges what they wrote to their logs.

Each process gets a directory, a configuration and an environment of its own and is started as an
operator would start it. What is sent to it is not known here.
"""

import atexit
import contextlib
import hashlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from twisted.trial.unittest import SynchronousTestCase

Configuration = Mapping[str, Any]

#: A client's key and a word that prompts contain: neither may ever appear in a log.
KEY = "acceptance-client-key-c41d77"
PROMPT = "periwinkle"

#: The two listeners that a test gateway can have; the system chooses the ports.
LOCAL = "tcp:0:interface=127.0.0.1"

#: What most tests run against: one key, and providers whose limits of time are easily reached.
STANDARD: Configuration = {
    "providers": [
        {
            "id": "echo",
            "type": "echo",
            "models": {"echo": "echo", "echo/*": "echo/*", "meta/llama-3": "echo"},
        },
        {
            "id": "hasty",
            "type": "echo",
            "models": {"hasty/*": "echo/*"},
            "timeouts": {"first_byte": "200ms", "idle": "200ms", "total": "400ms"},
        },
    ],
    "middleware": {
        "auth": {
            "keys": [
                {"id": "tester", "digest": "sha256:" + hashlib.sha256(KEY.encode()).hexdigest()}
            ]
        }
    },
}

_NO_CONFIGURATION: Configuration = {}
#: Made absolute now, because trial changes the directory before it runs the tests.
_PYTHONPATH = [*map(os.path.abspath, filter(None, os.environ.get("PYTHONPATH", "").split(":")))]
_TWISTD = Path(sys.executable).with_name("twistd")
_ADDRESS = re.compile(r"(?:serves|administration listens on) http://([0-9.]+):([0-9]+)")
#: Seconds that anything may take that happens at once on a machine with nothing else to do.
_PATIENCE = 20.0


def eventually(check: Callable[[], bool], *, within: float = 5.0) -> bool:
    """Ask ``check`` until it is true; return whether it became so ``within`` so many seconds."""
    end = time.monotonic() + within
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def free_port() -> int:
    """Return a port that nobody uses just now, and that the system gives to no client either."""
    while True:
        port = random.randrange(10_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("", port)):
            return port


def twistd(
    *arguments: str, environment: Mapping[str, str] = {}
) -> "subprocess.CompletedProcess[str]":
    """Run ``twistd`` to its end, for command lines that start nothing."""
    return subprocess.run(
        [_TWISTD, *arguments],
        env=_variables(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )


def _variables(more: Mapping[str, str]) -> dict[str, str]:
    """Return an environment that holds nothing of ours but what is needed to find the package."""
    found = {"PYTHONPATH": ":".join(_PYTHONPATH)} if _PYTHONPATH else {}
    return {"PATH": os.defpath, "PYTHONWARNINGS": "default", **found, **more}


class Gateway:
    """One ``twistd inference-gateway``, started at once; `serving` waits until it listens.

    ``configuration`` is what its file says; None means that there is no file. Whoever makes one
    ends it with `stop`, which may be called again.
    """

    def __init__(
        self,
        configuration: Configuration | None = _NO_CONFIGURATION,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] = {},
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="gateway-")
        self.directory = Path(self._temporary.name)
        options = list(arguments)
        self._listeners = options.count("--listen") or 1
        if configuration is not None:
            path = self.directory / "gateway.yaml"
            path.write_text(self._completed(configuration), encoding="utf-8")
            options = ["--config", str(path), *options]
        self._stderr = (self.directory / "stderr").open("wb")
        self._process = subprocess.Popen(
            [_TWISTD, "-n", "inference-gateway", *options],
            cwd=self.directory,
            env=_variables(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )
        self.lines: list[str] = []
        self.errors = ""
        self._serving: list[tuple[str, int]] = []
        self._judged = 0
        self._ended = False
        self._grown = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _completed(self, configuration: Configuration) -> str:
        """Return the file's text: JSON, which is YAML; it listens on a free port by default."""
        server = {"listen": [LOCAL], **configuration.get("server", {})}
        if self._listeners == 1:
            self._listeners = len(server["listen"]) + len(server.get("admin_listen", ()))
        return json.dumps({**configuration, "server": server})

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._grown:
                self.lines.append(line)
                self._grown.notify_all()
        with self._grown:
            self._ended = True
            self._grown.notify_all()

    # --- where it is

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the first listener; waits until it serves."""
        return self.serving()[0]

    @property
    def base_url(self) -> str:
        """What to tell an OpenAI client."""
        return "http://{}:{}/v1".format(*self.address)

    def serving(self) -> list[tuple[str, int]]:
        """Wait until it listens everywhere; return host and port of each listener."""
        if not self._serving:
            self._await(lambda: len(self._told()) >= self._listeners, "it never listened")
            self._serving = self._told()
        return self._serving

    def _told(self) -> list[tuple[str, int]]:
        """Return the addresses that the log has told so far."""
        found = [match for line in self.lines if (match := _ADDRESS.search(line))]
        return [(match[1], int(match[2])) for match in found]

    # --- what it tells

    def call(self, request_id: str) -> dict[str, Any]:
        """Wait for the line of the access log about the call with that id, and return it."""
        self._await(lambda: bool(self.calls(request_id)), f"no call {request_id} was logged")
        return self.calls(request_id)[0]

    def calls(self, request_id: str) -> list[dict[str, Any]]:
        """Return what the access log has told so far about calls with that id."""
        records = [json.loads(line) for line in self.lines if f'"{request_id}"' in line]
        return [record for record in records if record["event"] == "request"]

    def said(self, text: str) -> None:
        """Wait until the log says ``text``."""
        self._await(lambda: any(text in line for line in self.lines), f"never said {text!r}")

    def metric(self, name: str) -> float:
        """Return the value of the series ``name``, labels included; 0 if there is none."""
        for line in self.get("/metrics").splitlines():
            series, _, value = line.rpartition(" ")
            if series == name:
                return float(value)
        return 0.0

    def get(self, path: str, *, request_id: str = "acceptance-look") -> str:
        """Return the body of a route that needs no key, from the last listener."""
        connection = http.client.HTTPConnection(*self.serving()[-1], timeout=_PATIENCE)
        try:
            connection.request("GET", path, headers={"X-Request-ID": request_id})
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def idle(self) -> bool:
        """Whether nothing is in flight besides this question."""
        return self.metric("inference_gateway_http_inflight_requests") == 1

    def resident_memory(self) -> int:
        """Return the bytes of memory that the process holds now."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"^VmRSS:\s*([0-9]+) kB$", status, re.MULTILINE)
        assert found is not None, status
        return int(found[1]) * 1024

    def complaints(self) -> list[str]:
        """Return all that was written since the last question and no log may ever hold."""
        if self.running:
            mark = f"acceptance-mark-{len(self.lines)}"
            self.get("/health/live", request_id=mark)
            self.call(mark)
        fresh, self._judged = self.lines[self._judged :], len(self.lines)
        return [line for line in fresh if _is_bad(line)] + self._error_lines()

    def _error_lines(self) -> list[str]:
        path = self.directory / "stderr"
        return (path.read_text() if path.exists() else self.errors).splitlines()

    # --- its end

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self, timeout: float = _PATIENCE) -> int:
        """Wait for the end of the process and of its log; return the exit status."""
        status = self._process.wait(timeout)
        self._reader.join(timeout)
        if not self._stderr.closed:
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._stderr.close()
            self.errors = (self.directory / "stderr").read_text()
            self._temporary.cleanup()
        return status

    def stop(self) -> int:
        """End the process, by force if it hangs; return its exit status."""
        if self.running:
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGINT)  # a second one of the same kind could be lost
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self.wait()

    def _await(self, check: Callable[[], bool], otherwise: str) -> None:
        with self._grown:
            if not self._grown.wait_for(lambda: check() or self._ended, _PATIENCE) or not check():
                said = [*self.lines[-20:], *self._error_lines()]
                raise AssertionError("".join([otherwise, "; it said:\n", *said]))


def _is_bad(line: str) -> bool:
    if any(text in line for text in ("Traceback", "Unhandled", KEY, PROMPT)):
        return True
    try:
        return json.loads(line)["level"] not in {"info", "warn"}
    except (ValueError, KeyError, TypeError):
        return True


_shared: dict[str, Gateway] = {}


def shared(configuration: Configuration) -> Gateway:
    """Return a running gateway with this configuration, the same for all tests that want it."""
    name = json.dumps(configuration)
    gateway = _shared.get(name)
    if gateway is None or not gateway.running:
        gateway = _shared[name] = Gateway(configuration)
        atexit.register(gateway.stop)
        gateway.serving()
    return gateway


class GatewayTestCase(SynchronousTestCase):
    """Tests against a gateway with ``configuration``, which they share.

    After each test nothing may be in flight, and nothing bad may have been logged.
    """

    configuration: ClassVar[Configuration] = STANDARD

    def setUp(self) -> None:
        self.gateway = shared(self.configuration)

    def tearDown(self) -> None:
        idle = eventually(self.gateway.idle)
        complaints = self.gateway.complaints()
        if not idle:
            self.gateway.stop()  # the tests that follow get another one
        self.assertTrue(idle, "calls are left in flight")
        self.assertEqual(complaints, [])


class OwnGatewayTestCase(SynchronousTestCase):
    """Tests that start gateways of their own and end them."""

    def start(
        self,
        configuration: Configuration | None = _NO_CONFIGURATION,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] = {},
    ) -> Gateway:
        """Start a gateway; it is ended with the test, and its log is judged then."""
        gateway = Gateway(configuration, arguments=arguments, environment=environment)
        self.addCleanup(self._end, gateway)
        return gateway

    def _end(self, gateway: Gateway) -> None:
        gateway.stop()
        self.assertEqual(gateway.complaints(), [])
