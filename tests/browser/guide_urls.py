"""The portal with its style guide, which otherwise is there in development only."""

from django.urls import include, path

from portal import urls

urlpatterns = [path("styleguide/", include("portal.styleguide.urls")), *urls.urlpatterns]
