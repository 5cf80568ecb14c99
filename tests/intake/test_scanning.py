"""Where a virus scanner is named, what it knows as harmful is not kept, and nothing is while it does not answer."""

import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from django.test.utils import override_settings

from accounts.intake import services
from accounts.intake.models import Document
from accounts.intake.scanning import Harmful, NotScanned, scan
from tests import world
from tests.world import NOW, as_member

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Daemon:
    """Speaks clamd's protocol: reads pieces to the empty one, and answers."""

    def __init__(self, answer: bytes):
        self.answer, self.read = answer, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        taken, _ = self.socket.accept()
        with taken, taken.makefile("rb") as stream:
            asked, content = stream.read(10), b""
            while size := int.from_bytes(stream.read(4), "big"):
                content += stream.read(size)
            self.read.append((asked, content))
            taken.sendall(self.answer)


def keep(content: bytes) -> Document:
    return services.keep(
        actor=as_member("ana@amphora.example"), kind=Document.Kind.INVOICE, content=content, media_type="x", now=NOW
    )  # fmt: skip


@pytest.mark.parametrize("size", [0, 3, 600_000])
def test_what_the_scanner_finds_clean_is_kept(db, size):
    world.cast()
    daemon = Daemon(b"stream: OK\0")
    with override_settings(CLAMD_URL=daemon.url):
        kept = keep(b"x" * size)
    assert daemon.read == [(b"zINSTREAM\0", b"x" * size)]
    assert kept.size == size


@pytest.mark.parametrize(
    "answer, refusal",
    [
        (b"stream: Eicar-Signature FOUND\0", Harmful),
        (b"INSTREAM size limit exceeded. ERROR\0", NotScanned),
        (b"", NotScanned),
        (b"stream: OK FOUND", Harmful),
    ],
)
def test_what_it_does_not_is_not(db, answer, refusal):
    world.cast()
    with override_settings(CLAMD_URL=Daemon(answer).url), pytest.raises(refusal):
        keep(EICAR)
    assert not Document.objects.exists()


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:1", "unix:///nowhere/clamd.ctl"])
def test_while_it_is_away_nothing_is_taken_and_without_one_it_is_not_asked(db, url):
    world.cast()
    with override_settings(CLAMD_URL=url), pytest.raises(NotScanned):
        keep(b"<Invoice/>")
    assert not Document.objects.exists()
    assert keep(b"<Invoice/>").size == 10


def test_a_real_clamd_knows_the_test_file(tmp_path):
    """A daemon of our own with one signature: no database of viruses is needed."""
    program = shutil.which("clamd")
    if program is None:
        pytest.skip("!! Debian's clamav-daemon is not installed: not tried against a real one")
    (tmp_path / "own.ndb").write_text(f"Test.File:0:*:{EICAR.hex()}\n")
    path = tmp_path / "clamd.ctl"
    (tmp_path / "clamd.conf").write_text(f"Foreground yes\nDatabaseDirectory {tmp_path}\nLocalSocket {path}\n")
    running = subprocess.Popen([program, "--config-file", tmp_path / "clamd.conf"], stdout=subprocess.DEVNULL)
    try:
        _wait_for(path)
        with override_settings(CLAMD_URL=f"unix://{path}"):
            scan(b"<Invoice/>", who="user:1")
            with pytest.raises(Harmful):
                scan(EICAR, who="user:1")
    finally:
        running.terminate()
        running.wait(10)


def _wait_for(path: Path) -> None:
    pause = threading.Event()
    for _ in range(300):
        if path.exists():
            return
        pause.wait(0.1)
    raise TimeoutError(path)
