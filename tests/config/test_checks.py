"""Tests of `inference_gateway.config.checks`."""

import attrs
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.checks import open_problem
from inference_gateway.config.settings import (
    AuthSettings,
    KeySettings,
    MiddlewareSettings,
    ServerSettings,
    Settings,
)
from tests.config.loading import problems

DIGEST = "sha256:" + "0" * 64


class UniqueTests(SynchronousTestCase):
    def test_providers(self) -> None:
        """Two providers cannot have one id."""
        self.assertEqual(
            problems("providers:\n  - id: a\n  - id: b\n  - id: a\n"),
            ["gateway.yaml:4:9: providers[2].id: the id 'a' is taken by providers[0]"],
        )

    def test_keys(self) -> None:
        """Two keys of one list cannot have one id; a client and an administrator can."""
        text = """
            middleware:
              auth:
                keys: [{id: a, key: "${A}"}, {id: a, key: "${B}"}]
                admin_keys: [{id: a, key: "${C}"}]
            """
        (problem,) = problems(text, {"A": "1", "B": "2", "C": "3"})
        self.assertIn("keys[1].id: the id 'a' is taken by middleware.auth.keys[0]", problem)

    def test_environment_key(self) -> None:
        """The id of the key from the environment is taken, too."""
        text = "middleware: {auth: {keys: [{id: environment, key: '${A}'}]}}"
        self.assertEqual(
            problems(text, {"A": "1", "INFERENCE_GATEWAY_API_KEY": "2"}),
            [
                "environment INFERENCE_GATEWAY_API_KEY: middleware.auth.keys[1].id:"
                " the id 'environment' is taken by middleware.auth.keys[0]"
            ],
        )

    def test_same_secret(self) -> None:
        """One secret cannot be two keys, also where one of them is given as a digest."""
        text = """
            middleware:
              auth:
                keys:
                  - {id: a, key: "${A}"}
                  - {id: b, digest: "%s"}
            """
        digest = "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
        (problem,) = problems(text % digest, {"A": "a"})
        self.assertIn("keys[1]: this is the same key as middleware.auth.keys[0]", problem)
        self.assertEqual(problems(text % DIGEST, {"A": "a"}), [])

    def test_client_and_administrator(self) -> None:
        """A client's key cannot be an administrator's as well."""
        environ = {"INFERENCE_GATEWAY_API_KEY": "a", "INFERENCE_GATEWAY_ADMIN_KEY": "a"}
        self.assertEqual(
            problems(None, environ),
            [
                "environment INFERENCE_GATEWAY_ADMIN_KEY: middleware.auth.admin_keys[0]:"
                " this is the same key as middleware.auth.keys[0]"
            ],
        )


class OpenTests(SynchronousTestCase):
    def settings(self, auth: AuthSettings, *listen: str, admin: str = "") -> Settings:
        server = ServerSettings(listen=listen, admin_listen=(admin,) if admin else ())
        return Settings(server=server, middleware=MiddlewareSettings(auth=auth))

    def test_loopback(self) -> None:
        """On loopback nobody needs a key."""
        for auth in (AuthSettings(), AuthSettings(enabled=False)):
            settings = self.settings(auth, "tcp:1:interface=127.0.0.1", "unix:/a", admin="unix:/b")
            self.assertIsNone(open_problem(settings))

    def test_open(self) -> None:
        """Without an enabled key every other listener is a problem that says how to solve it."""
        key = KeySettings(id="a", digest=DIGEST, disabled=True)
        for auth in (
            AuthSettings(),
            AuthSettings(insecure_open=True),
            AuthSettings(keys=(key,)),
            AuthSettings(admin_keys=(attrs.evolve(key, disabled=False),)),
        ):
            problem = open_problem(self.settings(auth, "unix:/a", "tcp:1"))
            assert problem is not None
            self.assertEqual(problem.key_path, "server.listen[1]")
            self.assertIn("middleware.auth has no enabled key", problem.message)
            self.assertIn("INFERENCE_GATEWAY_API_KEY", problem.message)
            self.assertIn("enabled: false and insecure_open: true", problem.message)

    def test_switched_off(self) -> None:
        """Keys do not help while they are not asked for."""
        auth = AuthSettings(enabled=False, keys=(KeySettings(id="a", digest=DIGEST),))
        problem = open_problem(self.settings(auth, "tcp:1"))
        assert problem is not None
        self.assertIn("middleware.auth is switched off", problem.message)

    def test_admin_listener(self) -> None:
        """The administrators' listener counts as well."""
        settings = self.settings(AuthSettings(), "unix:/a", admin="tcp:1")
        problem = open_problem(settings)
        assert problem is not None
        self.assertEqual(problem.key_path, "server.admin_listen[0]")

    def test_allowed(self) -> None:
        """An enabled key allows every listener, and so does saying that everybody is meant."""
        for auth in (
            AuthSettings(keys=(KeySettings(id="a", digest=DIGEST),)),
            AuthSettings(enabled=False, insecure_open=True),
        ):
            self.assertIsNone(open_problem(self.settings(auth, "tcp:1")))

    def test_explicit_empty_list(self) -> None:
        """An empty list of keys in the file is no key."""
        text = "server: {listen: [tcp:1]}\nmiddleware: {auth: {enabled: true, keys: []}}"
        (problem,) = problems(text)
        self.assertTrue(problem.startswith("gateway.yaml:1:19: server.listen[0]: tcp:1 can be"))

    def test_no_listener(self) -> None:
        """There is at least one listener for clients."""
        self.assertEqual(
            problems("server: {listen: []}"),
            ["gateway.yaml:1:18: server.listen: expected at least one endpoint"],
        )
