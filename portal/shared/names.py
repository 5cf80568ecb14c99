"""Names that people give, to themselves and to what others read: what is seen is what is kept."""

import re

LEADS_AWAY = re.compile(r"://|\bwww\.", re.IGNORECASE)


def plain(given: str) -> str | None:
    """The name with single spaces; None where it holds what nobody sees: line ends, marks of direction, no width.

    Such a name reads as another's, or turns round the sentence that it stands in.
    """
    name = " ".join(given.split())
    return name if name.isprintable() else None


def leads_away(name: str) -> bool:
    """Mail programs make a link of it: an invitation would carry whoever invites to any address."""
    return bool(LEADS_AWAY.search(name))
