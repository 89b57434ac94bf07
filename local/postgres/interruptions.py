"""What goes wrong with a connection on request, and a count of what could go wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch

from local.postgres.languages import Language
from local.postgres.protocol import error_message


@dataclass(frozen=True)
class Refusal:
    """An error of the server's own kind: of a statement, or one that ends the connection."""

    code: str
    message: str
    is_final: bool = True

    @property
    def as_message(self) -> bytes:
        """As PostgreSQL writes it."""
        return error_message(self.code, self.message, is_final=self.is_final)


@dataclass(frozen=True)
class Interruption:
    """One connection breaks: at once, or at the statement after the first `after_statements`."""

    hostname_pattern: str
    after_statements: int | None = None
    nth: int = 1
    """Which matching connection it is, from now on."""
    takes_effect: bool = False
    """Whether the statement is still executed; its answer never arrives."""
    refusal: Refusal | None = None
    """The error that the client receives; none when the connection just breaks."""
    act: Callable[[], object] | None = None
    """What else happens at that moment."""

    @property
    def spares_the_connection(self) -> bool:
        """Whether only a statement fails, as if the server had refused it."""
        return self.refusal is not None and not self.refusal.is_final


@dataclass
class Talk:
    """One connection, and how many statements were sent over it."""

    hostname: str
    language: Language | None = None
    delay_seconds: float = 0
    statements: int = 0

    def count(self) -> None:
        """One more statement was sent."""
        self.statements += 1


@dataclass
class Interruptions:
    """The interruptions that are to come, and the connections that were made."""

    armed: list[tuple[Interruption, list[str]]] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    language: Language | None = None
    """What the servers speak from now on, if it is not English."""
    delay_seconds: float = 0
    """How long a round trip takes from now on."""

    def add(self, interruption: Interruption) -> None:
        """Have it happen to a connection that is yet to come."""
        self.armed.append((interruption, []))

    def meet(self, hostname: str) -> tuple[Talk, Interruption | None]:
        """Count a new connection; what is to happen to it."""
        talk = Talk(hostname, self.language, self.delay_seconds)
        self.talks.append(talk)
        struck: Interruption | None = None
        for interruption, seen in tuple(self.armed):
            if fnmatch(hostname, interruption.hostname_pattern.lower()):
                seen.append(hostname)
                if len(seen) == interruption.nth and struck is None:
                    struck = interruption
                    self.armed.remove((interruption, seen))
        return talk, struck

    def clear(self) -> None:
        """Disarm everything, forget the connections, and speak English without delay."""
        self.language = None
        self.delay_seconds = 0
        self.armed.clear()
        self.talks.clear()
