"""Reads a page as a browser would: elements found by a simple selector, with their text and attributes."""

import re
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
STEP = re.compile(r"(?P<tag>[\w-]+)?(?P<rest>(?:#[\w-]+|\.[\w-]+|\[[\w-]+(?:=[^\]]+)?\])*)")
PART = re.compile(r"#([\w-]+)|\.([\w-]+)|\[([\w-]+)(?:=([^\]]+))?\]")


class Element:
    def __init__(self, tag, attributes=()):
        self.tag, self.attributes, self.children = tag, {name: value or "" for name, value in attributes}, []

    def __getitem__(self, name):
        return self.attributes[name]

    def get(self, name):
        return self.attributes.get(name)

    @property
    def text(self):
        """All text inside, with single spaces."""
        return " ".join(self._raw().split())

    @property
    def raw_text(self):
        return self._raw().strip()

    def _raw(self):
        return "".join(child if isinstance(child, str) else f" {child._raw()} " for child in self.children)

    @property
    def elements(self):
        return [child for child in self.children if isinstance(child, Element)]

    def inside(self):
        for element in self.elements:
            yield element
            yield from element.inside()

    def select(self, selector):
        """Elements for a selector as `article.card[data-status=failed] img`: steps inside one another."""
        found = [self]
        for step in selector.split():
            inside = {id(element): element for outer in found for element in outer.inside()}
            found = [element for element in inside.values() if element.matches(step)]
        return found

    def select_one(self, selector):
        return next(iter(self.select(selector)), None)

    def matches(self, step):
        whole = STEP.fullmatch(step)
        if whole["tag"] and whole["tag"] != self.tag:
            return False
        return all(self._has(*part) for part in PART.findall(whole["rest"]))

    def _has(self, identity, word, name, value):
        if identity:
            return self.get("id") == identity
        if word:
            return word in (self.get("class") or "").split()
        return name in self.attributes and value in ("", self[name])


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = [Element("page")]

    def handle_starttag(self, tag, attributes):
        element = Element(tag, attributes)
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        names = [element.tag for element in self.open]
        if tag in names[1:]:
            del self.open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data):
        self.open[-1].children.append(data)


def read(response):
    reader = _Reader()
    reader.feed(response.content.decode())
    return reader.open[0]
