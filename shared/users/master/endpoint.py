"""Whose an endpoint is: the names on its certificate, and the instance that answers there.

After a cluster was renamed neither follows from the name. The certificate may still have the old
one, and a resolver that remembers may still lead to the cluster that had the name before.
"""

import os
import socket
import ssl
import struct
from collections.abc import Collection

from shared.errors import DatabaseUnreachable, ResourceBusy
from shared.users.master.server import Server

_SECONDS = 10
# https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
# OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH.
_OTHER_NAME = 62
_WHO_ANSWERS = "SELECT pg_catalog.aurora_db_instance_identifier()"


def is_certificate_outdated(server: Server) -> bool:
    """Whether a certificate that is good otherwise has other names than the endpoint's.

    Address and authority come from where libpq takes them, `PGHOSTADDR` and `PGSSLROOTCERT`.
    Nothing is sent but the request for TLS. Raises `DatabaseUnreachable` where there is no
    handshake, for whatever other reason.
    """
    address = os.environ.get("PGHOSTADDR", server.host)
    trusted = ssl.create_default_context(cafile=os.environ.get("PGSSLROOTCERT"))
    try:
        with socket.create_connection((address, server.port), _SECONDS) as connection:
            connection.sendall(_SSL_REQUEST)
            if connection.recv(1) != b"S":
                raise DatabaseUnreachable(f"{server.host} does not offer TLS.")
            with trusted.wrap_socket(connection, server_hostname=server.host):
                return False
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _OTHER_NAME:
            return True
        raise DatabaseUnreachable(
            f"{server.host} has a certificate that does not verify: {error.verify_message}."
        ) from None
    except OSError as error:
        raise DatabaseUnreachable(f"{server.host} port {server.port}: {error}.") from None


def check_leads_to(server: Server, instance_ids: Collection[str]) -> None:
    """Raise `ResourceBusy` while another cluster's instance answers under the endpoint's name."""
    with server.as_admin() as session:
        ((answering,),) = session.rows("Asking which instance answers", _WHO_ANSWERS)
    if answering not in instance_ids:
        raise ResourceBusy(
            f"{server.host} still leads to instance {answering}, which is not one of "
            f"{', '.join(sorted(instance_ids))}."
        )
