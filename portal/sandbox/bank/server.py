"""HTTP/1.1 on asyncio with h11: a request at a time per connection, kept alive, and droppable without an answer."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

import h11

from portal.sandbox.bank.errors import Refusal

log = logging.getLogger(__name__)

LARGEST_BODY = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is still percent-encoded: references may hold slashes. Header names are in lower case."""

    method: str
    path: tuple[str, ...]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    content_type: str = "application/xml"
    sent: Callable[[], None] = field(default=lambda: None)
    """Called when the answer is on its way."""


def as_json(value: object, status: int = 200) -> Response:
    return Response(status, json.dumps(value, ensure_ascii=False).encode() + b"\n", "application/json")


class DroppedConnection(Exception):
    """Close the connection and answer nothing."""


Handler = Callable[[Request], Awaitable[Response]]


class Connection(asyncio.Protocol):
    """One client's connection. Requests that come early wait until the present one is answered."""

    def __init__(self, handler: Handler):
        self._handler = handler
        self._wire = h11.Connection(h11.SERVER)
        self._transport: asyncio.Transport | None = None
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._task: asyncio.Task | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exception: Exception | None) -> None:
        # A request that was read is still worked off: the client may have gone, its payment has not.
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._wire.receive_data(data)
        self._advance()

    def eof_received(self) -> None:
        self._wire.receive_data(b"")
        self._advance()

    def _advance(self) -> None:
        while self._task is None and self._transport is not None:
            try:
                event = self._wire.next_event()
            except h11.RemoteProtocolError as wrong:
                self._refuse(wrong.error_status_hint, "BAD_REQUEST", f"This is no valid HTTP request: {wrong}.")
                return
            if isinstance(event, h11.Request):
                self._head = event
                self._body.clear()
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > LARGEST_BODY:
                    self._refuse(413, "TOO_LARGE", "A message may have at most 10 MB.")
                    return
            elif isinstance(event, h11.EndOfMessage):
                self._task = asyncio.create_task(self._answer(self._read()))
            else:
                if isinstance(event, h11.ConnectionClosed):
                    self._transport.close()
                return

    def _read(self) -> Request:
        path, _, query = self._head.target.decode("ascii", "replace").partition("?")
        return Request(
            method=self._head.method.decode(),
            path=tuple(unquote(part) for part in path.strip("/").split("/")),
            query=dict(parse_qsl(query)),
            headers={name.decode(): value.decode("latin-1") for name, value in self._head.headers},
            body=bytes(self._body),
        )

    async def _answer(self, request: Request) -> None:
        try:
            response = await self._handler(request)
        except DroppedConnection:
            if self._transport is not None:
                self._transport.close()
            return
        except Refusal as refused:
            response = as_json({"code": refused.code, "sentence": refused.sentence}, refused.status)
        except Exception:
            log.exception("%s /%s failed", request.method, "/".join(request.path))
            response = as_json({"code": "ERROR", "sentence": "The bank failed; nothing was done."}, 500)
        if self._transport is not None:
            self._write(response)
            self._next_request()
        response.sent()

    def _write(self, response: Response) -> None:
        headers = [("content-type", response.content_type), ("content-length", str(len(response.body)))]
        self._transport.write(
            self._wire.send(h11.Response(status_code=response.status, headers=headers))
            + self._wire.send(h11.Data(data=response.body))
            + self._wire.send(h11.EndOfMessage())
        )

    def _next_request(self) -> None:
        self._task = None
        if self._wire.our_state is h11.MUST_CLOSE:
            self._transport.close()
        else:
            self._wire.start_next_cycle()
            self._advance()

    def _refuse(self, status: int, code: str, sentence: str) -> None:
        if self._wire.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._write(as_json({"code": code, "sentence": sentence}, status))
        self._transport.close()


async def listen(handler: Handler, port: int) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(lambda: Connection(handler), "127.0.0.1", port, backlog=512)
