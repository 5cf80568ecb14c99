"""The style guide, which otherwise is there in development only, and the sign-in pages."""

from django.urls import include, path

urlpatterns = [
    path("styleguide/", include("portal.styleguide.urls")),
    path("accounts/", include("allauth.urls")),
    path("glossary/", include("portal.workspaces.glossary.urls")),
]
