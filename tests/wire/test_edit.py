"""Tests of `inference_gateway.wire.edit`."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidJSON
from inference_gateway.wire.edit import (
    check_structure,
    duplicate_members,
    member_spans,
    remove_members,
    set_member,
)

NAMES = st.text(alphabet='abé"\\/\n {}[]:,', max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a"\\{}[],:é', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=5)
STYLES = st.sampled_from(
    [
        {"separators": (",", ":")},
        {"indent": 2},
        {"ensure_ascii": False},
        {"separators": (" , ", "\t:\r\n")},
    ]
)


def written(value: Any, style: dict[str, Any]) -> bytes:
    """Return ``value`` as JSON in one of the ways people write it."""
    return json.dumps(value, **style).encode()


class StructureTests(SynchronousTestCase):
    """What is absurd is refused before a parser sees it; the corpus has the sizes."""

    def refused(self, body: bytes) -> str:
        """Return the sentence a body is refused with."""
        with self.assertRaises(InvalidJSON) as caught:
            check_structure(body)
        return str(caught.exception)

    def test_counts(self) -> None:
        """Each kind of part has its limit, and its sentence."""
        self.assertIn("elements", self.refused(b"[" + b"1," * 1_000_000 + b"1]"))
        self.assertIn("members", self.refused(b"{" + b'"":1,' * 100_001 + b"}"))
        self.assertIn("strings", self.refused(b"[" + b'"",' * 300_001 + b"]"))
        self.assertIn("objects and arrays", self.refused(b"[" + b"{}," * 100_001 + b"]"))

    def test_text(self) -> None:
        """What is in strings is not counted, however they end."""
        for end in (b"", b'\\"', b"\\\\", b'\\\\\\"'):
            text = b"{[,:" * 400_000 + end
            check_structure(b'{"a":"%b","b":"%b"}' % (text, text))

    def test_at_the_limits(self) -> None:
        """What is just not too much passes."""
        check_structure(b"[" + b"1," * 999_999 + b"1]")
        check_structure(b"{" + b'"":1,' * 99_999 + b'"":1}')
        check_structure(b"[" + b'"",' * 299_999 + b'""]')
        check_structure(b"[" + b"{}," * 99_998 + b"{}]")

    @settings(max_examples=100)
    @given(st.binary(max_size=60))
    def test_garbage(self, garbage: bytes) -> None:
        """Whatever else is in it, too many brackets are refused."""
        self.assertIn("objects and arrays", self.refused(b"[" * 100_001 + garbage))


class MemberTests(SynchronousTestCase):
    """Top-level members are found where they are."""

    @settings(max_examples=150)
    @given(OBJECTS, STYLES)
    def test_spans(self, members: dict[str, Any], style: dict[str, Any]) -> None:
        """Every member is found, in order, and its span is its value."""
        body = written(members, style)
        spans = list(member_spans(body))
        self.assertEqual([span.name for span in spans], list(members))
        self.assertEqual(
            [json.loads(body[span.value : span.end]) for span in spans], list(members.values())
        )

    def test_cut_off(self) -> None:
        """A body that is no JSON object after all is an error, not a wrong span."""
        self.assertRaises(ValueError, list, member_spans(b'{"a":[1'))


class DuplicateTests(SynchronousTestCase):
    """Names that occur twice at the top level are found."""

    def found(self, body: bytes) -> list[str]:
        """Return the duplicates of a body."""
        return duplicate_members(body, json.loads(body))

    def test_none(self) -> None:
        """Names below the top level, in values and in texts are no duplicates."""
        for body in (
            b'{"a":{"a":1},"b":{"c":1,"c":2}}',
            b'{"user":"user","a":["user"]}',
            b'{"user":"\\"user\\": 1"}',
            b'{"a":"\\u0061 \\u00e9"}',
            b"{}",
        ):
            self.assertEqual(self.found(body), [])

    def test_in_order(self) -> None:
        """All of them are found, in order, each once."""
        body = b'{"b":1,"a":1,"c":2,"a" : 2,"b"\t:3,"a":4}'
        self.assertEqual(self.found(body), ["a", "b"])

    def test_escaped(self) -> None:
        """A name written with escapes is the same name."""
        self.assertEqual(self.found(b'{"model":1,"mod\\u0065l":2}'), ["model"])
        self.assertEqual(self.found(b'{"a/b":1,"a\\/b":2}'), ["a/b"])
        self.assertEqual(self.found('{"é":1,"\\u00e9":2}'.encode()), ["é"])

    def test_long_name(self) -> None:
        """A name of any length is found."""
        name = b"n" * 1000
        self.assertEqual(self.found(b'{"%b":1,"%b":2}' % (name, name)), [name.decode()])

    def test_many(self) -> None:
        """One duplicate among many members is found, and one name many times."""
        many = b",".join(b'"m%d":1' % number for number in range(500))
        self.assertEqual(self.found(b"{%b}" % many), [])
        self.assertEqual(self.found(b'{%b,"m7":2}' % many), ["m7"])
        self.assertEqual(self.found(b"{%b}" % b",".join([b'"a":1'] * 50_000)), ["a"])

    @settings(max_examples=100)
    @given(OBJECTS, OBJECTS, STYLES)
    def test_exact(self, one: dict[str, Any], other: dict[str, Any], style: dict[str, Any]) -> None:
        """The names that two objects share are the duplicates of their concatenation."""
        first, second = written(one, style).strip(), written(other, style).strip()
        comma = b"," if one and other else b""
        body = first[:-1] + comma + second[1:]
        self.assertEqual(self.found(body), [name for name in other if name in one])


class SetTests(SynchronousTestCase):
    """One member changes, and nothing else."""

    def test_replace(self) -> None:
        """An existing value is replaced where it is."""
        body = b'{ "a" : {"b":1} ,\n"b":\t[2] , "c":1E+2}'
        self.assertEqual(set_member(body, "b", b'"x"'), b'{ "a" : {"b":1} ,\n"b":\t"x" , "c":1E+2}')

    def test_add(self) -> None:
        """A new member becomes the first, also where its name occurs elsewhere."""
        self.assertEqual(set_member(b' {"a":1}', "b", b"2"), b' {"b":2,"a":1}')
        self.assertEqual(set_member(b'{"a":"b"}', "b", b"2"), b'{"b":2,"a":"b"}')

    def test_add_to_nothing(self) -> None:
        """The first member of an empty object needs no comma."""
        self.assertEqual(set_member(b" { } ", "b", b"2"), b' {"b":2 } ')

    def test_escaped_name(self) -> None:
        """A member whose name is written with escapes is replaced, not added beside."""
        self.assertEqual(set_member(b'{"\\u0062":1}', "b", b"2"), b'{"\\u0062":2}')

    @settings(max_examples=150)
    @given(OBJECTS, NAMES, VALUES, STYLES)
    def test_any(
        self, members: dict[str, Any], name: str, value: Any, style: dict[str, Any]
    ) -> None:
        """The result says what was meant, and the bytes around the change are those that came."""
        body = written(members, style)
        changed = set_member(body, name, json.dumps(value).encode())
        self.assertEqual(json.loads(changed), {**members, name: value})
        before = {span.name: body[span.start : span.end] for span in member_spans(body)}
        after = {span.name: changed[span.start : span.end] for span in member_spans(changed)}
        del after[name]
        before.pop(name, None)
        self.assertEqual(after, before)


class RemoveTests(SynchronousTestCase):
    """Members go, and nothing else."""

    def test_places(self) -> None:
        """The first, the last, one between, and all of them can go."""
        body = b'{ "a":1 , "b":[2], "c":{} }'
        self.assertEqual(remove_members(body, ["a"]), b'{ "b":[2], "c":{} }')
        self.assertEqual(remove_members(body, ["b"]), b'{ "a":1, "c":{} }')
        self.assertEqual(remove_members(body, ["c"]), b'{ "a":1 , "b":[2] }')
        self.assertEqual(remove_members(body, ["a", "c"]), b'{ "b":[2] }')
        self.assertEqual(remove_members(body, ["a", "b", "c"]), b"{  }")

    def test_absent(self) -> None:
        """What is not there changes nothing."""
        self.assertEqual(remove_members(b'{"a":1}', ["b"]), b'{"a":1}')
        self.assertEqual(remove_members(b" { } ", ["b"]), b" { } ")

    def test_every_time(self) -> None:
        """A name that occurs twice goes twice."""
        self.assertEqual(remove_members(b'{"a":1,"b":2,"a":3}', ["a"]), b'{"b":2}')

    @settings(max_examples=150)
    @given(OBJECTS, st.sets(NAMES), st.data(), STYLES)
    def test_any(
        self,
        members: dict[str, Any],
        names: set[str],
        data: st.DataObject,
        style: dict[str, Any],
    ) -> None:
        """The result is the object without them, and the other members' bytes are unchanged."""
        if members:
            names |= data.draw(st.sets(st.sampled_from(sorted(members))))
        body = written(members, style)
        changed = remove_members(body, names)
        left = {name: value for name, value in members.items() if name not in names}
        self.assertEqual(json.loads(changed), left)
        before = [body[s.start : s.end] for s in member_spans(body) if s.name in left]
        self.assertEqual([changed[s.start : s.end] for s in member_spans(changed)], before)
