"""Tests of `inference_gateway.config.spelling`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import Secret
from tests.config.loading import loaded, problems

KEY = "middleware: {auth: {keys: [{id: a, %s}]}}"
PROVIDER = "providers: [{id: a, type: openai, base_url: 'https://gpu', models: [m], %s}]"
DIGEST = "sha256:" + "0" * 64


class UnknownKeyTests(SynchronousTestCase):
    def test_near(self) -> None:
        """An unknown key is reported at its place, with the nearest one that exists."""
        self.assertEqual(
            problems("server:\n  root_pth: /a\n"),
            ["gateway.yaml:2:3: server.root_pth: unknown key; did you mean 'root_path'?"],
        )

    def test_far(self) -> None:
        """Where nothing is near, all keys are named."""
        self.assertEqual(
            problems("telemetry: {xyz: 1}"),
            ["gateway.yaml:1:13: telemetry.xyz: unknown key; expected log, metrics"],
        )

    def test_null(self) -> None:
        """An unknown key without a value is unknown all the same."""
        self.assertEqual(len(problems("xyz:")), 1)

    def test_other_spellings(self) -> None:
        """Short forms and files of secrets are offered too."""
        self.assertIn("did you mean 'bind_address'?", problems("server: {bind_adress: a}")[0])
        self.assertIn("did you mean 'key_file'?", problems(KEY % "key_fil: a")[-1])


class BindAddressTests(SynchronousTestCase):
    def test_short_form(self) -> None:
        """The short form becomes the list of endpoints, and its place their origin."""
        result = loaded("server: {bind_address: '127.0.0.1:8080'}")
        self.assertEqual(result.settings.server.listen, ("tcp:8080:interface=127.0.0.1",))
        self.assertEqual(result.origins["server.listen"], "gateway.yaml:1:24")

    def test_both(self) -> None:
        """Both forms at once are a problem."""
        self.assertEqual(
            problems("server:\n  bind_address: 127.0.0.1:1\n  listen: [tcp:1]"),
            ["gateway.yaml:3:3: server.listen: write either bind_address or listen, not both"],
        )

    def test_refused(self) -> None:
        """What is no address and port is a problem at the key that was written."""
        self.assertEqual(
            problems("server: {bind_address: 'gateway:80'}"),
            [
                "gateway.yaml:1:24: server.bind_address: expected an IP address and a port such as"
                " 0.0.0.0:8080 or [::]:8080, got 'gateway:80'"
            ],
        )
        self.assertIn("expected a string", problems("server: {bind_address: 80}")[0])

    def test_open(self) -> None:
        """An open address in the short form needs a key like any other."""
        (problem,) = problems("server: {bind_address: '0.0.0.0:80'}")
        self.assertTrue(problem.startswith("gateway.yaml:1:24: server.listen[0]: "), problem)


class SecretFileTests(SynchronousTestCase):
    def test_read(self) -> None:
        """The file's text without its last line end is the secret."""
        for text in ("abc", "abc\n", "abc\r\n"):
            result = loaded(KEY % "key_file: key", files={"key": text})
            key = result.settings.middleware.auth.keys[0].key
            assert key is not None
            self.assertEqual(key.reveal(), "abc")
            self.assertEqual(result.origins["middleware.auth.keys[0].key"], "gateway.yaml:1:46")

    def test_unreadable(self) -> None:
        """A file that cannot be read is one problem, at the key that names it."""
        self.assertEqual(
            problems(KEY % "key_file: nope"),
            [
                "gateway.yaml:1:46: middleware.auth.keys[0].key_file: the file cannot be read:"
                " No such file or directory: nope"
            ],
        )

    def test_empty(self) -> None:
        """An empty file holds no secret."""
        self.assertEqual(
            problems(KEY % "key_file: key", files={"key": "\n"}),
            [
                "gateway.yaml:1:46: middleware.auth.keys[0].key:"
                " the file key does not hold one line of text"
            ],
        )

    def test_digest_has_none(self) -> None:
        """Only secrets can be read from files."""
        self.assertIn("unknown key", problems(KEY % "digest_file: key")[-1])


class ExactlyOneTests(SynchronousTestCase):
    def test_one(self) -> None:
        """A key is given by its digest, by a variable or by a file."""
        for text in (f"digest: '{DIGEST}'", "key: '${A}'", "key_file: key"):
            self.assertEqual(problems(KEY % text, {"A": "b"}, files={"key": "c"}), [])

    def test_other_than_one(self) -> None:
        """None of them is a problem, and so are two."""
        for text, got in [
            ("models: [a]", ""),
            ("digest: ~", ""),
            (f"digest: '{DIGEST}', key_file: key", ", got digest and key_file"),
            (f"key: '${{A}}', digest: '{DIGEST}'", ", got digest and key"),
        ]:
            self.assertEqual(
                problems(KEY % text, {"A": "b"}, files={"key": "c"}),
                [
                    "gateway.yaml:1:28: middleware.auth.keys[0]:"
                    f" exactly one of digest, key is required{got}"
                ],
            )

    def test_two_spellings(self) -> None:
        """A secret and a file for it are one too many."""
        (problem,) = problems(KEY % "key: '${A}', key_file: key", {"A": "b"}, files={"key": "c"})
        self.assertIn("write either key or key_file, not both", problem)

    def test_broken_counts(self) -> None:
        """A key that is given but wrong is not called missing as well."""
        for text in ("digest: abc", "key: abc", "key: '${NOPE}'", "key: !x abc"):
            self.assertEqual(len(problems(KEY % text)), 1, text)


class SeveralKeysTests(SynchronousTestCase):
    """``api_keys``, whose secrets may stand in one file."""

    def keys(self, fields: str, text: str = "") -> tuple[Secret, ...]:
        """Return the credentials of a provider; the file ``keys`` holds ``text``."""
        result = loaded(PROVIDER % fields, {"A": "a", "B": "b"}, files={"keys": text})
        (provider,) = result.settings.providers
        return provider.credentials

    def refusal(self, fields: str, text: str = "") -> str:
        """Return what is wrong with the keys of a provider."""
        (problem,) = problems(PROVIDER % fields, {"A": "a", "B": "b"}, files={"keys": text})
        return problem.partition("providers[0].")[2]

    def test_variables(self) -> None:
        """Each can come from a variable of its own."""
        self.assertEqual(self.keys("api_keys: ['${A}', '${B}']"), (Secret("a"), Secret("b")))
        self.assertEqual(self.keys("api_key: '${A}'"), (Secret("a"),))
        self.assertEqual(self.keys("weight: 2"), ())

    def test_file(self) -> None:
        """A file holds one on each line; empty lines and the blanks around a key do not count."""
        self.assertEqual(
            self.keys("api_keys_file: keys", "a\r\n\n  b \n"), (Secret("a"), Secret("b"))
        )

    def test_bad_files(self) -> None:
        """A file that cannot be read or is empty is a problem."""
        self.assertEqual(
            self.refusal("api_keys_file: keys", " \n"),
            "api_keys_file: there is nothing in the file keys",
        )
        self.assertIn("api_keys_file: the file cannot", self.refusal("api_keys_file: nope"))

    def test_written(self) -> None:
        """None is written into the file."""
        self.assertIn("api_keys[1]: a secret is not", self.refusal("api_keys: ['${A}', b]"))

    def test_one_or_several(self) -> None:
        """Either one key is given or several, in whatever spelling."""
        self.assertEqual(
            self.refusal("api_key: '${A}', api_keys: ['${B}']"),
            "api_keys: write either api_key or api_keys, not both",
        )
        self.assertEqual(
            self.refusal("api_keys_file: keys, api_key_file: keys", "a"),
            "api_keys_file: write either api_key_file or api_keys_file, not both",
        )

    def test_unsendable(self) -> None:
        """Every key can be sent, and none comes twice."""
        self.assertEqual(
            self.refusal("api_keys_file: keys", "a\nb c"),
            "api_keys[1]: the key does not consist of visible ASCII characters",
        )
        self.assertEqual(
            self.refusal("api_keys_file: keys", "a\nb\na"),
            "api_keys[2]: this is the same key as api_keys[0]",
        )

    def test_echo(self) -> None:
        """The echo provider has no keys at all."""
        (problem,) = problems("providers: [{id: a, api_keys: ['${A}']}]", {"A": "a"})
        self.assertIn("has no api_keys", problem)
