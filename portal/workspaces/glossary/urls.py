from django.urls import path

from portal.workspaces.glossary import views

urlpatterns = [path("", views.glossary, name="glossary")]
