"""What the description says is what a real gateway does."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from inference_gateway.api.description import describe
from tests.acceptance.gateway import KEY, STANDARD, OwnGatewayTestCase
from tests.openapi.needed import need
from tests.openapi.relayed_answers import MODEL, OPERATIONS, serve

#: Made absolute now, because trial changes the directory before it runs the tests.
_ROOT = Path(__file__).absolute().parents[2]
#: Seconds that all the calls may take.
_PATIENCE = 240.0
_ENOUGH = 2000
ADMIN_KEY = "acceptance-admin-key-93b2fe"


class SurfaceTests(OwnGatewayTestCase):
    """A gateway with the echo provider, and with a provider for what is only relayed."""

    def setUp(self) -> None:
        need("schemathesis")
        upstream = serve()
        self.addCleanup(upstream.close)
        relayed = {
            "id": "relayed",
            "type": "openai",
            "base_url": upstream.base_url,
            "models": [MODEL],
            "endpoints": OPERATIONS,
        }
        echo = STANDARD["providers"][0]
        self.gateway = self.start(
            {**STANDARD, "providers": [echo, relayed]},
            environment={"INFERENCE_GATEWAY_ADMIN_KEY": ADMIN_KEY},
        )

    def explore(self) -> dict[str, Any]:
        """Have schemathesis try the gateway; return what it found."""
        base_url = "http://{}:{}".format(*self.gateway.address)
        done = subprocess.run(
            [sys.executable, "-m", "tests.openapi.explore", base_url, KEY, ADMIN_KEY],
            cwd=self.gateway.directory,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def test_surface(self) -> None:
        """Good requests are served, bad ones refused, and every answer is as it is described."""
        begun = time.monotonic()
        found = self.explore()
        calls = sum(found["calls"].values())
        seconds = time.monotonic() - begun
        print(f"schemathesis: {calls} calls in {seconds:.0f} s, by phase {found['calls']}")
        self.assertEqual(found["failures"], [], "\n\n".join(found["failures"][:20]))
        self.assertGreaterEqual(calls, _ENOUGH)
        document = orjson.loads(describe(title="", root_path="", has_metrics=True))
        operations = [
            f"{method.upper()} {path}"
            for path, methods in document["paths"].items()
            for method in methods
            if method != "parameters"
        ]
        self.assertEqual(found["answered"], sorted(operations), "some were never answered well")
