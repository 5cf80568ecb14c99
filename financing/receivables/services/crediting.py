"""Credit notes reduce what is owed, in any state in which something is: an assigned receivable is diluted."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from accounts.intake.models import Document
from accounts.trail.services import News
from financing.receivables.documents import DocumentRefused, minor
from financing.receivables.models import CreditNote, Receivable
from financing.receivables.rules import fiscal_year, normalise_number
from financing.receivables.services.acceptance import told
from financing.receivables.services.entry import Entered, Named
from portal.shared.access import Actor, require

REDUCIBLE = (
    Receivable.Status.RECEIVED,
    Receivable.Status.ACCEPTED,
    Receivable.Status.ASSIGNED,
    Receivable.Status.DISPUTED,
)


class CreditNotes:
    """One submission's credit notes. The receivables are locked in the order of their ids; one statement for all."""

    def __init__(self, actor: Actor, document: Document, named: Sequence[Named], now: datetime):
        self.actor, self.document, self.named, self.now = actor, document, named, now
        self.news: list[News] = []

    def lock(self) -> None:
        """Lock what is known of the receivables that the notes name."""
        if self.named:
            require(self.actor, "receivables.credit_note")
            self._receivables()

    def enter(self) -> dict[int, Entered]:
        """By index. The caller holds the pairs of supplier and debtor."""
        if not self.named:
            return {}
        receivables, known = self._receivables(), self._known()
        entered, notes = {}, []
        for each in self.named:
            try:
                self._check_new(each, known)
                row = self._reduced(each, receivables)
                note = self._note(each, row)
                entered[each.index] = Entered(receivable=row, credit_note=note)
                known.add(each.key)
                notes.append(note)
            except DocumentRefused as refusal:
                entered[each.index] = Entered(code=refusal.code, sentence=refusal.sentence)
        self._save(notes)
        return entered

    def _receivables(self) -> dict[tuple, list[Receivable]]:
        """Candidates by supplier, debtor and number, the newest first."""
        rows = (
            Receivable.objects.filter(
                supplier__in={each.supplier.id for each in self.named},
                debtor__in={each.debtor.id for each in self.named},
                normalised_number__in={normalise_number(each.document.invoice_number) for each in self.named},
            )
            .order_by("id")
            .select_for_update(no_key=True)
        )
        found = defaultdict(list)
        for row in sorted(rows, key=lambda row: row.issue_date, reverse=True):
            found[row.supplier_id, row.debtor_id, row.normalised_number].append(row)
        return found

    def _known(self) -> set[tuple]:
        rows = CreditNote.objects.filter(
            supplier__in={each.supplier.id for each in self.named}, normalised_number__in={e.key[3] for e in self.named}
        ).values_list("supplier_id", "debtor_id", "normalised_number", "fiscal_year")
        return {(supplier, debtor, "CREDIT_NOTE", number, year) for supplier, debtor, number, year in rows}

    def _check_new(self, each: Named, known: set[tuple]) -> None:
        if each.key in known:
            raise DocumentRefused(
                "DUPLICATE_DOCUMENT", "Credit note {number} was handed in before.", number=each.document.number
            )

    def _reduced(self, each: Named, receivables: dict) -> Receivable:
        """The one receivable that the note names, reduced in memory."""
        d = each.document
        candidates = receivables[each.supplier.id, each.debtor.id, normalise_number(d.invoice_number)]
        if d.invoice_date:
            candidates = [row for row in candidates if row.issue_date == d.invoice_date]
        if not candidates:
            raise DocumentRefused(
                "UNKNOWN_INVOICE",
                "No invoice {invoice_number} between the two is known here.",
                invoice_number=d.invoice_number[:80],
            )
        row = candidates[0]
        if d.currency != row.currency:
            raise DocumentRefused(
                "MIXED_CURRENCIES",
                "The invoice is in {invoice}, the credit note in {note}.",
                invoice=row.currency,
                note=d.currency,
            )
        if d.issue_date < row.issue_date:
            raise DocumentRefused("CREDIT_BEFORE_INVOICE", "The credit note is older than the invoice it reduces.")
        amount, left = minor(d.payable, d.currency), owed(row) - row.settling_minor
        if row.status not in REDUCIBLE or amount > left:
            raise DocumentRefused(
                "CREDIT_ABOVE_OPEN", "Invoice {number} has less open than the credit note takes off.", number=row.number
            )
        row.credited_minor += amount
        if owed(row) == 0:
            row.move_to(Receivable.Status.SETTLED if row.settled_minor else Receivable.Status.CANCELLED)
            row.settled_at = self.now if row.settled_minor else None
        return row

    def _note(self, each: Named, row: Receivable) -> CreditNote:
        d = each.document
        return CreditNote(
            supplier=each.supplier,
            debtor=each.debtor,
            funder_id=row.funder_id,
            receivable=row,
            number=d.number,
            normalised_number=each.key[3],
            fiscal_year=fiscal_year(d.issue_date),
            issue_date=d.issue_date,
            currency=d.currency,
            amount_minor=minor(d.payable, d.currency),
            reason=d.reason[:80],
            document=self.document,
            received_at=self.now,
        )

    def _save(self, notes: list[CreditNote]) -> None:
        rows = {note.receivable_id: note.receivable for note in notes}
        Receivable.objects.bulk_update(rows.values(), ["credited_minor", "status", "settled_at"])
        CreditNote.objects.bulk_create(notes)
        for note in notes:
            row = note.receivable
            parties = (row.supplier_id, row.debtor_id, row.funder_id)
            payload = {"receivable": row.id, "number": note.number, "amount_minor": note.amount_minor,
                       "currency": note.currency}  # fmt: skip
            self.news.append(News("credit_note.received", note, parties, payload))
        taken = defaultdict(int)
        for note in notes:
            taken[note.receivable_id] += note.amount_minor
        for row in rows.values():
            facts = {"amount_minor": taken[row.id], "open_minor": owed(row), "status": row.status}
            self.news.append(told("receivable.diluted", row, **facts))


def owed(row: Receivable) -> int:
    """What is open by the figures in memory; the database's own sum is that of the last save."""
    return row.gross_minor - row.deductions_minor - row.credited_minor - row.settled_minor
