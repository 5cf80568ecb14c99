"""The funder's pages."""

from django.urls import path

from portal.workspaces.funder import book, policies, referrals, replays, views

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
    path("advances/<int:advance_id>/", views.advance, name="advance"),
    path("book/", book.book, name="book"),
    path("book/business-date/", book.advance_business_date, name="advance_business_date"),
    path("policies/", policies.policies, name="policies"),
    path("policies/new/", policies.propose, name="propose_policy"),
    path("policies/<int:policy_id>/", policies.policy, name="policy"),
    path("policies/<int:policy_id>/replay/", replays.begin, name="replay_policy"),
    path("replays/<int:replay_id>/", replays.replay, name="replay"),
    path("policies/<int:policy_id>/<str:verb>/", policies.conclude, name="conclude_policy"),
]
