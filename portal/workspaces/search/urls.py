from django.urls import path

from portal.workspaces.search import views

urlpatterns = [path("", views.search, name="search")]
