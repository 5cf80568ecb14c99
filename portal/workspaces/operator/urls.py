"""The operator's pages."""

from django.urls import path

from portal.workspaces.operator import accounts, deliveries, evidence, parties, payments, verifications

app_name = "operator"
urlpatterns = [
    path("", verifications.home, name="home"),
    path("verifications/", verifications.verifications, name="verifications"),
    path("verifications/<int:verification_id>/", verifications.verification, name="verification"),
    path("verifications/<int:verification_id>/screen/", verifications.screen, name="screen"),
    path("verifications/<int:verification_id>/decide/", verifications.decide, name="decide"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<int:account_id>/", accounts.account, name="account"),
    path("accounts/<int:proposal_id>/confirm/", accounts.confirm, name="confirm_account"),
    path("accounts/<int:proposal_id>/refuse/", accounts.refuse, name="refuse_account"),
    path("parties/", parties.parties, name="parties"),
    path("parties/<int:party_id>/", parties.party, name="party"),
    path("parties/<int:party_id>/invite/", parties.invite_first, name="invite_first"),
    path("deliveries/", deliveries.deliveries, name="deliveries"),
    path("deliveries/retry/", deliveries.retry_chosen, name="retry_chosen"),
    path("deliveries/<int:delivery_id>/", deliveries.delivery, name="delivery"),
    path("payments/", payments.payments, name="payments"),
    path("payments/<int:instruction_id>/", payments.payment, name="payment"),
    path("messages/<int:message_id>/content/", payments.message_content, name="message_content"),
    path("statements/", payments.statements, name="statements"),
    path("statements/<int:statement_id>/", payments.statement, name="statement"),
    path("documents/", evidence.documents, name="documents"),
    path("documents/<int:document_id>/", evidence.document, name="document"),
    path("documents/<int:document_id>/content/", evidence.content, name="document_content"),
]
