"""Reads a multipart/form-data body that is already in memory."""

import re
from dataclasses import dataclass, field
from email.message import Message

from gallery.sandbox.refusal import Refusal


@dataclass(slots=True)
class Form:
    fields: dict[str, str] = field(default_factory=dict)
    parts: list[tuple[str, bytes]] = field(default_factory=list)

    def files(self, name):
        return [data for part, data in self.parts if part == name]

    def file_names(self):
        return [part for part, _ in self.parts]


def parse(content_type, body):
    boundary = _parameters("Content-Type", content_type).get("boundary")
    if not content_type.startswith("multipart/form-data") or not boundary:
        raise Refusal("The body must be multipart/form-data.")
    form = Form()
    delimiter = b"\r\n--" + boundary.encode("latin-1")
    pieces = (b"\r\n" + body).split(delimiter)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise Refusal("The multipart body is not complete.")
    for piece in pieces[1:-1]:
        _add(form, piece)
    return form


def _add(form, piece):
    head, separator, data = piece.partition(b"\r\n\r\n")
    found = re.search(rb"(?im)^content-disposition:(.*)$", head)
    parameters = _parameters("Content-Disposition", found[1].decode("latin-1")) if found else {}
    name = parameters.get("name")
    if not separator or name is None:
        raise Refusal("A part of the multipart body has no name.")
    if "filename" in parameters:
        form.parts.append((name, data))
    elif name in form.fields:
        raise Refusal(f"Duplicate parameter: '{name[:100]}'.", param=name[:100])
    else:
        form.fields[name] = _text(data, name)


def _text(data, name):
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refusal(f"'{name[:100]}' is not UTF-8.", param=name[:100]) from None


def _parameters(header, value):
    message = Message()
    message[header] = value.strip()
    return dict(message.get_params(header=header, failobj=[])[1:])
