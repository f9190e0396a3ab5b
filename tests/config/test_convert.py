"""Tests of `inference_gateway.config.convert`: types of fields, and going on after a problem."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import (
    FallbackSettings,
    HedgeSettings,
    ModelRouteSettings,
)
from inference_gateway.config.settings import ProviderSettings, TimeoutSettings
from tests.config.loading import loaded, problems


class ShapeTests(SynchronousTestCase):
    def test_whole(self) -> None:
        """Sections, lists, mappings, optional values and words arrive in the settings."""
        settings = loaded(
            """
            version: "7"
            server:
              listen: ["tcp:1:interface=127.0.0.1", "unix:/run/a"]
              max_connections: 100
              half_close: finish
            providers:
              - id: a
                models: [x, y]
                timeouts: {connect: 1s, total: 1h}
              - {id: b, type: echo, models: {x: z}, force_usage: never}
            routing:
              models:
                x: {providers: [b, a], aliases: [ex]}
            """
        ).settings
        self.assertEqual(settings.version, "7")
        self.assertEqual(settings.server.listen, ("tcp:1:interface=127.0.0.1", "unix:/run/a"))
        self.assertEqual(settings.server.max_connections, 100)
        self.assertEqual(settings.server.half_close, "finish")
        self.assertEqual(
            settings.providers,
            (
                ProviderSettings(
                    id="a",
                    models={"x": "x", "y": "y"},
                    timeouts=TimeoutSettings(connect=1.0, total=3600.0),
                ),
                ProviderSettings(id="b", models={"x": "z"}, force_usage="never"),
            ),
        )
        self.assertEqual(
            settings.routing.models,
            {"x": ModelRouteSettings(providers=("b", "a"), aliases=("ex",))},
        )

    def test_null(self) -> None:
        """A key without a value counts as not written."""
        text = "server:\nrouting:\n  models:\ntelemetry: {log: {path: ~}}\nversion: a"
        self.assertEqual(loaded(text).settings, loaded("version: a").settings)

    def test_wrong_shapes(self) -> None:
        """A value of the wrong shape is one problem that says what was expected."""
        for text, problem in [
            ("server: []", "1:9: server: expected a mapping of keys to values, got a list"),
            ("providers: {}", "1:12: providers: expected a list, got a mapping"),
            ("providers: a", "1:12: providers: expected a list, got a string"),
            (
                "providers: [5]",
                "1:13: providers[0]: expected a mapping of keys to values, got a number",
            ),
            ("routing: {models: [a]}", "1:19: routing.models: expected a mapping, got a list"),
            (
                "providers: [{id: a, models: b}]",
                "1:29: providers[0].models:"
                " expected a list of names or a mapping of names to names, got a string",
            ),
            ("providers: [{}]", "1:13: providers[0].id: the key is required"),
            ("providers: [~]", "1:13: providers[0].id: the key is required"),
            (
                "providers: [{id: a, models: [~]}]",
                "1:30: providers[0].models[0]: expected a string, got nothing",
            ),
        ]:
            self.assertEqual(problems(text), [f"gateway.yaml:{problem}"], text)

    def test_names_of_models(self) -> None:
        """Names are judged on both sides of a mapping, and only a star fills a star."""
        self.assertEqual(
            problems(
                """
                providers:
                  - id: a
                    models:
                      "": a
                      b: ""
                      c: "x/*"
                      "d*": "x/*"
                  - {id: b, models: [x, y, x]}
                  - {id: c, models: {e: "*"}}
                """
            ),
            [
                'gateway.yaml:5:7: providers[0].models[""]:'
                " expected 1 to 256 printable characters with at most one *, got ''",
                "gateway.yaml:6:10: providers[0].models.b:"
                " expected 1 to 256 printable characters with at most one *, got ''",
                "gateway.yaml:7:10: providers[0].models.c:"
                " 'c' has no * to fill the one of 'x/*' with",
                "gateway.yaml:9:28: providers[1].models[2]: 'x' is listed twice",
                "gateway.yaml:10:25: providers[2].models.e:"
                " 'e' has no * to fill the one of '*' with",
            ],
        )


class AllAtOnceTests(SynchronousTestCase):
    def test_everything(self) -> None:
        """One run reports what is wrong in every section, in the order of the lines."""
        self.assertEqual(
            [
                problem.removeprefix("gateway.yaml:").partition(": ")[2].partition(": ")[0]
                for problem in problems(
                    """
                    servr: {}
                    server:
                      listen: [tcp:x]
                      request_timeout: 30
                      body_limit: 1
                      upload_limit: 0B
                      half_close: gon
                      root_path: ${NOPE}
                    providers:
                      - id: a
                      - id: a
                        type: eco
                        timeouts: {idle: 0}
                      - models: []
                    routing:
                      strategy: robin
                      models: {x: {aliases: [y, y]}}
                    middleware:
                      auth:
                        enabled: "true"
                        keys: [{id: a b, key: abc}]
                    telemetry: {log: {level: warning}, metrics: {auth: admim}}
                    """
                )
            ],
            [
                "servr",
                "server.listen[0]",
                "server.request_timeout",
                "server.body_limit",
                "server.upload_limit",
                "server.half_close",
                "server.root_path",
                "providers[1].id",
                "providers[1].type",
                "providers[1].timeouts.idle",
                "providers[2].id",
                "routing.strategy",
                "routing.models.x.aliases[1]",
                "middleware.auth.enabled",
                "middleware.auth.keys[0].id",
                "middleware.auth.keys[0].key",
                "telemetry.log.level",
                "telemetry.metrics.auth",
            ],
        )

    def test_no_echo_of_a_problem(self) -> None:
        """A broken value is reported once, not again by what depends on it."""
        for text in [
            "providers: 5\nrouting: {models: {x: {providers: [a]}}}",
            "providers: [{id: a, models: 5}]\nrouting: {models: {x: {providers: [a]}}}",
            "providers: [{id: '${NOPE}'}]\nrouting: {models: {x: {providers: [a]}}}",
            "server: {bind_address: '0.0.0.0:1'}\nmiddleware: {auth: {keys: [{id: a, key: b}]}}",
            "server: {listen: ['tcp:1', 'tcp:x']}",
        ]:
            self.assertEqual(len(problems(text)), 1, text)


class FallbackTests(SynchronousTestCase):
    """Fallbacks are a list, or lists by cause."""

    def fallbacks(self, written: str) -> FallbackSettings:
        """Return those of a model."""
        text = f"""
            providers: [{{id: a, models: [x, y, z]}}]
            routing: {{models: {{x: {{fallbacks: {written}}}}}}}
            """
        return loaded(text).settings.routing.models["x"].fallbacks

    def refusals(self, written: str) -> list[str]:
        """Return what is wrong with those of a model."""
        found = problems(f"routing: {{models: {{echo: {{fallbacks: {written}}}}}}}")
        return [problem.partition("routing.models.echo.fallbacks")[2] for problem in found]

    def test_list(self) -> None:
        """A list is for errors, timeouts and prompts that are too long, not for filters."""
        self.assertEqual(
            self.fallbacks("[y, z]"),
            FallbackSettings(error=("y", "z"), timeout=("y", "z"), context_length=("y", "z")),
        )
        self.assertEqual(self.fallbacks("[]"), FallbackSettings())

    def test_by_cause(self) -> None:
        """A mapping says for each cause what it is for, and nothing for those it leaves out."""
        self.assertEqual(
            self.fallbacks("{timeout: [y], content_filter: [z]}"),
            FallbackSettings(timeout=("y",), content_filter=("z",)),
        )

    def test_wrong(self) -> None:
        """A wrong cause, shape or name is one problem at its own place."""
        self.assertEqual(
            self.refusals("{contextlength: [echo]}"),
            [".contextlength: unknown key; did you mean 'context_length'?"],
        )
        self.assertEqual(
            self.refusals("echo"),
            [": expected a list of models, or a mapping of causes to such lists, got a string"],
        )
        self.assertEqual(
            self.refusals("[echo, 1]"),
            ["[1]: expected a string, got the number 1; put it in quotes"],
        )
        self.assertEqual(self.refusals("{error: echo}"), [".error: expected a list, got a string"])


class OptionalSectionTests(SynchronousTestCase):
    """A section that may be absent."""

    def hedge(self, written: str) -> HedgeSettings | None:
        """Return the hedge of a model with two providers."""
        text = f"""
            providers: [{{id: a, models: [x]}}, {{id: b, models: [x]}}]
            routing: {{models: {{x: {{hedge: {written}}}}}}}
            """
        return loaded(text).settings.routing.models["x"].hedge

    def test_written(self) -> None:
        """Written, and be it empty, it is there with its defaults; else it is not."""
        self.assertEqual(self.hedge("{}"), HedgeSettings())
        self.assertEqual(self.hedge("{after: 2s}"), HedgeSettings(after=2.0))
        self.assertIsNone(self.hedge(""))

    def test_words(self) -> None:
        """The causes of retries are a list of words, and the key needs no quotes."""
        retry = loaded("routing: {retry: {on: [timeout]}}").settings.routing.retry
        self.assertEqual(retry.on, ("timeout",))
        (problem,) = problems("routing:\n  retry:\n    on: [rate_limits]")
        self.assertIn("gateway.yaml:3:10: routing.retry.on[0]: expected one of", problem)
        self.assertIn("did you mean 'rate_limit'?", problem)
