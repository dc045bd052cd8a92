"""TLS: a certificate as a Secret is mounted, what is refused, and its renewal."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import trustme

from benchmarks.ports import free_ports
from gateway.listening.tls import read_certificate
from gateway.settings import SettingsError
from stack.certificate import make_certificate
from tests.conftest import ROOT
from tests.gateway.conftest import PLAIN, settings_of
from tests.serving import running_gateway, wait_until


def trusting(folder: Path, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Give a client's context that trusts the folder's authority, and speaks one version only."""
    context = ssl.create_default_context(cafile=folder / "ca.crt")
    if version:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    return context


def renew(folder: Path, authority: trustme.CA) -> None:
    """Write another certificate, trusted by another authority."""
    pair = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    pair.private_key_pem.write_to_path(str(folder / "tls.key"))
    pair.cert_chain_pems[0].write_to_path(str(folder / "tls.crt"))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_answers_like_http_and_refuses_what_is_old(tmp_path: Path, ports: dict[str, int]) -> None:
    """TLS 1.2 and 1.3 serve the same routes beside plain HTTP; 1.1 gets no connection, plain HTTP no answer."""
    make_certificate(tmp_path / "tls")
    (port,) = free_ports(1)
    settings = settings_of(ports, tls_dir=str(tmp_path / "tls"), tls_port=port)
    url = f"https://127.0.0.1:{port}/v1/models/plain:predict"
    with running_gateway(tmp_path, settings) as client:
        plain = client.post("/v1/models/plain:predict", json={"instances": [PLAIN]})
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            secure = httpx.post(url, json={"instances": [PLAIN]}, verify=trusting(tmp_path / "tls", version))

            assert secure.json()["predictions"] == plain.json()["predictions"]
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, verify=trusting(tmp_path / "tls", ssl.TLSVersion.TLSv1_1))
        with pytest.raises(httpx.HTTPError):
            httpx.get(url.replace("https", "http"))


def test_a_client_that_keeps_its_connection_does_not_hold_up_the_end(tmp_path: Path, ports: dict[str, int]) -> None:
    """The gateway ends in a moment, with the deadline of a request at 30 s, though the client never says goodbye."""
    make_certificate(tmp_path / "tls")
    (port,) = free_ports(1)
    settings = settings_of(ports, tls_dir=str(tmp_path / "tls"), tls_port=port, timeout_s=30)
    with httpx.Client(verify=trusting(tmp_path / "tls")) as keeping:
        with running_gateway(tmp_path, settings):  # which fails if the process has not ended after 10 s
            assert keeping.get(f"https://127.0.0.1:{port}/livez").status_code == 200

        assert "Cancel" not in (tmp_path / "gateway.log").read_text()


def test_a_handshake_that_is_never_over_does_not_hold_up_the_end(tmp_path: Path, ports: dict[str, int]) -> None:
    """A caller who connects and says nothing is given up at the end, and nothing is told of it."""
    make_certificate(tmp_path / "tls")
    (port,) = free_ports(1)
    settings = settings_of(ports, tls_dir=str(tmp_path / "tls"), tls_port=port, timeout_s=30)
    with contextlib.ExitStack() as stack:
        with running_gateway(tmp_path, settings):  # which fails if the process has not ended after 10 s
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            silent.sendall(b"\x16\x03")  # the beginning of a client's hello
            httpx.get(f"https://127.0.0.1:{port}/livez", verify=trusting(tmp_path / "tls"))

        assert "rror" not in (tmp_path / "gateway.log").read_text()


def test_a_renewed_certificate_is_taken_without_a_restart(tmp_path: Path, ports: dict[str, int]) -> None:
    """New connections get the new one; a broken one, and half a pair, leave the old one in use."""
    folder = tmp_path / "tls"
    make_certificate(folder)
    (port,) = free_ports(1)
    settings = settings_of(ports, tls_dir=str(folder), tls_port=port)

    def served() -> bool:
        try:
            return httpx.get(f"https://127.0.0.1:{port}/livez", verify=trusting(folder)).status_code == 200
        except httpx.ConnectError:
            return False

    log = tmp_path / "gateway.log"
    with running_gateway(tmp_path, settings) as client:

        def counted(line: str) -> bool:
            return f"{line} 1.0" in httpx.get(f"{client.headers['x-admin']}/metrics").text

        assert served()

        (folder / "tls.crt").write_text("not a certificate")
        wait_until(lambda: counted('bentogate_reloads_total{file="certificate",outcome="refused"}'))
        wait_until(lambda: "the old one stays" in log.read_text())
        assert counted('bentogate_reload_refused{file="certificate"}')
        assert served()

        renew(folder, trustme.CA())
        wait_until(served)
        wait_until(lambda: not counted('bentogate_reload_refused{file="certificate"}'))


def test_a_folder_without_a_certificate_means_no_tls(tmp_path: Path, ports: dict[str, int]) -> None:
    """The optional Secret of the manifests: the gateway serves HTTP, says so, and does not listen for TLS."""
    (port,) = free_ports(1)
    with running_gateway(tmp_path, settings_of(ports, tls_dir=str(tmp_path), tls_port=port)) as client:
        assert client.get("/livez").status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"https://127.0.0.1:{port}/livez", verify=False)

        wait_until(lambda: "no certificate, so no TLS" in (tmp_path / "gateway.log").read_text())


def test_a_key_that_does_not_fit_is_refused_at_start(tmp_path: Path) -> None:
    """With exit code 2 and the variable's name: a gateway whose TLS cannot work must not look well."""
    make_certificate(tmp_path)
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(str(tmp_path / "tls.key"))
    (tmp_path / "gateway.yaml").write_text(json.dumps(settings_of({"plain": 1}, port=0, admin_port=0, tls_port=0)))
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "--config", str(tmp_path / "gateway.yaml")],
        cwd=ROOT,
        env={**os.environ, "GATEWAY_TLS_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("error: GATEWAY_TLS_DIR: tls.crt and tls.key in ")
    assert "mismatch" in done.stderr.lower()


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    """By its variable, not by a traceback: a name that is too long stands for a missing right, which root has."""
    with pytest.raises(SettingsError, match=r"^GATEWAY_TLS_DIR: .* cannot be used: .*File name too long"):
        read_certificate(tmp_path / ("x" * 300))


def test_the_certificate_for_localhost_is_made_once(tmp_path: Path) -> None:
    """What a browser was told to trust stays as it is; its key is its owner's only."""
    make_certificate(tmp_path)
    first = (tmp_path / "tls.crt").read_bytes()
    make_certificate(tmp_path)

    assert (tmp_path / "tls.crt").read_bytes() == first
    assert (tmp_path / "tls.key").stat().st_mode & 0o777 == 0o600
