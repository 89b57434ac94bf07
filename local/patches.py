"""Reversible changes to the emulator, undone in one go."""

from typing import Any


class Patches:
    """Attributes that were replaced, and what they were before."""

    def __init__(self) -> None:
        self._originals: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, value: Any) -> Any:
        """Set attribute `name` of a module or class to `value`; return what a caller got before."""
        self._originals.append((owner, name, vars(owner)[name]))
        before = getattr(owner, name)
        setattr(owner, name, value)
        return before

    def undo(self) -> None:
        """Put everything back, last change first."""
        while self._originals:
            owner, name, original = self._originals.pop()
            setattr(owner, name, original)
