"""The sockets that the gateway listens on, all taken before anything is served."""

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.listening.tls import Certificate, read_certificate
from gateway.settings import Settings, SettingsError

BACKLOG = 2048


@dataclass(frozen=True)
class Secure:
    """Hold the TLS socket with its certificate."""

    socket: socket.socket
    certificate: Certificate


@dataclass(frozen=True)
class Doors:
    """Hold the bound sockets; `secure` is None without a certificate."""

    public: socket.socket
    admin: socket.socket
    secure: Secure | None

    @property
    def addresses(self) -> dict[str, str]:
        """Write what each listens on."""
        named = {"public": self.public, "admin": self.admin, "tls": self.secure and self.secure.socket}
        return {name: "{}:{}".format(*one.getsockname()[:2]) for name, one in named.items() if one}


@contextlib.contextmanager
def open_doors(settings: Settings) -> Iterator[Doors]:
    """Take every port; raises SettingsError for one, or for a certificate, that cannot be had."""
    certificate = read_certificate(settings.tls_dir) if settings.tls_dir else None
    with contextlib.ExitStack() as stack:

        def take(host: str, port: int, variable: str) -> socket.socket:
            return stack.enter_context(bound(host, port, variable))

        yield Doors(
            public=take(settings.host, settings.port, "GATEWAY_PORT"),
            admin=take(settings.admin_host, settings.admin_port, "GATEWAY_ADMIN_PORT"),
            secure=Secure(take(settings.host, settings.tls_port, "GATEWAY_TLS_PORT"), certificate)
            if certificate
            else None,
        )


def bound(host: str, port: int, variable: str) -> socket.socket:
    """Take a port; raises SettingsError that names the variable to change where it cannot be had."""
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as exc:
        raise SettingsError(f"{variable}: {host}:{port} cannot be listened on: {os.strerror(exc.errno or 0)}") from exc
