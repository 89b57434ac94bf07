"""How many names a message lists."""

from collections.abc import Sequence

_LONGEST_LIST = 200


def listed(names: Sequence[str]) -> str:
    """At most 200 of the names, and how many more there are."""
    shown = ", ".join(names[:_LONGEST_LIST])
    more = len(names) - _LONGEST_LIST
    return f"{shown} and {more} more" if more > 0 else shown
