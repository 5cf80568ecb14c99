"""WSGI entrance: pages and API (gunicorn in production)."""

import os

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup(set_prefix=False)


class Request(WSGIRequest):
    """Addresses and forms are read as UTF-8, as we write them, whatever encoding the sender says.

    Of one that is no encoding of text (rot13) Django would not even come to answer that it fails.
    """

    encoding = property(lambda self: None, lambda self, said: None)


class Handler(WSGIHandler):
    request_class = Request


application = Handler()
