"""The few messages of PostgreSQL's protocol that pass before, or are counted behind, the TLS.

https://www.postgresql.org/docs/16/protocol-message-formats.html
"""

import struct
from asyncio import StreamReader, StreamWriter

SSL_REQUEST = 80877103
GSS_ENCRYPTION_REQUEST = 80877104
LONGEST_STARTUP_MESSAGE = 10_000
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


async def forward_statements(reader: StreamReader, writer: StreamWriter, count: int) -> None:
    """Forward what a client sends until the statement after the first `count` arrives."""
    (length,) = struct.unpack("!I", startup_length := await reader.readexactly(4))
    writer.write(startup_length + await reader.readexactly(length - 4))
    while True:
        kind, length = struct.unpack("!cI", head := await reader.readexactly(5))
        body = await reader.readexactly(length - 4)
        if kind in STATEMENT_MESSAGES:
            if count == 0:
                return
            count -= 1
        writer.write(head + body)
        await writer.drain()


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
    fields = {"S": "FATAL", "V": "FATAL", "C": "28000", "M": message}
    body = b"".join(f"{kind}{text}\0".encode() for kind, text in fields.items()) + b"\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body
