"""What a person is told."""

from django.urls import path

from portal.workspaces.notices import views

urlpatterns = [
    path("notices/", views.notices, name="notices"),
    path("notices/bell/", views.bell, name="notices_bell"),
    path("notices/latest/", views.latest, name="notices_latest"),
    path("notices/read/", views.read_all, name="notices_read_all"),
    path("notices/<int:notice_id>/", views.open_notice, name="notice_open"),
    path("notices/<int:notice_id>/read/", views.read, name="notice_read"),
    # Beside the account's other pages: open to whoever has yet to set up a second factor.
    path("accounts/notices/", views.preferences, name="notice_preferences"),
    path("accounts/notices/off/<str:token>/", views.off, name="notices_off"),
]
