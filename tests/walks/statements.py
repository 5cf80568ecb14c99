"""How many statements an address may cost, sign-in and party included, for whoever of those let in it costs most.

An address that is not here may cost the usual. One that comes to cost less may be written down again; one that has to
cost more deserves a word on why in the commit that writes it down.
"""

USUAL = 30

MOST = """
"""


def most() -> dict[str, int]:
    """Address -> statements."""
    lines = (line.split() for line in MOST.strip().splitlines())
    return {path: int(count) for count, path in lines}
