"""Which view answers which path."""

from klein import Klein
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import IRequest

from inference_gateway.api.router import Access, Area, Router
from inference_gateway.errors import InvalidRequest, MethodNotAllowed, ResourceNotFound


class Things:
    """Some routes."""

    app = Klein()

    @app.route("/", methods=["GET"])
    @app.route("/v1/models", methods=["GET"])
    @app.route("/v1/chat/completions", methods=["POST"])
    @app.route("/things", methods=["GET", "POST"])
    def static(self, request: IRequest) -> bytes:
        return b"static"

    @app.route("/v1/models/<path:name>", methods=["GET"])
    def named(self, request: IRequest, name: str) -> bytes:
        return name.encode()


class Secrets:
    """Routes for administrators."""

    app = Klein()

    @app.route("/admin", methods=["GET"])
    @app.route("/admin/<int:number>", methods=["GET", "DELETE"])
    def secret(self, request: IRequest, number: int = 0) -> bytes:
        return b"secret"


class RouterTests(SynchronousTestCase):
    """Looking paths up."""

    def setUp(self) -> None:
        self.areas: list[tuple[Area, Access]] = [
            (Things(), Access.KEY),
            (Secrets(), Access.ADMIN),
        ]
        self.router = Router(self.areas, "")

    def template(self, method: bytes, path: bytes) -> str:
        """Return the route's name in metrics."""
        return self.router.match(method, path).template

    def hint(self, path: bytes) -> str:
        """Return what a client is told of a path where nothing is."""
        error: ResourceNotFound = self.assertRaises(
            ResourceNotFound, self.router.match, b"GET", path
        )
        return error.message

    def test_static(self) -> None:
        """A path without variables is its own name; HEAD goes where GET goes."""
        self.assertEqual(self.template(b"GET", b"/v1/models"), "/v1/models")
        self.assertEqual(self.template(b"HEAD", b"/"), "/")

    def test_dynamic(self) -> None:
        """A path with variables is named by its template, slashes and all."""
        match = self.router.match(b"GET", b"/v1/models/org/m%20x")
        self.assertEqual(match.template, "/v1/models/<path:name>")
        self.assertEqual(self.router.match(b"DELETE", b"/admin/5").template, "/admin/<int:number>")

    def test_access(self) -> None:
        """A route's access is that of its area."""
        self.assertIs(self.router.match(b"GET", b"/things").access, Access.KEY)
        self.assertIs(self.router.match(b"GET", b"/admin").access, Access.ADMIN)
        self.assertIs(self.router.match(b"GET", b"/admin/5").access, Access.ADMIN)

    def test_access_to_path(self) -> None:
        """A path's access is the same whatever the method; what is unknown needs a key."""
        self.assertIs(self.router.access(b"/admin"), Access.ADMIN)
        self.assertIs(self.router.access(b"/admin/5"), Access.ADMIN)
        self.assertIs(self.router.access(b"/v1/models/m"), Access.KEY)
        self.assertIs(self.router.access(b"/nothing"), Access.KEY)

    def test_exact(self) -> None:
        """Nothing is normalised: neither slashes nor case nor dots."""
        for path in (
            b"//v1/models",
            b"//v1/models/a",
            b"/v1//models/a",
            b"/V1/models",
            b"/v1/models/",
            b"/v1/./models",
            b"/admin/5/",
            b"/admin/five",
            b"*",
            b"",
        ):
            self.assertRaises(ResourceNotFound, self.router.match, b"GET", path)

    def test_hints(self) -> None:
        """A wrong path is told the right one."""
        for path, right in (
            (b"/chat/completions", "/v1/chat/completions"),
            (b"/v1/v1/models", "/v1/models"),
            (b"/v1/v1/chat/completions", "/v1/chat/completions"),
            (b"/v1/chat/completions/", "/v1/chat/completions"),
            (b"/v1/models/", "/v1/models"),
            (b"/models", "/v1/models"),
            (b"/v1/chat/completion", "/v1/chat/completions"),
        ):
            self.assertIn(f"did you mean {right} ?", self.hint(path), path)

    def test_left_out(self) -> None:
        """What is left out on purpose is said to be, and nothing else is offered."""
        for path in (b"/v1/files", b"/v1/files/f-1", b"/v1/batches", b"/v1/threads/t/runs"):
            self.assertIn("on purpose", self.hint(path))

    def test_no_hint(self) -> None:
        """Where nothing is near nothing is offered, and the path is not repeated."""
        message = self.hint(b"/zzz%0d%0a<script>")
        self.assertNotIn("did you mean", message)
        self.assertNotIn("zzz", message)
        self.hint(b"/" + b"x" * 100_000)

    def test_wrong_method(self) -> None:
        """A wrong method is told the right ones."""
        for path, allowed in (
            (b"/v1/models", ["GET", "HEAD"]),
            (b"/v1/chat/completions", ["POST"]),
            (b"/v1/models/m", ["GET", "HEAD"]),
            (b"/admin/5", ["DELETE", "GET", "HEAD"]),
        ):
            error: MethodNotAllowed = self.assertRaises(
                MethodNotAllowed, self.router.match, b"PATCH", path
            )
            self.assertEqual(error.allowed, allowed)

    def test_allowed(self) -> None:
        """The methods of a path can be asked for, whether it has variables or not."""
        self.assertEqual(self.router.allowed(b"/things"), ["GET", "HEAD", "POST"])
        self.assertEqual(self.router.allowed(b"/v1/models/m"), ["GET", "HEAD"])
        self.assertRaises(ResourceNotFound, self.router.allowed, b"/nothing")

    def test_not_utf8(self) -> None:
        """A path that is no UTF-8 is refused."""
        self.assertRaises(InvalidRequest, self.router.match, b"GET", b"/v1/models/%ff")

    def test_below_a_root(self) -> None:
        """Every route answers also below the root path, and only right below it."""
        self.router = Router(self.areas, "/gw")
        for path in (b"/v1/models", b"/gw/v1/models"):
            self.assertEqual(self.template(b"GET", path), "/v1/models")
        self.assertEqual(self.template(b"GET", b"/gw/"), "/")
        self.assertEqual(self.template(b"GET", b"/gw/v1/models/m"), "/v1/models/<path:name>")
        for path in (b"/gw", b"/gwv1/models", b"/gw/gw/v1/models"):
            self.assertRaises(ResourceNotFound, self.router.match, b"GET", path)
