"""Addresses of a portal in which somebody forgot `visible_to`."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from financing.receivables.models import Receivable
from portal.ui.tables import Column, Table
from portal.urls import handler400, handler403, handler404, handler500, urlpatterns  # noqa: F401


def forgetful(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(Receivable.objects.count()))


def forgetful_file(request: HttpRequest) -> HttpResponse:
    table = Table(request, Receivable.objects.all(), (Column("id", "Number"),), name="all")
    return table.as_file()


urlpatterns = [*urlpatterns, path("forgetful/", forgetful), path("forgetful-file/", forgetful_file)]
