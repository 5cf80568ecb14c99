"""Two funders with the same policy and suppliers of the same kind: one is served by the portal, one by the floor."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import connection

from accounts.intake.models import Document
from accounts.parties.models import BusinessVerification, Party, User
from accounts.trail.models import Delivery
from accounts.trail.services import News, record
from financing.advances.models import Application, Quote
from financing.advances.queries import inputs_for
from financing.banking.iso20022 import iban
from financing.banking.models import BankAccount
from financing.banking.services import register_account
from financing.credit import rules
from financing.credit.models import Facility, PolicyVersion, Programme
from financing.credit.rules import DEFAULT_BODY
from financing.credit.services import assess
from financing.ledger.models import Book
from financing.ledger.services import open_book
from financing.receivables.models import Receivable
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting
from tests import world
from tests.world import CURRENCY, IBANS, NOW, TODAY, approved_policy, cast

FLOOR = "floor.decide"
"""Subscriber under whose name the floor finds its work."""

RECEIVABLES, RECEIVABLE_MINOR = 6, 1_000_00


@dataclass(frozen=True)
class Side:
    """A funder with what it lends by."""

    funder: Party
    book: Book
    policy: PolicyVersion
    programme: Programme


def sides() -> tuple[Side, Side]:
    """The portal's and the floor's, in an empty database."""
    people = cast()
    ibans = {people.meridian: IBANS["meridian"], people.harbour: IBANS["harbour"], people.crown: IBANS["bellows"]}
    for party, number in ibans.items():
        register_account(
            actor=SYSTEM_ACTOR, party_id=party.id, holder=party.name, iban=number, currency=CURRENCY, connected=True,
            now=NOW,
        )  # fmt: skip
    books = [
        open_book(actor=SYSTEM_ACTOR, funder_id=funder.id, business_date=TODAY, now=NOW)
        for funder in (people.harbour, people.crown)
    ]
    policy = approved_policy(people.harbour, DEFAULT_BODY, TODAY)
    same = PolicyVersion.objects.get(id=policy.id)
    same.pk, same.funder, same._state.adding = None, people.crown, True
    same.save()
    programmes = [
        Programme.objects.create(
            funder=funder, debtor=people.meridian, name="Get paid now", currency=CURRENCY, agreement="RF-2026-1"
        )
        for funder in (people.harbour, people.crown)
    ]
    return (
        Side(people.harbour, books[0], policy, programmes[0]),
        Side(people.crown, books[1], same, programmes[1]),
    )


def join(side: Side, count: int) -> list[Facility]:
    """New suppliers with half a year and more of blameless trade and six receivables each, joined and admitted."""
    first = Party.objects.order_by("-id").values_list("id", flat=True)[0]
    suppliers = Party.objects.bulk_create(
        Party(
            kind=Party.Kind.SUPPLIER, name=f"Supplier {first + n}", country="DE", created_at=NOW,
            registration_number=f"S {first + n}", status=Party.Status.ADMITTED,
        )
        for n in range(1, count + 1)
    )  # fmt: skip
    numbers = {f"S-{first + n}": each for n, each in enumerate(suppliers, 1)}
    world.known_as(side.programme.debtor, **numbers)
    wim, wanda = User.objects.get(email="wim@watch.example"), User.objects.get(email="wanda@watch.example")
    BusinessVerification.objects.bulk_create(
        BusinessVerification(
            party=each, status=BusinessVerification.Status.APPROVED, legal_name=each.name, country="DE",
            registration_number=each.registration_number, screening=BusinessVerification.Screening.CLEAR,
            submitted_at=NOW, screened_at=NOW, screened_by=wim, decided_at=NOW, decided_by=wanda,
            expires_on=TODAY + timedelta(days=365),
        )
        for each in suppliers
    )  # fmt: skip
    BankAccount.objects.bulk_create(
        BankAccount(
            party=each, holder=each.name, iban=iban.make("DE", f"10000000{each.id:010d}"), currency=CURRENCY,
            created_at=NOW, status="IN_FORCE", proposed_by="system", confirmed_by="system", confirmed_at=NOW,
        )
        for each in suppliers
    )  # fmt: skip
    debtor_id = side.programme.debtor_id
    _trade([each.id for each in suppliers], debtor_id)
    _receivables([each.id for each in suppliers], debtor_id)
    return Facility.objects.bulk_create(
        Facility(
            programme=side.programme, supplier=each, funder=side.funder, debtor_id=debtor_id, currency=CURRENCY,
            joined_at=NOW, joined_by="bench",
        )
        for each in suppliers
    )  # fmt: skip


def _trade(supplier_ids: list[int], platform_id: int) -> None:
    """An order of 500.00 every five days for 300 days, received in time."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH new AS (
                INSERT INTO orders_purchaseorder (platform_id, supplier_id, number, ordered_at, recorded_at)
                SELECT %(platform)s, s, 'PO-' || s || '-' || age, %(now)s - make_interval(days => age), %(now)s
                FROM unnest(%(suppliers)s::bigint[]) s, generate_series(5, 300, 5) age
                RETURNING id, ordered_at
            ), line AS (
                INSERT INTO orders_orderline (order_id, line_number, sku, category, quantity, unit, unit_price,
                    amount_minor, currency, despatch_by, despatched_at, recorded_at)
                SELECT id, '1', 'SKU-' || id %% 3, 'category ' || id %% 3, 1, 'H87', 500, 50000, %(currency)s,
                       ordered_at + interval '3 days', ordered_at + interval '1 day', %(now)s
                FROM new RETURNING id, despatched_at
            )
            INSERT INTO orders_receiptline
                (order_line_id, number, quantity, invoiced_quantity, received_at, recorded_at)
            SELECT id, 'R1', 1, 0, despatched_at + interval '2 days', %(now)s FROM line
            """,
            {"suppliers": supplier_ids, "platform": platform_id, "now": NOW, "currency": CURRENCY},
        )


def _receivables(supplier_ids: list[int], debtor_id: int) -> None:
    document = Document.objects.create(
        party_id=debtor_id, kind=Document.Kind.INVOICE, media_type="application/json", content=b"{}", sha256="0" * 64,
        size=2, received_at=NOW, received_from="bench",
    )  # fmt: skip
    issued = TODAY - timedelta(days=15)
    Receivable.objects.bulk_create(
        Receivable(
            supplier_id=supplier_id, debtor_id=debtor_id, number=f"R-{n}", normalised_number=f"R{n}",
            fiscal_year=issued.year, issue_date=issued, due_date=TODAY + timedelta(days=30 + n), currency=CURRENCY,
            goods_received_date=issued, gross_minor=RECEIVABLE_MINOR, status=Receivable.Status.ACCEPTED,
            match=Receivable.Match.MATCHED, document=document, received_at=NOW, accepted_at=NOW, accepted_by="system",
        )
        for supplier_id in supplier_ids
        for n in range(RECEIVABLES)
    )  # fmt: skip


def queue_up(side: Side, facilities: list[Facility], count: int, *, for_floor: bool = False) -> None:
    """Applications of these facilities, submitted in no order and waiting: what `quote` and `apply` leave behind."""
    chance = random.Random(7)
    chosen = (facilities * (count // len(facilities) + 1))[:count]
    chance.shuffle(chosen)
    with acting(SYSTEM_ACTOR):
        quotes = quote_all(side, chosen, [chance.randrange(500_00, 900_00) for _ in chosen])
        applications = Application.objects.bulk_create(
            Application(
                quote=each, facility=each.facility, supplier_id=each.supplier_id, funder=side.funder,
                policy=side.policy, amount_minor=each.amount_minor, currency=CURRENCY, submitted_at=NOW,
                submitted_by="bench",
            )
            for each in quotes
        )  # fmt: skip
        events = record(
            SYSTEM_ACTOR,
            NOW,
            [News("application.submitted", each, (each.supplier_id, each.funder_id)) for each in applications],
        )
        if for_floor:
            Delivery.objects.filter(event__in=events).update(subscriber=FLOOR)


def quote_all(
    side: Side, facilities: list[Facility], amounts: list[int], valid_until: datetime = NOW + timedelta(minutes=15)
) -> list[Quote]:
    """What `quote` would offer each of them, measured and written all at once."""
    each_once = list({each.id: each for each in facilities}.values())
    with acting(SYSTEM_ACTOR):
        assessed = assess(
            actor=SYSTEM_ACTOR, programme_id=side.programme.id, supplier_ids=[each.supplier_id for each in each_once],
            as_of=TODAY, now=NOW, policy_id=side.policy.id,
        )  # fmt: skip
        inputs = inputs_for(
            facilities=each_once, policies=dict.fromkeys([each.id for each in each_once], side.policy),
            assessments={each.id: assessed[each.supplier_id] for each in each_once}, today={side.funder.id: TODAY},
        )  # fmt: skip
        asked = [
            (each, replace(inputs[each.id], asked_minor=amount))
            for each, amount in zip(facilities, amounts, strict=True)
        ]
        return Quote.objects.bulk_create([_quote(side, *each, valid_until) for each in asked])


def _quote(side: Side, facility: Facility, inputs: rules.Inputs, valid_until: datetime) -> Quote:
    result = rules.decide(inputs)
    terms = result.terms
    return Quote(
        facility=facility, supplier_id=facility.supplier_id, funder=side.funder, policy=side.policy,
        grade=result.grade, currency=CURRENCY, amount_minor=inputs.asked_minor,
        available_minor=result.base.available_minor, annual_rate=terms.annual_rate, day_count=terms.day_count,
        fee_minor=terms.fee_minor, interest_minor=terms.interest_minor, business_date=TODAY,
        expected_settlement_date=terms.expected_settlement_date, due_date=terms.due_date, result=result.to_json(),
        created_at=NOW, created_by="bench", valid_until=valid_until,
    )  # fmt: skip
