"""Routes of the supplier's pages."""

from django.urls import path

from portal.workspaces.supplier import advances, getting_paid, joining, receivables, statement, terms

app_name = "supplier"
urlpatterns = [
    path("", getting_paid.home, name="home"),
    path("price/<int:facility_id>/", getting_paid.price, name="price"),
    path("quotes/<int:facility_id>/new/", getting_paid.ask, name="ask"),
    path("quotes/<int:quote_id>/", getting_paid.quoted, name="quote"),
    path("quotes/<int:quote_id>/apply/", getting_paid.take_up, name="apply"),
    path("advances/applications/", advances.applications, name="applications"),
    path("advances/applications/<int:application_id>/", getting_paid.application, name="application"),
    path("advances/applications/<int:application_id>/withdraw/", getting_paid.take_back, name="withdraw"),
    path("advances/", advances.advances, name="advances"),
    path("advances/statement/", statement.statement, name="statement"),
    path("advances/<int:advance_id>/", advances.advance, name="advance"),
    path("receivables/", receivables.receivables, name="receivables"),
    path("receivables/<int:receivable_id>/", receivables.receivable, name="receivable"),
    path("receivables/<int:receivable_id>/cancel/", receivables.cancel, name="cancel"),
    path("receivables/upload/", receivables.upload, name="upload"),
    path("receivables/documents/", receivables.documents, name="documents"),
    path("receivables/documents/<int:document_id>/", receivables.document, name="document"),
    path("receivables/documents/<int:document_id>/content/", receivables.content, name="document_content"),
    path("facilities/<int:facility_id>/", terms.facility, name="facility"),
    path("programmes/<int:programme_id>/", terms.programme, name="programme"),
    path("register/", joining.register, name="register"),
    path("verification/", joining.verification, name="verification"),
    path("verification/number/", joining.name_number, name="name_number"),
    path("verification/number/<int:number_id>/withdraw/", joining.withdraw_number, name="withdraw_number"),
    path("verification/account/", joining.account, name="account"),
    path("verification/account/<int:account_id>/", joining.replace, name="replace_account"),
    path("verification/join/<int:programme_id>/", joining.join, name="join"),
]
