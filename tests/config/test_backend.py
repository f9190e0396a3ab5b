"""Tests of `inference_gateway.config.backend`: one provider by an option or by a variable."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import Secret
from inference_gateway.config.load import print_config
from inference_gateway.config.settings import ProviderSettings
from tests.config.loading import loaded, problems

FILE = "providers: [{id: own, type: openai, base_url: 'http://own/v1', models: [m]}]"
FLAG = "http://flag:1/v1"
BACKEND = {"BACKEND_URL": "http://variable:1/v1"}
CLIENTS = {"OPENAI_BASE_URL": "http://clients:1/v1", "OPENAI_API_KEY": "openai-key"}


def backend(url: str, key: str | None = None) -> tuple[ProviderSettings, ...]:
    """Return the only provider there then is."""
    provider = ProviderSettings(
        id="backend",
        type="openai",
        base_url=url,
        models={"*": "*"},
        api_key=None if key is None else Secret(key),
    )
    return (provider,)


class OrderTests(SynchronousTestCase):
    def test_option(self) -> None:
        """The option goes before every variable."""
        result = loaded(None, BACKEND | CLIENTS, backend="http://flag:1")
        self.assertEqual(result.settings.providers, backend(FLAG))
        for name in ("id", "type", "base_url", "models"):
            self.assertEqual(result.origins[f"providers[0].{name}"], "flag --backend")
        self.assertEqual(result.origins["providers[0].api_key"], "default")
        self.assertEqual(result.warnings, ())

    def test_empty_option(self) -> None:
        """An empty option counts as not given."""
        self.assertEqual(loaded(None, {}, backend=""), loaded(None, {}))

    def test_variable(self) -> None:
        """The variable goes before that of the clients, the environment before the env file."""
        files = {".env": "BACKEND_URL=http://file:1/v1\nOPENAI_BASE_URL=http://clients:1/v1"}
        for environ, url, origin in [
            (BACKEND, "http://variable:1/v1", "environment BACKEND_URL"),
            ({}, "http://file:1/v1", "env file .env:1"),
        ]:
            result = loaded(None, environ, env_file=".env", files=files)
            self.assertEqual(result.settings.providers, backend(url))
            self.assertEqual(result.origins["providers[0].base_url"], origin)

    def test_clients(self) -> None:
        """That of the clients counts where nothing else names a provider."""
        for text in (None, "providers: []", "providers:"):
            result = loaded(text, CLIENTS)
            self.assertEqual(
                result.settings.providers, backend("http://clients:1/v1", "openai-key")
            )
            self.assertEqual(result.origins["providers[0].base_url"], "environment OPENAI_BASE_URL")

    def test_clients_and_file(self) -> None:
        """With providers in the file, that of the clients goes unused without a word."""
        self.assertEqual(loaded(FILE, CLIENTS), loaded(FILE, {}))

    def test_clients_key_alone(self) -> None:
        """The clients' key by itself means nothing."""
        self.assertEqual(loaded(None, {"OPENAI_API_KEY": "k"}), loaded(None, {}))


class FileTests(SynchronousTestCase):
    def test_replaced(self) -> None:
        """The providers of the file go unused, with a warning."""
        for given, environ in [("--backend", {}), ("BACKEND_URL", BACKEND)]:
            flag = None if environ else FLAG
            result = loaded(FILE, environ, backend=flag)
            self.assertEqual(result.settings.providers, backend(flag or BACKEND["BACKEND_URL"]))
            self.assertEqual(
                result.warnings,
                (f"gateway.yaml:1:12: providers: not used, because {given} is given",),
            )

    def test_unused_is_not_judged(self) -> None:
        """What is wrong with unused providers does not matter."""
        for text in ("providers: [{id: a, api_key: '${NOPE}'}]", "providers: 5"):
            self.assertEqual(loaded(text, {}, backend=FLAG).settings.providers, backend(FLAG))


class KeyTests(SynchronousTestCase):
    def test_backend_key(self) -> None:
        """The backend's key goes to the backend, however that was named."""
        key = {"BACKEND_API_KEY": "backend-key"}
        for environ, flag in ((BACKEND, None), ({}, FLAG)):
            result = loaded(None, environ | key | CLIENTS, backend=flag)
            url = flag or BACKEND["BACKEND_URL"]
            self.assertEqual(result.settings.providers, backend(url, "backend-key"))
            self.assertEqual(result.origins["providers[0].api_key"], "environment BACKEND_API_KEY")

    def test_no_key(self) -> None:
        """The clients' key goes nowhere but to the clients' URL, and the backend's not there."""
        self.assertEqual(
            loaded(None, BACKEND | CLIENTS).settings.providers, backend(BACKEND["BACKEND_URL"])
        )
        environ = {"OPENAI_BASE_URL": "http://clients:1", "BACKEND_API_KEY": "backend-key"}
        self.assertEqual(loaded(None, environ).settings.providers, backend("http://clients:1/v1"))

    def test_not_shown(self) -> None:
        """Printing the settings shows neither key, nor does a problem with one."""
        self.assertNotIn("openai-key", print_config(loaded(None, CLIENTS)))
        (problem,) = problems(None, BACKEND | {"BACKEND_API_KEY": "secret key"})
        self.assertTrue(
            problem.startswith("environment BACKEND_API_KEY: providers[0].api_key: the key")
        )
        self.assertNotIn("secret", problem)


class ProblemTests(SynchronousTestCase):
    def test_judged(self) -> None:
        """The URL is judged like one of the file, and a password in it is not shown."""
        for environ, flag, origin in [
            ({}, "http://user:secret@gpu", "flag --backend"),
            ({"BACKEND_URL": "http://user:secret@gpu"}, None, "environment BACKEND_URL"),
            ({"OPENAI_BASE_URL": "http://user:secret@gpu"}, None, "environment OPENAI_BASE_URL"),
        ]:
            (problem,) = problems(None, environ, backend=flag)
            self.assertTrue(problem.startswith(f"{origin}: providers[0].base_url: expected a URL"))
            self.assertNotIn("secret", problem)

    def test_leads_back(self) -> None:
        """The clients' URL is often the gateway's own; the problem says what to do."""
        own = "http://localhost:8000/v1"
        (problem,) = problems(None, {"OPENAI_BASE_URL": own})
        self.assertTrue(
            problem.startswith("environment OPENAI_BASE_URL: providers[0].base_url: this leads")
        )
        self.assertIn("unset it here, or use BACKEND_URL", problem)
        (problem,) = problems(None, {"BACKEND_URL": own})
        self.assertNotIn("OPENAI_BASE_URL", problem)
        self.assertEqual(problems(None, {"OPENAI_BASE_URL": own, "PORT": "8001"}), [])

    def test_public(self) -> None:
        """Plain HTTP to a public place is warned of here, too."""
        (warning,) = loaded(None, {}, backend="http://api.example").warnings
        self.assertTrue(warning.startswith("flag --backend: providers[0].base_url: without https"))
