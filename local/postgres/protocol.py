"""The few messages of PostgreSQL's protocol that pass before, or are counted behind, the TLS.

https://www.postgresql.org/docs/16/protocol-message-formats.html
"""

import struct
from asyncio import StreamReader, StreamWriter, sleep
from collections.abc import Callable

from local.postgres.languages import Language, in_language

SSL_REQUEST = 80877103
GSS_ENCRYPTION_REQUEST = 80877104
LONGEST_STARTUP_MESSAGE = 10_000
READY = b"Z"
CHUNK = 2**18
STATEMENT_MESSAGES = (b"Q", b"E")  # a simple query; the execution of a prepared one


async def agree_on_tls(reader: StreamReader, writer: StreamWriter) -> bool:
    """Answer the client's requests until TLS can start; False: it did not ask for TLS."""
    while True:
        length, code = struct.unpack("!II", await reader.readexactly(8))
        if code == SSL_REQUEST:
            writer.write(b"S")
            return True
        if code != GSS_ENCRYPTION_REQUEST:
            if 8 < length <= LONGEST_STARTUP_MESSAGE:
                startup = await reader.readexactly(length - 8)
                writer.write(_no_encryption(writer.get_extra_info("peername")[0], startup))
            return False
        writer.write(b"N")


async def forward_session(
    reader: StreamReader,
    writer: StreamWriter,
    count: Callable[[], None],
    limit: int | None = None,
) -> bytes:
    """Forward what a client sends from its start on, otherwise as `forward_statements`."""
    (length,) = struct.unpack("!I", startup_length := await reader.readexactly(4))
    writer.write(startup_length + await reader.readexactly(length - 4))
    return await forward_statements(reader, writer, count, limit)


async def forward_statements(
    reader: StreamReader,
    writer: StreamWriter,
    count: Callable[[], None],
    limit: int | None = None,
) -> bytes:
    """Forward what a client sends after its first message, calling `count` for every statement.

    Returns the statement after the first `limit`, which is not forwarded.
    """
    counted = 0
    while True:
        kind, length = struct.unpack("!cI", head := await reader.readexactly(5))
        message = head + await reader.readexactly(length - 4)
        if kind in STATEMENT_MESSAGES:
            if counted == limit:
                return message
            counted += 1
            count()
        writer.write(message)
        await writer.drain()


async def forward_answers(
    reader: StreamReader,
    writer: StreamWriter,
    language: Language | None = None,
    delay_seconds: float = 0,
) -> None:
    """Forward what a server sends, with its messages in another language if there is one.

    Each piece is as late as if the network took `delay_seconds` for a round trip.
    """
    while language is None and (data := await reader.read(CHUNK)):
        await sleep(delay_seconds)
        writer.write(data)
        await writer.drain()
    while language is not None and not reader.at_eof():
        (_, length) = struct.unpack("!cI", head := await reader.readexactly(5))
        writer.write(in_language(head + await reader.readexactly(length - 4), language))
        await writer.drain()


async def swallow_answer(reader: StreamReader) -> None:
    """Read what a server answers until it is ready for the next statement."""
    while True:
        kind, length = struct.unpack("!cI", await reader.readexactly(5))
        await reader.readexactly(length - 4)
        if kind == READY:
            return


def error_message(code: str, message: str, *, is_final: bool) -> bytes:
    """An error: a final one ends the connection, any other only the transaction."""
    severity = "FATAL" if is_final else "ERROR"
    fields = {"S": severity, "V": severity, "C": code, "M": message}
    body = b"".join(f"{kind}{text}\0".encode() for kind, text in fields.items()) + b"\0"
    error = b"E" + struct.pack("!I", len(body) + 4) + body
    return error if is_final else error + READY + struct.pack("!I", 5) + b"E"


def _no_encryption(client: str, startup: bytes) -> bytes:
    """The error that `rds.force_ssl` makes a server give."""
    words = iter(startup.decode(errors="replace").split("\0"))
    parameters = dict(zip(words, words, strict=False))
    user = parameters.get("user", "")
    database = parameters.get("database", user)
    message = (
        f'no pg_hba.conf entry for host "{client}", user "{user}", database "{database}",'
        " no encryption"
    )
    return error_message("28000", message, is_final=True)
