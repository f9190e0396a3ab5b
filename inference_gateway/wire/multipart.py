"""The bodies that are forms, with recordings or images in them: read where they lie.

Forms are as RFC 7578 has them, read strictly: what another reader might take for a boundary, a name
or a second model is refused, so that everybody behind the gateway sees the parts that it saw. The
contents are neither copied nor decoded, but for the few bytes of the text fields somebody asks for.
"""

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

import attrs

from inference_gateway.errors import FieldProblem, InvalidRequest
from inference_gateway.record import record
from inference_gateway.wire.fields import Problems, add, refusal
from inference_gateway.wire.headers import media_type
from inference_gateway.wire.members import RESERVED, check_model
from inference_gateway.wire.operations import Operation
from inference_gateway.wire.request import ModelRequest

MAX_PARTS = 100
#: Bytes: the head of a part with its empty line, what a text field may hold, and what may stand
#: around the parts.
MAX_HEAD = 8192
MAX_TEXT = 4096
MAX_AROUND = 1024

#: By operation: the names of the parts of which at least one must be there, as a file. Operations
#: that are not here take no forms.
_FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "transcriptions": ("file",),
        "translations": ("file",),
        "image_edits": ("image", "image[]"),
        "image_variations": ("image", "image[]"),
    }
)

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_PLAIN = rb'[^"\\\x00-\x1f\x7f]*+'
_QUOTED = rb'"(%b(?:\\[^\x00-\x1f\x7f]%b)*+)"' % (_PLAIN, _PLAIN)
#: Blanks are spaces; some readers do not find what stands behind a tab.
_PARAMETER = re.compile(rb"; *+(?:(%b)=(?:(%b)|%b))? *+" % (_TOKEN, _TOKEN, _QUOTED))
_UTF8 = frozenset((b"utf-8", b"utf8"))
_FORM_TYPE = re.compile(rb" *+(?i:multipart/form-data) *+")
_DISPOSITION = re.compile(rb"(?i:form-data) *+")
#: RFC 2046 section 5.1.1; a blank may be inside, and not at the end.
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
#: What follows the boundary in its line: two hyphens behind the last part, and padding.
_LINE_END = re.compile(rb"(--)?[ \t]*+(?:\r\n|\Z)")
_FIELD = re.compile(rb"(%b):[ \t]*+([^\x00-\x08\x0a-\x1f\x7f]*+)" % _TOKEN)
#: Some readers take what stands there for a boundary, others do not.
_BARE = "a boundary in the body stands behind a bare carriage return or line feed"
#: Encodings that change nothing.
_IDENTITY = frozenset((b"7bit", b"8bit", b"binary"))
#: Types of text in which a name of ASCII characters is what its bytes look like.
_TEXT = frozenset(("text/plain", charset) for charset in ("", "utf-8", "us-ascii", "iso-8859-1"))


@record(kw_only=True)
class Part:
    """One part of a form, as places in its body: the content is ``content:end``."""

    name: str
    #: As it came, escapes included; None for a field that is no file.
    filename: bytes | None = attrs.field(repr=False)
    #: Empty where it is not said.
    content_type: bytes = attrs.field(repr=False)
    #: Where the boundary before it begins.
    start: int
    content: int
    end: int


@record(kw_only=True)
class Form:
    """A form that was read; nothing of it may be changed."""

    body: bytes = attrs.field(repr=False)
    parts: tuple[Part, ...]
    #: What no content may hold: a line end, two hyphens and the boundary.
    delimiter: bytes = attrs.field(repr=False)
    #: Where the boundary behind the last part begins.
    end: int

    def text(self, name: str) -> str | None:
        """Return the content of the one text field called ``name``, None without one.

        Raises `InvalidRequest` for what is given twice, or is no short text in UTF-8.
        """
        part = self._only(name)
        if part is None:
            return None
        said = part.content_type
        if part.filename is not None or (said and media_type(said) not in _TEXT):
            raise _problem(name, "must be sent as plain text, in UTF-8 and not as a file")
        if part.end - part.content > MAX_TEXT:
            raise _problem(name, f"must have at most {MAX_TEXT} bytes")
        try:
            return self.body[part.content : part.end].decode()
        except UnicodeDecodeError:
            raise _problem(name, "must be UTF-8") from None

    def has_file(self, names: Collection[str]) -> bool:
        """Whether some part with one of ``names`` is a file, by its having a filename."""
        return any(part.name in names and part.filename for part in self.parts)

    def replace(self, name: str, value: bytes) -> bytes:
        """Return the body with ``value`` as the content of its one part called ``name``.

        Every other byte stays. Raises `InvalidRequest` when there is no such part, or when its
        client chose a boundary that ``value`` holds.
        """
        part = self._only(name)
        if part is None:
            raise _problem(name, "is required")
        if self.delimiter in b"\n" + value:
            raise _problem(name, "cannot be sent with this boundary")
        rest = memoryview(self.body)  # so that what is large is copied once
        return b"".join((rest[: part.content], value, rest[part.end :]))

    def without(self, parts: Collection[Part]) -> bytes:
        """Return the body without ``parts``, each of which goes with the boundary before it."""
        rest = memoryview(self.body)
        kept: list[memoryview] = []
        position = 0
        ends = [part.start for part in self.parts[1:]]
        for part, end in zip(self.parts, [*ends, self.end], strict=True):
            if part in parts:
                kept.append(rest[position : part.start])
                position = end
        return b"".join((*kept, rest[position:]))

    def _only(self, name: str) -> Part | None:
        named = [part for part in self.parts if part.name == name]
        if len(named) > 1:
            raise _problem(name, "is given more than once")
        return named[0] if named else None


def boundary_of(content_type: bytes) -> bytes | None:
    """Return the boundary of a form, None unless ``content_type`` says that it is one, in UTF-8.

    The header must be as RFC 9110 section 8.3.1 has it, with one boundary (RFC 2046 section 5.1.1).
    """
    form = _FORM_TYPE.match(content_type)
    said = None if form is None else _parameters(content_type, form.end())
    if said is None or said.get(b"charset", b"utf-8").lower() not in _UTF8:
        return None
    boundary = said.get(b"boundary", b"")
    return boundary if _BOUNDARY.fullmatch(boundary) else None


def read_form(body: bytes, content_type: bytes) -> Form:
    """Find the parts of a form; raises `InvalidRequest`, which tells nothing of what is in them."""
    boundary = boundary_of(content_type)
    if boundary is None:
        raise InvalidRequest(
            "the Content-Type must be multipart/form-data, in UTF-8,"
            " with a boundary of 1 to 70 characters"
        )
    delimiter = b"\n--" + boundary
    size = len(delimiter) - 1
    start = body.find(delimiter[1:], 0, MAX_AROUND + size)
    if start < 0 or (start and body[:start][-2:] != b"\r\n"):
        raise InvalidRequest("the body does not begin with the boundary of its Content-Type")
    if body.find(b"\r" + delimiter[1:]) >= 0:
        raise InvalidRequest(_BARE)
    parts: list[Part] = []
    while True:
        line = _LINE_END.match(body, start + size)
        if line is None:
            raise InvalidRequest("a line of the body begins with the boundary and goes on")
        if line[1]:
            break
        if len(parts) == MAX_PARTS:
            raise InvalidRequest(f"the body has more than {MAX_PARTS} parts")
        # The line end of this boundary may be the one that another begins with.
        following = _next_line(body, delimiter, line.end() - 1)
        if following < 0:
            raise InvalidRequest("the body has no closing boundary")
        parts.append(_part(body, start, line.end(), following - 2))
        start = following
    if len(body) - line.end() > MAX_AROUND or body.find(delimiter[1:], line.end()) >= 0:
        raise InvalidRequest("the body goes on behind its closing boundary")
    return Form(body=body, parts=tuple(parts), delimiter=delimiter, end=start)


def _next_line(body: bytes, delimiter: bytes, start: int) -> int:
    """Return where the next boundary begins that a line begins with, -1 without one."""
    found = body.find(delimiter, start)
    if found >= 0 and body[found - 1 : found] != b"\r":
        raise InvalidRequest(_BARE)
    return found + 1 if found >= 0 else -1


def _part(body: bytes, start: int, head: int, end: int) -> Part:
    """Read the part whose boundary begins at ``start``; the next one's line end is at ``end``."""
    blank = body.find(b"\r\n\r\n", head - 2, min(end, head + MAX_HEAD))
    if blank < 0:
        raise InvalidRequest(f"the head of a part does not end, or not within {MAX_HEAD} bytes")
    fields = _fields(body[head:blank]) if blank > head else {}
    disposition = fields.get(b"content-disposition", b"")
    form_data = _DISPOSITION.match(disposition)
    said = None if form_data is None else _parameters(disposition, form_data.end())
    if not said or not (name := said.get(b"name")):
        raise InvalidRequest("each part must have a Content-Disposition of form-data with a name")
    if fields.get(b"content-transfer-encoding", b"binary").lower() not in _IDENTITY:
        raise InvalidRequest("the Content-Transfer-Encoding of a part must be binary, if any")
    if b"\\" in name:
        raise InvalidRequest("the name of a part must not have escapes")
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise InvalidRequest("the name of a part must be UTF-8") from None
    return Part(
        name=text,
        filename=said.get(b"filename", said.get(b"filename*")),
        content_type=fields.get(b"content-type", b""),
        start=start,
        content=blank + 4,
        end=end,
    )


def _fields(head: bytes) -> dict[bytes, bytes]:
    """Return the fields of a part's head by their names in lower case, unfolded as they must be."""
    fields: dict[bytes, bytes] = {}
    for line in head.split(b"\r\n"):
        field = _FIELD.fullmatch(line)
        if field is None:
            raise InvalidRequest("the head of a part has a malformed line")
        name = field[1].lower()
        if name in fields:
            raise InvalidRequest("the head of a part has a field twice")
        fields[name] = field[2].rstrip(b" \t")
    return fields


def _parameters(value: bytes, position: int) -> dict[bytes, bytes] | None:
    """Return the parameters from ``position`` on by their names in lower case.

    None means that they are malformed, or that somebody might find other ones: one comes twice, or
    is extended or continued (RFC 2231), which RFC 7578 section 4.2 rules out. A ``filename*`` is
    borne with, because many send it and nothing hangs on it.
    """
    found: dict[bytes, bytes] = {}
    while position < len(value):
        parameter = _PARAMETER.match(value, position)
        if parameter is None:
            return None
        if parameter[1] is not None:
            name = parameter[1].lower()
            if name in found or (b"*" in name and name != b"filename*"):
                return None
            found[name] = parameter[3] if parameter[2] is None else parameter[2]
        position = parameter.end()
    return found


def _problem(name: str, message: str) -> InvalidRequest:
    return refusal((FieldProblem(message=message, field=name),))


def parse_form(body: bytes, content_type: bytes, operation: Operation) -> ModelRequest:
    """Check what the gateway must know of a form: a model, a file, and whether to stream.

    ``content_type`` is kept, because only with its boundary is the body a form. Raises
    `InvalidRequest`.
    """
    form = read_form(body, content_type)
    problems: Problems = []
    model = form.text("model")
    if model is None:
        add(problems, "model", "is required")
    else:
        check_model(model, "model", problems)
    files = _FILES[operation.name]
    if not form.has_file(files):
        add(problems, files[0], "is required, as a part with a filename")
    stream = form.text("stream")
    if stream is not None and stream.lower() not in ("true", "false"):
        add(problems, "stream", "must be true or false")
    if problems or model is None:
        raise refusal(problems)
    # An object is sent as one part for each of its members: ``headers[accept]``.
    names = {part: part.name.partition("[")[0] for part in form.parts}
    reserved = {part: name for part, name in names.items() if name in RESERVED}
    return ModelRequest(
        operation=operation,
        model=model,
        body=form.without(reserved) if reserved else body,
        stream=operation.streams and stream is not None and stream.lower() == "true",
        dropped=tuple(dict.fromkeys(reserved.values())),
        content_type=content_type,
    )


def set_form_model(request: ModelRequest, model: str) -> bytes:
    """Return the body of ``request``, a form, that asks for ``model``.

    Raises `InvalidRequest` when the client's boundary rules that name out.
    """
    if model == request.model:
        return request.body
    return read_form(request.body, request.content_type).replace("model", model.encode())
