"""The acting party itself: what is known of it, its days, its accounts."""

from django.urls import path

from portal.workspaces.party import views

app_name = "party"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("accounts/", views.register, name="register_account"),
    path("accounts/<int:account_id>/", views.replace, name="replace_account"),
    path("accounts/<int:account_id>/close/", views.close, name="close_account"),
    path("accounts/<int:proposal_id>/confirm/", views.confirm, name="confirm_account"),
    path("accounts/<int:proposal_id>/end/", views.end, name="end_proposal"),
]
