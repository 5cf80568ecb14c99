"""Ports of the internal parts, on 127.0.0.1 only."""

import random
import socket

CANDIDATES = range(20000, 32000)
"""Below the range from which Linux takes the near end of outgoing connections, so that none of those is in the way."""


def is_free(port: int) -> bool:
    """True where a server could listen on 127.0.0.1:port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that still fade out do not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """True where somebody accepts connections on 127.0.0.1:port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def choose(kept: int | str | None) -> int:
    """The port kept from last time where it is still free, else another free one."""
    if kept and is_free(int(kept)):
        return int(kept)
    return next(port for port in random.sample(CANDIDATES, 200) if is_free(port))
