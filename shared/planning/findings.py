"""What stands in the way of a restore: collected, so that all of it is reported at once."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from shared.errors import Terminal

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Findings:
    """Terminal errors, collected: each check runs, whatever the one before has found.

    A transient error is no finding, and is raised at once. What a role may not see
    is one.
    """

    def __init__(self) -> None:
        self._found: list[Terminal] = []

    def of(
        self,
        check: Callable[Parameters, Result],
        *arguments: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result | None:
        """What the check returns; `None` when it raises a terminal error, which is kept."""
        try:
            return check(*arguments, **named)
        except Terminal as finding:
            self._found.append(finding)
            return None

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def error(self) -> Terminal:
        """The first finding's error, with the words of all of them."""
        if len(self._found) == 1:
            return self._found[0]
        listed = " ".join(f"({number}) {each}" for number, each in enumerate(self._found, start=1))
        return type(self._found[0])(f"{len(self._found)} problems were found: {listed}")
