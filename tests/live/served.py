"""The portal as its web process serves it, with a few pages that only look at the serving itself."""

import hashlib
import io
import itertools
import threading

from django.conf import settings
from django.db import connection
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from portal.asgi import application
from portal.workspaces.entrance import switch_party

__all__ = ["application"]

settings.ROOT_URLCONF = __name__


def ping(request: HttpRequest) -> HttpResponse:
    return HttpResponse("pong")


@csrf_exempt
def digest(request: HttpRequest) -> JsonResponse:
    body = request.read()
    return JsonResponse({"length": len(body), "sha256": hashlib.sha256(body).hexdigest()})


counted = itertools.count(1)


@csrf_exempt
def count(request: HttpRequest) -> JsonResponse:
    """How many bodies were taken for whole so far."""
    assert request.body
    return JsonResponse({"counted": next(counted)})


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(io.BytesIO(b"f" * 1_000_000), filename="file")


def database(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return JsonResponse({"thread": threading.get_ident(), "backend": cursor.fetchone()[0]})


def headers(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"forwarded": request.headers.get("X-Forwarded-Proto"), "cookies": request.COOKIES})


def asked(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.GET["word"])


def endless(request: HttpRequest) -> StreamingHttpResponse:
    def chunks():
        for _ in range(2000):
            yield b"x" * 65536

    return StreamingHttpResponse(chunks())


urlpatterns = [
    path("test/ping", ping),
    path("test/digest", digest),
    path("test/count", count),
    path("test/file", file),
    path("test/database", database),
    path("test/headers", headers),
    path("test/asked", asked),
    path("test/endless", endless),
    path("accounts/", include("allauth.urls")),  # the middleware asks where one signs in, and for whom
    path("party/", switch_party, name="switch_party"),
]
