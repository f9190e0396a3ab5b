"""Tests of `inference_gateway.wire.members`; the tests of each kind of request have its fields."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidJSON, InvalidRequest
from inference_gateway.wire.fields import Problems, add, boolean
from inference_gateway.wire.members import RESERVED, Contract, check_model, read_members


def _not_both(fields: dict[str, Any], problems: Problems) -> None:
    if "a" in fields and "b" in fields:
        add(problems, "b", "must not be beside a")


CONTRACT = Contract(
    required=("model", "a"), checks={"model": check_model, "b": boolean}, together=_not_both
)


class ReadTests(SynchronousTestCase):
    """From bytes to members."""

    def problems(self, body: bytes) -> list[tuple[str | None, str]]:
        """Return what is wrong with ``body``."""
        error = self.assertRaises(InvalidRequest, read_members, body, CONTRACT)
        return [(problem.field, problem.message) for problem in error.problems]

    def test_good(self) -> None:
        """A good body is returned as it is, with its members."""
        body = b'{"model":"m","a":[1],"other":null}'
        came, fields, dropped = read_members(body, CONTRACT)
        self.assertIs(came, body)
        self.assertEqual(fields, {"model": "m", "a": [1], "other": None})
        self.assertEqual(dropped, ())

    def test_reserved(self) -> None:
        """Every reserved member is dropped, whatever it is and however often it comes."""
        for name in RESERVED:
            member = b'"%b":{"x":[1]},' % name.encode()
            came, fields, dropped = read_members(
                b'{%b%b"model":"m","a":1}' % (member, member), CONTRACT
            )
            self.assertEqual(came, b'{"model":"m","a":1}')
            self.assertEqual((list(fields), dropped), (["model", "a"], (name,)))

    def test_null(self) -> None:
        """Null is as good as nothing: it is not checked, and nothing required."""
        read_members(b'{"model":"m","a":1,"c":null}', CONTRACT)
        self.assertEqual(
            self.problems(b'{"model":null,"a":null}'),
            [("model", "is required"), ("a", "is required")],
        )

    def test_order(self) -> None:
        """Problems come in this order: twice, missing, bad by itself, bad together."""
        self.assertEqual(
            [field for field, _ in self.problems(b'{"b":5,"c":1,"c":2,"a":1,"model":"m"}')],
            ["c", "b", "b"],
        )
        self.assertEqual(
            [field for field, _ in self.problems(b'{"b":5,"c":1,"c":2,"model":" "}')],
            ["c", "a", "b", "model"],
        )

    def test_no_rules_together(self) -> None:
        """A contract without rules across members judges each by itself."""
        contract = Contract(checks={"b": boolean})
        self.assertEqual(
            read_members(b'{"model":"m","a":1,"b":true}', contract)[1],
            {"model": "m", "a": 1, "b": True},
        )

    def test_no_object(self) -> None:
        """What is no JSON object is refused as that."""
        for body in (b"", b"[]", b"{", b'"model"'):
            self.assertRaises(InvalidJSON, read_members, body, CONTRACT)
