"""The first page of a supervisor."""

from django.urls import path

from portal.workspaces.supervision import views

app_name = "supervision"
urlpatterns = [path("", views.home, name="home")]
