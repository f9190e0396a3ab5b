"""Tests of `inference_gateway.config.layers`: options over variables over the file."""

from twisted.trial.unittest import SynchronousTestCase

from tests.config.loading import loaded, problems

LISTEN = "server: {listen: [unix:/a], admin_listen: [unix:/b]}"
KEY = {"INFERENCE_GATEWAY_API_KEY": "k"}


class ListenerTests(SynchronousTestCase):
    def check(
        self,
        listen: str,
        origin: str,
        environ: dict[str, str],
        text: str = LISTEN,
        port: int | None = None,
    ) -> None:
        """Check the one listener and its origin; the administrators' one stays."""
        result = loaded(text, KEY | environ, port=port)
        self.assertEqual(result.settings.server.listen, (listen,))
        self.assertEqual(result.origins["server.listen"], origin)
        self.assertEqual(result.settings.server.admin_listen, ("unix:/b",))

    def test_file(self) -> None:
        """Without options and variables the file decides."""
        self.check("unix:/a", "gateway.yaml:1:18", {})

    def test_port(self) -> None:
        """A port alone means that port on 127.0.0.1; the option counts before the variable."""
        self.check("tcp:81:interface=127.0.0.1", "environment PORT", {"PORT": "81"})
        self.check("tcp:82:interface=127.0.0.1", "flag --port", {"PORT": "81"}, port=82)

    def test_host(self) -> None:
        """A host alone means port 8000 there, and localhost is an address."""
        for host, interface in [
            ("0.0.0.0", "0.0.0.0"),
            ("::1", r"\:\:1"),
            ("localhost", "127.0.0.1"),
        ]:
            self.check(f"tcp:8000:interface={interface}", "environment HOST", {"HOST": host})

    def test_host_and_port(self) -> None:
        """Host and port go together, wherever each came from."""
        self.check(
            r"tcp:81:interface=\:\:",
            "environment PORT",
            {"HOST": "::", "PORT": "81"},
        )
        self.check("tcp:82:interface=0.0.0.0", "flag --port", {"HOST": "0.0.0.0"}, port=82)

    def test_bind_address(self) -> None:
        """They replace the short form, too."""
        text = "server: {bind_address: '10.0.0.1:1', admin_listen: [unix:/b]}"
        self.check("tcp:82:interface=127.0.0.1", "flag --port", {}, text, port=82)

    def test_listen(self) -> None:
        """``--listen`` replaces every listener, whatever variables say."""
        result = loaded(LISTEN, {"PORT": "x"}, listen=("unix:/c", "unix:/d"))
        self.assertEqual(result.settings.server.listen, ("unix:/c", "unix:/d"))
        self.assertEqual(result.settings.server.admin_listen, ())
        self.assertEqual(result.origins["server.listen"], "flag --listen")

    def test_listen_and_port(self) -> None:
        """``--listen`` and ``--port`` exclude each other."""
        self.assertEqual(
            problems(listen=("unix:/c",), port=1),
            ["flag --listen: either --port or --listen, not both"],
        )

    def test_bad_endpoint(self) -> None:
        """An option's endpoint is judged like one of the file."""
        (problem,) = problems(listen=("tcp:x",))
        self.assertTrue(problem.startswith("flag --listen: server.listen[0]: expected an endpoint"))

    def test_strange_host(self) -> None:
        """A host that is no address is ignored with a warning: shells set it unasked."""
        result = loaded(LISTEN, {"HOST": "workstation"})
        self.assertEqual(result.settings.server.listen, ("unix:/a",))
        self.assertEqual(
            result.warnings, ("environment HOST: HOST is ignored: 'workstation' is no IP address",)
        )

    def test_bad_port(self) -> None:
        """A port that is none is a problem, wherever it came from."""
        expected = "expected a port from 1 to 65535, got"
        for text in ("x", "0", "65536", "-1", "1.5", "٣", "9" * 5000):
            (problem,) = problems(None, {"PORT": text})
            self.assertTrue(problem.startswith(f"environment PORT: {expected}"))
        self.assertEqual(problems(port=0), [f"flag --port: {expected} '0'"])
        self.assertEqual(
            problems(env_file=".env", files={".env": "\nPORT=x"}), [f".env:2: PORT: {expected} 'x'"]
        )


class TextTests(SynchronousTestCase):
    ENVIRON = {"ROOT_PATH": "/a", "API_TITLE": "B", "REQUEST_ID_HEADER": "X-C"}  # noqa: RUF012

    def test_over_file(self) -> None:
        """Variables replace what the file says."""
        result = loaded("server: {root_path: /x, api_title: x}", self.ENVIRON)
        server = result.settings.server
        self.assertEqual(
            (server.root_path, server.api_title, server.request_id_header), ("/a", "B", "X-C")
        )
        self.assertEqual(result.origins["server.root_path"], "environment ROOT_PATH")

    def test_empty(self) -> None:
        """An empty variable counts as unset."""
        environ = dict.fromkeys(
            [*self.ENVIRON, "HOST", "PORT", *KEY, "INFERENCE_GATEWAY_CONFIG"], ""
        )
        self.assertEqual(loaded(None, environ), loaded(None, {}))

    def test_judged(self) -> None:
        """A variable is judged like the key it stands for."""
        (problem,) = problems(None, {"ROOT_PATH": "a/"})
        self.assertTrue(problem.startswith("environment ROOT_PATH: server.root_path: expected"))

    def test_broken_file(self) -> None:
        """Where the file has no mapping, that is the only problem."""
        (problem,) = problems("server: 5", self.ENVIRON)
        self.assertIn("server: expected a mapping", problem)


class KeyTests(SynchronousTestCase):
    def test_added(self) -> None:
        """Keys from the environment come after those of the file."""
        result = loaded(
            "middleware: {auth: {keys: [{id: a, key: '${A}'}]}}",
            {"A": "1", "INFERENCE_GATEWAY_API_KEY": "2", "INFERENCE_GATEWAY_ADMIN_KEY": "3"},
        )
        auth = result.settings.middleware.auth
        self.assertEqual(
            [(key.id, key.key and key.key.reveal()) for key in (*auth.keys, *auth.admin_keys)],
            [("a", "1"), ("environment", "2"), ("environment", "3")],
        )
        self.assertEqual(
            result.origins["middleware.auth.keys[1].key"], "environment INFERENCE_GATEWAY_API_KEY"
        )

    def test_without_a_file(self) -> None:
        """A key from the environment is enough to listen for everybody."""
        self.assertEqual(problems(None, KEY | {"HOST": "0.0.0.0"}), [])

    def test_null_list(self) -> None:
        """A list without a value is as good as none."""
        result = loaded("middleware: {auth: {keys: }}", KEY)
        self.assertEqual(len(result.settings.middleware.auth.keys), 1)

    def test_not_text(self) -> None:
        """A key that is not UTF-8 text is a problem, and is not shown."""
        self.assertEqual(
            problems(None, {"INFERENCE_GATEWAY_API_KEY": "a\udcff"}),
            [
                "environment INFERENCE_GATEWAY_API_KEY: middleware.auth.keys[0].key:"
                " ${INFERENCE_GATEWAY_API_KEY} does not hold one line of text"
            ],
        )

    def test_broken_file(self) -> None:
        """Where the file has no list, that is the only problem."""
        (problem,) = problems("middleware: {auth: {keys: 5}}", KEY)
        self.assertIn("expected a list", problem)
