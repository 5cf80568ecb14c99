"""Log lines for machines (LOG_FORMAT=json): one JSON object a line, with the same names in every process.

time, level, logger, message; where a request is answered request_id, party, user or client (numbers, no names), and in
its last line method, path, route, status, milliseconds; where events are handled subscriber, event_ids and request_id,
or request_ids where they go back to several; where something failed exception. Lines of `portolan.security` have their
event in what and the rest in facts.

A line is a line, for people as well: what a server, a library or a stranger said in it begins none of its own.

Standard library and `tracing` only: the server that starts the web processes writes its lines by it, too.
"""

import json
import logging
from datetime import UTC, datetime
from typing import override

from portal.shared import tracing

EXTRAS = ("method", "path", "route", "status", "milliseconds", "what", "facts")
CONTROLS = {number: repr(chr(number))[1:-1] for number in (*range(32), *range(127, 160), 0x2028, 0x2029) if number != 9}
"""Characters that end a line, or move a terminal, as they are written instead."""


LINE_ENDS = {number: f"\\u{number:04x}" for number in (0x85, 0x2028, 0x2029)}
"""Those that JSON leaves as they are."""


class Line(logging.Formatter):
    """For people. A traceback follows below, each of its lines set in."""

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = record.message.translate(CONTROLS)
        return super().formatMessage(record)

    @override
    def formatException(self, exc_info) -> str:
        return "\n".join(f"  {line}" for line in super().formatException(exc_info).splitlines())


class Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **about(tracing.current()),
            **{name: getattr(record, name) for name in EXTRAS if hasattr(record, name)},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str).translate(LINE_ENDS)


class WithoutSecrets(logging.Filter):
    """Django tells the address of a request that failed in full; what stands in it may open a door."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        path = getattr(request, "path", None)
        if path and isinstance(record.args, tuple):
            from portal.observing import shown_path  # Django is there where a request is

            record.args = tuple(shown_path(request) if each == path else each for each in record.args)
        return True


def about(work: tracing.Work) -> dict:
    """What is worked on, as far as it is known."""
    actor = work.actor()
    ids = work.request_ids
    named = {
        "request_id": ids[0] if len(ids) == 1 else None,
        "request_ids": list(ids) if len(ids) > 1 else None,
        "subscriber": work.subscriber,
        "event_ids": list(work.event_ids),
        "party": actor and actor.party_id,
        "user": actor and actor.user_id,
        "client": actor and actor.client_id,
    }
    return {name: value for name, value in named.items() if value}


def config(form: str, level: str) -> dict:
    """Django's LOGGING. `form`: json for machines, anything else for people.

    Each request is told to machines; people hear of those that failed on our side. Django's own line of a request that
    was refused says no more than ours, but for addresses with secrets in them.
    """
    is_json = form == "json"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": Line,
                "format": "{asctime} {levelname} {name} {message}",
                "style": "{",
                "datefmt": "%Y-%m-%dT%H:%M:%S%z",
            },
            "json": {"()": Json},
        },
        "filters": {"without_secrets": {"()": WithoutSecrets}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "json" if is_json else "line",
                "filters": ["without_secrets"],
            }
        },
        "loggers": {
            # Written however quiet the rest is.
            "portolan.security": {"level": "INFO"},
            "portal.observing": {"level": level if is_json else "WARNING"},
            "django.request": {"level": "ERROR"} if is_json else {},
        },
        "root": {"handlers": ["console"], "level": level},
    }
