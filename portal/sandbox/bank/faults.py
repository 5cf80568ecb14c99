"""Misbehaviour on request, so that the portal's answers to it can be tried. Kept in the book, over restarts too."""

import json
from dataclasses import dataclass, field
from sqlite3 import Connection

from portal.sandbox.bank.errors import invalid, not_found

KINDS = {
    "late": "booking waits for POST /faults/release, or `seconds`",
    "refused": "the payment is rejected with `reason` (MS03)",
    "returned": "booked, then sent back with `reason` (AC04)",
    "twice": "the camt.054 comes again, under the same and under another message id",
    "lost_push": "the camt.054 never comes; it can be fetched",
    "out_of_order": "the camt.054 comes after the account's next one, or after `seconds` (1)",
    "timeout_before_acceptance": "the connection closes, nothing was accepted",
    "timeout_after_acceptance": "the connection closes, the payments are accepted and booked",
    "booking_before_status": "the camt.054 comes before the answer",
    "down": "503 on the channel",
}
MATCHABLE = {"msg_id", "end_to_end_id", "debtor_iban", "creditor_iban", "iban"}
PARAMETERS = {"late": {"seconds"}, "out_of_order": {"seconds"}, "refused": {"reason"}, "returned": {"reason"}}


@dataclass(frozen=True, slots=True)
class NewFault:
    """`count` None lasts until cleared. `match` names facts that all must be equal, for instance an end_to_end_id;
    `iban` is the account that a camt.054 is about."""

    kind: str
    count: int | None = 1
    match: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, object] = field(default_factory=dict)

    def __post_init__(self):
        if self.kind not in KINDS:
            raise invalid(f"There is no fault {self.kind!r}; there are {', '.join(KINDS)}.")
        if self.count is not None and (type(self.count) is not int or self.count < 1):
            raise invalid("count is a whole number from 1, or null until cleared.")
        if unknown := set(self.match) - MATCHABLE:
            raise invalid(f"match knows {', '.join(sorted(MATCHABLE))}, not {', '.join(sorted(unknown))}.")
        if unknown := set(self.parameters) - PARAMETERS.get(self.kind, set()):
            raise invalid(f"{self.kind} takes no {', '.join(sorted(unknown))}.")
        seconds, reason = self.parameters.get("seconds", 0), self.parameters.get("reason", "AC04")
        if type(seconds) not in (int, float) or seconds < 0 or not (isinstance(reason, str) and 1 <= len(reason) <= 4):
            raise invalid("seconds is a number from 0, reason an ISO code of up to 4 characters.")


def add(db: Connection, fault: NewFault) -> int:
    return db.execute(
        "INSERT INTO faults (kind, remaining, matching, parameters) VALUES (?, ?, ?, ?) RETURNING id",
        (fault.kind, fault.count, json.dumps(fault.match), json.dumps(fault.parameters)),
    ).fetchone()[0]


def listed(db: Connection) -> list[dict]:
    return [
        {"id": row["id"], "kind": row["kind"], "remaining": row["remaining"], "match": json.loads(row["matching"])}
        | json.loads(row["parameters"])
        for row in db.execute("SELECT * FROM faults ORDER BY id")
    ]


def clear(db: Connection, fault_id: int | None = None) -> None:
    if fault_id is None:
        db.execute("DELETE FROM faults")
    elif not db.execute("DELETE FROM faults WHERE id = ?", (fault_id,)).rowcount:
        raise not_found(f"There is no fault {fault_id}.")


def take(db: Connection, kind: str, *facts: dict[str, str | None]) -> dict | None:
    """Use one occurrence of the oldest fault of the kind that matches any of the facts; its parameters, None if none.

    Within the transaction that it spoils: what is rolled back has used up nothing.
    """
    for row in db.execute("SELECT * FROM faults WHERE kind = ? ORDER BY id", (kind,)).fetchall():
        match = json.loads(row["matching"])
        if match and not any(all(known.get(key) == value for key, value in match.items()) for known in facts):
            continue
        if row["remaining"] == 1:
            db.execute("DELETE FROM faults WHERE id = ?", (row["id"],))
        else:
            db.execute("UPDATE faults SET remaining = remaining - 1 WHERE id = ?", (row["id"],))
        return json.loads(row["parameters"])
    return None


def any_set(db: Connection) -> bool:
    return db.execute("SELECT EXISTS (SELECT 1 FROM faults)").fetchone()[0] == 1
