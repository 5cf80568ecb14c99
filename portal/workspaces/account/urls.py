"""What a person says of itself, and where it is signed in; the rest of the account is allauth's."""

from django.urls import path

from portal.workspaces.account import views
from portal.workspaces.account.signing_up import SignUp

urlpatterns = [
    path("signup/", SignUp.as_view(), name="account_signup"),
    path("profile/", views.profile, name="account_profile"),
    path("sessions/", views.Sessions.as_view(), name="usersessions_list"),
    path("sessions/end/", views.end_session, name="end_session"),
]
