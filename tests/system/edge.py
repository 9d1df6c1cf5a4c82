"""Debian's nginx with the project's own files, on other ports and in a folder of its own."""

import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cardroom.local.servers import free_port

_PROGRAMS: Final = ("nginx", "/usr/sbin/nginx")
_START_SECONDS: Final = 10.0


def nginx_program() -> str:
    """Find nginx; where CI runs it must be there, elsewhere the test is skipped."""
    found = next((program for name in _PROGRAMS if (program := shutil.which(name))), None)
    if found is None:
        reason = "nginx is not installed (Debian: nginx-light)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def edge(project: Path, folder: Path, ports: Mapping[str, int]) -> Iterator[str]:
    """Run nginx; gives its address. ``ports`` are what stands behind it, by the address in the files."""
    program = nginx_program()
    _make_certificate(folder / "tls")
    port = free_port()
    _write_files(project / "configs" / "nginx", folder, port, ports)
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=10, check=False)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen([*command, "-g", "daemon off;"], start_new_session=True)
    try:
        _wait_until_it_answers(f"https://127.0.0.1:{port}", trusting(folder))
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def trusting(folder: Path) -> ssl.SSLContext:
    """Give what a client of this edge trusts."""
    return ssl.create_default_context(cafile=str(folder / "tls" / "fullchain.pem"))


def _write_files(source: Path, folder: Path, port: int, ports: Mapping[str, int]) -> None:
    """Write the files as they are, but for ports, folders and the user."""
    changes = {
        "user www-data;\n": "" if os.geteuid() else "user root;\n",
        "worker_rlimit_nofile 65536;\n": "",
        "worker_connections 16384;": "worker_connections 512;",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "/var/log/nginx/": f"{folder}/",
        "/var/lib/nginx/": f"{folder}/",
        "/etc/nginx/holdem/": f"{folder}/",
        "include holdem/": f"include {folder}/",
        "listen 80 default_server;": f"listen 127.0.0.1:{free_port()} default_server;",
        "    listen [::]:80 default_server;\n": "",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "    listen [::]:443 ssl http2 default_server;\n": "",
    } | {address: f"127.0.0.1:{own}" for address, own in ports.items()}
    texts = {file.name: file.read_text(encoding="utf-8") for file in source.glob("*.conf")}
    for old, new in changes.items():
        assert any(old in text for text in texts.values()), f"nothing says {old!r} any more"
        texts = {name: text.replace(old, new) for name, text in texts.items()}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _make_certificate(folder: Path) -> None:
    """Make a certificate for this machine that nobody else trusts."""
    folder.mkdir(parents=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "play.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _wait_until_it_answers(url: str, context: ssl.SSLContext) -> None:
    ends_at = time.monotonic() + _START_SECONDS
    with httpx.Client(verify=context, trust_env=False) as http:
        while True:
            try:
                assert http.get(url).status_code == 404
            except httpx.TransportError:
                assert time.monotonic() < ends_at, "nginx does not answer"
                time.sleep(0.02)
            else:
                return
