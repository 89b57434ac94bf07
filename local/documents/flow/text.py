"""How wide a text will be in a font that is not known: estimated, a little on the generous side."""

from collections.abc import Iterator

_NARROW = frozenset("iIjl.,:;'|!()[] ft-r")
_WIDE = frozenset("mwMW@")


def width(text: str, size: float) -> float:
    """Pixels in a sans-serif font of `size` pixels."""
    return size * sum(_em(character) for character in text)


def wrap(text: str, size: float, widest: float) -> tuple[str, ...]:
    """Lines that are at most `widest` pixels wide, as few as that takes and as even as they get."""
    lines = tuple(_filled(text, size, widest))
    while widest > 1 and len(tuple(_filled(text, size, widest - 4))) == len(lines):
        widest -= 4
    return tuple(_filled(text, size, widest))


def _filled(text: str, size: float, widest: float) -> Iterator[str]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}".lstrip()
        if line and width(longer, size) > widest:
            yield line
            longer = word
        line = longer
    yield line


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.33
    if character in _WIDE:
        return 0.87
    return 0.69 if character.isupper() else 0.57
