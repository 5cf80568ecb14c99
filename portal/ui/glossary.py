"""The words of the trade, each in two or three plain sentences: what `{% term "dilution" %}` and /glossary/ show."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Term:
    """`name` as one looks it up; `text`: what it means; `source`: who says so, where somebody does."""

    name: Promise
    text: Promise
    source: str = ""


GSCFF = "Global Supply Chain Finance Forum, Standard Definitions"
ISO_20022 = "ISO 20022"
IFRS_9 = "IFRS 9"
FATF = "FATF Recommendations"

TERMS: dict[str, Term] = {
    # what is owed, and what can be had on it
    "receivable": Term(
        _("Receivable"),
        _("What a buyer owes a seller for goods delivered, on an invoice or a settlement statement. Here it is what "
          "the platform owes a supplier, net of commission, promotions, penalties and refunds."),
        GSCFF,
    ),
    "acceptance": Term(
        _("Acceptance"),
        _("The platform's word that it owes an invoice as it stands. An invoice that agrees with its order and "
          "receipt is accepted at once; the others by a person. Only what is accepted can be financed."),
    ),
    "three-way-match": Term(
        _("Three-way match"),
        _("Order, receipt and invoice held against each other, line by line: was it ordered, did it arrive, is the "
          "price the agreed one? Where all three agree nobody needs to look at the invoice."),
    ),
    "counterclaim": Term(
        _("Counterclaim"),
        _("What the platform may take off an invoice: commission, promotions, penalties, refunds. It makes the "
          "receivable smaller before anything is lent on it."),
    ),
    "credit-note": Term(
        _("Credit note"),
        _("A seller's paper that makes an invoice smaller, because goods came back or the price was wrong. It counts "
          "as dilution."),
        "EN 16931, UBL 2.1",
    ),
    "dilution": Term(
        _("Dilution"),
        _("The share of invoices that is never paid in money because credit notes, returns or deductions make them "
          "smaller. It is measured over twelve months of sales. What exceeds 5 % is held back as a reserve."),
        GSCFF,
    ),
    "reserve": Term(
        _("Reserve"),
        _("A part of what your invoices carry that is not lent, to cover returns and credit notes beyond the usual. "
          "It shrinks by itself when fewer goods come back."),
    ),
    "eligibility": Term(
        _("Eligible"),
        _("An invoice that may count for an advance: accepted, not disputed, not assigned to anybody else, neither "
          "too old nor due too late. Each invoice that does not count tells why."),
    ),
    "advance-rate": Term(
        _("Advance rate"),
        _("How much is lent of each unit that counts. At 80 %, an invoice of 1,000 carries 800. The rest is paid "
          "when the buyer pays."),
        GSCFF,
    ),
    "borrowing-base": Term(
        _("Borrowing base"),
        _("What all invoices that count carry together: their amounts times the advance rate, less reserves. It "
          "moves with every invoice that is accepted or paid."),
    ),
    "limit": Term(
        _("Limit"),
        _("The most that a funder lends to one supplier at a time, whatever its invoices carry. It comes from the "
          "supplier's own trade and grows with it."),
    ),
    "availability": Term(
        _("Availability"),
        _("What can be drawn now: the smaller of borrowing base and limit, less everything owed already and what is "
          "on its way."),
    ),
    "concentration": Term(
        _("Concentration"),
        _("How much depends on one debtor or one kind of goods. The more, the less is lent on it: one trouble would "
          "hit everything."),
    ),
    "cross-ageing": Term(
        _("Cross-ageing"),
        _("When a buyer is very late with more than a tenth of what it owes, its other invoices stop counting, too, "
          "even those that are not due yet."),
    ),
    # who lends, and how
    "receivables-finance": Term(
        _("Receivables finance"),
        _("Money now for invoices that will be paid later. The supplier asks for it, the funder looks to the buyer's "
          "payment to get it back."),
        GSCFF,
    ),
    "advance": Term(
        _("Advance"),
        _("Money paid out now against invoices that will be paid later. It is repaid by the buyer's payments, and "
          "only what remains goes to the supplier."),
        GSCFF,
    ),
    "own-funds": Term(
        _("Own funds"),
        _("Money that the platform's own financing company lends. It is a party with a book of its own, and no bank."),
    ),
    "funder": Term(
        _("Funder"),
        _("The party whose money is lent: a financing company or a bank. It sets the policy and carries the risk."),
    ),
    "programme": Term(
        _("Programme"),
        _("A kind of financing on offer: who lends, on whose invoices, in which currency, at which prices and under "
          "which policy."),
    ),
    "facility": Term(
        _("Facility"),
        _("A programme granted to one supplier, with a limit. Advances are drawn under it."),
    ),
    "assignment": Term(
        _("Assignment"),
        _("The claim on an invoice passes to the funder as security for an advance. The buyer is told and pays the "
          "funder; once the advance is repaid the claim passes back."),
        GSCFF,
    ),
    "recourse": Term(
        _("Recourse"),
        _("Who bears it when the buyer does not pay. Without recourse the funder bears the buyer's insolvency, but "
          "never returns, disputes or fraud: those go back to the supplier."),
        GSCFF,
    ),
    "quote": Term(
        _("Quote"),
        _("An offer with a price that stands for some minutes. What is booked is exactly what was quoted, whatever "
          "has changed meanwhile."),
    ),
    "referral": Term(
        _("Referral"),
        _("An application that the policy leaves to people: one recommends, another decides, with the same facts "
          "before them."),
    ),
    "policy-version": Term(
        _("Policy version"),
        _("The funder's rules as they stood on a day: what counts, who gets how much, at which price. One person "
          "proposes a version, another approves it, and each decision names the version that it followed."),
    ),
    "grade": Term(
        _("Grade"),
        _("A letter that sums up how a supplier's trade is read. It decides the limit, the advance rate and the "
          "price."),
    ),
    # price and time
    "tenor": Term(
        _("Tenor"),
        _("How long money is lent: from the day it is paid out to the day it is due."),
    ),
    "day-count": Term(
        _("Day count"),
        _("How days become a share of a year when interest is reckoned. ACT/360 counts the real days over a year of "
          "360, 30/360 takes every month for 30 days."),
        "ISDA Definitions",
    ),
    "effective-rate": Term(
        _("Effective rate"),
        _("What an advance costs in a year with all fees taken in, so that two offers can be compared."),
    ),
    "accrual": Term(
        _("Accrual"),
        _("Interest grows every day by a day's share, whether or not anything is paid that day."),
    ),
    "value-date": Term(
        _("Value date"),
        _("The day from which money counts for interest. It may differ from the day on which the bank told of it."),
        ISO_20022,
    ),
    "business-date": Term(
        _("Business date"),
        _("The day that a funder's book is at. It is moved on by hand or by schedule, and nothing is booked into a "
          "day that is closed."),
    ),
    "waterfall": Term(
        _("Waterfall"),
        _("The order in which a payment is used: first the advance that the invoice secures, then the others, oldest "
          "due first; within each fees, then penalty interest, interest and principal. The rest is the supplier's."),
    ),
    "settlement": Term(
        _("Settlement"),
        _("The platform pays what it owes on its invoices, many at a time. Of an assigned invoice the funder gets "
          "its part first."),
    ),
    "set-off": Term(
        _("Set-off"),
        _("Two claims against each other are paid by booking them off, with no money moved by a bank."),
    ),
    # late, and lost
    "days-past-due": Term(
        _("Days past due"),
        _("For how many days more than a trifle has been owed after the due day. Lateness is told in steps: 1-30, "
          "31-60, 61-90 and above 90 days."),
        "EBA/GL/2016/07",
    ),
    "loss-allowance": Term(
        _("Loss allowance"),
        _("What a funder sets aside for losses that it expects. For a healthy advance it looks twelve months ahead, "
          "for a doubtful one to the end."),
        IFRS_9,
    ),
    # who is who
    "kyb": Term(
        _("KYB"),
        _("Know your business: who a company is, where it is registered, who owns it, and whether it stands on a "
          "list of sanctions. One person screens, another decides, and it is done anew every year."),
        FATF,
    ),
    "beneficial-owner": Term(
        _("Beneficial owner"),
        _("A person who in the end owns or controls a company: here whoever has 25 % or more, directly or through "
          "other companies."),
        FATF,
    ),
    "screening": Term(
        _("Screening"),
        _("A company and its owners are looked up in lists of sanctions and in the news. A hit is judged by a person "
          "and kept on file."),
        FATF,
    ),
    "maker-checker": Term(
        _("Maker and checker"),
        _("One person prepares, another approves. Nobody approves what it made itself, whatever roles it holds."),
    ),
    # the bank's messages
    "pain.001": Term(
        _("pain.001"),
        _("The message by which a bank is told to pay. Each payment in it carries a number of its own, so that it is "
          "never paid twice."),
        ISO_20022,
    ),
    "pain.002": Term(
        _("pain.002"),
        _("The bank's answer to an order to pay: accepted, waiting or refused, with a reason."),
        ISO_20022,
    ),
    "camt.054": Term(
        _("camt.054"),
        _("The bank's message that it has booked something on an account. An advance counts as paid out when this "
          "message has come, not before."),
        ISO_20022,
    ),
    "camt.053": Term(
        _("camt.053"),
        _("The bank's statement of one day: what was booked, and the balance. It is held against the book, and any "
          "difference is shown."),
        ISO_20022,
    ),
    "end-to-end-id": Term(
        _("EndToEndId"),
        _("The number that a payment carries from the one who orders it to the one who gets it. Either can find the "
          "payment by it."),
        ISO_20022,
    ),
    "trial-balance": Term(
        _("Trial balance"),
        _("All accounts of a book with what was booked on either side. Both sides add up to the same; if not, "
          "something is wrong."),
    ),
}  # fmt: skip
"""Key as in `{% term "key" %}` and as the anchor of the glossary."""
