"""A certificate for localhost, from an authority of its own."""

from pathlib import Path

import trustme

NAMES = ("localhost", "127.0.0.1", "::1")
FILES = AUTHORITY, CHAIN, KEY = "ca.crt", "tls.crt", "tls.key"


def make_certificate(folder: Path) -> None:
    """Write `tls.crt`, `tls.key`, and `ca.crt` to trust them by; a folder that has all three is left alone."""
    if all((folder / name).exists() for name in FILES):
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="Bentogate on this machine")
    certificate = authority.issue_cert(*NAMES, organization_name="Bentogate on this machine")
    authority.cert_pem.write_to_path(str(folder / AUTHORITY))
    certificate.private_key_pem.write_to_path(str(folder / KEY))
    (folder / KEY).chmod(0o600)
    (folder / CHAIN).write_bytes(b"".join(one.bytes() for one in certificate.cert_chain_pems))
