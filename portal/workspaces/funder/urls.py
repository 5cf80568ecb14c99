"""The funder's pages."""

from django.urls import path

from portal.workspaces.funder import book, exposure, ledger, policies, programmes, referrals, replays, views

app_name = "funder"
urlpatterns = [
    path("", referrals.home, name="home"),
    path("applications/", views.applications, name="applications"),
    path("applications/<int:application_id>/", referrals.application, name="application"),
    path(
        "applications/<int:application_id>/receivables/<int:receivable_id>/",
        referrals.receivable,
        name="offered_receivable",
    ),
    path("applications/<int:application_id>/recommend/", referrals.recommend, name="recommend"),
    path("applications/<int:application_id>/decide/", referrals.decide, name="decide"),
    path("exposure/", exposure.exposure, name="exposure"),
    path("exposure/advances/", exposure.advances, name="advances"),
    path("advances/<int:advance_id>/", views.advance, name="advance"),
    path("book/", book.book, name="book"),
    path("book/business-date/", book.advance_business_date, name="advance_business_date"),
    path("book/ledger/", ledger.ledger, name="ledger"),
    path("book/ledger/accounts/<int:ledger_account_id>/", ledger.account, name="ledger_account"),
    path("book/ledger/entries/<int:entry_id>/", ledger.entry, name="ledger_entry"),
    path("programmes/", programmes.programmes, name="programmes"),
    path("programmes/<int:programme_id>/", programmes.programme, name="programme"),
    path("programmes/<int:programme_id>/figures/", programmes.share, name="share_figures"),
    path("policies/", policies.policies, name="policies"),
    path("policies/new/", policies.propose, name="propose_policy"),
    path("policies/<int:policy_id>/", policies.policy, name="policy"),
    path("policies/<int:policy_id>/replay/", replays.begin, name="replay_policy"),
    path("replays/<int:replay_id>/", replays.replay, name="replay"),
    path("policies/<int:policy_id>/<str:verb>/", policies.conclude, name="conclude_policy"),
]
