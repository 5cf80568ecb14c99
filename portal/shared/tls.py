"""How the portal speaks to servers that are not on this machine: whom it trusts, and what it shows of itself.

Trusted is what the machine trusts; a file of authorities of one's own is named by SSL_CERT_FILE, as for every program
that uses OpenSSL. libpq alone has its own: sslmode, sslrootcert, sslcert and sslkey in DATABASE_URL.
"""

import os
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import certifi

LOCAL = {"", "localhost", "127.0.0.1", "::1"}


def is_local(host: str | None) -> bool:
    """On this machine: by its name, or a socket in a folder."""
    return (host or "") in LOCAL or (host or "").startswith("/")


def trusted(cert_file: str = "", key_file: str = "") -> ssl.SSLContext:
    """Checks certificate and name of a server; shows our certificate to who asks for it."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert_file:
        context.load_cert_chain(cert_file, key_file or None)
    return context


def of_broker(url: str, cert_file: str = "", key_file: str = "") -> dict | None:
    """Celery's broker_use_ssl for amqps:// and rediss://; None for what is spoken in the clear."""
    parts = urlsplit(url)
    own = {"certfile": cert_file, "keyfile": key_file or None} if cert_file else {}
    if parts.scheme == "amqps":
        # kombu's AMQP looks at the name where it is told it, and trusts nobody who is not named.
        return {
            "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": parts.hostname, "ca_certs": authorities(),
            "tls_minimum_version": ssl.TLSVersion.TLSv1_2, **own,
        }  # fmt: skip
    if parts.scheme == "rediss":
        shown = {f"ssl_{name}": value for name, value in own.items()}
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": authorities(), "ssl_check_hostname": True, **shown}
    return None


def authorities() -> str:
    """The file of authorities that OpenSSL would read; Debian's has another name."""
    paths = ssl.get_default_verify_paths()
    known = (os.environ.get(paths.openssl_cafile_env), paths.cafile, "/etc/ssl/certs/ca-certificates.crt")
    return next((path for path in known if path and Path(path).exists()), certifi.where())
