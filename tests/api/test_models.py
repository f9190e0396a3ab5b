"""The list of models."""

from tests.api.gateway import GatewayTestCase


class ModelsTests(GatewayTestCase):
    """What a client sees of the models."""

    def test_list(self) -> None:
        """Every public name is listed as OpenAI lists models, with its first provider."""
        value = self.ask("GET", "/v1/models").json
        self.assertEqual(value["object"], "list")
        self.assertEqual(
            [(m["id"], m["object"], m["owned_by"]) for m in value["data"]],
            [("m", "model", "a"), ("org/n", "model", "a")],
        )

    def test_created(self) -> None:
        """The time of creation is a whole number, and the same in every answer."""
        (first, _), (again, _) = (self.ask("GET", "/v1/models").json["data"] for _ in range(2))
        self.assertIs(type(first["created"]), int)
        self.assertEqual(first, again)

    def test_one(self) -> None:
        """One model is found by its id, with slashes as they are or escaped, or by an alias."""
        for target, name in (("m", "m"), ("org/n", "org/n"), ("org%2Fn", "org/n"), ("alias", "m")):
            value = self.ask("GET", f"/v1/models/{target}").json
            self.assertEqual((value["id"], value["object"]), (name, "model"), target)

    def test_unknown(self) -> None:
        """A model that does not exist is a 404 that names the nearest."""
        answer = self.ask("GET", "/v1/models/org/m")
        self.assertEqual((answer.status, answer.error["code"]), (404, "model_not_found"))
        self.assertIn("'org/n'", answer.error["message"])

    def test_hostile_ids(self) -> None:
        """Odd ids are answered like any other unknown one."""
        for target in ("..%2f..", "%F0%9F%98%80", "x" * 2000):
            self.assertEqual(self.ask("GET", f"/v1/models/{target}").status, 404, target)
        self.assertEqual(self.ask("GET", "/v1/models/%ff").status, 400)
        self.assertEqual(
            set(self.names(self.log.records, "route")) - {"other"}, {"/v1/models/<path:model_id>"}
        )
