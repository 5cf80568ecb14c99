"""What a person can do on the pages a machine can do: every page that takes something has its endpoint, or a reason."""

from tests.api.test_strangers import ROUTES
from tests.walks.table import PAGES, read

ENDPOINTS = {
    "/funding/applications/{application_id}/recommend/": "applications/{}/recommend/",
    "/funding/applications/{application_id}/decide/": "applications/{}/decide/",
    "/funding/book/business-date/": "book/business-date/",
    "/funding/programmes/{programme_id}/figures/": "programmes/{}/figures/",
    "/funding/policies/new/": "policies/",
    "/funding/policies/{policy_id}/replay/": "policies/{}/replays/",
    "/funding/policies/{policy_id}/approve/": "policies/{}/approve/",
    "/funding/policies/{policy_id}/reject/": "policies/{}/reject/",
    "/funding/policies/{policy_id}/withdraw/": "policies/{}/withdraw/",
    "/platform/accept/": "receivables/accept/",
    "/platform/receivables/{receivable_id}/accept/": "receivables/accept/",
    "/platform/receivables/{receivable_id}/dispute/": "receivables/{}/dispute/",
    "/platform/receivables/{receivable_id}/resolve/": "receivables/{}/resolve/",
    "/platform/receivables/{receivable_id}/cancel/": "receivables/{}/cancel/",
    "/platform/dispute/": "receivables/{}/dispute/",
    "/platform/suppliers/numbers/{number_id}/confirm/": "supplier-numbers/{}/confirm/",
    "/platform/suppliers/numbers/{number_id}/refuse/": "supplier-numbers/{}/refuse/",
    "/supplier/verification/number/": "supplier-numbers/",
    "/supplier/verification/number/{number_id}/withdraw/": "supplier-numbers/{}/withdraw/",
    "/platform/settlements/new/": "settlements/",
    "/platform/settlements/{settlement_id}/approve/": "settlements/{}/approve/",
    "/platform/settlements/{settlement_id}/cancel/": "settlements/{}/cancel/",
    "/platform/trade/": "trade-history/",
    "/operations/verifications/{verification_id}/screen/": "verifications/{}/screen/",
    "/operations/verifications/{verification_id}/decide/": "verifications/{}/decide/",
    "/operations/deliveries/retry/": "deliveries/retry/",
    "/supplier/quotes/{facility_id}/new/": "quotes/",
    "/supplier/quotes/{quote_id}/apply/": "applications/",
    "/supplier/advances/applications/{application_id}/withdraw/": "applications/{}/withdraw/",
    "/supplier/receivables/{receivable_id}/cancel/": "receivables/{}/cancel/",
    "/supplier/receivables/upload/": "receivables/",
    "/supplier/verification/": "verifications/",
    "/supplier/verification/account/": "bank-accounts/",
    "/supplier/verification/account/{account_id}/": "bank-accounts/{}/replace/",
    "/party/settings/": "parties/{}/",
    "/party/settings/accounts/": "bank-accounts/",
    "/party/settings/accounts/{account_id}/": "bank-accounts/{}/replace/",
    "/party/settings/accounts/{account_id}/close/": "bank-accounts/{}/close/",
    "/party/settings/accounts/{proposal_id}/confirm/": "bank-accounts/{}/confirm/",
    "/party/settings/accounts/{proposal_id}/end/": "bank-accounts/{}/withdraw/",
    "/operations/accounts/{proposal_id}/confirm/": "bank-accounts/{}/confirm/",
    "/operations/accounts/{proposal_id}/refuse/": "bank-accounts/{}/refuse/",
    "/supplier/verification/join/{programme_id}/": "programmes/{}/join/",
    "/operations/parties/{party_id}/invite/": "invitations/",
    "/party/members/": "invitations/",
    "/party/members/invitations/{invitation_id}/revoke/": "invitations/{}/revoke/",
    "/party/members/{member_id}/end/": "members/{}/",
    "/notices/read/": "notices/read-all/",
    "/notices/{notice_id}/read/": "notices/{}/read/",
    "/party/clients/new/": "clients/",
    "/party/clients/{party_client_id}/rotate/": "clients/{}/rotate/",
    "/party/clients/{party_client_id}/": "clients/{}/",
    "/party/clients/{party_client_id}/remove/": "clients/{}/",
}

BESIDE = {
    "/party/": "A session changes the party that it acts for; a machine has one.",
    "/supplier/register/": "A person without a party signs one up; the operator registers parties by parties/.",
    "/bank/messages/": "The bank's own channel.",
    "/invitation/made-up/": "A person accepts what was sent to its mailbox.",
}


def test_every_page_that_takes_something_has_its_endpoint_or_a_reason():
    taking = {asked.removeprefix("POST ") for asked in read(PAGES) if asked.startswith("POST ")}
    assert taking - ENDPOINTS.keys() - BESIDE.keys() == set()
    there = {path for method, path in ROUTES if method != "get"}
    assert set(ENDPOINTS.values()) <= there
