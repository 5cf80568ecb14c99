"""What is said to servers elsewhere is encrypted, to whom it is meant for; secrets may lie in files of their own."""

import datetime
import socket
import ssl
import threading

import httpx
import kombu
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.core import checks
from django.test import override_settings

from portal import checks as ours
from portal.runtime import environment
from portal.settings import database
from portal.shared import tls
from tests.accounts.test_walls import managed


def certificate(folder, name: str):
    """PEM files of a certificate for `name` that only itself vouches for, and of its key."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    files = folder / f"{name}.crt", folder / f"{name}.key"
    files[0].write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip
    return files


class Server:
    """Speaks TLS, asks for a certificate, hangs up, and remembers who came through and showed what."""

    def __init__(self, crt, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(crt, key)
        context.load_verify_locations(crt)
        context.verify_mode = ssl.CERT_OPTIONAL
        self.context, self.seen = context, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                taken, _ = self.socket.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(taken, server_side=True) as wrapped:
                    wrapped.settimeout(5)
                    wrapped.recv(1)  # what the client showed is known when its first byte is
                    self.seen.append(wrapped.getpeercert() is not None and bool(wrapped.getpeercert()))
            except OSError:
                continue


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return certificate(folder, "localhost"), certificate(folder, "elsewhere.example")


@pytest.fixture
def server(files):
    made = Server(*files[0])
    yield made
    made.socket.close()


def speak(scheme: str, server: Server, own=("", "")) -> None:
    """Begin to talk as broker or bank are talked to. Raises the first failure."""
    url = f"{scheme}://localhost:{server.port}"
    if scheme == "https":
        httpx.Client(verify=tls.trusted(*own), trust_env=False).get(url)
        return
    options = {"socket_timeout": 5, "max_retries": 0}
    with kombu.Connection(url, ssl=tls.of_broker(url, *own), connect_timeout=5, transport_options=options) as link:
        link.default_channel.connection  # noqa: B018 an attempt


def failure(act) -> str:
    """All that was said about the failure and what lay behind it."""
    try:
        act()
    except Exception as error:
        said = []
        while error is not None:
            said.append(repr(error))
            error = error.__cause__ or error.__context__
        return "\n".join(said)
    return ""


@pytest.mark.parametrize("scheme", ["amqps", "rediss", "https"])
def test_broker_and_bank_are_spoken_to_only_where_their_certificate_is_vouched_for_and_bears_their_name(
    scheme, server, files, monkeypatch
):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    assert "CERTIFICATE_VERIFY_FAILED" in failure(lambda: speak(scheme, server))
    assert server.seen == []
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0][0]))
    assert "CERTIFICATE_VERIFY_FAILED" not in failure(lambda: speak(scheme, server, [str(each) for each in files[0]]))
    assert server.seen[:1] == [True]  # and is shown ours


@pytest.mark.parametrize("scheme", ["amqps", "rediss", "https"])
def test_a_certificate_of_another_name_is_refused_though_it_is_vouched_for(scheme, files, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(files[1][0]))
    other = Server(*files[1])
    assert "CERTIFICATE_VERIFY_FAILED" in failure(lambda: speak(scheme, other))
    assert other.seen == []
    other.socket.close()


def test_what_is_not_encrypted_needs_nothing():
    assert tls.of_broker("redis://127.0.0.1:6379/0") is tls.of_broker("amqp://broker") is None


PLAIN = {
    "DATABASE_URL": "postgres://app:x@db.example/portolan", "BROKER_URL": "amqp://broker.example//",
    "BANK_URL": "http://bank.example/channel", "EMAIL_URL": "smtp://mail.example",
}  # fmt: skip


def warnings() -> list[str]:
    return [each.id for each in ours.spoken_in_the_clear(None) + ours.people_and_keys(None)]


def test_the_check_of_a_public_portal_names_every_server_elsewhere_that_is_spoken_to_in_the_clear(monkeypatch):
    def at(url: str) -> None:
        monkeypatch.setattr(settings, "DATABASES", {"default": database(url)})

    at(PLAIN["DATABASE_URL"])
    mailer = {"default": {"OPTIONS": {"host": "mail.example", "use_tls": False, "use_ssl": False}}}
    with override_settings(
        CELERY_BROKER_URL=PLAIN["BROKER_URL"],
        BANK_URL=PLAIN["BANK_URL"], MAILERS=mailer, SECOND_FACTOR_REQUIRED=True, SEALING_KEY="x" * 50,
        CLAMD_URL="tcp://scanner.example:3310",
    ):  # fmt: skip
        assert warnings() == [f"portolan.W00{number}" for number in (1, 2, 3, 4, 8)]
    mailer["default"]["OPTIONS"]["use_tls"] = True
    at(f"{PLAIN['DATABASE_URL']}?sslmode=verify-full")
    with override_settings(
        CELERY_BROKER_URL="rediss://broker.example",
        BANK_URL="https://bank.example", CLAMD_URL="unix:///run/clamav/clamd.ctl", MAILERS=mailer,
        SECOND_FACTOR_REQUIRED=True, SEALING_KEY="x" * 50,
    ):  # fmt: skip
        assert warnings() == []
    at(f"{PLAIN['DATABASE_URL']}?sslmode=require")  # encrypted, for whoever listens there
    assert [each.id for each in ours.spoken_in_the_clear(None)] == ["portolan.W001"]
    with override_settings(
        SECOND_FACTOR_REQUIRED=True, SECOND_FACTOR_FOR="deciding", SEALING_KEY="short", HTTPS=True
    ):  # fmt: skip
        assert [each.id for each in ours.people_and_keys(None)] == [f"portolan.W00{number}" for number in (5, 7, 6)]
    for as_delivered in ("whsec_…", ""):
        with override_settings(SECOND_FACTOR_REQUIRED=True, SEALING_KEY="x" * 50, BANK_SECRET=as_delivered):
            assert [each.id for each in ours.people_and_keys(None)] == ["portolan.W009"]
    assert checks.registry.registry.deployment_checks >= {ours.spoken_in_the_clear, ours.people_and_keys}


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path):
    (tmp_path / "key").write_text("of a vault\n")
    (tmp_path / "BANK_SECRET").write_text("of systemd")
    (tmp_path / "portolan.METRICS_TOKEN").write_text("of our units")
    (tmp_path / "LOG_LEVEL").write_text("is no secret")
    found = environment.from_files({"SECRET_KEY_FILE": str(tmp_path / "key"), "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert found == {"SECRET_KEY": "of a vault", "BANK_SECRET": "of systemd", "METRICS_TOKEN": "of our units"}
    assert environment.from_files({}) == {}
    with pytest.raises(OSError, match="nowhere"):
        environment.from_files({"SECRET_KEY_FILE": str(tmp_path / "nowhere")})


def test_the_portal_reads_it_there(tmp_path, monkeypatch):
    (tmp_path / "key").write_text("of a vault and quite long enough for anybody who would count it\n")
    monkeypatch.setenv("SEALING_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.delenv("SEALING_KEY")
    said = managed("shell", "-v", "0", "-c", "from django.conf import settings; print(settings.SEALING_KEY)")
    assert said.stdout == "of a vault and quite long enough for anybody who would count it\n", said.stderr
