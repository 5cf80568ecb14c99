"""The platform's pages."""

from django.urls import path

from portal.workspaces.platform import acceptance, approving, overview, recognising, settlements, suppliers, trade

app_name = "platform"
urlpatterns = [
    path("", overview.home, name="home"),
    path("acceptance/", acceptance.home, name="acceptance"),
    path("accept/", acceptance.accept_chosen, name="accept_chosen"),
    path("dispute/", acceptance.dispute_chosen, name="dispute_chosen"),
    path("suppliers/", suppliers.suppliers, name="suppliers"),
    path("suppliers/<int:supplier_id>/", suppliers.supplier, name="supplier"),
    path("suppliers/numbers/<int:number_id>/", recognising.number, name="number"),
    path("suppliers/numbers/<int:number_id>/confirm/", recognising.confirm, name="confirm_number"),
    path("suppliers/numbers/<int:number_id>/refuse/", recognising.refuse, name="refuse_number"),
    path("receivables/", acceptance.receivables, name="receivables"),
    path("receivables/<int:receivable_id>/", acceptance.receivable, name="receivable"),
    path("receivables/<int:receivable_id>/<str:verb>/", acceptance.conclude, name="conclude"),
    path("settlements/", settlements.home, name="settlements"),
    path("settlements/new/", settlements.settle, name="settle"),
    path("settlements/due/<str:due_date>/<str:currency>/", settlements.due, name="due"),
    path("settlements/<int:settlement_id>/", settlements.settlement, name="settlement"),
    path("settlements/<int:settlement_id>/approve/", approving.approve, name="approve_settlement"),
    path("settlements/<int:settlement_id>/cancel/", approving.cancel, name="cancel_settlement"),
    path("trade/", trade.home, name="trade"),
    path("trade/<int:document_id>/", trade.report, name="trade_import"),
]
