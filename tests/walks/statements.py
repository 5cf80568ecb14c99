"""How many statements an address may cost, sign-in and party included, for whoever of those let in it costs most.

An address that is not here may cost the usual. One that comes to cost less may be written down again; one that has to
cost more deserves a word on why in the commit that writes it down.
"""

USUAL = 30

MOST = """
  3 /
  7 /party/clients/
  4 /party/clients/new/
  7 /party/clients/{party_client_id}/
  6 /party/clients/{party_client_id}/secret/
  8 /party/members/
  6 /notices/
  4 /notices/bell/
  5 /notices/latest/
  7 /notices/{notice_id}/
 16 /funding/
  6 /funding/applications/
 26 /funding/applications/{application_id}/
  8 /funding/advances/{advance_id}/
  9 /funding/book/
  8 /funding/policies/
  8 /funding/policies/new/
 12 /funding/policies/{policy_id}/
 10 /funding/replays/{replay_id}/
 18 /platform/
  9 /platform/acceptance/
  9 /platform/suppliers/
 14 /platform/suppliers/{supplier_id}/
  6 /platform/receivables/
  9 /platform/receivables/{receivable_id}/
  7 /platform/settlements/
  3 /platform/settlements/new/
  6 /platform/settlements/due/2026-04-01/EUR/
 11 /platform/settlements/{settlement_id}/
  6 /platform/trade/
  5 /platform/trade/{document_id}/
 16 /operations/
  6 /operations/verifications/
 14 /operations/verifications/{verification_id}/
  6 /operations/parties/
 12 /operations/parties/{party_id}/
 11 /operations/deliveries/
  6 /operations/deliveries/{delivery_id}/
  6 /operations/payments/
  7 /operations/payments/{instruction_id}/
  4 /operations/messages/{message_id}/content/
  6 /operations/statements/
  9 /operations/statements/{statement_id}/
  6 /operations/documents/
  5 /operations/documents/{document_id}/
  4 /operations/documents/{document_id}/content/
 26 /supplier/
  4 /supplier/price/{facility_id}/
  4 /supplier/quotes/{facility_id}/new/
  7 /supplier/quotes/{quote_id}/
  6 /supplier/advances/applications/
  7 /supplier/advances/applications/{application_id}/
  9 /supplier/advances/
  6 /supplier/advances/statement/
  9 /supplier/advances/{advance_id}/
 17 /supplier/receivables/
 19 /supplier/receivables/{receivable_id}/
  3 /supplier/receivables/{receivable_id}/cancel/
  7 /supplier/receivables/upload/
  6 /supplier/receivables/documents/
  7 /supplier/receivables/documents/{document_id}/
  4 /supplier/receivables/documents/{document_id}/content/
 18 /supplier/verification/
  3 /supplier/verification/account/
  9 /supplier/verification/account/{account_id}/
  3 /supplier/verification/join/{programme_id}/
 11 /events/
  4 /search/
  4 /glossary/
  5 /api/v1/me/
  5 /api/v1/events/
  4 /api/v1/search/
  6 /api/v1/book/
  5 /api/v1/parties/
  5 /api/v1/parties/{pk}/
  6 /api/v1/verifications/
  6 /api/v1/verifications/{pk}/
  5 /api/v1/members/
  5 /api/v1/members/{pk}/
  5 /api/v1/invitations/
  5 /api/v1/invitations/{pk}/
  6 /api/v1/clients/
  6 /api/v1/clients/{pk}/
  5 /api/v1/documents/
  5 /api/v1/documents/{pk}/
  5 /api/v1/documents/{pk}/content/
  5 /api/v1/deliveries/
  5 /api/v1/deliveries/{pk}/
  5 /api/v1/trade-history/
  5 /api/v1/trade-history/{pk}/
  5 /api/v1/receivables/
  8 /api/v1/receivables/{pk}/
  5 /api/v1/credit-notes/
  5 /api/v1/credit-notes/{pk}/
  7 /api/v1/settlements/
  7 /api/v1/settlements/due/
  9 /api/v1/settlements/{pk}/
  5 /api/v1/programmes/
  5 /api/v1/programmes/{pk}/
  5 /api/v1/facilities/
  5 /api/v1/facilities/{pk}/
 15 /api/v1/facilities/{pk}/availability/
  5 /api/v1/policies/
  5 /api/v1/policies/{pk}/
  6 /api/v1/policies/{pk}/replays/
  5 /api/v1/policy-replays/
  9 /api/v1/policy-replays/{pk}/
  6 /api/v1/policy-replays/{pk}/changes/
  6 /api/v1/decisions/{pk}/replay/
  5 /api/v1/quotes/{pk}/
  5 /api/v1/applications/
  5 /api/v1/applications/{pk}/
  5 /api/v1/advances/
  8 /api/v1/advances/{pk}/
  7 /api/v1/bank-accounts/
  7 /api/v1/bank-accounts/{pk}/
  5 /api/v1/instructions/
  5 /api/v1/instructions/{pk}/
  5 /api/v1/statements/
  5 /api/v1/statements/{pk}/
"""


def most() -> dict[str, int]:
    """Address -> statements."""
    lines = (line.split() for line in MOST.strip().splitlines())
    return {path: int(count) for count, path in lines}
