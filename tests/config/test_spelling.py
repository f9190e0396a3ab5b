"""Tests of `inference_gateway.config.spelling`."""

from twisted.trial.unittest import SynchronousTestCase

from tests.config.loading import loaded, problems

KEY = "middleware: {auth: {keys: [{id: a, %s}]}}"
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
