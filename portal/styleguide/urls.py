"""Routes of the style guide; portal/urls.py includes them where DEBUG is on."""

from django.urls import path

from portal.styleguide import views

urlpatterns = [
    path("", views.guide, name="styleguide"),
    path("supplier/", views.supplier, name="styleguide_supplier"),
]
