"""What is sent to each address that takes something: in the right shape, so that it is refused for its sender alone."""

from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.walks.stage import Stage
from tests.world import TODAY

JUDGEMENT = {"outcome": "APPROVED", "note": "agreed", "seen_hash": "0" * 64}
LATER = (TODAY + timedelta(days=30)).isoformat()
COMPANY = {"legal_name": "X", "registration_number": "1", "country": "DE", "address": "Kai 1"}
MACHINE = {"name": "Shop", "role": "VIEWER", "scopes": ["portolan"]}
COLLEAGUE = {"email": "new@amphora.example", "role": "VIEWER"}
ACCOUNT = {"holder": "X", "iban": "DE89370400440532013000", "currency": "EUR"}


def form_for(path: str, stage: Stage) -> dict:
    """The fields of a page's form."""
    return next((made(stage) for end, made in FORMS.items() if path.endswith(end)), {})


FORMS = {
    "party/": lambda stage: {"party": stage.objects["party"].pk},
    "quotes/{facility_id}/new/": lambda stage: {"amount": "100.00"},
    "receivables/{receivable_id}/cancel/": lambda stage: {"reason": "Typed wrongly"},
    "receivables/{receivable_id}/dispute/": lambda stage: {"reason": "Broken"},
    "receivables/upload/": lambda stage: {"files": SimpleUploadedFile("a.json", b"[]", "application/json")},
    "supplier/register/": lambda stage: {"name": "X", "country": "DE", "registration_number": "1"},
    "supplier/verification/": lambda stage: COMPANY
    | {"nobody": "on", "owner-TOTAL_FORMS": 0, "owner-INITIAL_FORMS": 0},
    "verification/account/": lambda stage: ACCOUNT,
    "verification/number/": lambda stage: {"platform": stage.lending.cast.meridian.pk, "number": "S-1"},
    "numbers/{number_id}/refuse/": lambda stage: {"reason": "Another's"},
    "party/settings/": lambda stage: {"time_zone": "Europe/Berlin"},
    "settings/accounts/": lambda stage: ACCOUNT,
    "platform/accept/": lambda stage: {"chosen": [stage.objects["receivable"].pk]},
    "platform/dispute/": lambda stage: {"chosen": [stage.objects["receivable"].pk], "reason": "Broken"},
    "settlements/new/": lambda stage: {"until": LATER, "currency": "EUR", "key": "k-1234567", "seen": "0" * 64},
    "platform/trade/": lambda stage: {
        "file": SimpleUploadedFile("a.csv", b"order\n", "text/csv"), "mapping": "portolan",
    },
    "recommend/": lambda stage: JUDGEMENT,
    "applications/{application_id}/decide/": lambda stage: JUDGEMENT,
    "business-date/": lambda stage: {"to_date": LATER},
    "policies/new/": lambda stage: {"effective_from": LATER, "note": "More"},
    "policies/{policy_id}/replay/": lambda stage: {"months": "1"},
    "approve/": lambda stage: {"seen_hash": "0" * 64},
    "screen/": lambda stage: {"clear": "yes", "note": "nothing found"},
    "verifications/{verification_id}/decide/": lambda stage: {"approve": "yes", "note": "agreed"},
    "party/members/": lambda stage: COLLEAGUE,
    "parties/{party_id}/invite/": lambda stage: COLLEAGUE,
    "clients/new/": lambda stage: MACHINE,
    "clients/{party_client_id}/": lambda stage: MACHINE,
    "rotate/": lambda stage: {"overlap_hours": "24"},
    "programmes/{programme_id}/figures/": lambda stage: {"shared": "yes"},
    "deliveries/retry/": lambda stage: {"chosen": [stage.objects["delivery"].pk]},
}  # fmt: skip
"""End of the path -> the fields; an address that is not here is sent an empty form."""


def json_for(path: str, stage: Stage) -> object:
    """The body of a request to the API; None where it takes none."""
    return next((made(stage) for end, made in BODIES.items() if path.endswith(end)), None)


BODIES = {
    "quotes/": lambda stage: {"facility": stage.objects["facility"].pk, "amount_minor": 100_00},
    "applications/bulk/": lambda stage: {"applications": [{"quote": stage.objects["quote"].pk}]},
    "settlements/bulk/": lambda stage: {"key": "k", "lines": [{"receivable": stage.objects["receivable"].pk}]},
    "v1/applications/": lambda stage: {"quote": stage.objects["quote"].pk},
    "recommend/": lambda stage: JUDGEMENT,
    "applications/{pk}/decide/": lambda stage: JUDGEMENT,
    "receivables/accept/": lambda stage: {"ids": [stage.objects["receivable"].pk]},
    "dispute/": lambda stage: {"reason": "Broken"},
    "cancel/": lambda stage: {"reason": "Typed wrongly"},
    "suspend/": lambda stage: {"reason": "Look into it"},
    "v1/settlements/": lambda stage: {"key": "k", "lines": [{"receivable": stage.objects["receivable"].pk}]},
    "policies/{pk}/replays/": lambda stage: {"months": 1},
    "v1/policies/": lambda stage: {"body": {}, "effective_from": LATER},
    "approve/": lambda stage: {"seen_hash": "0" * 64},
    "screen/": lambda stage: {"clear": True, "note": ""},
    "verifications/{pk}/decide/": lambda stage: {"approve": True, "note": ""},
    "business-date/": lambda stage: {"to_date": LATER},
    "bank-accounts/": lambda stage: ACCOUNT,
    "v1/clients/": lambda stage: MACHINE,
    "rotate/": lambda stage: {"overlap_hours": 24},
    "programmes/{pk}/figures/": lambda stage: {"shared": True},
    "v1/members/": lambda stage: COLLEAGUE,
    "v1/invitations/": lambda stage: COLLEAGUE,
    "v1/deliveries/retry/": lambda stage: {"ids": [stage.objects["delivery"].pk]},
    "v1/parties/": lambda stage: {"kind": "BANK", "name": "X", "country": "DE"},
    "v1/verifications/": lambda stage: COMPANY,
    "v1/supplier-numbers/": lambda stage: {"platform": stage.lending.cast.meridian.pk, "number": "S-1"},
    "supplier-numbers/{pk}/refuse/": lambda stage: {"reason": "Another's"},
}
QUERIES = {"GET settlements/due/": "?on=2026-12-31", "POST v1/trade-history/": "?mapping=portolan"}
RAW = {"v1/trade-history/": (b"order_number\n", "text/csv")}
"""Bodies that are no JSON, with their type."""


def query_for(path: str, method: str = "GET") -> str:
    """What an address cannot be asked without."""
    known = (each for end, each in QUERIES.items() if end.startswith(f"{method} ") and path.endswith(end.split()[1]))
    return next(known, "")
