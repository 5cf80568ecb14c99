"""The whole job end to end, in figures: python -m portal.sandbox.demo [FILE]

A world of its own is made from nothing, and its parties go through the portal as everybody does: by the HTTP API with
tokens of their own, with real workers and the sandbox bank. Only what has no API is done by services in this process:
founding the world, letting suppliers in (verification, bank account, machine) and fetching the bank's statements.

| module | holds |
|---|---|
| `callers` | machines that call the API |
| `business` | what parties do on a day: hand in, ask, apply, decide, settle |
| `quiet` | waiting until everything that was set off has come to its end |
| `made_up` | sixty suppliers who are nobody real |
| `olist` | a real file of order lines, month by month |
| `figures` | what came out, by SQL and from the bank's own book, and what has to be true of it |
| `telling` | the figures for people |
"""
