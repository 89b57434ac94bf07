"""Answers in XML, written straight from what the emulator makes of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_ATTRIBUTE = "@"
_TEXT = "#text"


def written(document: Mapping[str, Any]) -> str:
    """The document as XML: keys are elements, those that begin with `@` attributes.

    Names come from descriptions of APIs, so only values are escaped.
    """
    return "".join(part for key, value in document.items() for part in _elements(key, value))


def _elements(key: str, value: Any) -> Iterator[str]:
    is_list = isinstance(value, Iterable) and not isinstance(value, (str, Mapping))
    for one in value if is_list else (value,):
        yield from _element(key, one)


def _element(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        attributes, content = _attributes(value), "".join(_content(value))
    else:
        attributes, content = "", _text(value)
    yield f"<{key}{attributes}>{content}</{key}>" if content else f"<{key}{attributes}/>"


def _content(value: Mapping[str, Any]) -> Iterator[str]:
    for key, child in value.items():
        if key != _TEXT and not key.startswith(_ATTRIBUTE):
            yield from _elements(key, child)
    yield _text(value.get(_TEXT))


def _attributes(value: Mapping[str, Any]) -> str:
    return "".join(
        f" {key.removeprefix(_ATTRIBUTE)}={quoteattr(_plain(content))}"
        for key, content in value.items()
        if key.startswith(_ATTRIBUTE)
    )


def _text(value: Any) -> str:
    return escape(_plain(value))


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
