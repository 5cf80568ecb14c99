"""The first page of a bank."""

from django.urls import path

from portal.workspaces.banker import views

app_name = "banker"
urlpatterns = [path("", views.home, name="home")]
