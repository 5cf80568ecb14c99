"""What can be asked of the bank over HTTP: the channel for payments, the control interface, and its open book."""

import asyncio
import functools
import inspect
import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

from financing.banking.iso20022 import pain001
from financing.banking.iso20022.errors import MessageError
from portal.sandbox.bank import book, faults, payments, reports, schema
from portal.sandbox.bank.errors import Refusal, invalid, not_found
from portal.sandbox.bank.notices import Courier
from portal.sandbox.bank.server import DroppedConnection, Request, Response, as_json

log = logging.getLogger(__name__)

# What a fault `down` takes away; the control interface and the open book stay.
CHANNEL = {"pain.001", "payments", "messages", "statements", "notifications"}


class Bank:
    """The running bank: its book, its courier, and the task that books what was accepted."""

    def __init__(self, path: Path, secret: str, portal_url: str | None, now: datetime):
        self._db = schema.create(path)
        self._reader = schema.connect(path)  # for long reports beside the writing
        self._reading = asyncio.Lock()
        self._webhook = Webhook(secret)
        self._courier = Courier(self._db, portal_url, secret) if portal_url else None
        self._work = asyncio.Event()
        with schema.writing(self._db):
            book.start_clock(self._db, now.date())

    # ── booking ──────────────────────────────────────────────────────────────────────────────────────────────────────
    async def keep_booking(self) -> None:
        """Book what is due for as long as the bank runs; also what a former run accepted and did not book."""
        if self._courier:
            self._courier.resume()
        while True:
            self._work.clear()
            if book.has_work(self._db, time.time()):
                self._book()
                await asyncio.sleep(0)
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._work.wait(), self._seconds_to_next())

    def _book(self) -> None:
        """One batch of bookings, then one of returns: a return is never booked together with its payment."""
        with schema.writing(self._db):
            notified = book.book_due(self._db, time.time())
        with schema.writing(self._db):
            notified |= book.return_due(self._db)
        self._deliver(notified)

    def _seconds_to_next(self) -> float | None:
        (due_at,) = self._db.execute("SELECT min(due_at) FROM payments WHERE status = 'ACSP'").fetchone()
        return None if due_at is None or due_at >= payments.NEVER else max(0.001, due_at - time.time())

    def _deliver(self, notified: set[str]) -> None:
        if self._courier and notified:
            self._courier.deliver(notified)

    async def close(self) -> None:
        if self._courier:
            await self._courier.close()
        self._reader.close()
        self._db.close()

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────
    async def handle(self, request: Request) -> Response:
        name, count = request.path[0], len(request.path)
        handler = ROUTES.get((request.method, name, count))
        if handler is None:
            raise not_found(f"The bank knows no {request.method} /{'/'.join(request.path)}.")
        if name in CHANNEL or request.method != "GET":
            self._verify(request)
        if name in CHANNEL:
            self._stay_down()
        try:
            answer = handler(self, request, *request.path[1:])
            return await answer if inspect.isawaitable(answer) else answer
        except MessageError as refused:
            raise Refusal(400, refused.code, refused.sentence) from None

    def _verify(self, request: Request) -> None:
        try:
            self._webhook.verify(request.body, request.headers, json_parse=False)
        except (WebhookVerificationError, ValueError) as wrong:
            raise Refusal(401, "SIGNATURE", f"The request is not signed with the shared secret: {wrong}.") from None

    def _stay_down(self) -> None:
        if faults.any_set(self._db):
            with schema.writing(self._db):
                down = faults.take(self._db, "down")
            if down is not None:
                raise Refusal(503, "DOWN", "The bank is not available at the moment.")

    # ── the channel ──────────────────────────────────────────────────────────────────────────────────────────────────
    async def order(self, request: Request) -> Response:
        message, now = pain001.parse(request.body), datetime.now(UTC)
        facts = [
            payments.facts_of(message.msg_id, block, transfer)
            for block in message.payment_blocks
            for transfer in block.transfers
        ]
        with schema.writing(self._db):
            spoiled = faults.any_set(self._db)
            if spoiled and faults.take(self._db, "timeout_before_acceptance", *facts) is not None:
                dropped, early, silent = True, False, False
            else:
                answer, dropped = payments.accept(self._db, message, now), False
                early = spoiled and faults.take(self._db, "booking_before_status", *facts) is not None
                silent = spoiled and faults.take(self._db, "timeout_after_acceptance", *facts) is not None
        if dropped:
            raise DroppedConnection
        if early:
            await self._book_and_announce()
        if silent:
            self._work.set()
            raise DroppedConnection
        # Booking starts when the answer is on its way.
        return Response(200, answer, sent=self._work.set)

    async def _book_and_announce(self) -> None:
        with schema.writing(self._db):
            notified = book.book_due(self._db, time.time())
        if self._courier:
            await self._courier.deliver_now(notified)

    def payment(self, request: Request, end_to_end_id: str) -> Response:
        debtor = request.query.get("debtor_iban")
        return Response(200, payments.status_of_payment(self._db, end_to_end_id, debtor, datetime.now(UTC)))

    def message(self, request: Request, msg_id: str) -> Response:
        return Response(200, payments.status_of_message(self._db, msg_id, datetime.now(UTC)))

    async def statement(self, request: Request, iban: str, day: str) -> Response:
        return Response(200, await self._report(reports.statement, iban, _day(day), datetime.now(UTC)))

    async def notification(self, request: Request, iban: str) -> Response:
        after = request.query.get("after")
        return Response(200, await self._report(reports.notification, iban, after, datetime.now(UTC)))

    async def _report(self, report: Callable, *arguments: object):
        async with self._reading:
            return await asyncio.to_thread(report, self._reader, *arguments)

    # ── the open book ────────────────────────────────────────────────────────────────────────────────────────────────
    def health(self, request: Request) -> Response:
        return as_json({"status": "ok", "business_date": book.business_date(self._db).isoformat()})

    def accounts(self, request: Request) -> Response:
        return as_json(reports.accounts(self._db))

    def account(self, request: Request, iban: str) -> Response:
        return as_json(reports.account(self._db, iban))

    async def entries(self, request: Request, iban: str, noun: str) -> Response:
        if noun != "entries":
            raise not_found(f"An account has no {noun}.")
        day, limit = request.query.get("date"), request.query.get("limit", "1000")
        if not limit.isdecimal() or not 0 < int(limit) <= 10_000:
            raise invalid("limit is a number from 1 to 10000.")
        after = request.query.get("after")
        return as_json(await self._report(reports.entries, iban, day and _day(day), after, int(limit)))

    def clock(self, request: Request) -> Response:
        return as_json({"business_date": book.business_date(self._db).isoformat()})

    def faults(self, request: Request) -> Response:
        return as_json(faults.listed(self._db))

    # ── control ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def open_accounts(self, request: Request) -> Response:
        asked = _json(request)
        new = [_made(book.NewAccount, item) for item in (asked if isinstance(asked, list) else [asked])]
        with schema.writing(self._db):
            opened = [book.open_account(self._db, account) for account in new]
        found = [reports.account(self._db, iban) for iban in opened]
        return as_json(found if isinstance(asked, list) else found[0], 201)

    def transfer(self, request: Request) -> Response:
        order = _made(payments.OutsideTransfer, _json(request))
        with schema.writing(self._db):
            notified = payments.transfer(self._db, order, datetime.now(UTC))
        self._deliver(notified)
        self._work.set()
        return as_json(payments.outcome(self._db, order))

    def set_clock(self, request: Request) -> Response:
        wanted = _day(_json(request).get("business_date"))
        while book.has_work(self._db, time.time()):  # what was accepted on a date is booked on it
            self._book()
        with schema.writing(self._db):
            book.set_business_date(self._db, wanted)
        return self.clock(request)

    def add_fault(self, request: Request) -> Response:
        asked = _json(request)
        parameters = {key: asked.pop(key) for key in ("seconds", "reason") if key in asked}
        fault = replace(_made(faults.NewFault, asked), parameters=parameters)
        fault_id = faults.add(self._db, fault)
        return as_json(next(known for known in faults.listed(self._db) if known["id"] == fault_id), 201)

    def clear_faults(self, request: Request, fault_id: str | None = None) -> Response:
        if fault_id is not None and not fault_id.isdecimal():
            raise not_found(f"There is no fault {fault_id}.")
        faults.clear(self._db, None if fault_id is None else int(fault_id))
        return self.faults(request)

    def release(self, request: Request, verb: str) -> Response:
        if verb != "release":
            raise not_found(f"Faults know no {verb}.")
        released = payments.release(self._db)
        self._work.set()
        return as_json({"released": released})

    def send_back(self, request: Request, end_to_end_id: str, verb: str) -> Response:
        """Returns a payment long after it was booked, as its account is closed (AC04)."""
        if verb != "return" or not (returned := payments.send_back(self._db, end_to_end_id, "AC04")):
            raise not_found("There is no such booked payment to return.")
        self._work.set()
        return as_json({"returned": returned})


# Method, first word and number of parts of the path.
ROUTES: dict[tuple[str, str, int], Callable] = {
    ("POST", "pain.001", 1): Bank.order,
    ("GET", "payments", 2): Bank.payment,
    ("GET", "messages", 2): Bank.message,
    ("GET", "statements", 3): Bank.statement,
    ("GET", "notifications", 2): Bank.notification,
    ("GET", "health", 1): Bank.health,
    ("GET", "accounts", 1): Bank.accounts,
    ("GET", "accounts", 2): Bank.account,
    ("GET", "accounts", 3): Bank.entries,
    ("GET", "clock", 1): Bank.clock,
    ("GET", "faults", 1): Bank.faults,
    ("POST", "accounts", 1): Bank.open_accounts,
    ("POST", "payments", 3): Bank.send_back,
    ("POST", "transfers", 1): Bank.transfer,
    ("POST", "clock", 1): Bank.set_clock,
    ("POST", "faults", 1): Bank.add_fault,
    ("POST", "faults", 2): Bank.release,
    ("DELETE", "faults", 1): Bank.clear_faults,
    ("DELETE", "faults", 2): Bank.clear_faults,
}


def _json(request: Request):
    try:
        asked = json.loads(request.body)
    except ValueError:
        raise Refusal(400, "NOT_JSON", "The body is not JSON.") from None
    if not isinstance(asked, dict | list):
        raise invalid("The body is a JSON object.")
    return asked


def _made(kind: type, asked: object):
    """The dataclass made of the JSON object; missing, unknown and mistyped fields are named."""
    known = _fields(kind)
    if not isinstance(asked, dict):
        raise invalid("The body is a JSON object.")
    if unknown := asked.keys() - known.keys():
        raise invalid(f"{', '.join(sorted(unknown))} is not known here; there are {', '.join(known)}.")
    if missing := [
        name for name, parameter in known.items() if parameter.default is parameter.empty and name not in asked
    ]:
        raise invalid(f"{', '.join(missing)} is missing.")
    try:
        return kind(**asked)
    except (TypeError, AttributeError):
        raise invalid(f"A field has the wrong type; there are {', '.join(map(str, known.values()))}.") from None


@functools.cache
def _fields(kind: type) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(kind).parameters)


def _day(written: object) -> date:
    try:
        return date.fromisoformat(written)
    except (ValueError, TypeError):
        raise invalid(f"{written!r} is not a date such as 2026-03-02.") from None
