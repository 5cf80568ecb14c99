"""What the parties do on a business date, through the API."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import batched

from django.utils import timezone

from accounts.parties.models import Party
from accounts.parties.second import SEASONED
from financing.banking.services import collect_statements
from logistics.orders.numbers import known_by
from portal.sandbox.bank.client import BankClient
from portal.sandbox.demo.callers import Caller, Office, Refused, at_once, paced
from portal.sandbox.demo.quiet import Quiet
from portal.sandbox.world import founding, signing_up
from portal.sandbox.world.founding import House, Scale
from portal.shared.access import CHECKER, MAKER

DOCUMENTS_AT_ONCE = 250
LINES_AT_ONCE = 5_000


@dataclass(slots=True)
class Supplier:
    """One that has signed up; `facility` is None until it has joined the programme."""

    party_id: int
    reference: str
    caller: Caller
    facility: int | None = None


@dataclass(slots=True)
class Tally:
    """What only the callers see. `refused`: reason code -> how often, each answer counted by its deciding reason."""

    asked: int = 0
    refused: Counter = field(default_factory=Counter)
    sentences: dict[str, str] = field(default_factory=dict)
    documents: Counter = field(default_factory=Counter)
    rows_refused: Counter = field(default_factory=Counter)
    settled_minor: int = 0
    referrals: Counter = field(default_factory=Counter)

    def refuse(self, code: str, sentence: str = "") -> None:
        self.refused[code] += 1
        self.sentences.setdefault(code, sentence)


class Business:
    def __init__(self, office: Office, bank: BankClient, quiet: Quiet, scale: Scale, first_day: date, say: Callable):
        self._office, self._bank, self.quiet, self._scale, self.say = office, bank, quiet, scale, say
        self.today = first_day
        self.tally = Tally()
        self.suppliers: dict[int, Supplier] = {}
        bank.control("POST", "/clock", {"business_date": first_day.isoformat()})
        now = timezone.now()
        self.house: House = founding.found(bank=bank, scale=scale, business_date=first_day, today=now.date(), now=now)
        self.platform = self._machine(self.house.platform, MAKER)
        self.maker = self._machine(self.house.funder, MAKER)
        self.checker = self._machine(self.house.funder, CHECKER)

    def _machine(self, party: Party, role: str) -> Caller:
        """Let in as long ago as the people of the house: its word counts from the first day on."""
        since = timezone.now() - SEASONED
        (machine,) = signing_up.let_in([party], role=role, name=f"ERP {role}".lower(), now=since)
        return self._office.caller(machine)

    # ── days ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    def go_to(self, day: date) -> None:
        """Close the day with the bank's statement and open the next one: interest accrues."""
        self.quiet.wait()
        self.reconcile()
        if day > self.today:
            self._bank.control("POST", "/clock", {"business_date": day.isoformat()})
            self.checker.post("book/business-date/", {"to_date": day.isoformat()})
            self.today = day
            self.quiet.wait()

    def reconcile(self) -> None:
        collect_statements(now=timezone.now(), date=self.today)

    # ── trade ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def import_trade(self, content: bytes, *, mapping: str, known_until: datetime, file_name: str) -> dict:
        media_type = "application/gzip" if content.startswith(b"\x1f\x8b") else "text/csv"
        report = self.platform.send(
            "trade-history/", content, media_type, file_name, mapping=mapping, known_until=known_until.isoformat()
        )
        self.tally.rows_refused.update(report["refused_by_code"])
        return report

    def hand_in_as_platform(self, documents: Iterable[dict]) -> None:
        """Self-billing: the platform hands in its suppliers' invoices, hundreds at a time."""
        for some in batched(documents, DOCUMENTS_AT_ONCE):
            self._hand_in(self.platform, list(some))

    def hand_in_as_suppliers(self, documents: Iterable[dict]) -> None:
        """Every supplier hands in its own, all of them in one request."""
        by_reference = {each.reference: each for each in self.suppliers.values()}
        own: dict[str, list[dict]] = {}
        for document in documents:
            own.setdefault(document["supplier"], []).append(document)
        at_once(lambda each: self._hand_in(by_reference[each].caller, own[each]), sorted(own))

    def _hand_in(self, caller: Caller, documents: list[dict]) -> None:
        path = "receivables/" if documents[0]["type"] != "CREDIT_NOTE" else "credit-notes/"
        try:
            results = caller.post(path, documents)["results"]
        except Refused as refusal:
            results = refusal.facts.get("results") or [{"accepted": False, "code": refusal.code}]
        self.tally.documents.update(
            (each.get("match") or each["type"]) if each["accepted"] else each["code"] for each in results
        )

    # ── suppliers ────────────────────────────────────────────────────────────────────────────────────────────────────
    def sign_up(self, references: set[str]) -> int:
        """Verification, bank account and machine for those who have none yet, and all of them join the programme."""
        known = {each.reference for each in self.suppliers.values()}
        named = known_by(platform_id=self.house.platform.id, numbers=references - known)
        names = {supplier: number for number, supplier in named.items()}
        new = list(Party.objects.filter(id__in=names).order_by("id"))
        machines = signing_up.sign_up(
            new, bank=self._bank, currency=self._scale.currency, today=timezone.now().date(), now=timezone.now()
        )
        joining = [Supplier(each.party_id, names[each.party_id], self._office.caller(each)) for each in machines]
        self.suppliers |= {each.party_id: each for each in joining}
        return len(new)

    def _join(self, supplier: Supplier) -> None:
        if supplier.facility is None:
            supplier.facility = supplier.caller.post(f"programmes/{self.house.programme.id}/join/")["id"]

    # ── financing ────────────────────────────────────────────────────────────────────────────────────────────────────
    def draw(
        self, suppliers: Iterable[Supplier], *, a_second: float, share: Callable[[int], float] = lambda _: 1
    ) -> int:
        """They ask what they can have and take a quote; then they apply, one after the other at a steady pace.

        `share`: what part of the available amount a party (by id) takes. Returns how many have applied, once all are
        decided and paid.
        """
        quotes = filter(None, at_once(lambda each: self._quoted(each, share(each.party_id)), suppliers))
        applied = paced(self._apply, list(quotes), a_second)
        self.quiet.wait()
        return sum(applied)

    def _quoted(self, supplier: Supplier, share: float) -> tuple[Supplier, int] | None:
        """The number of the quote, or None with the reason counted."""
        self._join(supplier)
        said = supplier.caller.get(f"facilities/{supplier.facility}/availability/")
        self.tally.asked += 1
        if said["outcome"] == "DECLINED":
            reason = said["reasons"][0]
            self.tally.refuse(reason["code"], reason["sentence"])
            return None
        amount = int(said["available_minor"] * share)
        try:
            return supplier, supplier.caller.post("quotes/", {"facility": supplier.facility, "amount_minor": amount})[
                "id"
            ]
        except Refused as refusal:
            self.tally.refuse(refusal.code)
            return None

    def _apply(self, quoted: tuple[Supplier, int]) -> bool:
        supplier, quote = quoted
        try:
            supplier.caller.post("applications/", {"quote": quote})
        except Refused as refusal:
            self.tally.refuse(refusal.code)
            return False
        return True

    def decide_referrals(self) -> None:
        """The funder's maker reads the facts and recommends, its checker decides."""
        for waiting in list(self.maker.pages("applications/", status="REFERRED")):
            found = self.maker.get(f"applications/{waiting['id']}/")
            word = officer(found["decision"]["facts"]["features"]) | {"seen_hash": found["seen_hash"]}
            word["seen_hash"] = self.maker.post(f"applications/{waiting['id']}/recommend/", word)["seen_hash"]
            try:
                self.checker.post(f"applications/{waiting['id']}/decide/", word)
            except Refused as refusal:
                if refusal.code != "NO_LONGER_POSSIBLE":
                    raise
                word |= {"outcome": "DECLINED", "reasons": ["NO_LONGER_CARRIED"]}
                self.checker.post(f"applications/{waiting['id']}/decide/", word)
            self.tally.referrals[word["outcome"]] += 1
        self.quiet.wait()

    # ── settlement ───────────────────────────────────────────────────────────────────────────────────────────────────
    def settle_due(self, *, late: Callable[[int], bool] = lambda _: False) -> int:
        """The platform pays what is due by today; what is `late` (by id of the receivable) waits for another run."""
        due = self.platform.get("settlements/due/", on=self.today.isoformat())
        lines = [line for line in due["lines"] if not late(line["receivable"])]
        for number, some in enumerate(batched(lines, LINES_AT_ONCE)):
            self.platform.post("settlements/", {"key": f"run-{self.today.isoformat()}-{number}", "lines": some})
            self.tally.settled_minor += sum(line["amount_minor"] for line in some)
        self.quiet.wait()
        return len(lines)


def officer(features: dict) -> dict:
    """A careful officer: punctual suppliers whose sales hold are approved."""
    on_time, trend = features.get("on_time_share"), features.get("trend")
    if on_time is not None and float(on_time) >= 0.75 and (trend is None or float(trend) >= 0.5):
        return {"outcome": "APPROVED", "note": "Small, but punctual, and its sales hold."}
    note = "Sales or punctuality have fallen too far; another month will tell."
    return {"outcome": "DECLINED", "note": note, "reasons": ["TRADE_TOO_WEAK"]}


def days(start: date, end: date, step: int) -> Iterable[date]:
    day = start
    while day <= end:
        yield day
        day += timedelta(days=step)
