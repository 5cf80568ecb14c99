"""Who acts for the party, for its administrators."""

from django.urls import path

from portal.workspaces.members import views

app_name = "members"
urlpatterns = [
    path("", views.members, name="home"),
    path("<int:member_id>/end/", views.end, name="end"),
    path("invitations/<int:invitation_id>/revoke/", views.withdraw, name="revoke"),
]
