"""`manage.py seed_world` on a real bank: a world whose books are in order, made once."""

import json
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command

from accounts.parties.models import BusinessVerification, Membership, Party, User
from accounts.trail.models import Delivery, Event
from financing.advances.models import Advance, Application
from financing.banking.models import BankAccount, Statement
from financing.credit.models import Facility, PolicyVersion
from financing.ledger.models import Book
from financing.ledger.queries import balance, findings
from financing.receivables.models import Receivable
from portal.runtime import ports
from portal.runtime.world import UNFINISHED
from tests.sandbox.conftest import SECRET, bank, inbox  # noqa: F401 fixtures

TODAY = date(2026, 3, 2)


@pytest.fixture
def seeded(committed_db, bank, settings, tmp_path, monkeypatch):  # noqa: F811
    settings.BANK_URL, settings.BANK_SECRET = bank.url, SECRET
    monkeypatch.setenv("WORLD_DIR", str(tmp_path))
    call_command("seed_world", today=TODAY, weeks=2)
    return tmp_path


def test_a_world_that_could_not_be_finished_is_marked_as_such(committed_db, settings, tmp_path, monkeypatch):
    settings.BANK_URL, settings.BANK_SECRET = f"http://127.0.0.1:{ports.choose(None)}", SECRET
    monkeypatch.setenv("WORLD_DIR", str(tmp_path))
    with pytest.raises(CommandError):
        call_command("seed_world", today=TODAY, weeks=2)
    assert [each.name for each in tmp_path.iterdir()] == [UNFINISHED]


@pytest.mark.slow
def test_a_seeded_world_is_in_order_and_made_once(seeded, bank, capsys):  # noqa: F811
    book = Book.objects.get()
    states = set(Advance.objects.values_list("status", flat=True))
    assert book.business_date == TODAY
    assert {"ACTIVE", "FAILED"} <= states
    assert Application.objects.filter(status="REFERRED").exists()
    assert {"ACCEPTED", "ASSIGNED", "CANCELLED", "RECEIVED"} <= set(Receivable.objects.values_list("status", flat=True))

    assert not (seeded / UNFINISHED).exists()
    assert findings(book.id) == []
    told = {each["iban"]: each["balance_minor"] for each in bank.control("GET", "/accounts")}
    account = book.funder.bank_accounts.get()
    assert balance(book_id=book.id, kind="CASH", currency="EUR") == told[account.iban]
    assert all(each.difference_minor == 0 and each.unmatched == 0 for each in Statement.objects.all())
    assert not Delivery.objects.exclude(state="DONE").exists()

    suppliers = Party.objects.filter(kind="SUPPLIER")
    assert (suppliers.count(), suppliers.filter(status="PROSPECT").count()) == (41, 3)
    assert BusinessVerification.objects.filter(status="SCREENED").count() == 1
    looked_at = BusinessVerification.objects.filter(status="APPROVED")
    steps = [(each.screened_at - each.submitted_at, each.decided_at - each.screened_at) for each in looked_at]
    assert len(steps) == 43 and all(timedelta(hours=1) < each < timedelta(hours=4) for pair in steps for each in pair)
    told = Event.objects.filter(name__startswith="verification.").order_by("id").values_list("recorded_at", flat=True)
    assert list(told) == sorted(told)
    disputed = Receivable.objects.filter(status="DISPUTED").values_list("match", "dispute_reason")
    assert set(disputed) <= {("PRICE", "The price is above the one that we ordered at.")}
    assert Facility.objects.count() == 38
    waiting = BankAccount.objects.filter(status="WAITING").values_list("party__name", "proposed_by")
    assert len(waiting) == 3 and all(by.startswith("user:") for _, by in waiting)
    assert set(PolicyVersion.objects.values_list("status", flat=True)) == {"APPROVED", "PROPOSED"}

    people = json.loads((seeded / "users.json").read_text())
    assert len(people) == Membership.objects.count()
    assert User.objects.get(email="ana@amphora.example").check_password(people[0]["password"])
    assert (seeded / "users.json").stat().st_mode & 0o077 == 0
    assert {each["role"] for each in json.loads((seeded / "clients.json").read_text())} == {"MAKER", "CHECKER"}

    count = Advance.objects.count()
    call_command("seed_world", today=TODAY, weeks=2)
    assert "there already" in capsys.readouterr().out
    assert (Advance.objects.count(), Party.objects.filter(kind="SUPPLIER").count()) == (count, 41)
