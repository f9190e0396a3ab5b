"""Tests of `inference_gateway.config.routes`."""

from twisted.trial.unittest import SynchronousTestCase

from tests.config.loading import loaded, problems


class RouteTests(SynchronousTestCase):
    def check(self, routes: str, *expected: str) -> None:
        text = "providers: [{id: one, models: [x, 'y*']}, {id: two, models: [z]}]\n"
        found = problems(f"{text}routing: {{models: {{{routes}}}}}")
        self.assertEqual([problem.partition(": ")[2] for problem in found], list(expected))

    def test_fine(self) -> None:
        """A route names providers that list its model, by name or by pattern, or none."""
        self.check("x: {providers: [one]}, yy: {providers: [one]}, y*: {}, z: {aliases: [zed]}")

    def test_unknown_provider(self) -> None:
        """A provider that does not exist is reported with the nearest that does."""
        self.check(
            "x: {providers: [onee]}",
            "routing.models.x.providers[0]: there is no provider 'onee'; did you mean 'one'?",
        )

    def test_not_listed(self) -> None:
        """A provider that does not list the model cannot serve it."""
        self.check(
            "x: {providers: [two]}, a.b: {}, zz: {}",
            "routing.models.x.providers[0]: the provider 'two' does not list the model 'x'",
            'routing.models["a.b"]: no provider lists this model',
            "routing.models.zz: no provider lists this model; did you mean 'z'?",
        )

    def test_twice(self) -> None:
        """A provider is named once."""
        self.check(
            "x: {providers: [one, one]}", "routing.models.x.providers[1]: 'one' is listed twice"
        )

    def test_aliases(self) -> None:
        """An alias is neither a model nor the alias of another, and has no star."""
        self.check(
            "x: {aliases: [a, z, 'b*']}, z: {aliases: [a, x]}",
            "routing.models.x.aliases[1]: 'z' is already the name of a model",
            "routing.models.x.aliases[2]: an alias cannot contain a *",
            "routing.models.z.aliases[0]: 'a' is already the name of an alias of 'x'",
            "routing.models.z.aliases[1]: 'x' is already the name of a model",
        )

    def test_resilient(self) -> None:
        """A route may have a strategy, limits, retries, fallbacks and a hedge of its own."""
        self.check(
            "x: {strategy: weighted, retry: {attempts: 2}, timeouts: {idle: 5s}, fallbacks: [z]}"
        )


class FallbackTests(SynchronousTestCase):
    """Which models may answer in the place of another."""

    def check(self, fallbacks: str, *expected: str) -> None:
        """Load a route for x with ``fallbacks``, beside a model m* and the alias ex of y."""
        text = f"""
            providers: [{{id: one, models: [x, y, line, "m*"]}}]
            routing: {{models: {{y: {{aliases: [ex]}}, x: {{fallbacks: {fallbacks}}}}}}}
            """
        found = problems(text)
        here = "routing.models.x.fallbacks"
        self.assertEqual(
            [problem.partition(f"{here}")[2] for problem in found], list(expected), found
        )

    def test_fine(self) -> None:
        """Any model that is listed, by its name or by a pattern, can be a fallback."""
        self.check("[y, mine]")
        self.check("{error: [y], content_filter: [mine]}")
        self.check("[]")

    def test_unknown(self) -> None:
        """A model that nobody lists is reported once, at its place in the list."""
        self.check("[y, nine]", ".error[1]: there is no model 'nine'; did you mean 'line'?")
        (problem,) = problems(
            "providers: [{id: a, models: [x]}]\nrouting:\n  models:\n    x: {fallbacks: [zz]}"
        )
        self.assertTrue(problem.startswith("gateway.yaml:4:21: "), problem)

    def test_discovered(self) -> None:
        """A model that may yet be discovered is not unknown."""
        text = """
            providers:
              - {id: a, type: vllm, base_url: "https://gpu", discover: true}
              - {id: b, models: [x]}
            routing: {models: {x: {fallbacks: [any]}}}
            """
        self.assertEqual(problems(text), [])

    def test_unserved_route(self) -> None:
        """A model with a route that nobody serves is wrong there and not here."""
        text = """
            providers: [{id: a, models: [x]}]
            routing: {models: {x: {fallbacks: [q]}, q: {}}}
            """
        (problem,) = problems(text)
        self.assertIn("routing.models.q: no provider lists this model", problem)

    def test_refused(self) -> None:
        """No model stands in for itself, none by an alias or a pattern, and none twice."""
        self.check("[x]", ".error[0]: a model is no fallback for itself")
        self.check("[ex]", ".error[0]: 'ex' is an alias: write 'y'")
        self.check('["m*"]', ".error[0]: a fallback is one model, without *")
        self.check("[y, y]", ".error[1]: 'y' is listed twice")

    def test_causes(self) -> None:
        """Each cause is judged on its own, and what is the same for several only once."""
        self.check(
            "{error: [x], timeout: [x], content_filter: [y, x]}",
            ".error[0]: a model is no fallback for itself",
            ".content_filter[1]: a model is no fallback for itself",
        )


class IdleTests(SynchronousTestCase):
    """What does nothing where there is only one provider."""

    def warnings(self, route: str) -> tuple[str, ...]:
        """Return the warnings that a route for x gets, which two providers list."""
        text = f"""
            providers: [{{id: one, models: [x, y]}}, {{id: two, models: ["x*"]}}]
            routing: {{models: {{{route}}}}}
            """
        return loaded(text).warnings

    def test_several(self) -> None:
        """With two providers it does something."""
        self.assertEqual(self.warnings("x: {hedge: {}, on_stream_cut: replay}"), ())

    def test_one(self) -> None:
        """With one, because the model has no more or its route names no more, it is told."""
        idle = "only one provider serves this model, so there is nobody else to ask"
        self.assertEqual(
            self.warnings("y: {hedge: {}, on_stream_cut: replay}"),
            (
                f"gateway.yaml:3:31: routing.models.y.hedge: {idle}",
                f"gateway.yaml:3:50: routing.models.y.on_stream_cut: {idle}",
            ),
        )
        self.assertEqual(len(self.warnings("x: {hedge: {}, providers: [two]}")), 1)
        self.assertEqual(self.warnings("y: {on_stream_cut: error}"), ())
