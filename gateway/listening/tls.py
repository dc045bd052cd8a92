"""The certificate: read from a folder as a `kubernetes.io/tls` Secret is mounted, and again when it is renewed."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from gateway.settings import SettingsError

EVERY_S = 1.0
"""How often the folder is looked at."""

CHAIN, KEY = "tls.crt", "tls.key"

log = structlog.get_logger()


@dataclass(frozen=True)
class Certificate:
    """Hold a folder and the server's context that uses what it holds, TLS 1.2 or newer."""

    folder: Path
    context: ssl.SSLContext

    def load(self) -> None:
        """Use what the folder holds now for every new connection; raises OSError (ssl.SSLError is one)."""
        # Tried on another context first: half a pair would leave the one in use without a key.
        for context in (new_context(), self.context):
            context.load_cert_chain(self.folder / CHAIN, self.folder / KEY, password=no_password)

    @property
    def state(self) -> list[tuple[int, int]]:
        """Tell one state of the files from another; a mounted Secret changes by a link to another folder."""
        try:
            found = [(self.folder / name).stat() for name in (CHAIN, KEY)]
        except OSError:
            return []
        return [(one.st_mtime_ns, one.st_ino) for one in found]


def new_context() -> ssl.SSLContext:
    """Make a context without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def no_password() -> str:
    """Refuse an encrypted key, for which OpenSSL would ask on the terminal and wait."""
    raise OSError("the key is encrypted, but a server has nobody to ask for its password")


def read_certificate(folder: Path) -> Certificate | None:
    """Read a folder's certificate; None where there is none.

    Raises SettingsError for one that cannot be read or whose key is another's.
    """
    certificate = Certificate(folder, new_context())
    try:
        if not is_there(folder / CHAIN):
            log.warning("no certificate, so no TLS", looked_for=str(folder / CHAIN))
            return None
        certificate.load()
    except OSError as exc:
        raise SettingsError(f"GATEWAY_TLS_DIR: {CHAIN} and {KEY} in {folder} cannot be used: {exc}") from exc
    return certificate


def is_there(path: Path) -> bool:
    """Say whether a file is there; raises OSError where that cannot be known, which `Path.exists` may hide."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


async def follow(certificate: Certificate, told: Callable[[str], None]) -> None:
    """Look for a renewed certificate for ever; one that cannot be used is told, and the old one stays.

    `told` hears `taken` or `refused`.
    """
    seen = certificate.state
    while True:
        await asyncio.sleep(EVERY_S)
        if (now := certificate.state) == seen:
            continue
        seen = now
        try:
            certificate.load()
        except OSError as exc:
            log.warning("the new certificate cannot be used, the old one stays", reason=str(exc))
            told("refused")
        else:
            log.info("took a new certificate")
            told("taken")
