"""Starts and ends a real llama.cpp server for the tests, one for all of them.

What is asked of it is not known here.
"""

import atexit
import http.client
import importlib.util
import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.acceptance.gateway import eventually

#: Seconds that starting and ending may take.
_PATIENCE = 60.0
#: Made absolute now, because trial changes the directory before it runs the tests.
_ROOT = Path(__file__).absolute().parents[2]
_NEEDED = ("xllamacpp", "gguf", "numpy")


class LlamaServer:
    """One llama.cpp in a process of its own, which serves when this has been made.

    Whoever makes one ends it with `stop`, which may be called again.
    """

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="llamacpp-")
        directory = Path(self._temporary.name)
        self._log = directory / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.llamacpp.serve", str(directory / "model.gguf")],
                cwd=directory,
                env={**os.environ, "PYTHONPATH": str(_ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.address = self._told_address()
        if not eventually(self._healthy, within=_PATIENCE):
            raise self._failure("llama.cpp never became healthy")

    @property
    def base_url(self) -> str:
        """What to tell an OpenAI client."""
        return "http://{}:{}/v1".format(*self.address)

    def busy(self) -> bool:
        """Whether any of its slots works on an answer."""
        status, body = self._get("/slots")
        assert status == 200, body
        slots: list[dict[str, Any]] = json.loads(body)
        return any(slot["is_processing"] for slot in slots)

    def stop(self) -> None:
        """End the process, by force if it hangs."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._temporary.cleanup()

    def _told_address(self) -> tuple[str, int]:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], _PATIENCE)
        url = urlsplit(self._process.stdout.readline().decode() if ready else "")
        if url.hostname is None or url.port is None:
            raise self._failure("llama.cpp never listened")
        return url.hostname, url.port

    def _healthy(self) -> bool:
        return self._get("/health")[0] == 200

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*self.address, timeout=_PATIENCE)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _failure(self, what: str) -> AssertionError:
        said = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
        self.stop()
        return AssertionError(f"{what}; it said:\n{said}")


_shared: list[LlamaServer] = []


def shared() -> LlamaServer:
    """Return the running server, the same for all tests.

    Where it cannot run the test is skipped; under continuous integration, that is with ``CI`` in
    the environment, it fails.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        reason = f"llama.cpp is not tested: {missing[0]} is not installed"
        raise AssertionError(reason) if os.environ.get("CI") else SkipTest(reason)
    if not _shared:
        server = LlamaServer()
        atexit.register(server.stop)
        _shared.append(server)
    return _shared[0]


class LlamaTestCase(SynchronousTestCase):
    """Tests that talk to llama.cpp; none may leave it working."""

    def setUp(self) -> None:
        self.llama = shared()

    def tearDown(self) -> None:
        self.assertTrue(eventually(lambda: not self.llama.busy()), "llama.cpp still works")
