"""A real bank process per test, and a small HTTP server that receives what it pushes."""

import base64
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from financing.banking.iso20022 import camt054
from financing.banking.iso20022.entries import Entry
from portal.sandbox.bank.client import BankClient
from tests.sandbox import forked

SECRET = "whsec_" + base64.b64encode(b"known to the portal and the bank").decode()
PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 10  # seconds until a test gives up waiting for what must come


class Inbox:
    """The portal's end: checks signatures, keeps what it took, can refuse for a while and hang up after answering."""

    def __init__(self):
        self.messages: queue.Queue[camt054.Notification] = queue.Queue()
        self.refused: queue.Queue[bytes] = queue.Queue()
        self.refusing = threading.Event()
        self.hanging_up = threading.Event()
        inbox = self

        class Receiver(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                assert self.path == "/bank/messages/"
                Webhook(SECRET).verify(body, dict(self.headers), json_parse=False)
                refused = inbox.refusing.is_set()
                self.close_connection = inbox.hanging_up.is_set()
                (inbox.refused.put(body) if refused else inbox.messages.put(camt054.parse(body)))
                self.send_response(503 if refused else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def message(self) -> camt054.Notification:
        return self.messages.get(timeout=PATIENCE)

    def entries(self, count: int) -> list[Entry]:
        """The next entries, from as many messages as they come in."""
        found: list[Entry] = []
        while len(found) < count:
            found += self.message().accounts[0].entries
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class BankProcess:
    """The bank as it runs beside the portal. `kill` and `start` it again: it keeps its book."""

    def __init__(self, directory: Path, portal_url: str):
        self.book = directory / "bank.sqlite3"
        self._environment = os.environ | {
            "BANK_PORT": "0", "BANK_SECRET": SECRET, "BANK_BOOK": str(self.book), "PORTAL_URL": portal_url,
            "LOG_LEVEL": "ERROR",
        }  # fmt: skip
        self.start()

    def start(self) -> None:
        self._process, greeting = forked.start(self._environment)
        assert "listens on http://127.0.0.1:" in greeting
        self.url = greeting.split()[-1]
        self.port = int(self.url.rpartition(":")[2])
        self._environment["BANK_PORT"] = str(self.port)  # started again, it is where it was
        self.client = BankClient(self.url, SECRET)
        self.ask, self.control = self.client.ask, self.client.control

    def kill(self) -> None:
        self._end(self._process.kill)

    def stop(self) -> int:
        return self._end(self._process.terminate)

    def _end(self, ask: Callable[[], None]) -> int:
        self.client.close()
        ask()
        self._process.join(PATIENCE)
        return self._process.exitcode

    @property
    def running(self) -> bool:
        return self._process.is_alive()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def bank(tmp_path: Path, inbox: Inbox) -> Iterator[BankProcess]:
    bank = BankProcess(tmp_path, inbox.url)
    yield bank
    if bank.running:
        bank.stop()
    # Whatever happened in the test: no money came into being or was lost.
    assert total(bank.book) == 0


def total(path: Path) -> int:
    with sqlite3.connect(path) as book:
        return book.execute("SELECT coalesce(sum(balance_minor), 0) FROM accounts").fetchone()[0]


def repeats(path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(path) as book:
        return book.execute("SELECT msg_id, end_to_end_id FROM repeats ORDER BY id").fetchall()


@pytest.fixture
def funder(bank: BankProcess) -> str:
    """An account with 10,000.00 EUR on it that the portal hears of."""
    account = {"holder": "Platform Capital", "currency": "EUR", "opening_minor": 1_000_000}
    return bank.control("POST", "/accounts", account)["iban"]
