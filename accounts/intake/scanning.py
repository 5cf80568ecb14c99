"""Whether what comes in is known to do harm: asked of a ClamAV daemon (CLAMD_URL), where one is named.

    unix:///run/clamav/clamd.ctl   or   tcp://127.0.0.1:3310

What is taken here is read by strict parsers and given back as an attachment. A scanner keeps from others, who trust the
portal, what they might open with something else. It says no, or nothing: then nothing is kept.
"""

import socket
from urllib.parse import urlsplit

from django.conf import settings

from portal.shared.errors import InvalidInput, RuleViolation
from portal.shared.security import note

PATIENCE = 20  # seconds
PIECE = 256 * 1024
CLEAN = "stream: OK"


class Harmful(InvalidInput):
    code = "CONTENT_HARMFUL"
    sentence = "The virus scanner knows this content as harmful. It was not kept."


class NotScanned(RuleViolation):
    """Without an answer nothing is taken: whoever can silence the scanner would pass it."""

    code, status = "SCANNER_UNAVAILABLE", 503
    sentence = "The virus scanner does not answer, so nothing was taken. Send it again in some minutes."


def scan(content: bytes, *, who: str) -> None:
    """`who` handed it in, for the log. Raises Harmful, NotScanned."""
    if not settings.CLAMD_URL:
        return
    try:
        said = _ask(content)
    except OSError as error:
        note("upload_not_scanned", who=who, reason=type(error).__name__)
        raise NotScanned() from error
    if said.endswith(" FOUND"):
        note("upload_harmful", who=who, found=said.removeprefix("stream: ").removesuffix(" FOUND"))
        raise Harmful()
    if said != CLEAN:
        note("upload_not_scanned", who=who, reason=said)
        raise NotScanned()


def _ask(content: bytes) -> str:
    """clamd's INSTREAM: pieces with their lengths, an empty one at the end, one answer. Raises OSError."""
    with _connected() as link:
        link.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), PIECE):
            piece = content[start : start + PIECE]
            link.sendall(len(piece).to_bytes(4, "big") + piece)
        link.sendall(bytes(4))
        answer = b""
        while not answer.endswith(b"\0") and (more := link.recv(4096)):
            answer += more
    return answer.rstrip(b"\0").decode("utf-8", "replace").strip()


def _connected() -> socket.socket:
    parts = urlsplit(settings.CLAMD_URL)
    if parts.scheme == "tcp":
        return socket.create_connection((parts.hostname, parts.port or 3310), timeout=PATIENCE)
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(PATIENCE)
    try:
        link.connect(parts.path)
    except OSError:
        link.close()
        raise
    return link
