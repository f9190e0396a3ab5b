"""Tests of `inference_gateway.config.effective`."""

import attrs
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.load import Loaded, print_config
from inference_gateway.config.routing_settings import (
    BreakerSettings,
    FallbackSettings,
    HedgeSettings,
    ModelRetrySettings,
    ModelRouteSettings,
    ModelTimeoutSettings,
    RetrySettings,
    RoutingSettings,
)
from inference_gateway.config.settings import (
    AuthSettings,
    HealthSettings,
    KeySettings,
    LogSettings,
    MiddlewareSettings,
    ProviderSettings,
    ServerSettings,
    Settings,
    TelemetrySettings,
    TimeoutSettings,
)
from tests.config.loading import loaded

line = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    str.strip
)
model = st.text("ab./:${}\"'#日 \U0001f600", min_size=1, max_size=8)
duration = st.floats(min_value=0.001, max_value=1e7).map(lambda seconds: round(seconds, 3))
configurations = st.builds(
    lambda version, title, limit, times, names, expires: Settings(
        version=version,
        server=ServerSettings(
            api_title=title, body_limit=limit, upload_limit=limit + 1, idle_timeout=times[0]
        ),
        providers=(
            ProviderSettings(
                id="a",
                models={**{name: f"{name}y" for name in names}, "x*": "*y"},
                timeouts=TimeoutSettings(total=times[1]),
            ),
            ProviderSettings(
                id="b",
                type="llamacpp",
                base_url="http://gpu:8080/v1",
                models={"*": "*"},
                drop_fields=tuple(names),
                stream_upstream="never",
                discover=True,
                weight=3,
                priority=1,
                max_in_flight=4,
                max_queued=0,
                health=HealthSettings(path="/health", interval=times[0], rise=1),
            ),
            ProviderSettings(
                id="c",
                type="azure",
                base_url="https://c/openai",
                api_version="2024-10-21",
                models={"*": "*"},
                endpoints=("chat", "embeddings"),
            ),
        ),
        routing=RoutingSettings(
            strategy="prefix_hash",
            session_header="X-Session",
            retry=RetrySettings(attempts=1, on=("timeout", "connection")),
            circuit_breaker=BreakerSettings(enabled=False, open_for=times[0], longest_open=1e7),
            models={
                name: ModelRouteSettings(
                    aliases=(f"{name}~",),
                    strategy="weighted",
                    fallbacks=FallbackSettings(error=("xx", f"{name}z"), content_filter=("xx",)),
                    retry=ModelRetrySettings(on=(), backoff=times[1]),
                    timeouts=ModelTimeoutSettings(first_token=times[1]),
                    hedge=HedgeSettings(after=times[0]),
                    on_stream_cut="replay",
                )
                for name in names
            },
        ),
        middleware=MiddlewareSettings(
            auth=AuthSettings(
                keys=(KeySettings(id="k", digest="sha256:" + "0" * 64, expires=expires),)
            )
        ),
        telemetry=TelemetrySettings(log=LogSettings(path=title)),
    ),
    line,
    line,
    st.integers(min_value=1, max_value=10**12),
    st.tuples(duration, duration),
    st.lists(model, unique=True, max_size=3),
    st.integers(min_value=0, max_value=10**10).map(float),
)


class PrintTests(SynchronousTestCase):
    def test_document(self) -> None:
        """Every value stands in a YAML document with its origin beside it."""
        text = print_config(
            loaded(
                """
                version: "1"
                providers: [{id: a, models: {x: y, v: v, w: w}}]
                routing: {models: {x: {aliases: [z], fallbacks: [v, w], hedge: {percent: 7}}}}
                middleware: {auth: {keys: [{id: k, key: "${K}", expires: 2030-01-31}]}}
                server: {idle_timeout: 250ms, body_limit: 1024B, upload_limit: 64MiB}
                """,
                {"K": "secret", "API_TITLE": "Ours"},
                port=81,
            )
        )
        for part in [
            'version: "1"  # gateway.yaml:2:10\n',
            'server:\n  listen: ["tcp:81:interface=127.0.0.1"]  # flag --port\n',
            '  api_title: "Ours"  # environment API_TITLE\n',
            "  idle_timeout: 0.25s  # gateway.yaml:6:24\n",
            "  body_limit: 1KiB  # gateway.yaml:6:43\n",
            "  upload_limit: 64MiB  # gateway.yaml:6:64\n",
            "  max_connections: null  # default\n",
            'providers:\n  - id: "a"  # gateway.yaml:3:18\n    type: "echo"  # default\n',
            '    models: {"x": "y", "v": "v", "w": "w"}  # gateway.yaml:3:29\n    discover: false',
            '    health:\n      check: "auto"  # default\n      path: null  # default\n',
            "    timeouts:\n      connect: 5s  # default\n",
            '  models:\n    "x":\n      providers: []  # default\n      aliases: ["z"]  # gateway',
            '      fallbacks:\n        error: ["v", "w"]  # gateway.yaml:4:49\n',
            "        content_filter: []  # default\n",
            "      hedge:\n        after: null  # default\n",
            "        percent: 7  # gateway.yaml:4:74\n",
            '      - id: "k"  # gateway.yaml:5:33\n        digest: null  # default\n',
            '        key: "***"  # gateway.yaml:5:41\n',
            "        expires: 2030-01-31T00:00:00+00:00  # gateway.yaml:5:58\n",
            "        disabled: false  # default\n",
        ]:
            self.assertIn(part, text)

    def test_provider(self) -> None:
        """Of a provider over HTTP neither the key nor what its headers say is shown."""
        text = print_config(
            loaded(
                """
                providers:
                  - id: a
                    type: openai
                    base_url: HTTP://GPU
                    endpoints: [chat, tokenize]
                    api_key: ${K}
                    models: ["*"]
                    headers: {X-A: secret, X-B: "${K}"}
                    drop_fields: [user]
                """,
                {"K": "secret"},
            )
        )
        for part in [
            '    endpoints: ["chat", "tokenize"]  # gateway.yaml:6:16\n',
            '    type: "openai"  # gateway.yaml:4:11\n',
            '    base_url: "http://gpu/v1"  # gateway.yaml:5:15\n',
            '    api_key: "***"  # gateway.yaml:7:14\n',
            '    stream_upstream: "auto"  # default\n',
            '    drop_fields: ["user"]  # gateway.yaml:10:18\n',
            '    headers: {"X-A": "***", "X-B": "***"}  # gateway.yaml:9:14\n',
            "    ca_path: null  # default\n",
        ]:
            self.assertIn(part, text)
        self.assertNotIn("secret", text)

    def test_several_keys(self) -> None:
        """Of several keys none is shown."""
        text = """
            providers:
              - {id: a, type: openai, base_url: "https://gpu", models: [m], api_keys_file: keys}
            """
        printed = print_config(loaded(text, files={"keys": "secret1\nsecret2\n"}))
        self.assertIn('    api_keys: ["***", "***"]  # gateway.yaml:3:80\n', printed)
        self.assertNotIn("secret", printed)

    def test_origins(self) -> None:
        """Every value has an origin, and every origin a value."""
        result = loaded("middleware: {auth: {admin_keys: [{id: a, key: '${A}'}]}}", {"A": "b"})
        self.assertEqual(print_config(result).count("  # "), len(result.origins))
        self.assertEqual(result.origins["middleware.auth.admin_keys[0].disabled"], "default")
        self.assertEqual(result.origins["middleware.auth.keys"], "default")

    def test_yaml(self) -> None:
        """The defaults print as YAML."""
        document = yaml.safe_load(print_config(loaded()))
        self.assertEqual(document["server"]["request_timeout"], "600s")
        self.assertEqual(document["providers"][0]["models"], {"echo": "echo", "echo/*": "echo/*"})

    @settings(max_examples=60)
    @given(configurations)
    def test_round_trip(self, configuration: Settings) -> None:
        """What is printed, read as a configuration, gives the same settings."""

        class AnyOrigin(dict[str, str]):
            def __missing__(self, key: str) -> str:
                return "somewhere"

        text = print_config(Loaded(settings=configuration, origins=AnyOrigin()))
        self.assertEqual(attrs.asdict(loaded(text).settings), attrs.asdict(configuration))
