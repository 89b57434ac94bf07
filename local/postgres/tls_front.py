"""TLS in front of the servers: names lead to clusters, as DNS and certificates do on AWS."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import trustme

from local.postgres.interruptions import Interruption, Interruptions, Talk
from local.postgres.languages import Language, in_language
from local.postgres.protocol import (
    CHUNK,
    agree_on_tls,
    forward_answers,
    forward_session,
    forward_statements,
    swallow_answer,
)

HANDSHAKE_SECONDS = 10
CLOSE_SECONDS = 1

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Route:
    owner: str
    port: int
    socket: Path
    certified_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Connection:
    hostname: str
    client: asyncio.StreamWriter

    def abort(self) -> None:
        _abort(self.client)


class _EndpointContext(ssl.SSLContext):
    """The TLS settings with one endpoint's certificate; records which one was chosen."""

    hostname: str
    certified_names: tuple[str, ...]


class TlsFront:
    """Accepts PostgreSQL connections on 127.0.0.1, with TLS only, and forwards them by SNI.

    A client must mean a host name that is routed on the port it came to; it sees the certificate
    of whoever is there, which may have other names. One thread does everything; the public methods
    may be called from any.
    """

    def __init__(self, ca_file: Path) -> None:
        self.ca_file = ca_file
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(str(ca_file))
        self._contexts: dict[str, _EndpointContext] = {}
        self._routes: dict[str, _Route] = {}
        self._listeners: dict[int, asyncio.Server] = {}
        self._listening = asyncio.Lock()
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._interruptions = Interruptions()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="tls-front", daemon=True
        )
        self._thread.start()

    def route(
        self,
        owner: str,
        hostnames: Sequence[str],
        port: int,
        socket: Path,
        certified_names: Sequence[str] = (),
    ) -> int:
        """Send these names, and no others of `owner`, to `socket`; returns the port to use.

        That is `port`, or a free one that from then on stands for it, if it is not available. The
        certificate has these names, unless it is to have others.
        """
        certificate = tuple(name.lower() for name in certified_names or hostnames)
        return self._run(self._route(owner, hostnames, port, socket, certificate))

    def unroute(self, owner: str) -> None:
        """Refuse new connections to the names of `owner`."""
        self._run(self._unroute(owner))

    def drop_connections(self, hostname: str) -> int:
        """Break the connections to `hostname` that are open now; returns how many."""
        return self._run(self._drop_connections(hostname))

    def drop_next(self, hostname_pattern: str, after_statements: int | None = None) -> None:
        """Break the next connection to a matching name: at once, or later.

        With `after_statements`, that many are answered, and the next one never arrives.
        """
        self.interrupt(Interruption(hostname_pattern, after_statements))

    def interrupt(self, interruption: Interruption) -> None:
        """Let a connection that is yet to come break in a chosen way."""
        self._run(self._interrupt(interruption))

    def speak(self, language: Language) -> None:
        """Let servers speak another language, until the interruptions are cleared."""
        self._interruptions.language = language

    def delay(self, seconds: float) -> None:
        """Let every round trip take so long, until the interruptions are cleared."""
        self._interruptions.delay_seconds = seconds

    def talks(self) -> tuple[Talk, ...]:
        """The connections made since the start, or since the interruptions were cleared."""
        return tuple(self._interruptions.talks)

    def clear_interruptions(self) -> None:
        """Let nothing go wrong any more, and forget the connections so far."""
        self._run(self._clear_interruptions())

    def close(self) -> None:
        """Break everything and end the thread; harmless when done already."""
        if self._thread.is_alive():
            self._run(self._shut_down())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _run(self, work: Coroutine[None, None, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _route(
        self,
        owner: str,
        hostnames: Sequence[str],
        port: int,
        socket: Path,
        certificate: tuple[str, ...],
    ) -> int:
        async with self._listening:
            if port not in self._listeners:
                self._listeners[port] = await self._listen(port)
        names = [hostname.lower() for hostname in hostnames]
        contexts = {
            name: context
            for name in names
            if (context := self._contexts.get(name)) and context.certified_names == certificate
        }
        await self._unroute(owner)
        self._contexts.update(contexts)
        self._routes.update({name: _Route(owner, port, socket, certificate) for name in names})
        actual: int = self._listeners[port].sockets[0].getsockname()[1]
        return actual

    async def _unroute(self, owner: str) -> None:
        self._routes = {name: to for name, to in self._routes.items() if to.owner != owner}
        self._contexts = {
            name: context for name, context in self._contexts.items() if name in self._routes
        }

    async def _drop_connections(self, hostname: str) -> int:
        connections = [each for each in self._connections if each.hostname == hostname.lower()]
        for connection in connections:
            connection.abort()
        return len(connections)

    async def _interrupt(self, interruption: Interruption) -> None:
        self._interruptions.add(interruption)

    async def _clear_interruptions(self) -> None:
        self._interruptions.clear()

    async def _shut_down(self) -> None:
        for listener in self._listeners.values():
            listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _context_of(self, hostname: str) -> _EndpointContext:
        """The settings of an endpoint; it is certified when somebody first connects to it."""
        if hostname not in self._contexts:
            self._contexts[hostname] = self._certify(hostname)
        return self._contexts[hostname]

    def _certify(self, hostname: str) -> _EndpointContext:
        context = _EndpointContext(ssl.PROTOCOL_TLS_SERVER)
        context.hostname = hostname
        context.certified_names = self._routes[hostname].certified_names
        self._authority.issue_cert(*context.certified_names).configure_cert(context)
        return context

    async def _listen(self, port: int) -> asyncio.Server:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.sni_callback = self._chooser(port)

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._accept(tls, reader, writer)

        try:
            return await asyncio.start_server(accept, "127.0.0.1", port, limit=CHUNK)
        except OSError:
            return await asyncio.start_server(accept, "127.0.0.1", 0, limit=CHUNK)

    def _chooser(
        self, port: int
    ) -> Callable[[ssl.SSLObject, str | None, ssl.SSLContext], int | None]:
        def choose(tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
            hostname = (name or "").lower()
            route = self._routes.get(hostname)
            if route is None or route.port != port:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            tls.context = self._context_of(hostname)
            return None

        return choose

    async def _accept(
        self, tls: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(
                OSError, EOFError
            ):  # a side closed the connection, or the handshake failed
                if await agree_on_tls(reader, writer):
                    await writer.start_tls(tls, ssl_handshake_timeout=HANDSHAKE_SECONDS)
                    await self._forward(reader, writer)
            await _close(writer)
        except asyncio.CancelledError:
            _abort(writer)
        finally:
            self._tasks.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hostname = writer.get_extra_info("ssl_object").context.hostname
        connection = _Connection(hostname, writer)
        self._connections.add(connection)
        try:
            talk, interruption = self._interruptions.meet(hostname)
            route = self._routes.get(hostname)
            if route is None:
                return
            if interruption is None:
                await _connect(reader, writer, route.socket, talk)
            else:
                if interruption.after_statements is not None:
                    await _connect(reader, writer, route.socket, talk, interruption)
                if not interruption.spares_the_connection:
                    await _break(writer, interruption, talk)
                    connection.abort()
        finally:
            self._connections.discard(connection)


async def _connect(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    socket: Path,
    talk: Talk,
    interruption: Interruption | None = None,
) -> None:
    """Forward both ways until one direction ends, or the statement comes that is to go wrong."""
    answers, requests = await asyncio.open_unix_connection(socket, limit=CHUNK)
    limit = interruption.after_statements if interruption else None
    sending = asyncio.ensure_future(forward_session(reader, requests, talk.count, limit))
    answering = asyncio.ensure_future(
        forward_answers(answers, writer, talk.language, talk.delay_seconds)
    )
    try:
        await asyncio.wait((sending, answering), return_when=asyncio.FIRST_COMPLETED)
        is_reached = sending.done() and sending.exception() is None
        if is_reached and interruption and interruption.spares_the_connection:
            await _break(writer, interruption, talk)
            sending = asyncio.ensure_future(forward_statements(reader, requests, talk.count))
            await asyncio.wait((sending, answering), return_when=asyncio.FIRST_COMPLETED)
        elif is_reached and interruption and interruption.takes_effect:
            answering.cancel()
            requests.write(sending.result())
            await asyncio.gather(answering, return_exceptions=True)
            await swallow_answer(answers)
    finally:
        try:
            for direction in (sending, answering):
                direction.cancel()
            await asyncio.gather(sending, answering, return_exceptions=True)
            await _close(requests)
        finally:
            # Also when the front itself is being shut down just now.
            _abort(requests)


async def _break(writer: asyncio.StreamWriter, interruption: Interruption, talk: Talk) -> None:
    """Do what is to happen when the connection breaks."""
    if interruption.act:
        interruption.act()
    if interruption.refusal:
        writer.write(in_language(interruption.refusal.as_message, talk.language))
        await writer.drain()
        if interruption.refusal.is_final:
            await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Send what is left, but do not wait for a client that does not take notice."""
    writer.close()
    with suppress(OSError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await writer.wait_closed()
    _abort(writer)


def _abort(writer: asyncio.StreamWriter) -> None:
    # Early releases of Python 3.11 fail to abort a TLS transport that is closed already.
    with suppress(AttributeError):
        writer.transport.abort()
