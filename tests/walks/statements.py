"""How many statements a page may cost, sign-in and party included, whoever looks."""

USUAL = 60
MOST: dict[str, int] = {}
"""Pages that may cost more than the usual, each with a word on why."""
