"""What happened, for whoever may know it."""

from django.urls import path

from portal.workspaces.events import views

urlpatterns = [path("", views.events, name="events")]
