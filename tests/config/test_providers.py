"""Tests of `inference_gateway.config.providers`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import Secret
from inference_gateway.config.settings import ProviderSettings
from tests.config.certificates import certificate
from tests.config.loading import loaded, problems

HERE = "gateway.yaml:1:13: providers[0]"
URL = "base_url: 'https://gpu/v1', models: ['*']"


def written(fields: str) -> str:
    """Return a configuration with one provider."""
    return f"providers: [{{id: a, {fields}}}]"


class WholeTests(SynchronousTestCase):
    def test_whole(self) -> None:
        """Every key arrives in the settings; the URL in its normal form."""
        text = """
            providers:
              - id: a
                type: openai
                base_url: HTTPS://GPU/
                api_key: ${KEY}
                models: {public: own}
                headers: {X-Team: research, X-Key: "${KEY}"}
                drop_fields: [user, "response format"]
                stream_upstream: always
                ca_path: ca.pem
            """
        (provider,) = loaded(text, {"KEY": "k"}, files={"ca.pem": certificate()}).settings.providers
        self.assertEqual(
            provider,
            ProviderSettings(
                id="a",
                type="openai",
                base_url="https://gpu/v1",
                api_key=Secret("k"),
                models={"public": "own"},
                headers={"X-Team": Secret("research"), "X-Key": Secret("k")},
                drop_fields=("user", "response format"),
                stream_upstream="always",
                ca_path="ca.pem",
            ),
        )

    def test_key_file(self) -> None:
        """The key can stand in a file."""
        text = written(f"type: llamacpp, {URL}, api_key_file: key")
        (provider,) = loaded(text, files={"key": "k\n"}).settings.providers
        self.assertEqual(provider.api_key, Secret("k"))


class TypeTests(SynchronousTestCase):
    def test_unknown(self) -> None:
        """An unknown type is the only problem, with the types there are and the nearest."""
        self.assertEqual(
            problems(written(f"type: opnai, {URL}")),
            [
                "gateway.yaml:1:27: providers[0].type: expected one of echo, openai, azure,"
                " llamacpp, vllm, anthropic, got 'opnai'; did you mean 'openai'?"
            ],
        )

    def test_left_out(self) -> None:
        """A base URL without a type is one problem that names the usual type."""
        self.assertEqual(
            problems(written(f"api_key: '${{K}}', {URL}"), {"K": "k"}),
            [
                "gateway.yaml:1:48: providers[0].base_url: the type echo, which is the default, has"
                " no base_url; write type: openai, or the type that the server has"
            ],
        )

    def test_echo(self) -> None:
        """The echo provider has nothing that only HTTP has."""
        for fields in (
            "drop_fields: [a]",
            "stream_upstream: never",
            "headers: {X-A: b}",
            "api_version: '1'",
            "endpoints: [chat]",
            "discover: true",
            "health: {path: /health}",
        ):
            (problem,) = problems(written(f"type: echo, {fields}"))
            self.assertIn(f"has no {fields.partition(':')[0]}", problem)

    def test_missing(self) -> None:
        """Providers over HTTP need a base URL and models; both are told at once."""
        usual = "http://127.0.0.1:8080/v1"
        for kind, example in [
            ("openai", usual),
            ("llamacpp", usual),
            ("vllm", usual),
            ("azure", "https://NAME.openai.azure.com"),
            ("anthropic", "https://api.anthropic.com/v1"),
        ]:
            self.assertEqual(
                problems(written(f"type: {kind}, models: []")),
                [
                    f"{HERE}: type: {kind} needs a base_url such as {example}",
                    f'{HERE}: type: {kind} needs models: list what it serves; ["*"] serves every'
                    " name",
                ],
            )

    def test_broken(self) -> None:
        """What is given but wrong is not called missing as well."""
        text = written("type: openai, base_url: gpu, models: ['']")
        found = problems(text)
        self.assertEqual(len(found), 2, found)
        self.assertEqual(
            found[0],
            "gateway.yaml:1:45: providers[0].base_url: expected a URL such as"
            " http://127.0.0.1:8080/v1, but it starts with neither http:// nor https://",
        )


class CredentialTests(SynchronousTestCase):
    def found(self, fields: str, **environ: str) -> list[str]:
        return problems(written(f"type: openai, {URL}, {fields}"), environ)

    def test_key(self) -> None:
        """A key that a header cannot carry is refused, and not shown."""
        for key in ("secret key", "sécret", " secret"):
            (problem,) = self.found("api_key: '${K}'", K=key)
            self.assertIn("providers[0].api_key: the key does not consist of visible", problem)
            self.assertNotIn("cret", problem)

    def test_key_in_file(self) -> None:
        """A key is not written into the file."""
        (problem,) = self.found("api_key: secret")
        self.assertIn("a secret is not written into the file", problem)

    def test_headers(self) -> None:
        """Headers that the gateway needs, and what no header can hold, are problems at the key."""
        self.assertEqual(
            [problem.partition("providers[0].")[2] for problem in self.found("headers: {Host: a}")],
            ["headers.Host: the header Host cannot be set: the gateway sets it"],
        )
        (problem,) = self.found("headers: {X-A: '${K}'}", K="secret\r\nx")
        self.assertIn("providers[0].headers.X-A: expected visible ASCII", problem)
        self.assertNotIn("secret", problem)

    def test_header_twice(self) -> None:
        """Headers that differ in case only are the same one."""
        (problem,) = self.found("headers: {X-A: b, x-a: c}")
        self.assertIn("providers[0].headers.x-a: this is the same header as X-A", problem)


class CertificateTests(SynchronousTestCase):
    def found(self, fields: str, config: str = "gateway.yaml", **files: str) -> list[str]:
        text = written(f"type: openai, models: ['*'], {fields}")
        return problems(files={config: text} | files, config=config)

    def test_refused(self) -> None:
        """A file that cannot be read or holds no certificate is a problem at the key."""
        fields = "base_url: 'https://gpu', ca_path: ca"
        (problem,) = self.found(fields)
        self.assertIn("providers[0].ca_path: the file cannot be read: No such file", problem)
        (problem,) = self.found(fields, ca="secret")
        self.assertTrue(problem.endswith("the file does not hold certificates in PEM: ca"))

    def test_plain(self) -> None:
        """Without https nothing is certified; without a URL that is the problem."""
        (problem,) = self.found("base_url: 'http://gpu', ca_path: ca")
        self.assertIn("providers[0].ca_path: certificates are for a base_url with https", problem)
        (problem,) = self.found("ca_path: ca", ca=certificate())
        self.assertIn("needs a base_url", problem)

    def test_beside_the_file(self) -> None:
        """A relative path starts at the directory of the configuration file."""
        text = written(f"type: openai, {URL}, ca_path: ca")
        files = {"/etc/gw/gateway.yaml": text, "/etc/gw/ca": certificate()}
        (provider,) = loaded(files=files, config="/etc/gw/gateway.yaml").settings.providers
        self.assertEqual(provider.ca_path, "/etc/gw/ca")


class LoopTests(SynchronousTestCase):
    def leads_back(self, listen: str, url: str) -> bool:
        text = f"server: {{listen: ['{listen}']}}\n" + written(
            f"type: openai, models: ['*'], base_url: '{url}'"
        )
        found = problems(text, {"INFERENCE_GATEWAY_API_KEY": "k"})
        for problem in found:
            self.assertTrue(problem.startswith("gateway.yaml:2:"), problem)
            self.assertIn("providers[0].base_url: this leads back to this gateway", problem)
        return bool(found)

    def test_ours(self) -> None:
        """A provider that is one of our listeners is a problem."""
        for listen, url in [
            ("tcp:8000:interface=127.0.0.1", "http://127.0.0.1:8000/v1"),
            ("tcp:8000:interface=127.0.0.1", "http://localhost:8000/other"),
            ("tcp:8000:interface=localhost", "https://localhost:8000"),
            ("tcp:8000", "http://localhost:8000"),
            ("tcp:8000:interface=0.0.0.0", "http://127.0.0.2:8000"),
            (r"tcp:8000:interface=\:\:", "http://[::1]:8000"),
            ("tcp6:8000", "http://localhost:8000"),
            ("tcp:8000", "http://0.0.0.0:8000"),
            ("tcp:80:interface=10.0.0.1", "http://10.0.0.1"),
            (r"tcp:80:interface=fd00\:0\:\:1", "http://[fd00::1]"),
        ]:
            self.assertTrue(self.leads_back(listen, url), (listen, url))

    def test_others(self) -> None:
        """Another port, another address and what is no TCP listener are somebody else."""
        for listen, url in [
            ("tcp:8000:interface=127.0.0.1", "http://127.0.0.1:8001"),
            ("tcp:8000:interface=10.0.0.1", "http://127.0.0.1:8000"),
            ("tcp:8000:interface=10.0.0.1", "http://10.0.0.2:8000"),
            ("tcp:8000", "http://gpu:8000"),
            ("tcp:0:interface=127.0.0.1", "http://127.0.0.1:8000"),
            ("unix:/run/8000", "http://localhost:8000"),
        ]:
            self.assertFalse(self.leads_back(listen, url), (listen, url))

    def test_administrators(self) -> None:
        """The administrators' listener is ours as well."""
        text = "server: {admin_listen: ['tcp:9000:interface=127.0.0.1']}\n" + written(
            "type: openai, models: ['*'], base_url: 'http://127.0.0.1:9000'"
        )
        self.assertEqual(len(problems(text)), 1)

    def test_broken_listener(self) -> None:
        """A listener that is wrong itself is the only problem, not what stands in for it."""
        text = "server: {bind_address: '[::1:8000'}\n" + written(
            "type: openai, models: ['*'], base_url: 'http://127.0.0.1:8000'"
        )
        self.assertEqual(len(problems(text)), 1)


class WarningTests(SynchronousTestCase):
    def test_plain(self) -> None:
        """Plain HTTP to a public place is warned of, by key path and place."""
        fields = "type: openai, models: ['*'], base_url: 'http://api.example'"
        self.assertEqual(
            loaded(written(fields)).warnings,
            (
                "gateway.yaml:1:60: providers[0].base_url: without https, prompts, answers and the"
                " key can be read on the way",
            ),
        )

    def test_fine(self) -> None:
        """HTTPS is fine everywhere, and plain HTTP in a private network."""
        for url in ("https://api.example", "http://gpu:8080"):
            fields = f"type: openai, models: ['*'], base_url: '{url}'"
            self.assertEqual(loaded(written(fields)).warnings, ())
