"""Servers that speak another language: `lc_messages`, as a parameter group can set it.

The programs here have no translations, so the texts are put into the errors of a real server on
their way. What programs go by stays: the code, and the severity that is never translated.
(PostgreSQL documentation, 55.8, "Error and Notice Message Fields")
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

# Severity, message, detail and hint: what a server translates.
_TRANSLATED = b"SMDH"


@dataclass(frozen=True)
class Language:
    """What becomes of errors: severities, and messages by code; names go where `{}` stands."""

    severities: Mapping[str, str]
    messages: Mapping[str, str]
    any_other: str
    encoding: str = "utf-8"
    """Of the server's texts until a client has been let in and has chosen one."""

    def translated(self, body: bytes) -> bytes:
        """The fields of an error or a notice in this language."""
        fields = [(field[:1], field[1:]) for field in body.rstrip(b"\0").split(b"\0")]
        code = dict(fields)[b"C"].decode()
        texts = [(kind, self._translate(kind, text.decode(), code)) for kind, text in fields]
        return b"".join(kind + text + b"\0" for kind, text in texts) + b"\0"

    def _translate(self, kind: bytes, text: str, code: str) -> bytes:
        if kind not in _TRANSLATED:
            return text.encode()
        if kind == b"S":
            return self.severities.get(text, text).encode(self.encoding)
        names = [*re.findall(r'"([^"]*)"', text), "…", "…"]
        message = self.messages.get(code, self.any_other) if kind == b"M" else self.any_other
        return message.format(*names).encode(self.encoding, errors="replace")


def in_language(message: bytes, language: Language | None) -> bytes:
    """A message of a server, and whatever follows it, as it reads in a language."""
    kind, length = struct.unpack("!cI", message[:5])
    if language is None or kind not in b"EN":
        return message
    body = language.translated(message[5 : length + 1])
    return bytes(kind) + struct.pack("!I", len(body) + 4) + body + message[length + 1 :]


# In PostgreSQL's own words.
RUSSIAN = Language(
    {"FATAL": "ВАЖНО", "ERROR": "ОШИБКА", "WARNING": "ПРЕДУПРЕЖДЕНИЕ", "NOTICE": "ЗАМЕЧАНИЕ"},
    {
        "28000": 'для роли "{}" вход запрещён',
        "28P01": 'пользователь "{}" не прошёл проверку подлинности (по паролю)',
        "3D000": 'база данных "{}" не существует',
        "42501": 'доступ к базе "{}" запрещён',
        "42704": 'нераспознанный параметр конфигурации: "{}"',
        "53300": "извините, уже слишком много клиентов",
        "57P03": "система баз данных запускается",
    },
    "подробностей нет",
)
RUSSIAN_IN_KOI8 = Language(RUSSIAN.severities, RUSSIAN.messages, RUSSIAN.any_other, "koi8_r")
GERMAN = Language(
    {"ERROR": "FEHLER", "WARNING": "WARNUNG", "NOTICE": "HINWEIS"},
    {
        "28000": "Rolle »{}« hat keine Berechtigung zum Einloggen",
        "28P01": "Passwort-Authentifizierung für Benutzer »{}« fehlgeschlagen",
        "3D000": "Datenbank »{}« existiert nicht",
        "42501": "keine Berechtigung für Datenbank »{}«",
        "42704": "unbekannter Konfigurationsparameter »{}«",
        "53300": "tut mir leid, schon zu viele Verbindungen",
        "57P03": "das Datenbanksystem startet",
    },
    "Einzelheiten fehlen",
)
