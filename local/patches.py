"""Reversible changes to the emulator, undone in one go."""

from typing import Any, Self

_ABSENT = object()


class Patches:
    """Attributes that were replaced, and what they were before: put back when a block ends."""

    def __init__(self) -> None:
        self._originals: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.undo()

    def replace(self, owner: Any, name: str, value: Any) -> Any:
        """Set attribute `name` of a module or class to `value`; return what a caller got before."""
        self._originals.append((owner, name, vars(owner)[name]))
        before = getattr(owner, name)
        setattr(owner, name, value)
        return before

    def add(self, owner: Any, name: str, value: Any) -> None:
        """Give a module or class an attribute that it does not have."""
        self._originals.append((owner, name, _ABSENT))
        setattr(owner, name, value)

    def undo(self) -> None:
        """Put everything back, last change first."""
        while self._originals:
            owner, name, original = self._originals.pop()
            if original is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
