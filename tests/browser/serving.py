"""The portal of the test's own process, served to a real browser."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread
from django.test.utils import override_settings


@contextmanager
def served(handler: Callable = StaticFilesHandler, **settings) -> Iterator[str]:
    """Its address, while it is served with these settings over the usual ones."""
    with override_settings(**{"ALLOWED_HOSTS": ["*"]} | settings):
        server = LiveServerThread("127.0.0.1", handler)
        server.daemon = True
        server.start()
        server.is_ready.wait()
        if server.error:
            raise server.error
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.terminate()
