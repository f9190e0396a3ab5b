"""The command line: what starts with nothing said, what is refused, and what is only printed."""

import json
import re
from pathlib import Path
from typing import Any

from tests.acceptance.gateway import (
    KEY,
    LOCAL,
    Gateway,
    OwnGatewayTestCase,
    free_port,
    twistd,
)
from tests.acceptance.raw_client import RawConnection, chat_body, head, post


def ask(gateway: Gateway, data: bytes) -> Any:
    """Return the answer to ``data`` from the first listener."""
    with RawConnection(gateway.address) as client:
        client.send(data)
        return client.answer()


class StartTests(OwnGatewayTestCase):
    """Command lines that serve."""

    def test_nothing(self) -> None:
        """Without options it serves echo to this machine, and says where to point a client."""
        port = free_port()
        gateway = self.start(None, environment={"PORT": str(port)})
        self.assertEqual(gateway.address, ("127.0.0.1", port))
        gateway.said(f"base_url http://127.0.0.1:{port}/v1")
        self.assertEqual(ask(gateway, post(chat_body())).status, 200)

    def test_port(self) -> None:
        """The option for the port goes before the variable, and both before the file."""
        port = free_port()
        gateway = self.start(
            arguments=["--port", str(port)], environment={"PORT": str(free_port())}
        )
        self.assertEqual(gateway.address, ("127.0.0.1", port))

    def test_listen(self) -> None:
        """It listens wherever it is told to."""
        gateway = self.start(arguments=["--listen", LOCAL, "--listen", LOCAL])
        first, second = gateway.serving()
        self.assertNotEqual(first, second)
        for address in (first, second):
            with RawConnection(address) as client:
                client.send(head("GET /healthz HTTP/1.1"))
                self.assertEqual(client.answer().status, 200)

    def test_odd_host(self) -> None:
        """A HOST that is no address, as some shells set it, is ignored with a warning."""
        port = free_port()
        gateway = self.start(None, environment={"PORT": str(port), "HOST": "my-laptop"})
        self.assertEqual(gateway.address, ("127.0.0.1", port))
        gateway.said("my-laptop")

    def test_key_from_environment(self) -> None:
        """A key in the environment is wanted from then on, and opens other addresses."""
        port = free_port()
        gateway = self.start(
            None,
            environment={
                "PORT": str(port),
                "HOST": "0.0.0.0",
                "INFERENCE_GATEWAY_API_KEY": KEY,
            },
        )
        self.assertEqual(gateway.address, ("0.0.0.0", port))
        self.assertEqual(ask(gateway, post(chat_body())).status, 200)
        self.assertEqual(ask(gateway, head("GET /v1/models HTTP/1.1")).status, 401)

    def test_env_file(self) -> None:
        """Variables may come from a file, below the real ones."""
        path = Path(self.mktemp())
        port = free_port()
        path.write_text(f'PORT={port}\nexport API_TITLE="From a file"\nROOT_PATH=/file\n')
        gateway = self.start(
            None,
            arguments=["--env-file", str(path.resolve())],
            environment={"ROOT_PATH": "/real"},
        )
        self.assertEqual(gateway.address, ("127.0.0.1", port))
        page = ask(gateway, head("GET /real/ HTTP/1.1")).json()
        self.assertEqual(page["title"], "From a file")
        self.assertEqual(page["links"]["models"], "/real/v1/models")

    def test_new_key(self) -> None:
        """A new key opens a gateway whose configuration has its digest."""
        made = twistd("-n", "inference-gateway", "--new-key")
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        found = re.fullmatch(r"key: +(\S+)\ndigest: +(sha256:[0-9a-f]{64})\n", made.stdout)
        assert found is not None, made.stdout
        key, digest = found.groups()
        gateway = self.start({"middleware": {"auth": {"keys": [{"id": "new", "digest": digest}]}}})
        statuses = [
            ask(gateway, head("GET /v1/models HTTP/1.1", f"Authorization: Bearer {sent}")).status
            for sent in (key, KEY)
        ]
        self.assertEqual(statuses, [200, 401])

    def test_several_keys(self) -> None:
        """Keys that are limited to models, switched off or expired open what they should."""
        keys = [
            {"id": "narrow", "key": "${NARROW}", "models": ["other"]},
            {"id": "off", "key": "${OFF}", "disabled": True},
            {"id": "old", "key": "${OLD}", "expires": "2020-01-01T00:00:00Z"},
        ]
        gateway = self.start(
            {
                "providers": [{"id": "echo", "type": "echo", "models": ["echo", "other"]}],
                "middleware": {"auth": {"keys": keys}},
            },
            environment={"NARROW": "narrow-key", "OFF": "off-key", "OLD": "old-key"},
        )

        def models(key: str) -> Any:
            return ask(gateway, head("GET /v1/models HTTP/1.1", f"X-API-Key: {key}"))

        self.assertEqual([model["id"] for model in models("narrow-key").json()["data"]], ["other"])
        self.assertEqual(models("off-key").status, 401)
        self.assertEqual(models("old-key").status, 401)

    def test_admin_metrics(self) -> None:
        """Metrics can be kept for administrators, whose keys open nothing else."""
        gateway = self.start(
            {"telemetry": {"metrics": {"auth": "admin"}}},
            environment={
                "INFERENCE_GATEWAY_ADMIN_KEY": "root-key",
                "INFERENCE_GATEWAY_API_KEY": KEY,
            },
        )

        def status(path: str, key: str) -> int:
            answer = ask(gateway, head(f"GET {path} HTTP/1.1", f"X-API-Key: {key}"))
            found: int = answer.status
            return found

        self.assertEqual(status("/metrics", "root-key"), 200)
        self.assertEqual(status("/metrics", KEY), 403)
        self.assertEqual(status("/metrics", "wrong"), 401)
        self.assertEqual(status("/v1/models", "root-key"), 403)


class RefusedStartTests(OwnGatewayTestCase):
    """Command lines that serve nothing: one clear reason, no traceback, not the status 0."""

    def refused(self, gateway: Gateway, *reasons: str) -> None:
        """Assert that the process ends by itself and says why in one line."""
        self.assertGreater(gateway.wait(5.0), 0)
        (line,) = gateway.errors.splitlines()
        for reason in reasons:
            self.assertIn(reason, line)
        self.assertFalse([line for line in gateway.lines if "Traceback" in line])

    def run_to_end(self, *arguments: str, **environment: str) -> Gateway:
        """Return a gateway that is expected to end by itself, without a file of its own."""
        gateway = Gateway(None, arguments=arguments, environment=environment)
        self.addCleanup(gateway.stop)
        return gateway

    def test_port_in_use(self) -> None:
        """A port that somebody else listens on."""
        _, port = self.start().address
        self.refused(self.run_to_end("--port", str(port)), "cannot listen", str(port), "in use")

    def test_open_to_all(self) -> None:
        """Other machines could reach it and nobody needs a key: it says what to do about that."""
        for gateway in (
            self.run_to_end(HOST="0.0.0.0", PORT=str(free_port())),
            self.run_to_end("--listen", "tcp:0"),
        ):
            self.refused(gateway, "INFERENCE_GATEWAY_API_KEY", "insecure_open")

    def test_missing_file(self) -> None:
        """A configuration file that is not there."""
        self.refused(self.run_to_end("--config", "/nowhere/gateway.yaml"), "/nowhere/gateway.yaml")
        self.refused(
            self.run_to_end(INFERENCE_GATEWAY_CONFIG="/nowhere/else.yaml"), "/nowhere/else.yaml"
        )

    def test_missing_env_file(self) -> None:
        """An env file that is not there."""
        self.refused(self.run_to_end("--env-file", "/nowhere/env"), "/nowhere/env")

    def test_bad_port(self) -> None:
        """A port that is none."""
        self.refused(self.run_to_end(PORT="http"), "PORT", "http")

    def test_log_path(self) -> None:
        """A log that cannot be written."""
        path = Path(self.mktemp()).resolve()
        path.write_text(json.dumps({"telemetry": {"log": {"path": "/nowhere/gateway.log"}}}))
        self.refused(self.run_to_end("--config", str(path)), "/nowhere/gateway.log")

    def test_unknown_option(self) -> None:
        """An option that does not exist."""
        done = twistd("-n", "inference-gateway", "--nonsense")
        self.assertGreater(done.returncode, 0)
        self.assertIn("nonsense", done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stdout + done.stderr)


class PrintTests(OwnGatewayTestCase):
    """Command lines that only print."""

    def run_on(self, text: str, *options: str, **environment: str) -> tuple[int, str, str, str]:
        """Run on a file with ``text``; return its path, the status, and what was printed."""
        path = str(Path(self.mktemp()).resolve())
        Path(path).write_text(text, encoding="utf-8")
        done = twistd(
            "-n", "inference-gateway", "--config", path, *options, environment=environment
        )
        return done.returncode, done.stdout, done.stderr, path

    def test_check_good(self) -> None:
        """A good configuration is called so, and nothing is started."""
        text = "server:\n  listen: ['tcp:0:interface=127.0.0.1']\n"
        status, out, errors, _ = self.run_on(text, "--check")
        self.assertEqual((status, out, errors), (0, "the configuration is fine\n", ""))

    def test_check_bad(self) -> None:
        """Every problem has its line and column, its key, and what was expected."""
        text = (
            "server:\n"
            "  body_limt: 10MiB\n"
            "  request_timeout: 10 minutes\n"
            "providers:\n"
            "  - id: one\n"
            "    type: ecco\n"
            "  - type: echo\n"
            "telemetry: {log: {format: xml}}\n"
        )
        status, out, errors, path = self.run_on(text, "--check")
        self.assertEqual((status, out), (2, ""))
        lines = errors.splitlines()
        for line, start, meant in zip(
            lines,
            (
                f"{path}:2:3: server.body_limt: ",
                f"{path}:3:20: server.request_timeout: ",
                f"{path}:6:11: providers[0].type: ",
                f"{path}:7:5: providers[1]",
                f"{path}:8:27: telemetry.log.format: ",
            ),
            ("body_limit", "s", "echo", "id", "json"),
            strict=True,
        ):
            self.assertEqual(line[: len(start)], start)
            self.assertIn(meant, line[len(start) :])

    def test_check_unset_variable(self) -> None:
        """A variable that is not set is a problem at the start, not at the first call."""
        text = "middleware: {auth: {keys: [{id: a, key: '${NO_SUCH_NAME}'}]}}\n"
        status, _, errors, path = self.run_on(text, "--check")
        self.assertEqual(status, 2)
        self.assertIn(f"{path}:1:41: middleware.auth.keys[0].key: ", errors)
        self.assertIn("NO_SUCH_NAME", errors)

    def test_print_config(self) -> None:
        """The effective configuration tells where each value came from, and no secret."""
        text = (
            "server: {body_limit: 1MiB}\n"
            "middleware: {auth: {keys: [{id: one, key: '${ONE_KEY}'}]}}\n"
        )
        status, out, errors, path = self.run_on(
            text, "--print-config", "--port", "8765", ONE_KEY="first-secret", API_TITLE="Mine"
        )
        self.assertEqual((status, errors), (0, ""))
        self.assertNotIn("first-secret", out)
        for value, origin in (
            ("1MiB", f"{path}:1:"),
            ("8765", "flag --port"),
            ("Mine", "environment API_TITLE"),
            ("request_timeout", "default"),
        ):
            self.assertRegex(out, rf"(?m)^.*{re.escape(value)}.*{re.escape(origin)}.*$")

    def test_print_backend(self) -> None:
        """A backend of the environment replaces the file's providers, and its key is not shown."""
        status, out, errors, _ = self.run_on(
            "providers: [{id: own, type: echo}]\n",
            "--print-config",
            BACKEND_URL="http://127.0.0.1:8080",
            BACKEND_API_KEY="first-secret",
        )
        self.assertEqual((status, errors), (0, ""))
        self.assertNotIn("first-secret", out)
        self.assertNotIn('"own"', out)
        self.assertIn('"http://127.0.0.1:8080/v1"  # environment BACKEND_URL\n', out)
        self.assertIn('"***"  # environment BACKEND_API_KEY\n', out)

    def test_check_clients_variable(self) -> None:
        """A variable that points clients here would make the gateway its own provider."""
        status, _, errors, _ = self.run_on(
            "", "--check", "--port", "8765", OPENAI_BASE_URL="http://localhost:8765/v1"
        )
        self.assertEqual(status, 2)
        self.assertTrue(errors.startswith("environment OPENAI_BASE_URL: providers[0].base_url: "))
        self.assertIn("leads back to this gateway", errors)

    def test_help(self) -> None:
        """twistd lists the command, and the command its options."""
        listed = twistd("--help")
        self.assertEqual(listed.returncode, 0)
        self.assertRegex(listed.stdout, r"(?m)^ +inference-gateway +\S")
        options = twistd("inference-gateway", "--help")
        self.assertEqual((options.returncode, options.stderr), (0, ""))
        for option in (
            *("--config", "--port", "--listen", "--backend", "--env-file", "--check"),
            *("--check-online", "--print-config", "--new-key"),
        ):
            self.assertIn(option, options.stdout)
