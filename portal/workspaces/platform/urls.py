"""The platform's pages."""

from django.urls import path

from portal.workspaces.platform import acceptance, settlements, trade

app_name = "platform"
urlpatterns = [
    path("", acceptance.home, name="home"),
    path("accept/", acceptance.accept_chosen, name="accept_chosen"),
    path("receivables/", acceptance.receivables, name="receivables"),
    path("receivables/<int:receivable_id>/", acceptance.receivable, name="receivable"),
    path("receivables/<int:receivable_id>/<str:verb>/", acceptance.conclude, name="conclude"),
    path("settlements/", settlements.home, name="settlements"),
    path("settlements/new/", settlements.settle, name="settle"),
    path("settlements/due/<str:due_date>/<str:currency>/", settlements.due, name="due"),
    path("settlements/<int:settlement_id>/", settlements.settlement, name="settlement"),
    path("trade/", trade.home, name="trade"),
    path("trade/<int:document_id>/", trade.report, name="trade_import"),
]
