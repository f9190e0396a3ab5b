"""Forms for tests, written by hand or as clients write them."""

from inference_gateway.wire.multipart import read_form

TYPE = b"multipart/form-data; boundary=AaB03x"
HEAD = b'Content-Disposition: form-data; name="a"'
MODEL = b'Content-Disposition: form-data; name="model"\r\n\r\nwhisper-1'
FILE = (
    b'Content-Disposition: form-data; name="file"; filename="a.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\nRIFF\x00\r\n\xff"
)


def form(*parts: bytes, boundary: bytes = b"AaB03x") -> bytes:
    """Return a body with ``parts``, each with its head."""
    return b"".join(
        (*(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts), b"--%b--\r\n" % boundary)
    )


def field(name: bytes, value: bytes = b"", *lines: bytes) -> bytes:
    """Return a part that is a text field, with more lines in its head."""
    head = b'Content-Disposition: form-data; name="%b"' % name
    return b"\r\n".join((head, *lines, b"", value))


def contents(body: bytes, content_type: bytes = TYPE) -> list[tuple[str, bytes]]:
    """Return the names and contents that are read."""
    return [(p.name, body[p.content : p.end]) for p in read_form(body, content_type).parts]


def encoded(fields: list[tuple[str, str]], files: list[tuple[str, str, bytes]]) -> bytes:
    """Encode a form as Python's HTTP clients do."""

    def quoted(text: str) -> bytes:
        for plain, escape in (("\\", "\\\\"), ('"', "%22"), ("\r", "%0D"), ("\n", "%0A")):
            text = text.replace(plain, escape)
        return text.encode()

    parts = [field(quoted(name), value.encode()) for name, value in fields]
    for name, filename, content in files:
        head = field(quoted(name)).removesuffix(b"\r\n\r\n") + b'; filename="%b"' % quoted(filename)
        parts.append(head + b"\r\nContent-Type: application/octet-stream\r\n\r\n" + content)
    return form(*parts)
