"""The portal of the test's own process, served to a real browser."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.http import HttpRequest, HttpResponse
from django.test.testcases import LiveServerThread
from django.test.utils import override_settings

from tests.browser.looking import AXE, AXE_ADDRESS


class Files(StaticFilesHandler):
    """What a browser has loaded it keeps, as it does from the real one. There is no news: another process tells them,
    and a browser that is told that there are none asks no more. There is axe-core beside the portal's own files."""

    def serve(self, request: HttpRequest) -> HttpResponse:
        answer = super().serve(request)
        answer["Cache-Control"] = "max-age=3600"
        return answer

    def __call__(self, environ: dict, start_response: Callable):
        if environ["PATH_INFO"] == "/live/":
            start_response("204 No Content", [])
            return []
        if environ["PATH_INFO"] == AXE_ADDRESS:
            start_response("200 OK", [("Content-Type", "text/javascript"), ("Cache-Control", "max-age=3600")])
            return [AXE.read_bytes()]
        return super().__call__(environ, start_response)


@contextmanager
def served(handler: Callable = Files, host: str = "127.0.0.1", **settings) -> Iterator[str]:
    """Its address, while it is served with these settings over the usual ones."""
    with override_settings(**{"ALLOWED_HOSTS": ["*"]} | settings):
        server = LiveServerThread(host, handler)
        server.daemon = True
        server.start()
        server.is_ready.wait()
        if server.error:
            raise server.error
        try:
            yield f"http://{host}:{server.port}"
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def address(stage) -> Iterator[str]:
    """Where the stage of a module is served, from the time that it stands."""
    with served() as address:
        yield address
