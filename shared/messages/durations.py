"""Durations as people read them."""


def spoken(seconds: float) -> str:
    """A duration in words: `1 h 20 min 5 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "under 1 s"
