"""Run the bank. It reads from the environment:

BANK_PORT   where it listens on 127.0.0.1; 0 takes a free port, named in its first line of output
BANK_SECRET signs requests to it and its messages to the portal
BANK_BOOK   its SQLite file
PORTAL_URL  it pushes messages to PORTAL_URL/bank/messages/

Without PORTAL_URL nothing is pushed; bookings can then only be fetched. SIGTERM and SIGINT end it cleanly.
"""

import asyncio
import logging
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from portal.sandbox.bank import server
from portal.sandbox.bank.routes import Bank


async def run(port: int, secret: str, path: Path, portal_url: str | None) -> None:
    bank = Bank(path, secret, portal_url, datetime.now(UTC))
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    listening = await server.listen(bank.handle, port)
    booking = asyncio.create_task(bank.keep_booking())
    booking.add_done_callback(lambda _: ended.set())  # a bank that cannot book must not go on accepting
    chosen = listening.sockets[0].getsockname()[1]
    print(f"The sandbox bank listens on http://127.0.0.1:{chosen}", flush=True)
    await ended.wait()
    listening.close()
    if booking.done():
        booking.result()
    booking.cancel()
    await bank.close()


def main() -> int:
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL") or "WARNING", format="%(asctime)s bank %(levelname)s %(message)s"
    )
    missing = [name for name in ("BANK_PORT", "BANK_SECRET", "BANK_BOOK") if not os.environ.get(name)]
    if missing:
        print(f"The sandbox bank needs {', '.join(missing)} in the environment.", file=sys.stderr)
        return 2
    port = int(os.environ["BANK_PORT"])
    try:
        asyncio.run(run(port, os.environ["BANK_SECRET"], Path(os.environ["BANK_BOOK"]), os.environ.get("PORTAL_URL")))
    except OSError as failure:
        print(f"The sandbox bank cannot listen on port {port}: {failure.strerror}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
