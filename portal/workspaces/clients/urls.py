"""API clients of the acting party, for its administrators."""

from django.urls import path

from portal.workspaces.clients import views

app_name = "clients"
urlpatterns = [
    path("", views.clients, name="home"),
    path("new/", views.create, name="new"),
    path("<int:party_client_id>/", views.client, name="client"),
    path("<int:party_client_id>/secret/", views.secret, name="secret"),
    path("<int:party_client_id>/rotate/", views.rotate, name="rotate"),
    path("<int:party_client_id>/remove/", views.remove, name="remove"),
]
