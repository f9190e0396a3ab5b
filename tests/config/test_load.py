"""Tests of `inference_gateway.config.load`: the order of layers, files, and hostile text."""

import hashlib
import json
import pathlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.load import ConfigurationError, Flags, load, print_config
from inference_gateway.config.settings import ProviderSettings, ServerSettings, Settings
from tests.config.loading import loaded, problems

ECHO = ProviderSettings(id="echo", type="echo", models={"echo": "echo", "echo/*": "echo/*"})

KEYS = [
    *("version", "server", "listen", "admin_listen", "bind_address", "body_limit", "upload_limit"),
    *("providers", "id", "type", "models", "timeouts", "connect", "routing", "aliases"),
    *("base_url", "api_key", "headers", "drop_fields", "stream_upstream", "ca_path"),
    *("middleware", "auth", "keys", "admin_keys", "key", "key_file", "digest", "expires"),
    *("telemetry", "log", "path", "metrics", "x"),
]

VALID = """\
version: "2030-01"
server:
  listen: ["tcp:8000:interface=127.0.0.1", 'unix:/run/gateway.sock']
  request_timeout: 10m
  body_limit: 10MiB
  half_close: gone
providers:
  - id: one
    type: echo
    models: &names [a, "b/*"]
    timeouts: {connect: 250ms, total: 1h}
  - {id: two, models: *names}
  - id: three
    type: openai
    base_url: https://gpu:8443/v1
    api_key: ${KEY}
    models: {c: d}
    headers: {X-A: b}
    drop_fields: [user]
routing:
  models:
    a: {providers: [two, one], aliases: [first]}
middleware:
  auth:
    enabled: true
    keys:
      - {id: k, key: "${KEY}", models: [a], expires: 2030-01-31, debug: yes}
telemetry:
  log: {format: text, level: warn}
  metrics: {auth: admin}
"""


class DefaultTests(SynchronousTestCase):
    def test_nothing(self) -> None:
        """With nothing configured the echo provider answers on loopback."""
        result = loaded()
        self.assertEqual(result.settings, Settings(version="built-in", providers=(ECHO,)))
        self.assertEqual(set(result.origins.values()), {"default"})
        self.assertEqual(result.warnings, ())

    def test_echo_without_models(self) -> None:
        """An echo provider that lists no models gets those of the built-in one."""
        for models in ("", ", models: []", ", models: {}", ", models: ~"):
            (provider,) = loaded(f"providers: [{{id: a{models}}}]").settings.providers
            self.assertEqual(provider.models, ECHO.models)

    def test_empty_list(self) -> None:
        """An empty list of providers is as good as none."""
        self.assertEqual(loaded("providers: []").settings.providers, (ECHO,))

    def test_version(self) -> None:
        """The operator's label is kept; without one the text's digest tells files apart."""
        self.assertEqual(loaded("version: a").settings.version, "a")
        digest = hashlib.sha256(b"server: {}").hexdigest()[:12]
        self.assertEqual(loaded("server: {}").settings.version, digest)


class OrderTests(SynchronousTestCase):
    def test_every_layer(self) -> None:
        """Option over environment over env file over configuration file over default."""
        layers: list[tuple[dict[str, object], str]] = [
            ({}, "default"),
            ({"text": "server: {bind_address: '127.0.0.1:1'}"}, "gateway.yaml:1:24"),
            ({"files": {".env": "PORT=2"}, "env_file": ".env"}, "env file .env:1"),
            ({"environ": {"PORT": "3"}}, "environment PORT"),
            ({"port": 4}, "flag --port"),
        ]
        arguments: dict[str, object] = {}
        for number, (layer, origin) in enumerate(layers):
            arguments |= layer
            result = loaded(**arguments)  # type: ignore[arg-type]
            self.assertEqual(result.origins["server.listen"], origin)
            port = number or 8000
            self.assertEqual(result.settings.server.listen, (f"tcp:{port}:interface=127.0.0.1",))


class ReadingTests(SynchronousTestCase):
    def test_from_disk(self) -> None:
        """Files are read from the disk, secrets from beside the configuration file."""
        directory = pathlib.Path(self.mktemp())
        directory.mkdir()
        config = directory / "gateway.yaml"
        config.write_text("middleware: {auth: {keys: [{id: a, key_file: secret}]}}")
        (directory / "secret").write_text("abc\n")
        (key,) = load(Flags(config=str(config)), {}).settings.middleware.auth.keys
        assert key.key is not None
        self.assertEqual(key.key.reveal(), "abc")

    def test_named_by_environment(self) -> None:
        """The variable names the file, unless the option does."""
        files = {"a.yaml": "version: a", "b.yaml": "version: b"}
        environ = {"INFERENCE_GATEWAY_CONFIG": "a.yaml"}
        self.assertEqual(loaded(None, environ, files=files).settings.version, "a")
        result = loaded(None, environ, files=files, config="b.yaml")
        self.assertEqual(result.settings.version, "b")

    def test_named_by_env_file(self) -> None:
        """The env file can name the file, and fill in its references."""
        files = {".env": "INFERENCE_GATEWAY_CONFIG=a.yaml\nV=7\n", "a.yaml": "version: ${V}"}
        self.assertEqual(loaded(files=files, env_file=".env").settings.version, "7")

    def test_missing(self) -> None:
        """A file that cannot be read is the one problem."""
        reason = "the file cannot be read: No such file or directory"
        self.assertEqual(problems(config="a.yaml"), [f"a.yaml: {reason}"])
        self.assertEqual(problems("5", env_file=".env"), [f".env: {reason}"])

    def test_not_yaml(self) -> None:
        """What is not YAML is reported with the faults of the env file, and no more."""
        self.assertEqual(
            problems("a: [", {"HOST": "0.0.0.0"}, env_file=".env", files={".env": "x"}),
            [
                ".env:1: expected NAME=VALUE",
                "gateway.yaml:1:5: this is not YAML: expected the node content,"
                " but found '<stream end>' (while parsing a flow node)",
            ],
        )

    def test_faults_of_env_file(self) -> None:
        """An env file's faults are reported together with those of the configuration."""
        self.assertEqual(
            len(problems("version: 5", env_file=".env", files={".env": "x\nPORT=y"})), 3
        )


class HostileTests(SynchronousTestCase):
    def attempt(self, text: str) -> None:
        """Load a text; whatever comes of it can be shown."""
        try:
            result = loaded(text, {"KEY": "secret"})
        except ConfigurationError as error:
            self.assertTrue(error.problems)
            str(error).encode()
        else:
            print_config(result).encode()

    def test_valid(self) -> None:
        """The text that is mutated below is valid."""
        server = loaded(VALID, {"KEY": "secret"}).settings.server
        self.assertEqual(
            server,
            ServerSettings(listen=("tcp:8000:interface=127.0.0.1", "unix:/run/gateway.sock")),
        )

    @settings(max_examples=150)
    @given(st.data())
    def test_mutations(self, data: st.DataObject) -> None:
        """A valid text with parts cut out, doubled and replaced raises nothing unexpected."""
        text = VALID
        for _ in range(data.draw(st.integers(1, 4))):
            start = data.draw(st.integers(0, len(text)))
            end = data.draw(st.integers(start, min(start + 20, len(text))))
            new = data.draw(
                st.one_of(
                    st.text("{}[]:,-&*!|>'\"%#? \n\t~<$\\ab0", max_size=6),
                    st.sampled_from(["5", "true", "null", "[]", "{}", "0s", "${NOPE}", "${KEY}"]),
                    st.just(text[start:end] * 2),
                    st.text(max_size=3),
                )
            )
            text = text[:start] + new + text[end:]
        self.attempt(text)

    @settings(max_examples=150)
    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text("a*$/{}:0s", max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(KEYS),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ),
        st.sampled_from(
            [
                "%s",
                "server: %s",
                "providers: [%s]",
                "routing: {models: %s}",
                "middleware: {auth: %s}",
                "middleware: {auth: {keys: [%s]}}",
                "telemetry: %s",
            ]
        ),
    )
    def test_shapes(self, value: object, frame: str) -> None:
        """Any value in any place raises nothing unexpected."""
        self.attempt(frame % json.dumps(value))
